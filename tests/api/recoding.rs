//! Open cases whose ward ends go over to the one that takes its place (domain §1.3, G3).

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::cases::jobs::recode_wards;
use wardlink::db::schema::outbox_events;
use wardlink::geography::{self, WardVersion, succession};

use crate::support::{Actor, TestApp, TestDatabase, instant};

const OLD: &str = "E05013664";
const NEW: &str = "E05999001";
/// The last second of the old ward, and the first of the new one: in summer London's day
/// begins an hour before that of UTC.
const LAST: &str = "2026-05-06T22:59:59Z";
const FIRST: &str = "2026-05-06T23:00:00Z";

const SERGEANT: &str = "sgt.kentish-town@met.example";
const CONSTABLE: &str = "pc.kentish-town@met.example";
const INSPECTOR: &str = "insp.north@met.example";
const MANAGER: &str = "csm@camden.example";

/// A service that was started again after the import of a ward that stands from 7 May 2026
/// where Kentish Town South does until then.
async fn imported() -> TestApp {
    let database = TestDatabase::new().await;
    let mut owner = database.owner().await;
    let known = geography::load_wards(&mut owner).await.unwrap();
    let before = known.iter().find(|ward| ward.gss.as_str() == OLD).unwrap();
    let new = WardVersion {
        gss: NEW.parse().unwrap(),
        name: "Leverton".to_owned(),
        valid_from: "2026-05-07".parse().unwrap(),
        ..before.clone()
    };
    let endings = succession::endings(&known, std::slice::from_ref(&new)).unwrap();
    geography::end_wards(&mut owner, &endings).await.unwrap();
    geography::write_wards(&mut owner, &[new]).await.unwrap();
    TestApp::start_on(database).await
}

async fn change(app: &TestApp, sql: &str) {
    app.database.owner().await.batch_execute(sql).await.unwrap();
}

async fn read(app: &TestApp, who: &Actor, case: Uuid) -> Value {
    app.get(who, &format!("/v1/cases/{case}")).await.expect(200).body
}

#[actix_web::test]
async fn an_open_case_goes_over_with_the_day_to_the_ward_in_its_wards_place() {
    let app = imported().await;
    let (sergeant, constable) = (app.sign_in(SERGEANT).await, app.sign_in(CONSTABLE).await);
    let (inspector, manager) = (app.sign_in(INSPECTOR).await, app.sign_in(MANAGER).await);
    let moved = format!(
        "update role_grants set areas = '{{{NEW}}}' where user_id = '{}'",
        constable.user_id
    );
    change(&app, &moved).await;
    let case = app.case(&sergeant, "abandoned_vehicle").await;
    app.open_to(&sergeant, case, manager.org_id, "view", &["core"]).await;
    let path = format!("/v1/cases/{case}");
    app.get(&constable, &path).await.expect(404);

    app.services.clock.set(instant(LAST));
    assert_eq!(recode_wards(&app.services).await.unwrap(), 0);
    let before = app.get(&sergeant, &path).await.expect(200);
    assert!(before.header("etag").unwrap().starts_with("\"1-"));
    app.services.clock.set(instant(FIRST));
    assert_eq!(recode_wards(&app.services).await.unwrap(), 1);
    assert_eq!(recode_wards(&app.services).await.unwrap(), 0);

    for who in [&inspector, &constable, &manager] {
        let now = app.get(who, &path).await.expect(200);
        assert!(now.header("etag").unwrap().starts_with("\"2-"));
        assert_eq!(now.body["ward"], NEW);
        assert_eq!(now.body["ward_at_report"], OLD);
    }
    app.get(&sergeant, &path).await.expect(404);
    let listed = app.get(&constable, &format!("/v1/cases?ward={NEW}")).await.expect(200);
    assert_eq!(listed.body["items"][0]["id"], json!(case));
}

