//! The priorities of a ward: what residents were promised, and what came of it.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, get, patch, post};
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use super::WardCode;
use super::wards::ward_map;
use crate::audit::OutboxEvent;
use crate::clocks::local_date;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::geography::Gss;
use crate::geography::priority::{self, PriorityEnding, PriorityError};
use crate::geography::queries::priorities::{self as queries, Key, PriorityRow, Wanted};
use crate::geography::view::priorities::{
    NewWardPriority, WardPriority, WardPriorityAction, WardPriorityChanges, WardPriorityQuery, WardPriorityStatus,
};
use crate::http::openapi::IfMatch;
use crate::http::paging::{self, Asked, Page, read_cursor};
use crate::identity;
use crate::partnerships::{code_and_authorities, members_today};

/// The most case types that one is about.
const MOST_TYPES: usize = 20;
/// The most actions that are told of one.
const MOST_ACTIONS: usize = 50;
const BY_DAY: &str = "-set_on";
/// What the log says of one; the rest is what people wrote.
const TOLD: [&str; 11] = [
    "case_types",
    "ended_on",
    "gss",
    "organisation_id",
    "partnership_id",
    "review_due",
    "reviewed_on",
    "set_by",
    "set_on",
    "status",
    "votes",
];

/// List the priorities of a ward
///
/// Those that members of your partnerships recorded, the latest first: what residents were
/// promised, by whom it was set, what was done and what came of it.
#[utoipa::path(
    tag = "geography",
    params(
        ("gss" = String, Path, description = "GSS code of the ward.", example = "E05013664"),
        WardPriorityQuery
    ),
    responses((status = 200, description = "A page of priorities.", body = Page<WardPriority>)),
    security(("bearer" = []))
)]
#[get("/v1/wards/{gss}/priorities")]
pub async fn list_ward_priorities(
    caller: Caller<may::BeSignedIn>,
    code: WardCode,
    query: Params<WardPriorityQuery>,
    asked: Asked,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: WardPriorityQuery| {
            let gss = code.get()?;
            if ward_map(room).versions(gss).is_empty() {
                return Err(AppError::NotFound);
            }
            let (today, limit) = (local_date(room.now)?, paging::limit(query.limit)?);
            let after: Option<Key> = read_cursor(BY_DAY, query.cursor.as_deref())?;
            let wanted = Wanted {
                at: query.at.map(|at| at.0),
                status: query.status.map(|status| status.as_str()),
            };
            let rows = queries::list(room, gss, &wanted, after, limit).await?;
            let views = rows.into_iter().map(|row| WardPriority::of(row, today));
            let views: Vec<WardPriority> = views.collect::<Result<_>>()?;
            let page = Page::of(views, limit, BY_DAY, |view: &WardPriority| (view.set_on, view.id))?;
            let answer = asked.linked(Answer::ok(&page)?, page.next.as_deref());
            Ok(Audited::consultation(answer)
                .records(page.items.iter().map(|view| view.id))
                .fact("ward", json!(gss))
                .fact("at", json!(wanted.at)))
        })
        .await
}

/// Read a ward priority
///
/// What residents were promised, by whom it was set, what was done and what came of it.
#[utoipa::path(
    tag = "geography",
    responses((status = 200, description = "The priority.", body = WardPriority)),
    security(("bearer" = []))
)]
#[get("/v1/priorities/{id}")]
pub async fn read_ward_priority(caller: Caller<may::BeSignedIn>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let row = queries::find(room, id.get()).await?;
            let view = WardPriority::of(row, local_date(room.now)?)?;
            let answer = Answer::ok(&view)?.version_as_seen(view.version);
            Ok(Audited::consultation(answer).record(view.id))
        })
        .await
}

