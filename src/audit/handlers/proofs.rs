//! Events with their proofs: one, or all that an organisation may take away.

use actix_web::{HttpResponse, get, post, web};
use futures_util::StreamExt as _;
use futures_util::stream::{self, LocalBoxStream};
use serde_json::json;
use uuid::Uuid;

use super::numbers::Number;
use super::{expect_order, expect_purpose};
use crate::audit::bundle::{FORM, Head, Writer};
use crate::audit::merkle::{self, Known};
use crate::audit::places::ExportPlace;
use crate::audit::proved::{Kept, Proved, Side};
use crate::audit::queries::proofs::{self, Wanted};
use crate::audit::queries::tree::{self, CheckpointRow};
use crate::audit::queries::verifying::{Connection, Leaf};
use crate::audit::view::PurposeOfReading;
use crate::audit::view::checkpoints::{ExportDraft, ProofQuery, ProofView};
use crate::audit::{NotSignedYet, Op, checkpoint_error};
use crate::doors::{Answer, Audited, Caller, JsonBody, Params, Reader, Room, may};
use crate::error::{AppError, Result};
use crate::limits::Volume;

/// Leaves looked through at a time in an export: what bounds its memory, also where
/// every event is of a list of 200 cases.
const STRIDE: u64 = 1024;
/// When to come back where no place is free, in seconds.
const BUSY: u32 = 30;

/// Prove that an event is in the log
///
/// The entry that its leaf is the hash of, what it commits to as far as you may see
/// it, and the audit path to the root of a checkpoint (RFC 9162 §2.1.3). What you may
/// not see is there by its hash, so the whole can still be verified. `Access-Purpose`
/// as for the log itself. 409 (`audit-not-signed-yet`) until a checkpoint covers the event, a
/// minute at most. A `tree_size` at which no checkpoint was signed, or that lies before the
/// event, is 409 as well (`conflict`), and stays so.
#[utoipa::path(
    tag = "audit",
    params(("seq" = i64, Path, description = "The number of the event."), ProofQuery, PurposeOfReading),
    responses(
        (status = 200, description = "The proof.", body = ProofView),
        (status = 409, description = "No checkpoint covers the event yet, or none of that `tree_size` does.",
            body = crate::http::problem::Problem, content_type = "application/problem+json")
    ),
    security(("bearer" = ["audit.read"]))
)]
#[get("/v1/audit/events/{seq}/proof")]
pub async fn prove_event(
    caller: Caller<may::ReadAudit>,
    seq: Number,
    query: Params<ProofQuery>,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: ProofQuery| {
            expect_purpose(room)?;
            let viewer = room.person.org_id;
            let seq = i64::try_from(seq.get()?).map_err(|_error| AppError::NotFound)?;
            let Some(leaf) = proofs::leaf_of(room, seq).await? else {
                // What is not there and what may not be seen is the same.
                return Err(match proofs::is_visible(room, seq).await? {
                    true => uncovered(room, query.tree_size).await?,
                    false => AppError::NotFound,
                });
            };
            let checkpoint = tree::checkpoint(room, query.tree_size).await?;
            let index = leaf.0.leaf_index;
            let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.tree_size > index) else {
                return Err(uncovered(room, query.tree_size).await?);
            };
            let size = checkpoint.tree_size.unsigned_abs();
            let asked = merkle::blocks_asked_by(|nodes| merkle::prove_inclusion(nodes, index.unsigned_abs(), size));
            let known = tree::blocks(room, &asked).await?;
            let view = ProofView {
                event: proved(&leaf, viewer, &known, size)?.ok_or(AppError::NotFound)?,
                checkpoint: checkpoint.note,
                verifier_key: checkpoint.verifier_key,
            };
            let event = leaf.1.map(|event| event.id);
            Ok(Audited::consultation(Answer::ok(&view)?)
                .records(event)
                .fact("seq", seq))
        })
        .await
}

/// Why no checkpoint covers an event: none does yet, or the one that was asked for never will.
async fn uncovered(room: &mut Room, tree_size: Option<u64>) -> Result<AppError> {
    let latest = tree::checkpoint(room, None).await?;
    let signed = latest.map_or(0, |checkpoint| checkpoint.tree_size.unsigned_abs());
    Ok(match tree_size.filter(|size| *size <= signed) {
        None => NotSignedYet.into(),
        Some(size) => AppError::Conflict(format!(
            "no checkpoint of {size} entries covers this event, nor ever will: leave out tree_size for the latest"
        )),
    })
}

/// The event of a leaf, as far as `viewer` may see it, with its path in the tree of `size`.
fn proved((seal, event): &Leaf, viewer: Uuid, known: &Known, size: u64) -> Result<Option<Proved>> {
    let Some(event) = event else { return Ok(None) };
    let event = event.event();
    let kept: Kept = seal.kept()?;
    let path = merkle::prove_inclusion(known, kept.leaf_index, size).map_err(checkpoint_error)?;
    let side = Side::of(event.org, event.case_owners, event.recipients, viewer);
    let proved = Proved::of(&event, &kept, &path, |part| side.shows(&event, viewer, part));
    proved.map(Some).map_err(checkpoint_error)
}

