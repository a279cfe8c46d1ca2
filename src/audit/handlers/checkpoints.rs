//! Checkpoints: what a partner keeps to hold the log to.

use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Duration};

use super::numbers::Number;
use crate::audit::merkle;
use crate::audit::note::{KeyKind, Note, NoteError, VerifierKey};
use crate::audit::proved::base64;
use crate::audit::queries::tree::{self, CheckpointRow, CosignatureRow};
use crate::audit::view::checkpoints::{CheckpointView, ConsistencyQuery, ConsistencyView, CosignatureDraft};
use crate::audit::{Op, checkpoint_error};
use crate::doors::{Answer, Audited, Caller, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;

const LARGEST_FIRST: &str = "-tree_size";

/// List the checkpoints of the log
///
/// How long the log was and what its root was, signed, the latest first. Whoever
/// keeps one can prove later that nothing before it was changed. It tells nothing of
/// what is in the log.
#[utoipa::path(
    tag = "audit",
    params(PlainList),
    responses((status = 200, description = "The checkpoints.", body = Page<CheckpointView>)),
    security(("bearer" = []))
)]
#[get("/v1/audit/checkpoints")]
pub async fn list_checkpoints(caller: Caller<may::BeSignedIn>, list: Params<PlainList>) -> Result<HttpResponse> {
    caller
        .consult(list, async |room, list: PlainList| {
            let (limit, before) = (list.limit()?, list.after::<i64>(LARGEST_FIRST)?);
            let rows = tree::list_checkpoints(room, before, limit + 1).await?;
            let sizes: Vec<i64> = rows.iter().map(|row| row.tree_size).collect();
            let mut cosigned = tree::cosignatures(room, &sizes).await?;
            let views = rows.into_iter().map(|row| {
                let own = |cosignature: &mut CosignatureRow| cosignature.tree_size == row.tree_size;
                let own: Vec<_> = cosigned.extract_if(.., own).collect();
                CheckpointView::of(row, own)
            });
            let page = Page::of(views.collect(), limit, LARGEST_FIRST, |view: &CheckpointView| {
                view.tree_size
            })?;
            let answer = list.answer("/v1/audit/checkpoints", &page)?;
            Ok(Audited::consultation(answer).fact("shown", page.items.len()))
        })
        .await
}

async fn shown(room: &mut Room, row: CheckpointRow) -> Result<Audited<Answer>> {
    let cosignatures = tree::cosignatures(room, &[row.tree_size]).await?;
    let view = CheckpointView::of(row, cosignatures);
    Ok(Audited::consultation(Answer::ok(&view)?.as_seen()).fact("tree_size", view.tree_size))
}

/// Witnesses that an organisation can have for one checkpoint.
const WITNESSES: i64 = 4;
/// How far the clock of a witness may be from ours.
const WITNESS_SKEW: Duration = Duration::minutes(5);

/// The latest checkpoint of the log
///
/// 404 as long as nothing is signed.
#[utoipa::path(
    tag = "audit",
    responses(
        (status = 200, description = "The checkpoint.", body = CheckpointView),
        (status = 404, description = "Nothing is signed yet.", body = crate::http::problem::Problem,
            content_type = "application/problem+json")
    ),
    security(("bearer" = []))
)]
#[get("/v1/audit/checkpoints/latest")]
pub async fn read_latest_checkpoint(caller: Caller<may::BeSignedIn>) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let row = tree::checkpoint(room, None).await?.ok_or(AppError::NotFound)?;
            shown(room, row).await
        })
        .await
}

/// A checkpoint of the log
///
/// By its size, with the partners who cosigned it.
#[utoipa::path(
    tag = "audit",
    params(("size" = u64, Path, description = "How many entries it covers.")),
    responses((status = 200, description = "The checkpoint.", body = CheckpointView)),
    security(("bearer" = []))
)]
#[get("/v1/audit/checkpoints/{size}")]
pub async fn read_checkpoint(caller: Caller<may::BeSignedIn>, size: Number) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let row = of_size(room, size.get()?).await?;
            shown(room, row).await
        })
        .await
}

async fn of_size(room: &mut Room, size: u64) -> Result<CheckpointRow> {
    tree::checkpoint(room, Some(size)).await?.ok_or(AppError::NotFound)
}