/// Set a ward priority
///
/// Records what the ward panel, the neighbourhood team or a tasking group set as a priority
/// of the ward, for the members of the partnership to see. What the panel set names its
/// minutes; who is a member of the panel alone records nothing else. It may take the place of
/// another one, as when boundaries change or the panel words it anew. By police and councils.
#[utoipa::path(
    tag = "geography",
    params(("gss" = String, Path, description = "GSS code of the ward.", example = "E05013664")),
    request_body = NewWardPriority,
    responses((status = 201, description = "Set.", body = WardPriority)),
    security(("bearer" = ["ward_priority.manage"]))
)]
#[post("/v1/wards/{gss}/priorities")]
pub async fn set_ward_priority(
    caller: Caller<may::ManageWardPriorities>,
    code: WardCode,
    body: JsonBody<NewWardPriority>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewWardPriority| {
            let (gss, today) = (code.get()?, local_date(room.now)?);
            let authority = expect_ward(room, gss, new.set_on.0, today)?;
            expect_done(&new.actions, today)?;
            let (partnership, replaces) = (new.partnership_id, new.replaces);
            let row = new_row(room, gss, new)?;
            expect_partnership(room, partnership, &authority).await?;
            let replaced = match replaces {
                Some(id) => Some(to_replace(room, id, &row).await?),
                None => None,
            };
            queries::insert(room, &row).await?;
            let members = members_today(room, partnership).await?;
            let mut events = vec![told("ward_priority.set", &row, &members)];
            if let Some(old) = &replaced {
                queries::update(room, old).await?;
                events.push(told("ward_priority.ended", old, &members));
            }
            let view = WardPriority::of(row, today)?;
            let place = format!("/v1/priorities/{}", view.id);
            let answer = Answer::created(place, &view)?.version_as_seen(view.version);
            let replaces = replaced.map(|old| old.id);
            let audited = Audited::collection(answer)
                .record(view.id)
                .records(replaces)
                .fact("ward", json!(gss))
                .fact("replaces", json!(replaces))
                .changes(&(), &view, &TOLD)?;
            Ok(events.into_iter().fold(audited, Audited::event))
        })
        .await
}

/// Change a ward priority
///
/// Merge-patch, by the organisation that recorded it while it is a member of the partnership:
/// says what was done, when it was reviewed, and at last how it ended and what came of it. Who
/// set it, when and by which vote does not change. Where that organisation has left, police
/// and councils among the members may retire it.
#[utoipa::path(
    tag = "geography",
    params(IfMatch),
    request_body = WardPriorityChanges,
    responses((status = 200, description = "Changed.", body = WardPriority)),
    security(("bearer" = ["ward_priority.manage"]))
)]
#[patch("/v1/priorities/{id}")]
pub async fn update_ward_priority(
    caller: Caller<may::ManageWardPriorities>,
    id: Id,
    body: JsonBody<WardPriorityChanges>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, changes: WardPriorityChanges| {
            let (today, ends) = (local_date(room.now)?, changes.status.is_some());
            let mut row = queries::find(room, id.get()).await?;
            let members = members_today(room, row.partnership_id).await?;
            expect_hand(room, &row, &members, &changes)?;
            room.request.expect_version(row.version)?;
            expect_voice(room, &row)?;
            let before = WardPriority::of(row.clone(), today)?;
            expect_done(changes.actions.as_deref().unwrap_or_default(), today)?;
            let changed = apply(room, &mut row, changes, today)?;
            expect_voice(room, &row)?;
            if !changed.is_empty() {
                row.updated_at = room.now;
                row.version += 1;
                queries::update(room, &row).await?;
            }
            let name = if ends {
                "ward_priority.ended"
            } else {
                "ward_priority.changed"
            };
            let event = told(name, &row, &members);
            let view = WardPriority::of(row, today)?;
            let answer = Answer::ok(&view)?.version_as_seen(view.version);
            let audited = Audited::alteration(answer)
                .record(view.id)
                .changes(&before, &view, &TOLD)?;
            Ok(match changed.is_empty() {
                true => audited,
                false => audited.event(event),
            })
        })
        .await
}

/// What members of the partnership are told of a priority.
fn told(name: &'static str, row: &PriorityRow, members: &[Uuid]) -> OutboxEvent {
    OutboxEvent::of_no_case(name, members.to_vec())
        .about(row.id)
        .with(json!({"ward": row.gss, "partnership_id": row.partnership_id, "status": row.status}))
}

