//! Cases and shares put into the database past the API, and the log looked at.

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use uuid::Uuid;
use wardlink::db::schema::{agreements, audit_events, case_locations, cases, partnerships, shares};

use super::app::TestApp;
use super::people::Actor;

/// Every class of a case's data.
pub const ALL_CLASSES: &[&str] = &["core", "location", "subjects", "notes", "attachments", "intelligence"];

/// What the log says of one operation.
#[derive(Debug, Queryable)]
pub struct Audit {
    /// s.62 operation.
    pub op: String,
    /// `done`, `refused`, `failed`.
    pub outcome: String,
    /// Cases touched or shown.
    pub case_ids: Vec<Uuid>,
    /// Other records.
    pub record_ids: Vec<Uuid>,
    /// Classes of data.
    pub data_classes: Vec<String>,
    /// Organisations given something.
    pub recipient_org_ids: Vec<Uuid>,
    /// Names and states.
    pub facts: Value,
}

impl TestApp {
    /// A case of `owner`'s organisation in Camden, in Kentish Town South.
    pub async fn a_case_of(&self, owner: &Actor) -> Uuid {
        let mut connection = self.database.owner().await;
        let (id, now) = (Uuid::now_v7(), self.services.clock.now());
        let partnership: Uuid = partnerships::table
            .filter(partnerships::code.eq("CAM"))
            .select(partnerships::id)
            .first(&mut connection)
            .await
            .unwrap();
        diesel::insert_into(cases::table)
            .values((
                cases::id.eq(id),
                cases::org_id.eq(owner.org_id),
                cases::partnership_id.eq(partnership),
                cases::ref_.eq(format!("CAM-{}", &id.simple().to_string()[16..24].to_uppercase())),
                cases::type_.eq("nuisance"),
                (cases::state.eq("received"), cases::status_class.eq("open")),
                cases::public_status.eq("received"),
                cases::title.eq("Loud music at night"),
                cases::description.eq("Every weekend since January."),
                cases::regime.eq("general_ukgdpr"),
                (
                    cases::ward_gss.eq("E05013664"),
                    cases::ward_gss_at_report.eq("E05013664"),
                ),
                (cases::opened_at.eq(now), cases::updated_at.eq(now)),
                cases::opened_by.eq(owner.user_id),
            ))
            .execute(&mut connection)
            .await
            .unwrap();
        diesel::insert_into(case_locations::table)
            .values((
                case_locations::case_id.eq(id),
                case_locations::org_id.eq(owner.org_id),
                case_locations::lon.eq(-0.1426),
                case_locations::lat.eq(51.5456),
            ))
            .execute(&mut connection)
            .await
            .unwrap();
        id
    }

    /// A case of `owner` that stands open to the organisation of `with`.
    pub async fn a_shared_case(&self, owner: &Actor, with: &Actor, level: &str, classes: &[&str]) -> Uuid {
        let case = self.a_case_of(owner).await;
        self.open_to(owner, case, with.org_id, level, classes).await;
        case
    }

    /// Opens a case of `owner` to an organisation, past the rules.
    pub async fn open_to(&self, owner: &Actor, case: Uuid, to: Uuid, level: &str, classes: &[&str]) -> Uuid {
        let mut connection = self.database.owner().await;
        let (id, now) = (Uuid::now_v7(), self.services.clock.now());
        diesel::insert_into(shares::table)
            .values((
                shares::id.eq(id),
                shares::org_id.eq(owner.org_id),
                shares::case_id.eq(case),
                shares::to_org_id.eq(to),
                shares::level.eq(level),
                shares::data_classes.eq(classes.to_vec()),
                shares::gateway.eq("CDA115"),
                shares::purpose.eq("case_work"),
                shares::state.eq("active"),
                shares::requested_by.eq(owner.user_id),
                shares::requested_by_org_id.eq(owner.org_id),
                (shares::created_at.eq(now), shares::updated_at.eq(now)),
            ))
            .execute(&mut connection)
            .await
            .unwrap();
        id
    }

    /// The share of a case that stands open.
    pub async fn share_of(&self, case: Uuid) -> Uuid {
        shares::table
            .filter(shares::case_id.eq(case))
            .filter(shares::state.eq("active"))
            .select(shares::id)
            .first(&mut self.database.owner().await)
            .await
            .unwrap()
    }

    /// The demo's agreement in force.
    pub async fn agreement(&self) -> Uuid {
        agreements::table
            .filter(agreements::status.eq("active"))
            .select(agreements::id)
            .first(&mut self.database.owner().await)
            .await
            .unwrap()
    }

    /// The records of each entry about an operation that an organisation may see, by
    /// row-level security alone.
    pub async fn log_of(&self, org_id: Uuid, action: &str) -> Vec<Vec<Uuid>> {
        let mut app = self.database.as_role("wardlink_app").await;
        app.batch_execute(&format!("begin; select set_config('app.org_id', '{org_id}', true)"))
            .await
            .unwrap();
        let mut found: Vec<Vec<Uuid>> = audit_events::table
            .filter(audit_events::action.eq(action))
            .select(audit_events::record_ids)
            .load(&mut app)
            .await
            .unwrap();
        found.sort_unstable();
        found
    }

    /// The last entry of the log about an operation.
    pub async fn last_audit(&self, action: &str) -> Audit {
        audit_events::table
            .filter(audit_events::action.eq(action))
            .order(audit_events::seq.desc())
            .select((
                audit_events::op,
                audit_events::outcome,
                audit_events::case_ids,
                audit_events::record_ids,
                audit_events::data_classes,
                audit_events::recipient_org_ids,
                audit_events::facts,
            ))
            .first(&mut self.database.owner().await)
            .await
            .unwrap_or_else(|_| panic!("nothing in the log about {action}"))
    }
}