#[actix_web::test]
async fn the_timeline_and_the_log_name_both_wards() {
    let app = imported().await;
    let (inspector, manager) = (app.sign_in(INSPECTOR).await, app.sign_in(MANAGER).await);
    let case = app.a_shared_case(&inspector, &manager, "view", &["core"]).await;
    let facts = json!({"ward": {"from": OLD, "to": NEW}});

    app.services.clock.set(instant(FIRST));
    assert_eq!(recode_wards(&app.services).await.unwrap(), 1);

    for who in [&inspector, &manager] {
        let timeline = app.get(who, &format!("/v1/cases/{case}/timeline")).await.expect(200);
        let last = timeline.body["items"].as_array().unwrap().last().unwrap();
        assert_eq!(last["name"], "case.ward_recoded");
        assert_eq!((&last["facts"], &last["actor"]["user"]), (&facts, &Value::Null));
    }
    let logged = app.last_audit("job.recode_wards").await;
    assert_eq!((logged.op.as_str(), logged.outcome.as_str()), ("alteration", "done"));
    assert_eq!((logged.case_ids, logged.record_ids), (vec![case], vec![case]));
    assert_eq!(logged.facts, facts);
    assert_eq!(app.log_of(inspector.org_id, "job.recode_wards").await, [[case]]);
}

#[actix_web::test]
async fn each_case_has_an_event_of_the_log_to_itself() {
    let app = imported().await;
    let (inspector, manager) = (app.sign_in(INSPECTOR).await, app.sign_in(MANAGER).await);
    for owner in [&inspector, &manager, &inspector, &inspector, &manager, &inspector] {
        app.a_case_of(owner).await;
    }

    app.services.clock.set(instant(FIRST));
    assert_eq!(recode_wards(&app.services).await.unwrap(), 6);
    assert_eq!(recode_wards(&app.services).await.unwrap(), 0);

    let apart = "select count(distinct case_ids) as number from audit_events \
        where action = 'job.recode_wards' and cardinality(case_ids) = 1";
    assert_eq!(app.number(apart).await, 6);
    let all = "select count(*) as number from audit_events where action = 'job.recode_wards'";
    assert_eq!(app.number(all).await, 6);
    let told: Vec<Option<Uuid>> = outbox_events::table
        .filter(outbox_events::name.eq("case.ward_recoded"))
        .order(outbox_events::seq)
        .select(outbox_events::case_id)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(told.len(), 6);
    let in_the_order_of_locks = told.is_sorted_by_key(|case| case.map(|id| id.as_u128() & 0xfff));
    assert!(in_the_order_of_locks, "{told:?}");
}

/// From now on the statements are counted that write to the log and to the outbox.
const COUNT: &str = "create sequence wardlink.statements; \
    grant usage on sequence wardlink.statements to wardlink_worker; \
    create function wardlink.count_statement() returns trigger language plpgsql as $$ begin \
      perform nextval('wardlink.statements'); return null; end $$; \
    create trigger count_statement after insert on wardlink.audit_events \
      for each statement execute function wardlink.count_statement(); \
    create trigger count_statement after insert on wardlink.outbox_events \
      for each statement execute function wardlink.count_statement()";

#[actix_web::test]
async fn however_many_events_a_job_writes_it_does_so_in_few_statements() {
    let app = imported().await;
    let inspector = app.sign_in(INSPECTOR).await;
    for _ in 0..6 {
        app.a_case_of(&inspector).await;
    }
    assert_eq!(recode_wards(&app.services).await.unwrap(), 0);
    change(&app, COUNT).await;

    app.services.clock.set(instant(FIRST));
    assert_eq!(recode_wards(&app.services).await.unwrap(), 6);

    // One for the outbox, one for all events of the log but the last, and one for that.
    let statements = "select last_value as number from wardlink.statements";
    assert_eq!(app.number(statements).await, 3);
    let logged = "select count(*) as number from audit_events a join outbox_events o using (request_id) \
        where a.action = 'job.recode_wards' and o.name = 'case.ward_recoded' and a.case_ids = array[o.case_id]";
    assert_eq!(app.number(logged).await, 6);
}