/// The local authority of a ward that stood when the priority was set, and stands today.
fn expect_ward(room: &Room, gss: &Gss, set_on: NaiveDate, today: NaiveDate) -> Result<String> {
    let versions = ward_map(room).versions(gss);
    if versions.is_empty() {
        return Err(AppError::NotFound);
    }
    let Some(ward) = versions.iter().find(|ward| ward.stands_on(today)) else {
        let detail = "this ward does not stand today: set it for the one in its place";
        return Err(AppError::Conflict(detail.to_owned()));
    };
    if set_on > today {
        return Err(AppError::invalid("/set_on", "lies ahead"));
    }
    if !versions.iter().any(|ward| ward.stands_on(set_on)) {
        return Err(AppError::invalid("/set_on", "the ward did not stand on that day"));
    }
    Ok(ward.local_authority.to_string())
}

/// The partnership is the caller's own and works in the ward.
async fn expect_partnership(room: &mut Room, id: Uuid, authority: &str) -> Result<()> {
    let Some((_, authorities)) = code_and_authorities(room, id).await? else {
        let detail = "is not a partnership of your organisation";
        return Err(AppError::invalid("/partnership_id", detail));
    };
    if authorities.iter().any(|known| known == authority) {
        return Ok(());
    }
    Err(AppError::invalid("/partnership_id", "does not work in this ward"))
}

/// Whoever recorded a priority changes it while they are a member of its partnership. Once
/// they have left, those who stay may retire it: nobody else could end it any more.
fn expect_hand(room: &Room, row: &PriorityRow, members: &[Uuid], changes: &WardPriorityChanges) -> Result<()> {
    let own = room.person.org_id;
    if !members.contains(&own) {
        let detail = "your organisation has left the partnership of this priority";
        return Err(AppError::Forbidden(detail.to_owned()));
    }
    let is_orphan = !members.contains(&row.org_id);
    if row.org_id == own || (is_orphan && changes.only_retire()) {
        return Ok(());
    }
    let detail = match is_orphan {
        true => "another organisation recorded this priority, and has left: you may retire it, no more",
        false => "another organisation recorded this priority",
    };
    Err(AppError::Forbidden(detail.to_owned()))
}

/// Whether the caller may speak for whoever set `row`, in its ward and of its case types. A
/// grant limited to case types reaches no priority that is about others, or about none.
fn expect_voice(room: &Room, row: &PriorityRow) -> Result<()> {
    let person = &room.person;
    if !["police", "council"].contains(&person.org_kind.as_str()) {
        return Err(AppError::Forbidden(
            "police and councils record the priorities of wards".to_owned(),
        ));
    }
    let reaching = person.grants.iter().filter(|grant| match row.case_types.as_slice() {
        [] => grant.covers(&row.gss, ""),
        types => types.iter().all(|kind| grant.covers(&row.gss, kind)),
    });
    let roles: Vec<&str> = reaching.map(|grant| grant.role.as_str()).collect();
    if roles.is_empty() {
        return Err(AppError::Forbidden(
            "your roles do not reach this ward, or not all of these case types".to_owned(),
        ));
    }
    Ok(priority::check_voice(&row.set_by, &roles)?)
}

/// The row of a new priority that the caller may set.
fn new_row(room: &Room, gss: &Gss, new: NewWardPriority) -> Result<PriorityRow> {
    priority::check_origin(new.set_by, new.minutes_ref.is_some(), new.votes.is_some())?;
    let row = PriorityRow {
        id: Uuid::now_v7(),
        org_id: room.person.org_id,
        partnership_id: new.partnership_id,
        gss: gss.to_string(),
        text: new.text.into_string(),
        case_types: known_types(room, new.case_types)?,
        set_by: new.set_by.as_str().to_owned(),
        set_on: new.set_on.0,
        minutes_ref: new.minutes_ref.map(|text| text.into_string()),
        votes: new.votes.map(|votes| json!(votes)),
        evidence: new.evidence.map(|text| text.into_string()),
        actions: few_actions(&new.actions)?,
        status: WardPriorityStatus::Active.as_str().to_owned(),
        outcome: None,
        ended_on: None,
        replaced_by: None,
        reviewed_on: None,
        recorded_by: room.person.user_id,
        created_at: room.now,
        updated_at: room.now,
        version: 1,
    };
    expect_voice(room, &row)?;
    Ok(row)
}

