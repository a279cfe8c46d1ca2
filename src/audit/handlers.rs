//! Reading the log.

mod checkpoints;
mod numbers;
mod proofs;
mod visibility;

use std::collections::BTreeSet;

use actix_web::{HttpResponse, get};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::BESIDE_OPERATIONS;
use super::queries::near::{self, Near};
use super::queries::{self, AuditRow, Filter, references};
use super::view::{
    AuditEvent, AuditQuery, Disclosure, DisclosureQuery, PurposeOfReading, References, redact, referred_to,
};
use super::{Op, Outcome, Purpose};
use crate::cases::access;
use crate::db::{Names, names_over_time};
use crate::doors::{Answer, Audited, Caller, Id, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::Moment;
use crate::http::paging::{self, Asked, Page, read_cursor};

const LATEST_FIRST: &str = "-at,-seq";

/// How near a case is to another where nobody says so, and by which steps it is said, in metres:
/// by smaller ones it could be measured where a case lies.
const HUNDRED: u16 = 100;
const MOST_METRES: u16 = 1_000;

/// What the log may be read for (DPA 2018 s.62(4)).
const PURPOSES: [Purpose; 3] = [Purpose::Audit, Purpose::ComplaintOrRightsRequest, Purpose::Supervision];

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_audit_events)
        .service(list_disclosures)
        .service(visibility::read_visibility)
        .service(proofs::prove_event)
        .service(proofs::export_audit)
        .service(checkpoints::list_checkpoints)
        .service(checkpoints::read_latest_checkpoint)
        .service(checkpoints::read_checkpoint)
        .service(checkpoints::cosign_checkpoint)
        .service(checkpoints::prove_consistency);
}

/// Read the audit log
///
/// What your own people did, saw or were refused, and what anybody did with your
/// organisation's cases or towards your organisation, latest first. The platform reads what
/// belongs to no organisation as well: sign-ins of nobody, forged tokens. Of others' acts
/// you see what concerns you; `redacted` says so. `Access-Purpose` must be `audit`,
/// `complaint_or_rights_request` or `supervision`. Reading the log is in the log.
#[utoipa::path(
    tag = "audit",
    params(AuditQuery, PurposeOfReading),
    responses((status = 200, description = "The events.", body = Page<AuditEvent>)),
    security(("bearer" = ["audit.read"]))
)]
#[get("/v1/audit/events")]
pub async fn list_audit_events(
    caller: Caller<may::ReadAudit>,
    query: Params<AuditQuery>,
    asked: Asked,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: AuditQuery| {
            expect_purpose(room)?;
            expect_action(room, query.action.as_ref().map(|text| text.as_str()))?;
            expect_order("from", query.from, query.to)?;
            let limit = paging::limit(query.limit)?;
            let near = cases_near(room, &query).await?;
            let around = near.as_ref().and_then(|near| near.to);
            let filter = Filter {
                case: case_of(room, &query).await?,
                any_case: near.map(|near| near.cases),
                before: read_cursor(LATEST_FIRST, query.cursor.as_deref())?,
                with_nobodys: room.person.org_kind == "platform",
                ..filter_of(&query)
            };
            let viewer = room.person.org_id;
            let rows = queries::list(room, viewer, &filter, limit + 1).await?;
            let (rows, names) = redacted(room, rows).await?;
            let refs = references_in(room, &rows, filter.case).await?;
            let views = rows
                .into_iter()
                .map(|(row, by_others)| AuditEvent::of(row, by_others, &names, &refs))
                .collect::<Result<_>>()?;
            let page = Page::of(views, limit, LATEST_FIRST, |event: &AuditEvent| (event.at, event.seq))?;
            let answer = asked.linked(Answer::ok(&page)?, page.next.as_deref());
            let (latest, earliest) = (page.items.first(), page.items.last());
            let audited = Audited::consultation(answer)
                .fact("filters", query.filters())
                .fact("shown", page.items.len())
                .fact("latest", json!(latest.map(|event| event.seq)))
                .fact("earliest", json!(earliest.map(|event| event.seq)));
            // Which cases lie around one tells where they are.
            Ok(match around {
                Some(case) => audited.cases([case]).classes(["location"]),
                None => audited,
            })
        })
        .await
}

fn expect_purpose(room: &Room) -> Result<()> {
    if PURPOSES.contains(&room.request.purpose) {
        return Ok(());
    }
    let known = PURPOSES.map(Purpose::as_str).join(", ");
    Err(AppError::Malformed(format!(
        "the log is read only for a purpose of its own: send Access-Purpose as one of {known}"
    )))
}

/// The case that is meant, by its id or its reference. One that is not known finds nothing, like
/// an id that is new.
async fn case_of(room: &mut Room, query: &AuditQuery) -> Result<Option<Uuid>> {
    let Some(reference) = &query.case_ref else {
        return Ok(query.case);
    };
    let found = references::case_of(room, &reference.as_str().to_uppercase()).await?;
    let found = found.filter(|case| query.case.is_none_or(|id| id == *case));
    Ok(Some(found.unwrap_or_else(Uuid::now_v7)))
}

