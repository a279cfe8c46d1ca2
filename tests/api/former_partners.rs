//! Partners see one another while both belong to a partnership, and no longer; what records
//! name stays named.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{organisation_flags, organisations, sectors, team_members, teams, users};

use crate::support::{ALL_CLASSES, Actor, TestApp};

const OWNER: &str = "csm@camden.example";
const HOUSING: &str = "manager@primrose.example";
const POLICE: &str = "insp.north@met.example";
const ISLINGTON: &str = "asb@islington.example";
const PRIMROSE: &str = "Primrose Homes";
const CAMDEN: &str = "London Borough of Camden";

async fn members(app: &TestApp, code: &str) -> String {
    format!("/v1/partnerships/{}/members", app.partnership(code).await)
}

/// Ends the membership of an organisation as the platform does.
async fn show_out(app: &TestApp, code: &str, org: Uuid) {
    let operator = app.sign_in("operator@wardlink.example").await;
    let member = format!("{}/{org}", members(app, code).await);
    app.delete(&operator, &member).await.expect(204);
}

async fn items(app: &TestApp, actor: &Actor, path: &str) -> Vec<Value> {
    let reply = app.get(actor, path).await.expect(200);
    reply.body["items"].as_array().unwrap().clone()
}

async fn names(app: &TestApp, actor: &Actor, path: &str) -> Vec<String> {
    let items = items(app, actor, path).await;
    let names = items.iter().map(|item| item["name"].as_str().unwrap().to_owned());
    names.collect()
}

fn organisation(of: &Actor) -> String {
    format!("/v1/organisations/{}", of.org_id)
}

#[actix_web::test]
async fn who_has_left_and_who_has_stayed_see_one_another_no_more() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    app.get(&owner, &organisation(&housing)).await.expect(200);
    app.get(&housing, &organisation(&owner)).await.expect(200);

    show_out(&app, "CAM", housing.org_id).await;

    app.get(&owner, &organisation(&housing)).await.expect(404);
    app.get(&housing, &organisation(&owner)).await.expect(404);
    let seen = names(&app, &owner, "/v1/organisations").await;
    assert!(!seen.contains(&PRIMROSE.to_owned()), "{seen:?}");
    assert_eq!(names(&app, &housing, "/v1/organisations").await, [PRIMROSE]);
    let listed = items(&app, &owner, &members(&app, "CAM").await).await;
    let left = listed
        .iter()
        .find(|member| member["organisation_id"] == json!(housing.org_id));
    let left = left.expect("who was a member stays on record");
    assert_eq!((&left["name"], &left["kind"]), (&json!(PRIMROSE), &json!("housing")));
    assert!(left["member_to"].is_string());
}

#[actix_web::test]
async fn of_two_partnerships_the_one_that_stays_in_common_counts() {
    let app = TestApp::start().await;
    let (owner, police, islington) = (
        app.sign_in(OWNER).await,
        app.sign_in(POLICE).await,
        app.sign_in(ISLINGTON).await,
    );
    assert!(!items(&app, &owner, "/v1/sectors").await.is_empty());

    show_out(&app, "CAM", police.org_id).await;

    assert!(items(&app, &owner, "/v1/sectors").await.is_empty());
    app.get(&owner, &organisation(&police)).await.expect(404);
    assert!(!items(&app, &islington, "/v1/sectors").await.is_empty());
    app.get(&islington, &organisation(&police)).await.expect(200);
}

