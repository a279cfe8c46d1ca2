//! One case: recording, reading, changing, and its clocks.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;
use futures_util::{TryFutureExt, try_join};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::clocks::{Clock, ClockResult};
use crate::db::schema::{attachments, case_access, case_clocks, case_locations, cases, organisations, users};
use crate::db::{Prepare, kept, kept_json};
use crate::error::{AppError, Result};
use crate::sharing::model::DataClass;

/// Where a case is.
#[derive(Debug, Clone, Insertable, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = case_locations, treat_none_as_null = true)]
pub struct LocationRow {
    /// Degrees.
    pub lon: f64,
    /// Degrees.
    pub lat: f64,
    /// As people write it.
    pub address: Option<String>,
    /// Unique Property Reference Number.
    pub uprn: Option<String>,
    /// Unique Street Reference Number.
    pub usrn: Option<String>,
}

/// The name of the organisation that a user works for, where the caller may know it.
///
/// # Errors
/// [`AppError::NotFound`] where they may not.
pub async fn name_of_employer(mut connection: &AsyncPgConnection, user: Uuid) -> Result<String> {
    Ok(users::table
        .inner_join(organisations::table.on(organisations::id.eq(users::org_id)))
        .filter(users::id.eq(user))
        .select(organisations::name)
        .first(&mut connection)
        .await?)
}

/// Records a case with its place and its clocks.
///
/// # Errors
/// Those of the database.
pub async fn insert(
    connection: &AsyncPgConnection,
    case: &CaseRow,
    place: &LocationRow,
    clocks: &[(Uuid, Clock)],
) -> Result<()> {
    let (id, org) = (case.id, case.org_id);
    let (mut first, mut second) = (connection, connection);
    let case = diesel::insert_into(cases::table)
        .values(case)
        .prepared()
        .execute(&mut first)
        .map_err(AppError::from);
    let place = diesel::insert_into(case_locations::table)
        .values((case_locations::case_id.eq(id), case_locations::org_id.eq(org), place))
        .prepared()
        .execute(&mut second)
        .map_err(AppError::from);
    let clocks = clocks
        .iter()
        .map(|(clock_id, clock)| write_clock(connection, (id, org), *clock_id, clock));
    // In one round trip, and in this order.
    try_join!(case, place, try_join_all(clocks)).map(drop)
}

/// A case as its readers' view needs it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = cases)]
pub struct CaseRow {
    pub id: Uuid,
    pub org_id: Uuid,
    pub partnership_id: Uuid,
    pub ref_: String,
    pub type_: String,
    pub state: String,
    pub status_class: String,
    pub public_status: String,
    pub title: String,
    pub description: String,
    pub priority: String,
    pub qualifier: Option<String>,
    pub risk_band: Option<String>,
    pub sensitive: bool,
    pub regime: String,
    pub details: Value,
    pub lead_user_id: Option<Uuid>,
    pub ward_gss: String,
    pub ward_gss_at_report: String,
    pub occurred_from: Option<DateTime<Utc>>,
    pub occurred_to: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
    pub due_at: Option<DateTime<Utc>>,
    pub opened_at: DateTime<Utc>,
    pub opened_by: Uuid,
    pub updated_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub open_case_key: Option<String>,
    pub separate_because: Option<String>,
    pub waiting_until: Option<DateTime<Utc>>,
    /// The organisation that was named to lead it; it does as long as it may contribute.
    pub lead_organisation_id: Option<Uuid>,
}