/// Say that you saw a checkpoint
///
/// A witness of yours vouches for a checkpoint, with the time (C2SP tlog-cosignature).
/// Others then know that the log was not shown to you in one way and to them in
/// another. The signature is verified before it is kept, and its time lies between the signing
/// of the checkpoint and now, but for five minutes by which clocks may differ. An organisation
/// has up to four witnesses for a checkpoint.
#[utoipa::path(
    tag = "audit",
    params(("size" = u64, Path, description = "How many entries the checkpoint covers.")),
    request_body = CosignatureDraft,
    responses((status = 201, description = "Kept.", body = CheckpointView)),
    security(("bearer" = ["audit.cosign"]))
)]
#[post("/v1/audit/checkpoints/{size}/cosignatures")]
pub async fn cosign_checkpoint(
    caller: Caller<may::CosignCheckpoints>,
    size: Number,
    body: JsonBody<CosignatureDraft>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, draft: CosignatureDraft| {
            let kept = of_size(room, size.get()?).await?;
            let row = verified(&kept, &draft, room)?;
            if tree::count_witnesses(room, row.tree_size, row.org_id).await? >= WITNESSES {
                return Err(AppError::Conflict(format!(
                    "{WITNESSES} witnesses of your organisation have cosigned it already"
                )));
            }
            if !tree::add_cosignature(room, &row).await? {
                return Err(AppError::Conflict("this witness has cosigned it already".to_owned()));
            }
            let size = kept.tree_size;
            let cosignatures = tree::cosignatures(room, &[size]).await?;
            let view = CheckpointView::of(kept, cosignatures);
            let answer = Answer::created(format!("/v1/audit/checkpoints/{size}"), &view)?.as_seen();
            Ok(Audited::new(Op::Security, answer).fact("tree_size", size))
        })
        .await
}

fn verified(kept: &CheckpointRow, draft: &CosignatureDraft, room: &Room) -> Result<CosignatureRow> {
    let key: VerifierKey = draft
        .verifier_key
        .as_str()
        .parse()
        .map_err(|error: NoteError| AppError::invalid("/verifier_key", error.to_string()))?;
    if key.kind() != KeyKind::Witness {
        return Err(AppError::invalid("/verifier_key", "must be a key for cosignatures"));
    }
    let wrong = |error: NoteError| AppError::invalid("/line", error.to_string());
    let mut note: Note = kept.note.parse().map_err(checkpoint_error)?;
    note.add(draft.line.as_str()).map_err(wrong)?;
    let time = key.verify(&note).map_err(wrong)?.unwrap_or_default();
    let seconds = i64::try_from(time).ok();
    let witnessed_at = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let while_it_was_there = kept.signed_at.min(room.now) - WITNESS_SKEW..=room.now + WITNESS_SKEW;
    Ok(CosignatureRow {
        tree_size: kept.tree_size,
        org_id: room.person.org_id,
        verifier_key: key.to_string(),
        line: draft.line.as_str().to_owned(),
        witnessed_at: witnessed_at
            .filter(|at| while_it_was_there.contains(at))
            .ok_or_else(|| AppError::invalid("/line", "the time is none at which it can have been seen"))?,
    })
}

/// Prove that the log was only added to
///
/// The proof that the log of a checkpoint begins with that of an older one
/// (RFC 9162 §2.1.4). Verify it against the two checkpoints that you keep.
#[utoipa::path(
    tag = "audit",
    params(ConsistencyQuery),
    responses(
        (status = 200, description = "The proof.", body = ConsistencyView),
        (status = 404, description = "One of them is no checkpoint.", body = crate::http::problem::Problem,
            content_type = "application/problem+json")
    ),
    security(("bearer" = []))
)]
#[get("/v1/audit/consistency")]
pub async fn prove_consistency(
    caller: Caller<may::BeSignedIn>,
    query: Params<ConsistencyQuery>,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: ConsistencyQuery| {
            let ConsistencyQuery { from, to } = query;
            if from > to {
                return Err(AppError::invalid("from", "must not be larger than `to`"));
            }
            of_size(room, from).await?;
            of_size(room, to).await?;
            let wanted = merkle::blocks_asked_by(|nodes| merkle::prove_consistency(nodes, from, to));
            let known = tree::blocks(room, &wanted).await?;
            let proof = merkle::prove_consistency(&known, from, to).map_err(checkpoint_error)?;
            let view = ConsistencyView {
                from,
                to,
                proof: proof.iter().map(base64).collect(),
            };
            Ok(Audited::consultation(Answer::ok(&view)?)
                .fact("from", from)
                .fact("to", to))
        })
        .await
}
