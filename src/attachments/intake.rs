//! Taking in a file: from the request's stream to the store, checked, scanned and
//! with its clean copy, before the case is looked at.
//!
//! No byte is read before session and permission were proved
//! ([`Caller::admitted`](crate::doors::Caller::admitted)) and there is a place. The case
//! is looked at behind the door, later; until then an upload costs at most its size
//! limit, and what it stored is removed when it is refused.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use img_parts::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::file_kind::{Claim, FileKind, FileLimits, FileRefused};
use super::metadata::served_copy;
use super::model::{AttachmentState, Phase, ScanVerdict, UnknownWord};
use super::store::{ObjectKey, PutError, Store, StoreError, Stored};
use crate::doors::{Input, broken_off};
use crate::error::{AppError, Result};
use crate::http::fields::Moment;
use crate::services::Services;

/// Longest text part of the form.
const TEXT_LIMIT: usize = 200;

/// What a file became in the store. Both copies are removed when this is dropped,
/// unless it is kept.
pub struct Objects {
    store: Store,
    id: Uuid,
    kept: Cell<bool>,
}

impl Objects {
    /// Notes that a row names them, if the transaction holds. From here on they are kept,
    /// whatever becomes of the request: a client that hangs up ends the handler, and the
    /// database may commit all the same. A file without a row is only waste, a row without
    /// its file is lost evidence.
    pub fn wrote(&self) {
        self.kept.set(true);
    }

    /// Lets them go if it is certain that no row names them.
    pub fn keep_after<T>(&self, outcome: &Result<T>) {
        let may_hold = matches!(outcome, Ok(_) | Err(AppError::Unavailable(_)));
        self.kept.set(self.kept.get() && may_hold);
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        if self.kept.get() {
            return;
        }
        let (store, id) = (self.store.clone(), self.id);
        actix_web::rt::spawn(async move {
            for key in [ObjectKey::original(id), ObjectKey::served(id)] {
                if let Err(error) = store.delete(key).await {
                    tracing::warn!("{key} was not removed: {error}");
                }
            }
        });
    }
}

/// A file that was taken in.
#[derive(Clone)]
pub struct Received {
    /// The id of the attachment and of both objects.
    pub id: Uuid,
    /// The safe name.
    pub file_name: String,
    /// What it is.
    pub kind: FileKind,
    /// Size and digest of the original.
    pub stored: Stored,
    /// Which moment of the case it shows.
    pub phase: Phase,
    /// When it was taken.
    pub taken_at: Option<DateTime<Utc>>,
    /// EXIF orientation of the original.
    pub orientation: Option<u8>,
    /// Whether it may be opened.
    pub state: AttachmentState,
    /// The objects.
    pub objects: Rc<Objects>,
}

/// A multipart upload.
pub struct Upload(Result<Received>);

impl Upload {
    /// What it left in the store.
    pub fn objects(&self) -> Option<Rc<Objects>> {
        self.0.as_ref().ok().map(|received| received.objects.clone())
    }
}

impl Input for Upload {
    type Value = Received;

    fn read(&self) -> Result<Received> {
        self.0.clone()
    }

    fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        if let Ok(received) = &self.0 {
            hash.update(received.stored.sha256);
            hash.update(&received.file_name);
            hash.update(received.phase.as_str());
            hash.update(format!("{:?}", received.taken_at));
        }
        hash.finalize().into()
    }
}

/// A form that is still to be read.
pub struct Form {
    services: web::Data<Services>,
    form: Multipart,
}

impl Form {
    /// Takes it in for an organisation, or says why not, for behind the door.
    pub async fn receive(self, org_id: Uuid) -> Upload {
        let received = async {
            let _place = self.services.uploads.take(org_id)?;
            receive(&self.services, self.form).await
        };
        Upload(received.await)
    }
}

impl FromRequest for Form {
    type Error = AppError;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let services = http.app_data::<web::Data<Services>>();
        let form = services.map(|services| Self {
            services: services.clone(),
            form: Multipart::new(http.headers(), payload.take()),
        });
        ready(form.ok_or_else(|| AppError::Internal("the services are not registered".to_owned())))
    }
}

/// The parts of the form as they come.
#[derive(Default)]
struct Parts {
    file: Option<(Claim, Stored, Rc<Objects>)>,
    phase: Option<Phase>,
    taken_at: Option<DateTime<Utc>>,
}

async fn receive(services: &Services, mut form: Multipart) -> Result<Received> {
    let mut parts = Parts::default();
    while let Some(mut field) = form.try_next().await.map_err(not_a_form)? {
        match field.name().unwrap_or_default() {
            "file" if parts.file.is_none() => parts.file = Some(store(services, field).await?),
            "phase" if parts.phase.is_none() => parts.phase = Some(text(&mut field, "/phase").await?.parse()?),
            "taken_at" if parts.taken_at.is_none() => {
                let text = text(&mut field, "/taken_at").await?;
                let at: Moment = serde_json::from_value(Value::String(text))
                    .map_err(|error| AppError::invalid("/taken_at", error.to_string()))?;
                parts.taken_at = Some(at.0);
            }
            "file" | "phase" | "taken_at" => return Err(AppError::invalid("", "a part came twice")),
            _ => return Err(AppError::invalid("", "the parts are file, phase and taken_at")),
        }
    }
    let (claim, stored, objects) = parts.file.ok_or_else(|| AppError::invalid("/file", "is missing"))?;
    let phase = parts.phase.ok_or(UnknownWord::Phase)?;
    let (kind, orientation, state) = examine(services, &claim, &objects).await?;
    Ok(Received {
        id: objects.id,
        file_name: claim.file_name().to_owned(),
        kind,
        stored,
        phase,
        taken_at: parts.taken_at,
        orientation,
        state,
        objects,
    })
}