/// The cases near the one that is meant. It is asked of one person, since their acts are few of
/// all there are, and no index finds events by many cases.
async fn cases_near(room: &mut Room, query: &AuditQuery) -> Result<Option<Near>> {
    let metres = query.within_metres.unwrap_or(HUNDRED);
    if !(HUNDRED..=MOST_METRES).contains(&metres) || !metres.is_multiple_of(HUNDRED) {
        let detail = format!("is from {HUNDRED} to {MOST_METRES}, by the hundred");
        return Err(AppError::invalid("within_metres", detail));
    }
    let Some(case) = query.near_case else {
        return Ok(None);
    };
    if query.actor.is_none() {
        let detail = "is asked of one person: send `actor` as well";
        return Err(AppError::invalid("near_case", detail));
    }
    let near = near::cases_near(room, case, metres).await?;
    let too_many = || AppError::invalid("within_metres", "more than 1,000 cases lie there: ask for less");
    near.map(Some).ok_or_else(too_many)
}

/// What is done nowhere is no question that nothing answers.
fn expect_action(room: &Room, action: Option<&str>) -> Result<()> {
    let is_known = |action| room.services.operations.knows(action) || BESIDE_OPERATIONS.contains(&action);
    match action {
        Some(action) if !is_known(action) => {
            let detail = "is no operationId of this service, and none of its jobs and commands";
            Err(AppError::invalid("action", detail))
        }
        _ => Ok(()),
    }
}

fn expect_order(pointer: &str, from: Option<Moment>, to: Option<Moment>) -> Result<()> {
    match from.zip(to) {
        Some((from, to)) if from.0 > to.0 => Err(AppError::invalid(pointer, "is after `to`")),
        _ => Ok(()),
    }
}

/// What the question itself says; by which case, has to be looked up.
fn filter_of(query: &AuditQuery) -> Filter<'_> {
    Filter {
        actor: query.actor,
        org: query.org,
        ops: query.op.map(Op::as_str).into_iter().collect(),
        action: query.action.as_ref().map(|text| text.as_str()),
        outcome: query.outcome.map(Outcome::as_str),
        record: query.subject,
        from: query.from.map(|moment| moment.0),
        to: query.to.map(|moment| moment.0),
        request_id: query.request_id,
        ..Filter::default()
    }
}

/// Who was shown a case?
///
/// Every time somebody looked at the case or was told of it (`case-already-open`), or it
/// was made visible to an organisation (`consultation` and `disclosure` in the log),
/// latest first. Who changes a case is shown it in the answer as well: that is an
/// `alteration` in the log, and not listed here. The owner sees everybody; a partner its
/// own people.
#[utoipa::path(
    tag = "audit",
    params(DisclosureQuery),
    responses((status = 200, description = "The disclosures.", body = Page<Disclosure>)),
    security(("bearer" = ["audit.case"]))
)]
#[get("/v1/cases/{id}/disclosures")]
pub async fn list_disclosures(
    caller: Caller<may::ReadDisclosures>,
    id: Id,
    query: Params<DisclosureQuery>,
    asked: Asked,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: DisclosureQuery| {
            let access = access::find(room, id.get()).await?;
            let (viewer, limit) = (room.person.org_id, paging::limit(query.limit)?);
            let filter = Filter {
                case: Some(access.case_id),
                org: (!access.is_owner()).then_some(viewer),
                ops: vec![Op::Consultation.as_str(), Op::Disclosure.as_str()],
                before: read_cursor(LATEST_FIRST, query.cursor.as_deref())?,
                ..Filter::default()
            };
            let rows = queries::list(room, viewer, &filter, limit + 1).await?;
            let (rows, names) = redacted(room, rows).await?;
            let views = rows
                .into_iter()
                .map(|(row, _)| Disclosure::of(row, access.case_id, &names))
                .collect::<Result<_>>()?;
            let page = Page::of(views, limit, LATEST_FIRST, |event: &Disclosure| (event.at, event.seq))?;
            let answer = asked.linked(Answer::ok(&page)?, page.next.as_deref());
            Ok(access.note(Audited::consultation(answer).fact("shown", page.items.len())))
        })
        .await
}

/// By which references the events of `rows` are shown, where those of `asked` were asked for.
async fn references_in(room: &mut Room, rows: &[(AuditRow, bool)], asked: Option<Uuid>) -> Result<References> {
    let referred = rows.iter().flat_map(|(row, _)| referred_to(&row.case_ids, asked));
    let cases: BTreeSet<Uuid> = referred.collect();
    let cases: Vec<Uuid> = cases.into_iter().collect();
    let known = references::of_cases(room, &cases).await?;
    Ok(References { known, asked })
}

/// Rows without what the reader may not see, and the names of who is left in them, then and now.
async fn redacted(room: &Room, rows: Vec<AuditRow>) -> Result<(Vec<(AuditRow, bool)>, Names)> {
    let viewer = room.person.org_id;
    let rows: Vec<(AuditRow, bool)> = rows.into_iter().map(|row| redact(row, viewer)).collect();
    let named: BTreeSet<Uuid> = rows
        .iter()
        .flat_map(|(row, _)| {
            let who = row.actor_user_id.into_iter().chain(row.org_id);
            who.chain(row.recipient_org_ids.iter().copied())
        })
        .collect();
    let names = names_over_time(room, named.into_iter().collect()).await?;
    Ok((rows, names))
}
