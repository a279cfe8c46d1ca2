//! The world's records. Each text in them has a word that stands nowhere else, one
//! for each class of data, and one each for what only the sides of a share or of a task
//! are told.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{agreements, audit_events, case_transitions, teams};
use wardlink::doors::may;

use super::people::colleague;
use super::{Home, Kind};
use crate::support::{Actor, BOUNDARY, System, TestApp, form, photo, service_account};

/// The words that stand in the world's records, by class of data.
pub fn canaries() -> Vec<(&'static str, &'static str)> {
    vec![
        ("core", CORE),
        ("location", PLACE),
        ("subjects", PERSON),
        ("notes", NOTE),
        ("attachments", FILE),
        ("told", TOLD),
        ("asked", ASKED),
    ]
}

const CORE: &str = "zqcorebird";
const PLACE: &str = "zqplacebird";
const PERSON: &str = "zqpersonbird";
const NOTE: &str = "zqnotebird";
const FILE: &str = "zqfilebird";
/// What an originator tells the recipient with a share, or to take it back.
const TOLD: &str = "zqtoldbird";
/// What organisations ask of one another, and answer.
const ASKED: &str = "zqaskedbird";

/// A council's cases with everything in them, and another council's things.
pub struct World {
    pub app: TestApp,
    /// Coordinates and supervises at Camden, which owns the cases.
    pub owner: Actor,
    /// Somebody at Camden who holds every permission.
    pub keeper: Actor,
    /// An inspector of the police, to whom `case` is open.
    pub police: Actor,
    pub role: Uuid,
    pub system: System,
    pub file: Camden,
    pub elsewhere: Elsewhere,
}

/// What Camden has on file.
pub struct Camden {
    /// The case that strangers ask for.
    pub case: Uuid,
    /// Another case.
    pub shared: Uuid,
    pub note: Uuid,
    pub subject: Uuid,
    pub attachment: Uuid,
    pub task: Uuid,
    /// More tasks, where a suite has made some.
    pub other_tasks: Vec<Uuid>,
    /// An agreement that nobody has signed.
    pub draft: Uuid,
    /// A priority of a ward.
    pub priority: Uuid,
    /// A share that stands, and one that was recalled.
    pub shares: Vec<Uuid>,
    /// A link of `case` with a third case.
    pub link: Uuid,
    /// A note, a subject and such a link of `shared`.
    pub note_of_shared: Uuid,
    pub subject_of_shared: Uuid,
    pub link_of_shared: Uuid,
}

/// What belongs to Islington.
pub struct Elsewhere {
    pub actor: Actor,
    pub agreement: Uuid,
    pub priority: Uuid,
    pub role: Uuid,
    pub system: System,
    pub team: Uuid,
    pub case: Uuid,
    pub attachment: Uuid,
}

impl World {
    pub async fn new() -> Self {
        let app = TestApp::start().await;
        let owner = app.sign_in("csm@camden.example").await;
        let police = app.sign_in("insp.north@met.example").await;
        let keeper = colleague(&app, "keeper@camden.example").await;
        let role = app.grant_only(&keeper, may::CODES, None, None).await;
        for role in ["supervisor", "coordinator"] {
            app.give(&keeper, role, None, None).await;
        }
        let file = Camden::file(&app, &owner, &police).await;
        let system = app.system(&keeper, service_account(json!({}))).await;
        Self {
            system,
            elsewhere: Elsewhere::new(&app).await,
            app,
            owner,
            keeper,
            police,
            role,
            file,
        }
    }

    /// Makes Camden's records once more.
    pub async fn record_again(&mut self) {
        self.file = Camden::file(&self.app, &self.owner, &self.police).await;
    }

    /// Records of that kind which are somebody else's to people of `home`.
    pub async fn foreign(&self, kind: Kind, home: Home) -> Vec<String> {
        let (app, away) = (&self.app, &self.elsewhere);
        let islington = home == Home::Elsewhere;
        let camden_is_own = home == Home::Camden;
        let pick = |theirs: bool, camden: Uuid, other: Uuid| vec![if theirs { camden } else { other }];
        let ids = match kind {
            Kind::Case => vec![self.file.case],
            Kind::Link => vec![self.file.link],
            Kind::Note => vec![self.file.note],
            Kind::Subject => vec![self.file.subject],
            Kind::Attachment => vec![self.file.attachment],
            Kind::Task => [vec![self.file.task], self.file.other_tasks.clone()].concat(),
            Kind::Share => self.file.shares.clone(),
            Kind::Session => vec![self.owner.session_id],
            Kind::User => pick(!camden_is_own, self.owner.user_id, away.actor.user_id),
            Kind::Role => pick(!camden_is_own, self.role, away.role),
            Kind::ServiceAccount => pick(!camden_is_own, self.system.id, away.system.id),
            Kind::ClientKey => pick(!camden_is_own, self.system.key, away.system.key),
            Kind::Agreement => pick(islington, self.file.draft, away.agreement),
            Kind::Priority => pick(islington, self.file.priority, away.priority),
            Kind::Partnership => vec![app.partnership(if islington { "CAM" } else { "ISL" }).await],
            Kind::Organisation | Kind::Membership => pick(islington, self.owner.org_id, away.actor.org_id),
            Kind::AuditEvent => {
                let org = if camden_is_own {
                    away.actor.org_id
                } else {
                    self.owner.org_id
                };
                return vec![own_event(app, org).await.to_string()];
            }
            Kind::Reference => vec![],
        };
        ids.into_iter().map(|id| id.to_string()).collect()
    }
}

