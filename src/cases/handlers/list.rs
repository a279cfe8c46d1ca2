//! Listing and searching cases.

use actix_web::{HttpRequest, HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::cases::queries::list::{self as queries, Filters, Key, Listed};
use crate::cases::view::list::{CaseSummary, ListCases, Sort};
use crate::doors::{Answer, Audited, Caller, Doorstep, Params, may};
use crate::error::{AppError, Result};
use crate::http::paging::{self, Page};
use crate::limits::Volume;

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_cases);
}

/// List cases
///
/// The cases of the caller's organisation and those shared with it, within the limits of the caller's roles.
/// What a list shows is what the detail shows. Every case returned is named in the audit log.
///
/// **Everything once**: in the order `-opened_at` nothing moves while you page. In that of `-updated_at` a case
/// that is changed meanwhile moves to the first page, and is on none that you read.
///
/// **What has changed since**: `updated_after`, page by page, two minutes before the first request of the time
/// before (its `Date`). A change has the time at which it began and is seen once it is committed: up to 35 seconds
/// later for a request, 65 for what happens by itself, and clocks of processes may differ by two. It finds what was
/// changed, what came into your organisation's sight and what is shared with it on other terms, and of these some
/// twice. It does not find what was lost from sight: for that, page `shared=in` now and then, and compare. Nor does
/// it look at roles: what one newly reaches is as old as it is.
///
/// Notes, subjects, attachments, links, positions and tasks leave the `updated_at` of a case as it was: they are in
/// its timeline.
#[utoipa::path(
    tag = "cases",
    params(ListCases),
    responses((status = 200, description = "A page of cases.", body = Page<CaseSummary>)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases")]
async fn list_cases(
    caller: Caller<may::ReadCases>,
    http: HttpRequest,
    params: Params<ListCases>,
) -> Result<HttpResponse> {
    let query = http.query_string().to_owned();
    caller
        .consult_ahead(params, Found::of, async |room, wanted: ListCases, found: Found| {
            let sort = wanted.sort.unwrap_or_default();
            let page = Page::of(found.rows, found.limit, sort.as_str(), |row| key_of(row, sort))?;
            let shown: Vec<_> = page.items.iter().map(shown_of).collect();
            let items = page.items.into_iter();
            let items = items.map(|(row, lead)| CaseSummary::of(row, lead, room.now));
            let page = Page {
                items: items.collect(),
                next: page.next,
            };
            let mut answer = Answer::ok(&page)?;
            if let Some(next) = &page.next {
                answer = answer.header("Link", paging::next_link("/v1/cases", &query, next));
            }
            let note = |audited: Audited<Answer>, (id, owner, classes)| audited.case_of_list(id, owner, classes);
            let audited = Audited::consultation(answer).classes(["core"]);
            let audited = shown.into_iter().fold(audited, note);
            let searches = ["q", "uprn"].iter().any(|name| found.used.contains(name));
            let audited = match searches {
                true => audited.counted(Volume::Searches, 1),
                false => audited,
            };
            Ok(audited.fact("filters", found.used))
        })
        .await
}

/// A case, its owner, and what the list shows of it.
fn shown_of((row, _): &Listed) -> (Uuid, Uuid, &'static [&'static str]) {
    let classes: &[&str] = if row.lon.is_some() {
        &["core", "location"]
    } else {
        &["core"]
    };
    (row.case_id, row.case_org_id, classes)
}

/// What a list found, and by which filters.
struct Found {
    rows: Vec<Listed>,
    limit: i64,
    used: Vec<&'static str>,
}

impl Found {
    async fn of(step: &Doorstep<'_>, wanted: &ListCases) -> Result<Self> {
        let sort = wanted.sort.unwrap_or_default();
        let after: Option<Key> = paging::read_cursor(sort.as_str(), wanted.cursor.as_deref())?;
        let limit = paging::limit(wanted.limit)?;
        let filters = filters_of(step, wanted)?;
        let used = names_of(&filters);
        let rows = queries::list(step, &filters, sort, after, limit).await?;
        Ok(Self { rows, limit, used })
    }
}

fn key_of((row, _): &Listed, sort: Sort) -> Key {
    let at = match sort {
        Sort::Updated => Some(row.updated_at),
        Sort::Opened => Some(row.opened_at),
        Sort::Due => row.due_at,
    };
    (at, row.case_id)
}

fn filters_of(step: &Doorstep<'_>, wanted: &ListCases) -> Result<Filters> {
    let lead = match wanted.assigned_to.as_deref() {
        None => None,
        Some("me") => Some(step.user_id),
        Some(text) => Some(
            Uuid::try_parse(text).map_err(|_error| AppError::invalid("assigned_to", "must be `me` or a user's id"))?,
        ),
    };
    if wanted.q.as_ref().is_some_and(|words| words.chars().count() > 200) {
        return Err(AppError::invalid("q", "is longer than 200 characters"));
    }
    Ok(Filters {
        status: wanted.status,
        state: wanted.state.map(|state| state.0.to_owned()),
        kind: wanted.kind.map(|kind| kind.0.to_owned()),
        ward: wanted.ward.as_ref().map(ToString::to_string),
        owner: wanted.owner,
        lead,
        updated_after: wanted.updated_after.map(|at| at.0),
        due_before: wanted.due_before.map(|at| at.0),
        waiting_until_before: wanted.waiting_until_before.map(|at| at.0),
        overdue: wanted.overdue,
        shared: wanted.shared,
        uprn: wanted
            .uprn
            .as_ref()
            .map(|number| number.0.trim_start_matches('0').to_owned()),
        bbox: wanted.bbox.as_deref().map(read_bbox).transpose()?,
        words: wanted.q.clone().filter(|words| !words.trim().is_empty()),
        now: step.now,
    })
}

fn read_bbox(text: &str) -> Result<[f64; 4]> {
    let wrong = || {
        AppError::invalid(
            "bbox",
            "must be west,south,east,north in degrees, west below east and south below north",
        )
    };
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| part.trim().parse().ok().filter(|number: &f64| number.is_finite()))
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    let bbox: [f64; 4] = numbers.try_into().map_err(|_numbers| wrong())?;
    let [west, south, east, north] = bbox;
    let sound = west <= east && south <= north && west >= -180.0 && east <= 180.0 && south >= -90.0 && north <= 90.0;
    sound.then_some(bbox).ok_or_else(wrong)
}

/// The names of the filters used; what was looked for stays out of the log's facts.
fn names_of(filters: &Filters) -> Vec<&'static str> {
    [
        ("status", filters.status.is_some()),
        ("state", filters.state.is_some()),
        ("type", filters.kind.is_some()),
        ("ward", filters.ward.is_some()),
        ("owner", filters.owner.is_some()),
        ("assigned_to", filters.lead.is_some()),
        ("updated_after", filters.updated_after.is_some()),
        ("due_before", filters.due_before.is_some()),
        ("waiting_until_before", filters.waiting_until_before.is_some()),
        ("overdue", filters.overdue.is_some()),
        ("shared", filters.shared.is_some()),
        ("uprn", filters.uprn.is_some()),
        ("bbox", filters.bbox.is_some()),
        ("q", filters.words.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, used)| used.then_some(name))
    .collect()
}