/// Take the log away
///
/// Every event that you may see and a checkpoint covers, in the order of the tree,
/// each with its proof, as one signed bundle of lines of JSON. It is verified without
/// server or database by `wardlink audit verify --bundle`. The bundle is streamed: one
/// that breaks off has no end and is refused by the verification. `Access-Purpose` as
/// for the log itself; that it was taken away is in the log. 429 while another export
/// of your organisation is under way, or two of others; one that is read for longer
/// than an hour keeps nobody waiting.
#[utoipa::path(
    tag = "audit",
    params(PurposeOfReading),
    request_body = ExportDraft,
    responses(
        (status = 200, description = "The bundle, one JSON document per line.", body = String,
            content_type = "application/x-ndjson",
            headers(("Content-Disposition" = String, description = "Always `attachment`, with a name (RFC 6266)."))),
        (status = 409, description = "Nothing is signed yet.", body = crate::http::problem::Problem,
            content_type = "application/problem+json")
    ),
    security(("bearer" = ["audit.read"]))
)]
#[post("/v1/audit/exports")]
pub async fn export_audit(caller: Caller<may::ReadAudit>, body: JsonBody<ExportDraft>) -> Result<HttpResponse> {
    caller
        .consult(body, async |room, draft: ExportDraft| {
            expect_purpose(room)?;
            expect_order("/from", draft.from, draft.to)?;
            let checkpoint = tree::checkpoint(room, None).await?.ok_or(NotSignedYet)?;
            let size = checkpoint.tree_size;
            let viewer = room.person.org_id;
            let filters = serde_json::to_value(&draft).map_err(checkpoint_error)?;
            let head = Head {
                bundle: FORM.to_owned(),
                organisation: viewer,
                made_at: room.now,
                filters: filters.clone(),
                checkpoint: checkpoint.note.clone(),
                verifier_key: checkpoint.verifier_key.clone(),
            };
            let place = room.services.exports.take(viewer);
            let place = place.ok_or(AppError::TooManyRequests { retry_after: BUSY })?;
            let export = Export::new(room.reader(), place, viewer, draft, &checkpoint);
            let answer = Answer::stream("application/x-ndjson".to_owned(), export.stream(head));
            let answer = answer.header(
                "Content-Disposition",
                "attachment; filename=\"audit.ndjson\"".to_owned(),
            );
            Ok(Audited::new(Op::Disclosure, answer)
                .counted(Volume::Exports, 1)
                .recipient(viewer)
                .fact("filters", filters)
                .fact("tree_size", json!(size)))
        })
        .await
}

/// An export under way.
struct Export {
    reader: Reader,
    _place: ExportPlace,
    viewer: Uuid,
    wanted: Wanted,
    size: u64,
    next: u64,
    writer: Writer,
}

type Bytes = std::result::Result<web::Bytes, actix_web::Error>;

impl Export {
    fn new(reader: Reader, place: ExportPlace, viewer: Uuid, draft: ExportDraft, checkpoint: &CheckpointRow) -> Self {
        Self {
            reader,
            _place: place,
            viewer,
            wanted: Wanted {
                from: draft.from.map(|moment| moment.0),
                to: draft.to.map(|moment| moment.0),
                actor: draft.actor,
                case: draft.case,
            },
            size: checkpoint.tree_size.unsigned_abs(),
            next: 0,
            writer: Writer::default(),
        }
    }

    /// Head, events, tail, a stride at a time.
    fn stream(mut self, head: Head) -> LocalBoxStream<'static, Bytes> {
        let first = self.writer.line(&head).map(web::Bytes::from);
        let first = stream::iter([first.map_err(actix_web::error::ErrorInternalServerError)]);
        let rest = stream::try_unfold(Some(self), async |export| {
            let Some(mut export) = export else { return Ok(None) };
            let lines = export.advance().await?;
            let ended = export.next > export.size;
            Ok(Some((web::Bytes::from(lines), (!ended).then_some(export))))
        });
        first.chain(rest).boxed_local()
    }

    /// The lines of the next stride; after the last, the tail.
    async fn advance(&mut self) -> Result<Vec<u8>> {
        if self.next == self.size {
            self.next += 1;
            let notary = &self.reader.services().notary;
            return self.writer.end(notary).map_err(checkpoint_error);
        }
        let stride = self.next..self.size.min(self.next + STRIDE);
        self.next = stride.end;
        let (wanted, viewer, size) = (&self.wanted, self.viewer, self.size);
        let read = async |connection: &mut Connection| {
            let leaves = proofs::leaves(connection, viewer, wanted, &stride).await?;
            let known = tree::blocks(connection, &asked(&leaves, size)).await?;
            Ok((leaves, known))
        };
        let (leaves, known): (Vec<Leaf>, Known) = self.reader.read(read).await?;
        let mut writer = std::mem::take(&mut self.writer);
        // Some hundred thousand hashes, for which no request has to wait.
        let written = web::block(move || {
            let lines = lines(&mut writer, &leaves, viewer, &known, size)?;
            Ok::<_, AppError>((writer, lines))
        });
        let stopped = |_stopped| AppError::Unavailable("stopping".to_owned());
        let (writer, lines) = written.await.map_err(stopped)??;
        self.writer = writer;
        Ok(lines)
    }
}

/// The lines of these leaves, as far as `viewer` may see them.
fn lines(writer: &mut Writer, leaves: &[Leaf], viewer: Uuid, known: &Known, size: u64) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for leaf in leaves {
        if let Some(event) = proved(leaf, viewer, known, size)? {
            lines.extend(writer.event(&event).map_err(checkpoint_error)?);
        }
    }
    Ok(lines)
}

/// The blocks that the proofs of these leaves need.
fn asked(leaves: &[Leaf], size: u64) -> std::collections::BTreeSet<merkle::Block> {
    merkle::blocks_asked_by(|nodes| {
        for (seal, _) in leaves {
            let _ = merkle::prove_inclusion(nodes, seal.leaf_index.unsigned_abs(), size);
        }
    })
}