/// The priority in whose place `new` comes, as it is then.
async fn to_replace(room: &mut Room, id: Uuid, new: &PriorityRow) -> Result<PriorityRow> {
    let found = queries::lock(room, new.org_id, id).await?;
    let Some(mut old) = found.filter(|old| old.partnership_id == new.partnership_id) else {
        let detail = "is not a priority that your organisation recorded in this partnership";
        return Err(AppError::invalid("/replaces", detail));
    };
    expect_voice(room, &old)?;
    if old.ended_on.is_some() {
        return Err(PriorityError::HasEnded.into());
    }
    if new.set_on < old.set_on {
        return Err(AppError::invalid("/set_on", "is before the one it replaces was set"));
    }
    old.status = PriorityEnding::Retired.as_str().to_owned();
    old.ended_on = Some(new.set_on);
    old.replaced_by = Some(new.id);
    old.updated_at = room.now;
    old.version += 1;
    Ok(old)
}

/// Applies changes to a priority; answers with the names of what is another than it was.
fn apply(
    room: &Room,
    row: &mut PriorityRow,
    changes: WardPriorityChanges,
    today: NaiveDate,
) -> Result<Vec<&'static str>> {
    let before = row.clone();
    let has_ended = row.ended_on.is_some();
    priority::check_ending(has_ended, changes.status.is_some(), changes.outcome.is_some())?;
    if let Some(text) = changes.text {
        priority::check_wording(has_ended, text.as_str() != row.text)?;
        row.text = text.into_string();
    }
    if let Some(types) = changes.case_types {
        row.case_types = known_types(room, types)?;
    }
    if let Some(evidence) = changes.evidence {
        row.evidence = evidence.map(|text| text.into_string());
    }
    if let Some(actions) = changes.actions {
        row.actions = few_actions(&actions)?;
    }
    if let Some(day) = changes.reviewed_on {
        review(row, day.0, today)?;
    }
    if let Some(ending) = changes.status {
        ending.as_str().clone_into(&mut row.status);
        row.ended_on = Some(today);
    }
    if let Some(outcome) = changes.outcome {
        row.outcome = Some(outcome.into_string());
    }
    let members = [
        ("text", before.text != row.text),
        ("case_types", before.case_types != row.case_types),
        ("evidence", before.evidence != row.evidence),
        ("actions", before.actions != row.actions),
        ("reviewed_on", before.reviewed_on != row.reviewed_on),
        ("status", before.status != row.status),
        ("outcome", before.outcome != row.outcome),
    ];
    let changed = members
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name));
    Ok(changed.collect())
}

fn review(row: &mut PriorityRow, day: NaiveDate, today: NaiveDate) -> Result<()> {
    if row.ended_on.is_some() {
        return Err(PriorityError::HasEnded.into());
    }
    if !(row.set_on..=today).contains(&day) {
        let detail = "must lie between the day on which it was set and today";
        return Err(AppError::invalid("/reviewed_on", detail));
    }
    row.reviewed_on = Some(day);
    Ok(())
}

/// The case types, each once.
fn known_types(room: &Room, wanted: Vec<String>) -> Result<Vec<String>> {
    if wanted.len() > MOST_TYPES {
        let detail = format!("has more than {MOST_TYPES} case types");
        return Err(AppError::invalid("/case_types", detail));
    }
    let is_known = |name: &String| identity::is_case_type(&room.services, name);
    if let Some(place) = wanted.iter().position(|name| !is_known(name)) {
        return Err(AppError::invalid(format!("/case_types/{place}"), "is not a case type"));
    }
    let once: BTreeSet<String> = wanted.into_iter().collect();
    Ok(once.into_iter().collect())
}

/// Actions are what was done.
fn expect_done(actions: &[WardPriorityAction], today: NaiveDate) -> Result<()> {
    match actions.iter().position(|action| action.on.0 > today) {
        Some(place) => Err(AppError::invalid(format!("/actions/{place}/on"), "lies ahead")),
        None => Ok(()),
    }
}

fn few_actions(actions: &[WardPriorityAction]) -> Result<Value> {
    if actions.len() > MOST_ACTIONS {
        let detail = format!("has more than {MOST_ACTIONS} actions");
        return Err(AppError::invalid("/actions", detail));
    }
    Ok(json!(actions))
}
