//! Adding and opening attachments.

use actix_web::{HttpResponse, get, post};
use chrono::TimeDelta;
use futures_util::{StreamExt, TryStreamExt};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::file_refused::FileRefused;
use super::intake::{Form, Received};
use super::jobs::next_scan;
use super::model::{AttachmentState, content_disposition};
use super::queries::{self, AttachmentRow};
use super::store::ObjectKey;
use super::view::{AttachmentView, ContentParams, FileContent, NewAttachment, WhichCopy};
use crate::audit::{Op, OutboxEvent};
use crate::cases::access::{self, Access};
use crate::doors::{Answer, Audited, Caller, Id, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::paging::{self, Page, PageParams};

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_attachments)
        .service(add_attachment)
        .service(read_attachment)
        .service(open_attachment);
}

/// Attachments of a case
///
/// Photographs and documents, in the order they were added.
#[utoipa::path(
    tag = "cases",
    params(PageParams),
    responses((status = 200, description = "A page of attachments.", body = Page<AttachmentView>)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}/attachments")]
pub async fn list_attachments(
    caller: Caller<may::ReadCases>,
    id: Id,
    page: Params<PageParams>,
) -> Result<HttpResponse> {
    caller
        .consult(page, async |room, page: PageParams| {
            let access = access::find(room, id.get()).await?.opening("attachments")?;
            let limit = paging::limit(page.limit)?;
            let after: Option<Uuid> = paging::read_cursor("added", page.cursor.as_deref())?;
            let rows = queries::list(room, access.case_id, after, limit).await?;
            let views: Vec<AttachmentView> = rows.into_iter().map(AttachmentView::from).collect();
            let page = Page::of(views, limit, "added", |attachment| attachment.id)?;
            let shown: Vec<Uuid> = page.items.iter().map(|attachment| attachment.id).collect();
            let answer = page.answer(&room.request.path, limit)?;
            Ok(noted(&access, Audited::consultation(answer)).records(shown))
        })
        .await
}

fn noted<T>(access: &Access, audited: Audited<T>) -> Audited<T> {
    access.note(audited).classes(["attachments"])
}

/// Add an attachment
///
/// The original is kept as it came, as evidence; what is handed out is a copy
/// without the place, time, device and names that cameras write into pictures and
/// films: of an MP4 or M4A, picture and sound alone. PDF, MP3, WAV and text are
/// handed out as they came. Type, name and content must agree. A file in which the
/// scanner finds malware is refused; where the scanner does not answer, the file
/// waits in quarantine.
#[utoipa::path(
    tag = "cases",
    request_body(content = NewAttachment, content_type = "multipart/form-data"),
    responses((status = 201, description = "Added.", body = AttachmentView)),
    security(("bearer" = ["attachment.create"]))
)]
#[post("/v1/cases/{id}/attachments")]
pub async fn add_attachment(caller: Caller<may::CreateAttachment>, id: Id, form: Form) -> Result<HttpResponse> {
    let (caller, org_id) = caller.admitted().await?;
    let upload = form.receive(org_id).await;
    let objects = upload.objects();
    let outcome = caller
        .alter(upload, async |room, file: Received| {
            let access = access::find(room, id.get())
                .await?
                .contributing()?
                .opening("attachments")?;
            if file.taken_at.is_some_and(|at| at > room.now) {
                return Err(AppError::invalid("/taken_at", "lies ahead"));
            }
            expect_room_for(room, file.stored.size).await?;
            let row = row(room, &access, &file)?;
            queries::insert(room, &row).await?;
            file.objects.wrote();
            let event = OutboxEvent::of_case("attachment.added", row.case_id, row.case_org_id)
                .about(row.id)
                .of_class("attachments")
                .with(serde_json::json!({"phase": row.phase, "state": row.state}));
            let attachment = row.id;
            let location = format!("/v1/attachments/{attachment}");
            let answer = Answer::created(location, &AttachmentView::from(row))?.version_as_seen(1);
            Ok(noted(&access, Audited::collection(answer))
                .record(attachment)
                .event(event))
        })
        .await;
    if let Some(objects) = objects {
        objects.keep_after(&outcome);
    }
    outcome
}