async fn text(field: &mut Field, pointer: &str) -> Result<String> {
    let bytes = field
        .bytes(TEXT_LIMIT)
        .await
        .map_err(|_too_long| AppError::invalid(pointer, format!("is longer than {TEXT_LIMIT} bytes")))?
        .map_err(not_a_form)?;
    String::from_utf8(bytes.to_vec()).map_err(|_error| AppError::invalid(pointer, "is not UTF-8"))
}

/// Streams the file into the store, hashed on the way.
async fn store(services: &Services, field: Field) -> Result<(Claim, Stored, Rc<Objects>)> {
    let name = field.content_disposition().and_then(|header| header.get_filename());
    let declared = field.content_type().map(ToString::to_string).unwrap_or_default();
    let claim = Claim::new(name.unwrap_or_default(), &declared)?;
    let id = Uuid::now_v7();
    let objects = Rc::new(Objects {
        store: services.store.clone(),
        id,
        kept: Cell::new(false),
    });
    let content = field.map(|chunk| chunk.map_err(UploadBroken));
    let limit = services.config.attachment_limit as u64;
    let stored = services
        .store
        .put_stream(ObjectKey::original(id), content, limit)
        .await
        .map_err(|error| match error {
            PutError::Refused(refused) => refused.into(),
            PutError::Source(UploadBroken(error)) => not_a_form(error),
            PutError::Store(error) => error.into(),
        })?;
    Ok((claim, stored, objects))
}

/// Checks what the file is, scans it and writes the copy that is handed out.
async fn examine(
    services: &Services,
    claim: &Claim,
    objects: &Objects,
) -> Result<(FileKind, Option<u8>, AttachmentState)> {
    let slot = services.uploads.examine().await?;
    let max_bytes = services.config.attachment_limit as u64;
    let original = services.store.read(ObjectKey::original(objects.id), max_bytes).await?;
    let limits = FileLimits {
        max_bytes,
        ..FileLimits::default()
    };
    let verdict = scan(services, &original).await?;
    let claim = claim.clone();
    let cleaned = web::block(move || {
        let checked = claim.check(&original, &limits)?;
        // The place goes along, so that it is kept although the client hangs up.
        Ok::<_, FileRefused>((checked.kind, served_copy(checked.kind, &original)?, slot))
    });
    let (kind, copy, _slot) = cleaned
        .await
        .map_err(|_stopped| AppError::Unavailable("stopping".to_owned()))??;
    services.store.put(ObjectKey::served(objects.id), copy.bytes).await?;
    Ok((
        kind,
        copy.orientation,
        AttachmentState::Quarantined.after_scan(&verdict),
    ))
}

/// A file with malware in it is not taken in at all.
async fn scan(services: &Services, original: &Bytes) -> Result<ScanVerdict> {
    let content = futures_util::stream::iter([Ok::<_, Infallible>(original.clone())]);
    let verdict = services.scanner.scan(content).await;
    match &verdict {
        ScanVerdict::Infected { signature } => {
            tracing::warn!("an upload was refused: the scanner found {signature}");
            return Err(FileRefused::Infected.into());
        }
        ScanVerdict::Unavailable { reason } => tracing::warn!("an upload waits in quarantine: {reason}"),
        ScanVerdict::Clean | ScanVerdict::NotScanned => {}
    }
    Ok(verdict)
}

/// An upload that did not come to its end.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UploadBroken(MultipartError);

fn not_a_form(error: MultipartError) -> AppError {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible => AppError::UnsupportedMediaType {
            expected: "multipart/form-data",
        },
        MultipartError::Payload(error) => broken_off(&error),
        other => AppError::Malformed(format!("the body is not a multipart form: {other}")),
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Failed(cause) => Self::Unavailable(format!("the attachment store: {cause}")),
            other => Self::Internal(format!("the attachment store: {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachments::store::AttachmentStoreConfig;

    fn written() -> (tempfile::TempDir, Objects) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&AttachmentStoreConfig::Folder(folder.path().join("files"))).unwrap();
        let objects = Objects {
            store,
            id: Uuid::now_v7(),
            kept: Cell::new(false),
        };
        (folder, objects)
    }

    #[actix_web::test]
    async fn files_that_a_row_may_name_are_kept_unless_it_is_certain_that_none_does() {
        let (_folder, objects) = written();
        assert!(!objects.kept.get());
        objects.keep_after(&Ok(()));
        assert!(!objects.kept.get(), "no row was written");

        objects.wrote();
        assert!(objects.kept.get(), "the handler may end here, and the database commit");
        objects.keep_after::<()>(&Err(AppError::Unavailable(String::new())));
        assert!(objects.kept.get(), "nobody can tell");
        objects.keep_after(&Ok(()));
        assert!(objects.kept.get());
        objects.keep_after::<()>(&Err(AppError::Forbidden(String::new())));
        assert!(!objects.kept.get());
    }
}
