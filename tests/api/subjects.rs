//! People, vehicles and premises of a case.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{outbox_events, subjects};

use crate::support::{ALL_CLASSES, Actor, TestApp};

const OWNER: &str = "csm@camden.example";
const HOUSING: &str = "manager@primrose.example";
const POLICE: &str = "insp.north@met.example";
const STRANGER: &str = "asb@islington.example";

fn person() -> Value {
    json!({"kind": "person", "role": "alleged_perpetrator", "basis": "assessment",
        "particulars": {"name": "Alex Doe", "phone": "020 7946 0018"}})
}

#[actix_web::test]
async fn a_subject_is_added_corrected_and_erased_without_a_trace_of_who_it_was() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let path = format!("/v1/cases/{case}/subjects");
    let added = app.post(&owner, &path, person()).await.expect(201);
    let subject = format!("{path}/{}", added.id());
    assert_eq!(added.header("location"), Some(subject.as_str()));

    let bare = app
        .draft(&owner, Method::PATCH, &subject)
        .json(json!({"role": "witness"}));
    bare.send().await.expect(428);
    let change = json!({"role": "witness", "particulars": {"phone": null, "email": "alex@example.org"}});
    let reply = app.patch(&owner, &subject, change).await.expect(200);
    assert_eq!(reply.body["role"], "witness");
    assert_eq!(
        reply.body["particulars"],
        json!({"name": "Alex Doe", "email": "alex@example.org"})
    );
    assert_eq!(reply.header("etag"), Some("\"2\""));
    app.draft(&owner, Method::PATCH, &subject)
        .header("If-Match", "\"1\"")
        .json(json!({"role": "victim"}))
        .send()
        .await
        .expect(412);
    app.delete(&owner, &subject).await.expect(204);

    app.get(&owner, &subject).await.expect(404);
    let audit = app.last_audit("erase_subject").await;
    assert_eq!((audit.op.as_str(), audit.record_ids), ("erasure", vec![added.id()]));
    assert!(!audit.facts.to_string().contains("Alex"));
    let mut connection = app.database.owner().await;
    let left: i64 = subjects::table.count().get_result(&mut connection).await.unwrap();
    assert_eq!(left, 0);
    let told: Vec<(String, String, Value)> = outbox_events::table
        .filter(outbox_events::name.like("subject.%"))
        .order(outbox_events::seq)
        .select((outbox_events::name, outbox_events::data_class, outbox_events::facts))
        .load(&mut connection)
        .await
        .unwrap();
    assert_eq!(told.len(), 3);
    assert!(
        told.iter()
            .all(|(_, class, facts)| class == "subjects" && *facts == json!({"kind": "person"}))
    );
}

#[actix_web::test]
async fn a_correction_that_names_nothing_changes_nothing_and_is_in_the_log() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let path = format!("/v1/cases/{case}/subjects");
    let added = app.post(&owner, &path, person()).await.expect(201);
    let subject = format!("{path}/{}", added.id());

    let reply = app.patch(&owner, &subject, json!({})).await.expect(200);

    assert_eq!((reply.header("etag"), &reply.body), (Some("\"1\""), &added.body));
    let audit = app.last_audit("correct_subject").await;
    assert_eq!(
        (audit.record_ids, audit.data_classes),
        (vec![added.id()], vec!["subjects".to_owned()])
    );
    let told: i64 = outbox_events::table
        .filter(outbox_events::name.eq("subject.corrected"))
        .count()
        .get_result(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(told, 0);
}

#[actix_web::test]
async fn particulars_fit_the_kind() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let path = format!("/v1/cases/{case}/subjects");
    let of = |kind: &str, particulars: Value| json!({"kind": kind, "role": "other", "basis": "fact", "particulars": particulars});

    let car = app
        .post(&owner, &path, of("vehicle", json!({"vrm": "ab12 cde"})))
        .await
        .expect(201);
    assert_eq!(car.body["particulars"]["vrm"], "AB12CDE");
    for (kind, particulars, pointer) in [
        ("vehicle", json!({"vrm": "AB-12"}), "/particulars/vrm"),
        ("vehicle", json!({"name": "x"}), "/particulars/name"),
        ("premises", json!({"uprn": "1"}), "/particulars/address"),
        ("person", json!({"name": ""}), "/particulars/name"),
        (
            "person",
            json!({"name": "x", "date_of_birth": "soon"}),
            "/particulars/date_of_birth",
        ),
    ] {
        let reply = app.post(&owner, &path, of(kind, particulars)).await.expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], pointer);
    }
    let mut bare = person();
    bare.as_object_mut().unwrap().remove("basis");
    app.post(&owner, &path, bare).await.expect(422);
}