/// How the caller's organisation may see a case.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = case_access)]
pub struct MyAccessRow {
    pub level: String,
    pub data_classes: Vec<String>,
    pub share_id: Option<Uuid>,
    pub since: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl MyAccessRow {
    /// The access of an owner, as the database gives it with the case.
    pub fn of_owner(since: DateTime<Utc>) -> Self {
        Self {
            level: "owner".to_owned(),
            data_classes: DataClass::ALL.iter().map(|class| class.as_str().to_owned()).collect(),
            share_id: None,
            since,
            expires_at: None,
        }
    }
}

/// A case with everything its view shows, but for clocks and transitions.
pub type FullCase = (
    CaseRow,
    MyAccessRow,
    Option<LocationRow>,
    Option<String>,
    Option<String>,
);

/// The case, the caller's access, the place where that is open, the owner's name
/// and the lead's, as far as the owner is a partner still.
///
/// # Errors
/// [`AppError::NotFound`] where it does not exist for the caller.
pub async fn read(mut connection: &AsyncPgConnection, id: Uuid) -> Result<FullCase> {
    Ok(case_access::table
        .inner_join(cases::table.on(cases::id.eq(case_access::case_id)))
        .left_join(organisations::table.on(organisations::id.eq(cases::org_id)))
        .left_join(case_locations::table.on(case_locations::case_id.eq(cases::id)))
        .left_join(users::table.on(users::id.nullable().eq(cases::lead_user_id)))
        .filter(case_access::case_id.eq(id))
        .select((
            CaseRow::as_select(),
            MyAccessRow::as_select(),
            Option::<LocationRow>::as_select(),
            organisations::name.nullable(),
            users::name.nullable(),
        ))
        .first(&mut connection)
        .await?)
}

/// Writes a changed case, one version on.
///
/// # Errors
/// Those of the database.
pub async fn update(mut connection: &AsyncPgConnection, case: &CaseRow) -> Result<()> {
    diesel::update(cases::table.find(case.id))
        .set((
            cases::state.eq(&case.state),
            cases::status_class.eq(&case.status_class),
            cases::public_status.eq(&case.public_status),
            cases::title.eq(&case.title),
            cases::description.eq(&case.description),
            cases::priority.eq(&case.priority),
            cases::qualifier.eq(&case.qualifier),
            cases::risk_band.eq(&case.risk_band),
            cases::sensitive.eq(case.sensitive),
            cases::details.eq(&case.details),
            cases::lead_user_id.eq(case.lead_user_id),
            cases::ward_gss.eq(&case.ward_gss),
            cases::outcome.eq(&case.outcome),
            cases::due_at.eq(case.due_at),
            cases::updated_at.eq(case.updated_at),
            cases::closed_at.eq(case.closed_at),
            cases::version.eq(case.version),
            cases::open_case_key.eq(&case.open_case_key),
            cases::separate_because.eq(&case.separate_because),
            cases::waiting_until.eq(case.waiting_until),
            cases::lead_organisation_id.eq(case.lead_organisation_id),
        ))
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// Writes a changed place.
///
/// # Errors
/// Those of the database.
pub async fn update_location(mut connection: &AsyncPgConnection, case: Uuid, location: &LocationRow) -> Result<()> {
    diesel::update(case_locations::table.find(case))
        .set(location)
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

#[derive(Queryable)]
struct ClockRow {
    id: Uuid,
    rule: Value,
    start_event: String,
    started_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    pauses: Value,
    stopped_at: Option<DateTime<Utc>>,
    result: Option<String>,
}

impl ClockRow {
    fn into_clock(self) -> Result<(Uuid, Clock)> {
        let result = self.result.map(|word| kept("clock result", &word, ClockResult::parse));
        let clock = Clock {
            rule: kept_json("rule of a clock", self.rule)?,
            start_event: self.start_event,
            started_at: self.started_at,
            due_at: self.due_at,
            pauses: kept_json("pauses of a clock", self.pauses)?,
            stopped_at: self.stopped_at,
            result: result.transpose()?,
        };
        Ok((self.id, clock))
    }
}

/// The clocks of a case, oldest first, each with its id.
///
/// # Errors
/// Those of the database.
pub async fn clocks(mut connection: &AsyncPgConnection, case: Uuid) -> Result<Vec<(Uuid, Clock)>> {
    let rows: Vec<ClockRow> = case_clocks::table
        .filter(case_clocks::case_id.eq(case))
        .order((case_clocks::started_at, case_clocks::id))
        .select((
            case_clocks::id,
            case_clocks::rule,
            case_clocks::start_event,
            case_clocks::started_at,
            case_clocks::due_at,
            case_clocks::pauses,
            case_clocks::stopped_at,
            case_clocks::result,
        ))
        .load(&mut connection)
        .await?;
    rows.into_iter().map(ClockRow::into_clock).collect()
}

/// What of a clock changes while it runs, and when it stops.
#[derive(Debug, AsChangeset, Insertable)]
#[diesel(table_name = case_clocks, treat_none_as_null = true, treat_none_as_default_value = false)]
struct ClockChanges {
    due_at: DateTime<Utc>,
    pauses: Value,
    stopped_at: Option<DateTime<Utc>>,
    result: Option<&'static str>,
}

impl ClockChanges {
    /// What a clock is now.
    fn of(clock: &Clock) -> Result<Self> {
        Ok(Self {
            due_at: clock.due_at,
            pauses: json(&clock.pauses)?,
            stopped_at: clock.stopped_at,
            result: clock.result.map(ClockResult::as_str),
        })
    }
}

fn json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| AppError::Internal(format!("clock: {error}")))
}

/// Writes a clock of a case, new or changed.
///
/// # Errors
/// Those of the database.
pub async fn write_clock(
    mut connection: &AsyncPgConnection,
    (case, owner): (Uuid, Uuid),
    id: Uuid,
    clock: &Clock,
) -> Result<()> {
    let changes = ClockChanges::of(clock)?;
    diesel::insert_into(case_clocks::table)
        .values((
            case_clocks::id.eq(id),
            case_clocks::org_id.eq(owner),
            case_clocks::case_id.eq(case),
            case_clocks::name.eq(&clock.rule.name),
            case_clocks::rule.eq(json(&clock.rule)?),
            case_clocks::basis.eq(clock.rule.basis.as_str()),
            case_clocks::start_event.eq(&clock.start_event),
            case_clocks::started_at.eq(clock.started_at),
            &changes,
        ))
        .on_conflict(case_clocks::id)
        .do_update()
        .set(&changes)
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// What guards look at of an attachment: which it is, phase, media type.
pub type AttachmentFactRow = (Uuid, String, String);

/// The attachments of a case that were found clean.
///
/// # Errors
/// Those of the database.
pub async fn attachment_facts(mut connection: &AsyncPgConnection, case: Uuid) -> Result<Vec<AttachmentFactRow>> {
    Ok(attachments::table
        .filter(attachments::case_id.eq(case))
        .filter(attachments::state.eq_any(["available", "unscanned"]))
        .select((attachments::id, attachments::phase, attachments::media_type))
        .load(&mut connection)
        .await?)
}