impl Camden {
    async fn file(app: &TestApp, owner: &Actor, police: &Actor) -> Self {
        let (case, shared) = (tale(app, owner).await, tale(app, owner).await);
        let share = app.open_to(owner, case, police.org_id, "contribute", &["core"]).await;
        let recalled = app.open_to(owner, shared, police.org_id, "view", &["core"]).await;
        let because = json!({"reason": format!("The wrong household was named: {TOLD}.")});
        app.post(owner, &format!("/v1/shares/{recalled}/recall"), because)
            .await
            .expect(200);
        let link = json!({"linked_case_id": shared, "kind": "related", "reason": format!("Same {CORE}.")});
        app.post(owner, &format!("/v1/cases/{case}/links"), link)
            .await
            .expect(201);
        let third = app.a_case_of(owner).await;
        Self {
            link: linked(app, owner, case, third).await,
            link_of_shared: linked(app, owner, shared, third).await,
            note: note(app, owner, case).await,
            subject: subject(app, owner, case).await,
            attachment: attachment(app, owner, case).await,
            task: task(app, owner, case, police.org_id).await,
            other_tasks: Vec::new(),
            draft: draft(app, owner, police.org_id).await,
            priority: priority(app, owner, "E05013664", "CAM").await,
            note_of_shared: note(app, owner, shared).await,
            subject_of_shared: subject(app, owner, shared).await,
            shares: vec![share, recalled],
            case,
            shared,
        }
    }
}

impl Elsewhere {
    async fn new(app: &TestApp) -> Self {
        let actor = app.sign_in("asb@islington.example").await;
        let role = app.grant_only(&actor, may::CODES, None, None).await;
        let case = app.a_case_of(&actor).await;
        let (team, agreement) = (Uuid::now_v7(), Uuid::now_v7());
        let attachment = attachment(app, &actor, case).await;
        let mut owner = app.database.owner().await;
        diesel::insert_into(teams::table)
            .values((
                teams::id.eq(team),
                teams::org_id.eq(actor.org_id),
                teams::name.eq("Street wardens"),
            ))
            .execute(&mut owner)
            .await
            .unwrap();
        let today = app.services.clock.now().date_naive();
        diesel::insert_into(agreements::table)
            .values((
                agreements::id.eq(agreement),
                agreements::org_id.eq(actor.org_id),
                agreements::partnership_id.eq(app.partnership("ISL").await),
                agreements::title.eq("Islington agreement"),
                agreements::status.eq("draft"),
                agreements::purposes.eq(vec!["case_work"]),
                agreements::gateways.eq(vec!["CDA115"]),
                agreements::data_classes.eq(vec!["core"]),
                agreements::active_from.eq(today),
                agreements::review_due.eq(today + chrono::Days::new(300)),
            ))
            .execute(&mut owner)
            .await
            .unwrap();
        Self {
            system: app.system(&actor, service_account(json!({}))).await,
            priority: priority(app, &actor, "E05013697", "ISL").await,
            actor,
            agreement,
            role,
            team,
            case,
            attachment,
        }
    }
}

/// A case in whose texts stand the words of their classes.
async fn tale(app: &TestApp, owner: &Actor) -> Uuid {
    let mut body = app.case_body("abandoned_vehicle").await;
    body["title"] = json!(format!("Hatchback {CORE}"));
    body["description"] = json!(format!("Flat tyres {CORE}"));
    body["address"] = json!(format!("12 {PLACE} Street"));
    // Each its own: of one vehicle one case is open at a time.
    let vrm = Uuid::new_v4().simple().to_string()[..8].to_uppercase();
    body["details"] = json!({"vrm": vrm, "colour": CORE, "keeper": {"name": PERSON}});
    let case = app.post(owner, "/v1/cases", body).await.expect(201).id();
    app.draft(owner, Method::PUT, &format!("/v1/cases/{case}/positions/mine"))
        .json(json!({"stance": "leading", "summary": format!("We lead {CORE}")}))
        .send()
        .await
        .expect(200);
    say(app, owner, case).await;
    case
}