#[actix_web::test]
async fn a_date_of_birth_makes_a_child_and_a_child_is_shared_with_care() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let mut child = person();
    child["particulars"]["date_of_birth"] = json!("2012-05-01");

    let reply = app
        .post(&owner, &format!("/v1/cases/{case}/subjects"), child)
        .await
        .expect(201);
    assert_eq!(reply.body["is_child"], true);
    assert_eq!(told_of(&app, &owner, case, reply.id()).await, ["subject.added"]);
    assert_eq!(app.last_audit("read_timeline").await.data_classes, ["subjects"]);

    let mut share = json!({"organisation_id": housing.org_id, "level": "view", "data_classes": ["core", "subjects"],
        "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"});
    let path = format!("/v1/cases/{case}/shares");
    let reply = app.post(&owner, &path, share.clone()).await.expect(422);
    assert_eq!(reply.problem(), "child-subject-not-through-gateway");
    assert_eq!(reply.body["errors"][0]["pointer"], "/safeguarding_note");
    share["safeguarding_note"] = json!("So that the family is visited.");
    app.post(&owner, &path, share).await.expect(201);
}

#[actix_web::test]
async fn nobody_is_born_tomorrow_and_no_date_of_birth_is_denied() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let path = format!("/v1/cases/{}/subjects", app.a_case_of(&owner).await);
    let born = |day: &str| {
        let mut someone = person();
        someone["particulars"]["date_of_birth"] = json!(day);
        someone
    };

    let tomorrow = app.post(&owner, &path, born("2026-03-03")).await.expect(422);
    assert_eq!(tomorrow.body["errors"][0]["pointer"], "/particulars/date_of_birth");
    let today = app.post(&owner, &path, born("2026-03-02")).await.expect(201);
    assert_eq!(today.body["is_child"], true);
    let mut denied = born("2012-05-01");
    denied["is_child"] = json!(false);
    let denied = app.post(&owner, &path, denied).await.expect(422);
    assert_eq!(denied.body["errors"][0]["pointer"], "/is_child");
    let child = format!("{path}/{}", today.id());
    let denied = app.patch(&owner, &child, json!({"is_child": false})).await.expect(422);
    assert_eq!(denied.body["errors"][0]["pointer"], "/is_child");

    let unborn = json!({"particulars": {"date_of_birth": "2026-03-03"}});
    app.patch(&owner, &child, unborn).await.expect(422);
    let mended = json!({"is_child": false, "particulars": {"date_of_birth": "1990-05-01"}});
    let mended = app.patch(&owner, &child, mended).await.expect(200);
    assert_eq!(mended.body["is_child"], false);
}

/// What of a case's timeline is about `subject`, as `reader` sees it.
async fn told_of(app: &TestApp, reader: &Actor, case: Uuid, subject: Uuid) -> Vec<Value> {
    let timeline = app.get(reader, &format!("/v1/cases/{case}/timeline")).await.expect(200);
    let items = timeline.body["items"].as_array().unwrap().iter();
    let about = items.filter(|item| item["record_id"] == json!(subject));
    about.map(|item| item["name"].clone()).collect()
}