#[actix_web::test]
async fn who_is_to_be_a_member_is_not_seen_before_its_first_day() {
    let app = TestApp::start().await;
    let (owner, islington) = (app.sign_in(OWNER).await, app.sign_in(ISLINGTON).await);
    let operator = app.sign_in("operator@wardlink.example").await;
    let members = members(&app, "CAM").await;
    let joining = json!({"organisation_id": islington.org_id, "member_from": "2190-01-01"});

    let added = app.post(&operator, &members, joining).await.expect(201);

    assert_eq!(added.body["name"], "London Borough of Islington");
    app.get(&owner, &organisation(&islington)).await.expect(404);
    app.get(&islington, &organisation(&owner)).await.expect(404);
    let of = |listed: Vec<Value>| -> Vec<Value> { listed.iter().map(|it| it["organisation_id"].clone()).collect() };
    let newcomer = json!(islington.org_id);
    assert!(!of(items(&app, &owner, &members).await).contains(&newcomer));
    assert!(of(items(&app, &operator, &members).await).contains(&newcomer));

    app.tamper(&format!(
        "update wardlink.partnership_members set member_from = wardlink.london_day(now()) where org_id = '{}'",
        islington.org_id
    ))
    .await;
    app.get(&owner, &organisation(&islington)).await.expect(200);
    app.get(&islington, &organisation(&owner)).await.expect(200);
    assert!(of(items(&app, &owner, &members).await).contains(&newcomer));
}

#[actix_web::test]
async fn who_is_to_come_back_stays_listed_as_the_member_it_was() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let operator = app.sign_in("operator@wardlink.example").await;
    let members = members(&app, "CAM").await;
    app.tamper(&format!(
        "update wardlink.partnership_members set member_from = '2024-04-01', member_to = '2025-04-01' \
          where org_id = '{}'",
        housing.org_id
    ))
    .await;
    let own = async |who: &Actor| {
        let listed = items(&app, who, &members).await;
        let own = listed
            .into_iter()
            .find(|member| member["organisation_id"] == json!(housing.org_id));
        own.expect("who was a member stays on record")
    };
    let before = own(&owner).await;

    let returning = json!({"organisation_id": housing.org_id, "member_from": "2190-01-01"});
    app.post(&operator, &members, returning).await.expect(201);

    assert_eq!(
        (&before["name"], &before["member_to"]),
        (&json!(PRIMROSE), &json!("2025-04-01"))
    );
    assert_eq!(own(&owner).await, before);
    let ahead = own(&operator).await;
    assert_eq!(
        (&ahead["member_from"], &ahead["member_to"]),
        (&json!("2190-01-01"), &Value::Null)
    );
    assert_eq!(ahead["earlier"][0]["member_from"], "2024-04-01");
    app.get(&owner, &organisation(&housing)).await.expect(404);
    app.get(&housing, &organisation(&owner)).await.expect(404);
}