#[actix_web::test]
async fn more_cases_than_go_into_one_transaction_go_over_in_one_run() {
    let app = imported().await;
    let inspector = app.sign_in(INSPECTOR).await;
    let case = app.a_case_of(&inspector).await;
    let many = format!(
        "create temporary table more as select gen_random_uuid() as id from generate_series(1, 200); \
         insert into cases (id, org_id, partnership_id, ref, type, state, status_class, public_status, title, \
             description, regime, ward_gss, ward_gss_at_report, opened_at, opened_by, updated_at) \
           select m.id, c.org_id, c.partnership_id, m.id::text, c.type, c.state, c.status_class, c.public_status, \
                  c.title, c.description, c.regime, c.ward_gss, c.ward_gss_at_report, c.opened_at, c.opened_by, \
                  c.updated_at \
             from cases c, more m where c.id = '{case}'; \
         insert into case_locations (case_id, org_id, lon, lat) \
           select m.id, l.org_id, l.lon, l.lat from case_locations l, more m where l.case_id = '{case}'"
    );
    change(&app, &many).await;

    app.services.clock.set(instant(FIRST));

    assert_eq!(recode_wards(&app.services).await.unwrap(), 201);
    let left = format!("select count(*) as number from cases where ward_gss <> '{NEW}'");
    assert_eq!(app.number(&left).await, 0);
}

#[actix_web::test]
async fn what_is_closed_or_lies_in_no_ward_that_is_known_stays_as_it_is() {
    let app = imported().await;
    let inspector = app.sign_in(INSPECTOR).await;
    let a_case = async || app.a_case_of(&inspector).await;
    let (closed, abroad, nowhere) = (a_case().await, a_case().await, a_case().await);
    let (neighbour, ahead) = (a_case().await, a_case().await);
    let placed = format!(
        "update cases set status_class = 'closed' where id = '{closed}'; \
         update case_locations set lon = 2.35, lat = 48.85 where case_id = '{abroad}'; \
         delete from case_locations where case_id = '{nowhere}'; \
         update cases set ward_gss = 'E05013663' where id = '{neighbour}'; \
         update cases set ward_gss = 'E05999999' where id = '{ahead}'"
    );
    change(&app, &placed).await;

    app.services.clock.set(instant(FIRST));
    assert_eq!(recode_wards(&app.services).await.unwrap(), 0);

    let stayed = format!("select count(*) as number from cases where ward_gss = '{OLD}' and version = 1");
    assert_eq!(app.number(&stayed).await, 3);
    assert_eq!(read(&app, &inspector, neighbour).await["ward"], "E05013663");
    assert_eq!(read(&app, &inspector, ahead).await["ward"], "E05999999");
    let logged = "select count(*) as number from audit_events where action = 'job.recode_wards'";
    assert_eq!(app.number(logged).await, 0);

    let found = format!("update case_locations set lon = -0.1426, lat = 51.5456 where case_id = '{abroad}'");
    change(&app, &found).await;
    assert_eq!(recode_wards(&app.services).await.unwrap(), 1);
    assert_eq!(read(&app, &inspector, abroad).await["ward"], NEW);
}

#[actix_web::test]
async fn a_case_that_somebody_holds_goes_over_next_time() {
    let app = imported().await;
    let inspector = app.sign_in(INSPECTOR).await;
    let (held, free) = (app.a_case_of(&inspector).await, app.a_case_of(&inspector).await);
    app.services.clock.set(instant(FIRST));
    let mut other = app.database.owner().await;
    let hold = format!("begin; select from cases where id = '{held}' for no key update");
    other.batch_execute(&hold).await.unwrap();

    assert_eq!(recode_wards(&app.services).await.unwrap(), 1);
    let wards = async || (read(&app, &inspector, held).await, read(&app, &inspector, free).await);
    let (first, second) = wards().await;
    assert_eq!((&first["ward"], &second["ward"]), (&json!(OLD), &json!(NEW)));

    other.batch_execute("rollback").await.unwrap();
    assert_eq!(recode_wards(&app.services).await.unwrap(), 1);
    let (first, second) = wards().await;
    assert_eq!((&first["ward"], &second["ward"]), (&json!(NEW), &json!(NEW)));
}