/// Puts into a case and among its steps what officers wrote of people, past the rules: a
/// step would make it another version.
async fn say(app: &TestApp, owner: &Actor, case: Uuid) {
    let mut connection = app.database.owner().await;
    let inspections = format!("[{{\"text\": \"Left there by {PERSON}\"}}]");
    let details = format!(
        "update cases set details = details || jsonb_build_object('inspections', '{inspections}'::jsonb) \
          where id = '{case}'"
    );
    connection.batch_execute(&details).await.unwrap();
    diesel::insert_into(case_transitions::table)
        .values((
            case_transitions::id.eq(Uuid::now_v7()),
            case_transitions::org_id.eq(owner.org_id),
            case_transitions::case_id.eq(case),
            case_transitions::case_org_id.eq(owner.org_id),
            case_transitions::event.eq("observe"),
            (
                case_transitions::from_state.eq("reported"),
                case_transitions::to_state.eq("reported"),
            ),
            case_transitions::actor_user_id.eq(owner.user_id),
            case_transitions::roles.eq(vec!["supervisor"]),
            case_transitions::reason.eq(format!("{PERSON} was seen again")),
            case_transitions::data.eq(json!({"observation": {"text": format!("{PERSON} sleeps in it")}})),
            case_transitions::at.eq(app.services.clock.now()),
        ))
        .execute(&mut connection)
        .await
        .unwrap();
}

async fn linked(app: &TestApp, owner: &Actor, case: Uuid, other: Uuid) -> Uuid {
    let body = json!({"linked_case_id": other, "kind": "related"});
    app.post(owner, &format!("/v1/cases/{case}/links"), body)
        .await
        .expect(201)
        .id()
}

async fn note(app: &TestApp, owner: &Actor, case: Uuid) -> Uuid {
    let body = json!({"body": format!("Spoke to {NOTE}"), "audience": "partners", "basis": "fact"});
    app.post(owner, &format!("/v1/cases/{case}/notes"), body)
        .await
        .expect(201)
        .id()
}

async fn subject(app: &TestApp, owner: &Actor, case: Uuid) -> Uuid {
    let particulars: Value = json!({"name": PERSON, "phone": "020 7946 0018"});
    let body = json!({"kind": "person", "role": "witness", "basis": "fact", "particulars": particulars});
    app.post(owner, &format!("/v1/cases/{case}/subjects"), body)
        .await
        .expect(201)
        .id()
}

async fn attachment(app: &TestApp, owner: &Actor, case: Uuid) -> Uuid {
    let file = form(&format!("{FILE}.jpg"), "image/jpeg", &photo(), "before");
    app.draft(owner, Method::POST, &format!("/v1/cases/{case}/attachments"))
        .bytes(&format!("multipart/form-data; boundary={BOUNDARY}"), file)
        .send()
        .await
        .expect(201)
        .id()
}

async fn task(app: &TestApp, owner: &Actor, case: Uuid, to: Uuid) -> Uuid {
    let body = json!({"title": format!("Look for {ASKED}"), "description": format!("At night {ASKED}"),
        "tactic": "patrol", "priority": "p2", "owner_org_id": to, "due_at": "2026-03-09T17:00:00Z"});
    app.post(owner, &format!("/v1/cases/{case}/tasks"), body)
        .await
        .expect(201)
        .id()
}

async fn draft(app: &TestApp, owner: &Actor, with: Uuid) -> Uuid {
    let body = json!({"partnership_id": app.partnership("CAM").await, "title": "Abandoned vehicles, Camden",
        "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core"],
        "active_from": "2026-04-01", "review_due": "2027-04-01", "parties": [owner.org_id, with]});
    app.post(owner, "/v1/agreements", body).await.expect(201).id()
}

async fn priority(app: &TestApp, owner: &Actor, ward: &str, partnership: &str) -> Uuid {
    let body = json!({"partnership_id": app.partnership(partnership).await, "text": "Stop thefts from cars.",
        "set_by": "panel", "set_on": "2026-02-24", "minutes_ref": "Ward panel, 24 February 2026"});
    app.post(owner, &format!("/v1/wards/{ward}/priorities"), body)
        .await
        .expect(201)
        .id()
}

/// The number of an event that no other organisation than `org` sees.
async fn own_event(app: &TestApp, org: Uuid) -> i64 {
    audit_events::table
        .filter(audit_events::org_id.eq(org))
        .filter(audit_events::outcome.eq("done"))
        .filter(audit_events::recipient_org_ids.eq(Vec::<Uuid>::new()))
        .order(audit_events::seq)
        .select(audit_events::seq)
        .first(&mut app.database.owner().await)
        .await
        .unwrap()
}