/// What `actor` reads at `path`, with the purpose that the log is read for.
async fn log(app: &TestApp, actor: &Actor, path: &str) -> Vec<Value> {
    let draft = app.draft(actor, Method::GET, path).header("Access-Purpose", "audit");
    let reply = draft.send().await.expect(200);
    reply.body["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn what_somebody_did_who_has_left_stays_theirs_by_name() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let auditor = app.sign_in("dpo@camden.example").await;
    let case = app.a_shared_case(&owner, &housing, "contribute", ALL_CLASSES).await;
    let case = format!("/v1/cases/{case}");
    let note = json!({"body": "Spoke to the tenant.", "audience": "partners", "basis": "fact"});
    app.post(&housing, &format!("{case}/notes"), note).await.expect(201);
    let visit = json!({"title": "Visit the tenant", "description": "At the flat.", "tactic": "visit",
        "owner_org_id": housing.org_id, "priority": "p3", "due_at": "2026-03-09T17:00:00Z"});
    let task = app.post(&owner, &format!("{case}/tasks"), visit).await.expect(201);
    let task = format!("/v1/tasks/{}", task.id());
    app.post_to(&housing, &task, "accept", json!({})).await.expect(200);
    let officer = app.get(&housing, "/v1/me").await.expect(200).body["name"].clone();

    show_out(&app, "CAM", housing.org_id).await;

    let timeline = items(&app, &owner, &format!("{case}/timeline")).await;
    let noted = timeline.iter().find(|entry| entry["name"] == "note.added").unwrap();
    assert_eq!(noted["actor"]["organisation"]["name"], PRIMROSE);
    assert_eq!(noted["actor"]["user"]["name"], officer);
    let task_now = app.get(&owner, &task).await.expect(200).body;
    assert_eq!(task_now["owner_org_name"], PRIMROSE);
    assert_eq!(task_now["owner_user_name"], officer);
    let events = items(&app, &owner, &format!("{task}/events")).await;
    let accepted = events.iter().find(|event| event["verb"] == "accept").unwrap();
    assert_eq!(
        (&accepted["org_name"], &accepted["user_name"]),
        (&json!(PRIMROSE), &officer)
    );
    let agreement = format!("/v1/agreements/{}", app.agreement().await);
    let agreement = app.get(&owner, &agreement).await.expect(200).body;
    let parties = agreement["parties"].as_array().unwrap();
    assert!(parties.iter().any(|party| party["name"] == PRIMROSE), "{parties:?}");
    let acts = log(
        &app,
        &auditor,
        &format!("/v1/audit/events?org={}&outcome=done", housing.org_id),
    )
    .await;
    assert!(!acts.is_empty());
    assert!(acts.iter().all(|act| act["organisation"]["name"] == PRIMROSE));
    assert!(acts.iter().all(|act| act["actor"]["name"] == officer), "{acts:?}");
}

#[actix_web::test]
async fn who_has_left_reads_in_its_own_case_who_took_part_in_it() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_shared_case(&housing, &owner, "contribute", ALL_CLASSES).await;
    let case = format!("/v1/cases/{case}");
    let note = json!({"body": "Spoke to the neighbour.", "audience": "partners", "basis": "fact"});
    app.post(&owner, &format!("{case}/notes"), note).await.expect(201);

    show_out(&app, "CAM", housing.org_id).await;

    let timeline = items(&app, &housing, &format!("{case}/timeline")).await;
    let noted = timeline.iter().find(|entry| entry["name"] == "note.added").unwrap();
    assert_eq!(noted["actor"]["organisation"]["name"], CAMDEN);
    assert!(noted["actor"]["user"]["name"].is_string(), "{noted}");
}

#[actix_web::test]
async fn a_case_that_is_open_still_names_the_owner_that_has_left_and_its_lead() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_shared_case(&housing, &owner, "contribute", ALL_CLASSES).await;
    let case = format!("/v1/cases/{case}");
    let lead = json!({"lead_user_id": housing.user_id});
    let led = app.patch(&housing, &case, lead).await.expect(200).body["lead"].clone();
    assert!(led["name"].is_string(), "{led}");

    // As memberships ended before what rested on them ended too.
    app.tamper(&format!(
        "update wardlink.partnership_members set member_to = wardlink.london_day(now()) where org_id = '{}'",
        housing.org_id
    ))
    .await;

    app.get(&owner, &organisation(&housing)).await.expect(404);
    let read = app.get(&owner, &case).await.expect(200).body;
    assert_eq!(read["owner"]["name"], PRIMROSE);
    assert_eq!(read["lead"], led);
    let readers = items(&app, &owner, &format!("{case}/access")).await;
    assert_eq!(readers[0]["organisation_name"], PRIMROSE);
    let details = json!({"details": {"frequency": "weekly"}});
    let changed = app.patch(&owner, &case, details).await.expect(200).body;
    assert_eq!(changed["owner"], read["owner"]);
}

/// A connection as the service has it for `actor`, with the partnerships that it is in.
async fn within(app: &TestApp, actor: &Actor, partnerships: &[Uuid]) -> AsyncPgConnection {
    let mut connection = app.database.as_role("wardlink_app").await;
    let partnerships: Vec<String> = partnerships.iter().map(Uuid::to_string).collect();
    connection
        .batch_execute(&format!(
            "begin; select set_config('app.org_id', '{}', true), set_config('app.partnerships', '{{{}}}', true)",
            actor.org_id,
            partnerships.join(",")
        ))
        .await
        .unwrap();
    connection
}