/// Whether an organisation may add so many bytes more today. Of files that come at once each
/// is held against those that were added before: they go over by as many as there are places.
async fn expect_room_for(room: &mut Room, bytes: u64) -> Result<()> {
    let Some(mebibytes) = room.services.config.limits.uploads.most() else {
        return Ok(());
    };
    let since = room.now - TimeDelta::hours(24);
    let added = queries::added_since(room, since).await?;
    let together = u64::try_from(added).unwrap_or_default().saturating_add(bytes);
    if together > u64::from(mebibytes) << 20 {
        return Err(FileRefused::QuotaUsedUp { mebibytes }.into());
    }
    Ok(())
}

fn row(room: &Room, access: &Access, file: &Received) -> Result<AttachmentRow> {
    Ok(AttachmentRow {
        id: file.id,
        org_id: room.person.org_id,
        case_id: access.case_id,
        case_org_id: access.case_org_id,
        file_name: file.file_name.clone(),
        media_type: file.kind.media_type().to_owned(),
        size_bytes: i64::try_from(file.stored.size).map_err(|error| AppError::Internal(error.to_string()))?,
        sha256: file.stored.sha256.to_vec(),
        phase: file.phase.as_str().to_owned(),
        taken_at: file.taken_at,
        orientation: file.orientation.map(i16::from),
        state: file.state.as_str().to_owned(),
        scan_result: None,
        uploaded_by: room.person.user_id,
        uploaded_by_name: Some(room.person.name.clone()),
        created_at: room.now,
        version: 1,
        next_scan_at: match file.state {
            AttachmentState::Quarantined => Some(next_scan(room.now, 0)),
            AttachmentState::Unscanned => Some(room.now),
            AttachmentState::Available | AttachmentState::Rejected => None,
        },
    })
}

/// An attachment
///
/// What is known of it, without its content.
#[utoipa::path(
    tag = "cases",
    responses((status = 200, description = "The attachment.", body = AttachmentView)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/attachments/{id}")]
pub async fn read_attachment(caller: Caller<may::ReadCases>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let row = queries::find(room, id.get()).await?;
            let access = access::find(room, row.case_id).await?;
            let (attachment, version) = (row.id, row.version);
            let answer = Answer::ok(&AttachmentView::from(row))?.version_as_seen(version);
            Ok(noted(&access, Audited::consultation(answer)).record(attachment))
        })
        .await
}

/// Open an attachment
///
/// The copy that is handed out; the original for the owner of the case alone. The
/// log has it as a disclosure. 409 while it waits for its malware scan.
#[utoipa::path(
    tag = "cases",
    params(ContentParams),
    responses(
        (status = 200, description = "The file.", body = FileContent, content_type = "*/*",
            headers(("Content-Disposition" = String, description = "Always `attachment`, with its name (RFC 6266)."))),
        (status = 409, description = "It waits for its malware scan, or malware was found in it.",
            body = crate::http::problem::Problem, content_type = "application/problem+json")
    ),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/attachments/{id}/content")]
pub async fn open_attachment(
    caller: Caller<may::ReadCases>,
    id: Id,
    parameters: Params<ContentParams>,
) -> Result<HttpResponse> {
    caller
        .consult(parameters, async |room, parameters: ContentParams| {
            let copy = parameters.copy.unwrap_or_default();
            let (row, _) = opening(room, id.get(), copy).await?;
            let (key, name) = match copy {
                WhichCopy::Served => (ObjectKey::served(row.id), "served"),
                WhichCopy::Original => (ObjectKey::original(row.id), "original"),
            };
            let services = room.services.clone();
            let content = room
                .step_out(async { Ok(services.store.get_stream(key).await?) })
                .await?;
            // What was so when the store was asked need not be so any more.
            let (row, access) = opening(room, id.get(), copy).await?;
            let bytes = content.stream.map_err(actix_web::error::ErrorInternalServerError);
            let answer = Answer::stream(row.media_type, bytes.boxed_local())
                .version(row.version)
                .header("Content-Disposition", content_disposition(&row.file_name));
            Ok(noted(&access, Audited::new(Op::Disclosure, answer))
                .record(row.id)
                .recipient(room.person.org_id)
                .fact("copy", name))
        })
        .await
}

/// An attachment of which the caller may open this copy now, with the access to its case.
async fn opening(room: &mut Room, id: Uuid, copy: WhichCopy) -> Result<(AttachmentRow, Access)> {
    let row = queries::find(room, id).await?;
    let access = access::find(room, row.case_id).await?;
    if copy == WhichCopy::Original && !access.is_owner() {
        return Err(AppError::Forbidden(
            "the original is for the organisation that owns the case".to_owned(),
        ));
    }
    let state: AttachmentState = row.state.parse()?;
    state.may_be_served()?;
    Ok((row, access))
}