#[actix_web::test]
async fn a_child_who_is_added_later_is_shown_by_shares_for_the_child_alone() {
    let app = TestApp::start().await;
    let (owner, housing, police) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(POLICE).await,
    );
    let case = app.a_case_of(&owner).await;
    let mut share = json!({"organisation_id": police.org_id, "level": "contribute",
        "data_classes": ["core", "subjects"], "gateway": "CDA115", "agreement_id": app.agreement().await,
        "purpose": "case_work"});
    let (shares, path) = (format!("/v1/cases/{case}/shares"), format!("/v1/cases/{case}/subjects"));
    let silent = app.post(&owner, &shares, share.clone()).await.expect(201);
    share["organisation_id"] = json!(housing.org_id);
    share["safeguarding_note"] = json!("So that the family is visited.");
    let caring = app.post(&owner, &shares, share).await.expect(201);
    assert_eq!(
        (&silent.body["shows_children"], &caring.body["shows_children"]),
        (&json!(false), &json!(true))
    );
    let adult = app.post(&owner, &path, person()).await.expect(201).id();

    let mut child = person();
    child["particulars"]["date_of_birth"] = json!("2014-05-01");
    let child = app.post(&owner, &path, child).await.expect(201).id();

    let listed = async |reader: &Actor| {
        let page = app.get(reader, &path).await.expect(200);
        let items = page.body["items"].as_array().unwrap().iter();
        items.map(|item| item["id"].clone()).collect::<Vec<_>>()
    };
    for reader in [&owner, &housing] {
        assert_eq!(listed(reader).await, [json!(adult), json!(child)]);
        app.get(reader, &format!("{path}/{child}")).await.expect(200);
        assert_eq!(told_of(&app, reader, case, child).await, ["subject.added"]);
    }
    assert_eq!(listed(&police).await, [json!(adult)]);
    app.get(&police, &format!("{path}/{child}")).await.expect(404);
    assert!(told_of(&app, &police, case, child).await.is_empty());
}

#[actix_web::test]
async fn who_turns_out_to_be_a_child_is_not_shown_any_more_and_who_saw_them_is_told() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_shared_case(&owner, &housing, "contribute", ALL_CLASSES).await;
    let path = format!("/v1/cases/{case}/subjects");
    let someone = app.post(&owner, &path, person()).await.expect(201).id();
    let subject = format!("{path}/{someone}");
    app.get(&housing, &subject).await.expect(200);

    let born = json!({"particulars": {"date_of_birth": "2014-05-01"}});
    app.patch(&owner, &subject, born).await.expect(200);
    app.patch(&owner, &subject, json!({"role": "victim"})).await.expect(200);

    app.get(&housing, &subject).await.expect(404);
    let told = told_of(&app, &housing, case, someone).await;
    assert_eq!(told, ["subject.added", "subject.corrected"]);
    assert_eq!(told_of(&app, &owner, case, someone).await.len(), 3);
    let mut own = person();
    own["is_child"] = json!(true);
    let own = app.post(&housing, &path, own).await.expect(201).id();
    app.get(&housing, &format!("{path}/{own}")).await.expect(200);
    assert_eq!(told_of(&app, &housing, case, own).await, ["subject.added"]);
}

#[actix_web::test]
async fn a_partner_adds_its_own_and_changes_nobody_elses() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_shared_case(&owner, &housing, "contribute", ALL_CLASSES).await;
    let path = format!("/v1/cases/{case}/subjects");
    let theirs = app.post(&owner, &path, person()).await.expect(201);
    let subject = format!("{path}/{}", theirs.id());

    app.post(&housing, &path, person()).await.expect(201);
    app.get(&housing, &subject).await.expect(200);
    app.patch(&housing, &subject, json!({"role": "victim"}))
        .await
        .expect(403);
    app.delete(&housing, &subject).await.expect(403);
}

#[actix_web::test]
async fn a_share_without_subjects_shows_none() {
    let app = TestApp::start().await;
    let (owner, housing, stranger) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(STRANGER).await,
    );
    let case = app
        .a_shared_case(&owner, &housing, "contribute", &["core", "notes"])
        .await;
    let path = format!("/v1/cases/{case}/subjects");
    let subject = app.post(&owner, &path, person()).await.expect(201);

    app.get(&housing, &path).await.expect(403);
    app.get(&housing, &format!("{path}/{}", subject.id())).await.expect(403);
    app.post(&housing, &path, person()).await.expect(403);
    app.get(&stranger, &path).await.expect(404);
    app.get(&app.sign_in("admin@camden.example").await, &path)
        .await
        .expect(403);
}