/// How many rows of `org` each table shows that partners see one another in.
async fn shown(connection: &mut AsyncPgConnection, org: Uuid) -> Vec<(&'static str, i64)> {
    macro_rules! rows {
        ($($table:ident.$column:ident),*) => {
            vec![$((
                stringify!($table),
                $table::table.filter($table::$column.eq(org)).count().get_result(connection).await.unwrap(),
            )),*]
        };
    }
    rows![
        organisations.id,
        organisation_flags.org_id,
        users.org_id,
        sectors.org_id,
        teams.org_id,
        team_members.org_id
    ]
}

#[actix_web::test]
async fn row_level_security_alone_keeps_to_the_days_of_a_membership() {
    let app = TestApp::start().await;
    let (owner, police) = (app.sign_in(OWNER).await, app.sign_in(POLICE).await);
    let camden = app.partnership("CAM").await;
    let lasting = async |from: &str, to: &str| {
        app.tamper(&format!(
            "update wardlink.partnership_members set member_from = {from}, member_to = {to} \
              where org_id = '{}' and partnership_id = '{camden}'",
            police.org_id
        ))
        .await;
        let mut connection = within(&app, &owner, &[camden]).await;
        shown(&mut connection, police.org_id).await
    };
    let today = "wardlink.london_day(now())";

    for (from, to) in [
        (today.to_owned(), "null".to_owned()),
        (format!("{today} - 400"), format!("{today} + 1")),
    ] {
        let seen = lasting(&from, &to).await;
        assert!(seen.iter().all(|(_, rows)| *rows > 0), "{from} to {to}: {seen:?}");
    }
    for (from, to) in [
        (format!("{today} + 1"), "null".to_owned()),
        (format!("{today} - 400"), today.to_owned()),
    ] {
        let seen = lasting(&from, &to).await;
        assert!(seen.iter().all(|(_, rows)| *rows == 0), "{from} to {to}: {seen:?}");
    }
}

#[actix_web::test]
#[expect(clippy::disallowed_methods, reason = "the function is not in the schema")]
async fn ids_are_named_to_whoever_had_to_do_with_them_and_to_nobody_else() {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let app = TestApp::start().await;
    let (owner, housing, islington) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(ISLINGTON).await,
    );
    let operator = app.sign_in("operator@wardlink.example").await;
    show_out(&app, "CAM", housing.org_id).await;
    let mut connection = within(&app, &owner, &[app.partnership("CAM").await]).await;
    let ids = [&owner, &housing, &islington, &operator].map(|actor| format!("'{}', '{}'", actor.org_id, actor.user_id));

    let asked = format!("select id, name from names_of(array[{}]::uuid[])", ids.join(", "));
    let found: Vec<Row> = diesel::sql_query(asked).load(&mut connection).await.unwrap();

    let named: Vec<Uuid> = found.iter().map(|row| row.id).collect();
    for actor in [&owner, &housing, &operator] {
        assert!(named.contains(&actor.org_id) && named.contains(&actor.user_id));
    }
    assert_eq!(named.len(), 6, "of strangers nothing is told");
    assert!(found.iter().any(|row| row.name == PRIMROSE));
    app.tamper("insert into wardlink.former_names (id, org_id, name) select id, org_id, 'Before' from wardlink.users")
        .await;
    let asked = format!(
        "select id, name from former_names_of(array[{}]::uuid[])",
        ids.join(", ")
    );
    let found: Vec<Row> = diesel::sql_query(asked).load(&mut connection).await.unwrap();
    let mut named: Vec<Uuid> = found.iter().map(|row| row.id).collect();
    named.sort_unstable();
    let mut expected = [owner.user_id, housing.user_id, operator.user_id];
    expected.sort_unstable();
    assert_eq!(named, expected, "nor what they were called before");
}
