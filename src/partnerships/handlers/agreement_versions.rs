//! New versions of agreements, each a document of its own that the parties sign.

use actix_web::{HttpResponse, get, post};
use chrono::NaiveDate;
use uuid::Uuid;

use super::agreements::{add, checked_parties, expect_current, kept_here, others_of, views_of};
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::partnerships::draft;
use crate::partnerships::queries::agreements::{self, AgreementRow};
use crate::partnerships::view::agreements::{AgreementPatch, AgreementView};
use crate::sharing::model::AgreementStatus;

/// The order of versions, in their cursors.
const OLDEST_FIRST: &str = "version_number";

/// List the versions of an agreement
///
/// All of them, whichever is named; the first comes first.
#[utoipa::path(
    tag = "partnerships",
    params(PlainList),
    responses((status = 200, description = "A page of versions.", body = Page<AgreementView>)),
    security(("bearer" = []))
)]
#[get("/v1/agreements/{id}/versions")]
pub async fn list_agreement_versions(
    caller: Caller<may::BeSignedIn>,
    id: Id,
    params: Params<PlainList>,
) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let limit = list.limit()?;
            let after: Option<i64> = list.after(OLDEST_FIRST)?;
            let named = agreements::find(room, id.get()).await?;
            let rows = agreements::versions(room, &named, after.unwrap_or_default(), limit).await?;
            let page = Page::of(rows, limit, OLDEST_FIRST, |row: &AgreementRow| row.version_number)?;
            let page = Page {
                items: views_of(room, page.items).await?,
                next: page.next,
            };
            let answer = list.answer(&room.request.path, &page)?;
            Ok(Audited::consultation(answer)
                .record(named.id)
                .records(page.items.iter().map(|view| view.id)))
        })
        .await
}

/// Draft a new version of an agreement
///
/// By the organisation that keeps it, of a version in force or suspended that has no newer
/// one. The draft says what that says, but for what you send; those who have withdrawn are
/// left out. It is changed and signed like any draft, and takes the place of the former when
/// it is activated.
#[utoipa::path(
    tag = "partnerships",
    request_body = AgreementPatch,
    responses((status = 201, description = "Drafted.", body = AgreementView)),
    security(("bearer" = ["agreement.manage"]))
)]
#[post("/v1/agreements/{id}/versions")]
pub async fn draft_agreement_version(
    caller: Caller<may::ManageAgreements>,
    id: Id,
    body: JsonBody<AgreementPatch>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, mut patch: AgreementPatch| {
            let id = kept_here(room, id.get()).await?.id;
            let former = agreements::hold(room, id).await?;
            expect_current(&former)?;
            let newer = agreements::versions(room, &former, former.version_number, 0).await?;
            if !newer.is_empty() {
                return Err(AppError::Conflict(
                    "a newer version of this agreement is there already".to_owned(),
                ));
            }
            let parties = match patch.parties.take() {
                Some(wanted) => checked_parties(room, former.partnership_id, &wanted).await?,
                None => remaining(room, id).await?,
            };
            let row = draft::next_version(&former, patch)?;
            let number = row.version_number;
            let audited = add(room, row, parties).await?;
            Ok(audited.record(id).fact("version_number", number))
        })
        .await
}

/// The parties that have not withdrawn.
async fn remaining(room: &mut Room, id: Uuid) -> Result<Vec<Uuid>> {
    let parties = agreements::parties(room, &[id]).await?.into_iter();
    Ok(parties
        .filter(|party| party.withdrawn_at.is_none())
        .map(|party| party.org_id)
        .collect())
}

/// A version that another took the place of, and who was party to it beside its keeper.
type Superseded = (Uuid, Vec<Uuid>);

/// Ends the version before `row`, if that is in force or suspended still.
///
/// # Errors
/// [`AppError::Conflict`] where nothing would be in force from then until the first day of
/// `row`.
pub(super) async fn supersede(room: &mut Room, row: &AgreementRow, today: NaiveDate) -> Result<Option<Superseded>> {
    let Some(former) = version_before(room, row).await? else {
        return Ok(None);
    };
    let (former, now) = (agreements::hold(room, former.id).await?, room.now);
    if !former.status()?.is_current() {
        return Ok(None);
    }
    if row.active_from > today {
        return Err(AppError::Conflict(
            "its first day lies ahead, and the version before it would end today".to_owned(),
        ));
    }
    let superseded = AgreementRow {
        status: AgreementStatus::Superseded.as_str().to_owned(),
        ..former
    };
    agreements::update(room, &superseded, now).await?;
    let parties = others_of(room, &superseded).await?;
    Ok(Some((superseded.id, parties)))
}

async fn version_before(room: &mut Room, row: &AgreementRow) -> Result<Option<AgreementRow>> {
    if row.first_version_id.is_none() {
        return Ok(None);
    }
    // The first of those after the one before it.
    let before = agreements::versions(room, row, row.version_number - 2, 0).await?;
    Ok(before.into_iter().next())
}

/// Says in the log which version another took the place of, and to those who were party to it.
pub(super) fn note_superseded(audited: Audited<Answer>, (former, parties): Superseded) -> Audited<Answer> {
    let audited = audited.record(former).fact("superseded", former.to_string());
    audited.recipients(parties)
}
