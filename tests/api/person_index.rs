//! What is held about somebody, in which cases: subjects are found by who or what they are,
//! as far as each could be listed in its case.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::filters::plan;
use crate::support::{ALL_CLASSES, Actor, Reply, TestApp};

const OWNER: &str = "csm@camden.example";
const OFFICER: &str = "street@camden.example";
const HOUSING: &str = "manager@primrose.example";
const POLICE: &str = "insp.north@met.example";
const STRANGER: &str = "asb@islington.example";
const SEARCH: &str = "/v1/subjects/search";

async fn add(app: &TestApp, who: &Actor, case: Uuid, kind: &str, particulars: Value) -> Uuid {
    let body = json!({"kind": kind, "role": "other", "basis": "fact", "particulars": particulars});
    let path = format!("/v1/cases/{case}/subjects");
    app.post(who, &path, body).await.expect(201).id()
}

async fn add_person(app: &TestApp, who: &Actor, case: Uuid, name: &str) -> Uuid {
    add(app, who, case, "person", json!({"name": name})).await
}

async fn search(app: &TestApp, who: &Actor, particulars: Value) -> Reply {
    app.post(who, SEARCH, json!({ "particulars": particulars })).await
}

fn ids(page: &Reply) -> Vec<Uuid> {
    let items = page.body["items"].as_array().unwrap().iter();
    items
        .map(|item| item["subject"]["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

/// The subjects that `who` finds.
async fn found(app: &TestApp, who: &Actor, particulars: Value) -> Vec<Uuid> {
    ids(&search(app, who, particulars).await.expect(200))
}

async fn named(app: &TestApp, who: &Actor, name: &str) -> Vec<Uuid> {
    found(app, who, json!({ "name": name })).await
}

#[actix_web::test]
async fn somebody_is_found_in_all_their_cases_however_the_name_is_spelt() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let (one, two) = (app.a_case_of(&owner).await, app.a_case_of(&owner).await);
    let first = add_person(&app, &owner, one, "José O'Brien-Smith").await;
    let second = add_person(&app, &owner, two, "OBRIEN SMITH, Jose").await;
    let shop = add(&app, &owner, two, "organisation", json!({"name": "Smith & Łukasz Ltd"})).await;

    for spelt in [
        "José O'Brien-Smith",
        "smith josé obrien",
        "  JOSE   O’Brien ",
        "Jose\u{301}, Smith",
        "jose",
    ] {
        assert_eq!(named(&app, &owner, spelt).await, [first, second], "{spelt}");
    }
    assert_eq!(named(&app, &owner, "Smith").await, [first, second, shop]);
    assert_eq!(named(&app, &owner, "lukasz smith").await, [shop]);
    for other in ["Joseph Smith", "Jose Smith Brown", "Jos", "jose%", "Jose_Smith-", "*"] {
        let expected: &[Uuid] = if other == "jose%" || other == "Jose_Smith-" {
            &[first, second]
        } else {
            &[]
        };
        assert_eq!(named(&app, &owner, other).await, expected, "{other}");
    }
    let page = search(&app, &owner, json!({"name": "obrien"})).await.expect(200);
    let item = &page.body["items"][1];
    let in_case = app.get(&owner, &format!("/v1/cases/{two}/subjects/{second}")).await;
    assert_eq!(item["subject"], in_case.expect(200).body);
    let case = app.get(&owner, &format!("/v1/cases/{two}")).await.expect(200).body;
    assert_eq!(
        (&item["is_own"], &item["case"]),
        (
            &json!(true),
            &json!({"id": two, "ref": case["ref"], "type": "nuisance", "owner_id": owner.org_id,
                "marking": "OFFICIAL", "my_level": "owner"})
        )
    );
}

#[actix_web::test]
async fn every_member_that_is_given_has_to_match() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let whole = json!({"name": "Alex Doe", "date_of_birth": "1990-05-01", "address": "Flat 2, 12 Leighton Road, NW5",
        "phone": "020 7946 0018", "email": "Alex@Example.org"});
    let alex = add(&app, &owner, case, "person", whole).await;
    let namesake = add_person(&app, &owner, case, "Alex Doe").await;
    let car = add(
        &app,
        &owner,
        case,
        "vehicle",
        json!({"vrm": "AB12CDE", "vin": "WVWZZZ1JZXW000001"}),
    )
    .await;
    let premises = json!({"address": "12 Leighton Road", "uprn": "005117512"});
    let premises = add(&app, &owner, case, "premises", premises).await;

    for (particulars, expected) in [
        (json!({"name": "Alex Doe"}), vec![alex, namesake]),
        (json!({"name": "Alex Doe", "date_of_birth": "1990-05-01"}), vec![alex]),
        (json!({"name": "Alex Doe", "date_of_birth": "1990-05-02"}), vec![]),
        (json!({"date_of_birth": "1990-05-01"}), vec![alex]),
        (json!({"phone": "02079460018"}), vec![alex]),
        (json!({"phone": "+44 20 7946 0018"}), vec![alex]),
        (json!({"phone": "0044 (0)20-7946-0018"}), vec![alex]),
        (json!({"phone": "7946 0018"}), vec![]),
        (json!({"email": "alex@example.ORG"}), vec![alex]),
        (json!({"email": "lex@example.org"}), vec![]),
        (json!({"address": "leighton road 12"}), vec![alex, premises]),
        (json!({"address": "Leighton Road", "uprn": "5117512"}), vec![premises]),
        (json!({"uprn": "0005117512"}), vec![premises]),
        (json!({"vrm": "ab12 cde"}), vec![car]),
        (json!({"vrm": "AB12CD"}), vec![]),
        (json!({"vin": "wvwzzz1jzxw000001"}), vec![car]),
        (json!({"vrm": "AB12CDE", "name": "Alex"}), vec![]),
        // A name is no address.
        (json!({"name": "Leighton"}), vec![]),
    ] {
        assert_eq!(
            found(&app, &owner, particulars.clone()).await,
            expected,
            "{particulars}"
        );
    }
}

#[actix_web::test]
async fn what_says_nothing_finds_nobody_and_what_is_no_search_is_refused() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    add_person(&app, &owner, case, "Alex Doe").await;
    let unknown = add_person(&app, &owner, case, "?").await;

    for nothing in [
        json!({"name": "-", "email": "a@b"}),
        json!({"name": "' or 1=1 --"}),
        json!({"name": "{alex,deer} alex:* | !doe2"}),
        json!({"phone": "none"}),
        json!({"vrm": "--"}),
        json!({"vin": "?"}),
        json!({"uprn": "0"}),
        json!({"address": "\u{2019}\u{1F600}\\"}),
    ] {
        assert!(found(&app, &owner, nothing.clone()).await.is_empty(), "{nothing}");
    }
    assert_eq!(named(&app, &owner, "...").await, [unknown], "nor has that name a word");
    for (body, pointer) in [
        (json!({}), "/particulars"),
        (json!({"particulars": {}}), "/particulars"),
        (json!({"particulars": {"name": null}}), "/particulars/name"),
        (json!({"particulars": {"name": ""}}), "/particulars/name"),
        (json!({"particulars": {"name": 7}}), "/particulars/name"),
        (json!({"particulars": {"colour": "red"}}), "/particulars/colour"),
        (
            json!({"particulars": {"date_of_birth": "soon"}}),
            "/particulars/date_of_birth",
        ),
        (json!({"particulars": {"name": "Alex"}, "limit": 0}), "/limit"),
        (json!({"particulars": {"name": "Alex"}, "limit": 201}), "/limit"),
        (
            json!({"particulars": {"name": "Alex"}, "cursor": "nonsense"}),
            "/cursor",
        ),
    ] {
        let refused = app.post(&owner, SEARCH, body.clone()).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{body}");
    }
    let elsewhere = app.post(&owner, &format!("{SEARCH}?name=Alex"), json!({})).await;
    assert!(!elsewhere.expect(422).body.to_string().contains("Alex"));
}

#[actix_web::test]
async fn letters_that_fall_apart_into_many_are_kept_and_found() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let long = "\u{D55C}".repeat(500);
    let premises = add(&app, &owner, case, "premises", json!({ "address": long })).await;

    assert_eq!(found(&app, &owner, json!({ "address": long })).await, [premises]);
}

#[actix_web::test]
async fn partners_find_whom_they_could_list_and_nobody_else() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let (police, stranger) = (app.sign_in(POLICE).await, app.sign_in(STRANGER).await);
    let (open, closed) = (app.a_case_of(&owner).await, app.a_case_of(&owner).await);
    app.open_to(&owner, open, housing.org_id, "contribute", ALL_CLASSES)
        .await;
    app.open_to(&owner, closed, housing.org_id, "view", &["core", "notes"])
        .await;
    app.open_to(&owner, open, police.org_id, "view", &["core"]).await;
    let shown = add_person(&app, &owner, open, "Alex Doe").await;
    let hidden = add_person(&app, &owner, closed, "Alex Doe").await;
    let theirs = add_person(&app, &housing, open, "Alex Doe").await;

    assert_eq!(named(&app, &owner, "Alex Doe").await, [shown, hidden, theirs]);
    let page = search(&app, &housing, json!({"name": "Alex Doe"})).await.expect(200);
    assert_eq!(ids(&page), [shown, theirs]);
    let of_items = |member: &str| -> Vec<Value> {
        let items = page.body["items"].as_array().unwrap().iter();
        items.map(|item| item[member].clone()).collect()
    };
    assert_eq!(of_items("is_own"), [false, true]);
    assert!(of_items("case").iter().all(|case| case["my_level"] == "contribute"));
    for who in [&police, &stranger] {
        let nothing = search(&app, who, json!({"name": "Alex Doe"})).await.expect(200);
        assert_eq!(nothing.body, json!({"items": [], "next": null}));
    }
    // A page ends where the caller's own sight does, and no cursor leads beyond.
    let one = json!({"particulars": {"name": "Alex Doe"}, "limit": 1});
    let first = app.post(&owner, SEARCH, one).await.expect(200);
    let next = first.body["next"].clone();
    let after = json!({"particulars": {"name": "Alex Doe"}, "cursor": next});
    let rest = app.post(&housing, SEARCH, after.clone()).await.expect(200);
    assert_eq!((ids(&rest), &rest.body["next"]), (vec![theirs], &Value::Null));
    assert!(ids(&app.post(&stranger, SEARCH, after).await.expect(200)).is_empty());

    app.delete(
        &owner,
        &format!("/v1/shares/{}", share_with(&app, open, &housing).await),
    )
    .await
    .expect(204);
    assert!(named(&app, &housing, "Alex Doe").await.is_empty());
}

/// The share by which a case stands open to the organisation of `with`.
async fn share_with(app: &TestApp, case: Uuid, with: &Actor) -> Uuid {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use wardlink::db::schema::shares;
    shares::table
        .filter(shares::case_id.eq(case))
        .filter(shares::to_org_id.eq(with.org_id))
        .select(shares::id)
        .first(&mut app.database.owner().await)
        .await
        .unwrap()
}

#[actix_web::test]
async fn a_child_is_found_by_whom_the_child_is_shown_to() {
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
    let shares = format!("/v1/cases/{case}/shares");
    app.post(&owner, &shares, share.clone()).await.expect(201);
    share["organisation_id"] = json!(housing.org_id);
    share["safeguarding_note"] = json!("So that the family is visited.");
    app.post(&owner, &shares, share).await.expect(201);
    let adult = add_person(&app, &owner, case, "Alex Doe").await;
    let born = json!({"name": "Robin Doe", "date_of_birth": "2014-05-01"});
    let child = add(&app, &owner, case, "person", born).await;

    for (who, expected) in [
        (&owner, vec![adult, child]),
        (&housing, vec![adult, child]),
        (&police, vec![adult]),
    ] {
        assert_eq!(named(&app, who, "doe").await, expected);
    }
    let page = search(&app, &owner, json!({"date_of_birth": "2014-05-01"})).await;
    assert_eq!(page.expect(200).body["items"][0]["subject"]["is_child"], true);
    assert!(
        found(&app, &police, json!({"date_of_birth": "2014-05-01"}))
            .await
            .is_empty()
    );
}

#[actix_web::test]
async fn roles_that_are_limited_find_nobody_beyond_their_limits() {
    let app = TestApp::start().await;
    let (owner, officer) = (app.sign_in(OWNER).await, app.sign_in(OFFICER).await);
    let case = app.a_case_of(&owner).await;
    let alex = add_person(&app, &owner, case, "Alex Doe").await;

    for (areas, types, expected) in [
        (None, None, vec![alex]),
        (Some(vec!["E05013664"]), None, vec![alex]),
        (Some(vec!["E05013663"]), None, vec![]),
        (None, Some(vec!["nuisance"]), vec![alex]),
        (None, Some(vec!["graffiti"]), vec![]),
    ] {
        app.give_only(&officer, "officer", areas.clone(), types.clone()).await;
        assert_eq!(named(&app, &officer, "Alex Doe").await, expected, "{areas:?} {types:?}");
    }
    app.grant_only(&officer, &["case.read"], None, None).await;
    search(&app, &officer, json!({"name": "Alex Doe"})).await.expect(403);
}

#[actix_web::test]
async fn who_was_corrected_is_found_as_corrected_and_who_was_erased_not_at_all() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let known = json!({"name": "Alex Doe", "phone": "020 7946 0018"});
    let alex = add(&app, &owner, case, "person", known).await;
    let path = format!("/v1/cases/{case}/subjects/{alex}");

    let change = json!({"particulars": {"name": "Alexandra Roe", "phone": null}});
    app.patch(&owner, &path, change).await.expect(200);

    assert_eq!(named(&app, &owner, "roe alexandra").await, [alex]);
    assert!(named(&app, &owner, "Alex Doe").await.is_empty());
    assert!(found(&app, &owner, json!({"phone": "02079460018"})).await.is_empty());
    app.delete(&owner, &path).await.expect(204);
    assert!(named(&app, &owner, "roe").await.is_empty());
}

#[actix_web::test]
async fn pages_of_what_is_found_follow_one_another_without_gap_or_repeat() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let (one, two) = (app.a_case_of(&owner).await, app.a_case_of(&owner).await);
    let mut added = Vec::new();
    for case in [one, two, one, two, one] {
        added.push(add_person(&app, &owner, case, "Alex Doe").await);
    }

    let mut seen = Vec::new();
    let mut body = json!({"particulars": {"name": "Alex Doe"}, "limit": 2});
    loop {
        let page = app.post(&owner, SEARCH, body.clone()).await.expect(200);
        seen.push(ids(&page));
        if page.body["next"].is_null() {
            break;
        }
        body["cursor"] = page.body["next"].clone();
    }

    assert_eq!(seen, added.chunks(2).collect::<Vec<_>>());
}

#[actix_web::test]
async fn the_log_says_who_was_shown_and_by_which_members_and_never_what_was_looked_for() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let (one, two) = (app.a_case_of(&owner).await, app.a_case_of(&owner).await);
    let first = add_person(&app, &owner, one, "Nora Quillfeather").await;
    let second = add_person(&app, &owner, two, "Nora Quillfeather").await;
    let sought = json!({"particulars": {"name": "Quillfeather"}});

    let draft = app.draft(&owner, Method::POST, SEARCH).json(sought);
    let draft = draft.header("Access-Purpose", "complaint_or_rights_request");
    draft.send().await.expect(200);

    let logged = app.last_audit("search_subjects").await;
    assert_eq!((logged.op.as_str(), logged.outcome.as_str()), ("consultation", "done"));
    assert_eq!(
        (logged.case_ids, logged.record_ids),
        (vec![one, two], vec![first, second])
    );
    assert_eq!(logged.data_classes, ["core", "subjects"]);
    assert_eq!(logged.facts, json!({"filters": ["name"]}));
    let purposes = "select count(*) as number from audit_events where action = 'search_subjects' \
                    and purpose = 'complaint_or_rights_request'";
    assert_eq!(app.number(purposes).await, 1, "once");

    // Nor is it where nobody is found, or where the search is refused.
    let nobody = json!({"name": "Zebulon", "date_of_birth": "1987-03-09"});
    assert!(found(&app, &owner, nobody).await.is_empty());
    let logged = app.last_audit("search_subjects").await;
    assert!(logged.case_ids.is_empty() && logged.record_ids.is_empty());
    assert_eq!(logged.facts, json!({"filters": ["date_of_birth", "name"]}));
    let wrong = json!({"name": "Zebulon", "date_of_birth": "Zebulon"});
    search(&app, &owner, wrong).await.expect(422);
    for table in ["audit_events", "outbox_events", "idempotency_keys"] {
        let told = format!(
            "select count(*) as number from {table} it where to_jsonb(it)::text ~* 'quillfeather|zebulon|1987-03-09'"
        );
        assert_eq!(app.number(&told).await, 0, "{table}");
    }
}

#[actix_web::test]
async fn somebody_is_looked_up_in_an_index_behind_row_level_security() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let alex = add_person(&app, &owner, case, "Alex Doe").await;
    // So many that it would take long to look at them all.
    let many = format!(
        "insert into subjects (id, org_id, case_id, case_org_id, kind, role, basis, particulars, added_by) \
         select gen_random_uuid(), org_id, case_id, case_org_id, kind, role, basis, \
           jsonb_build_object('name', 'Somebody Else ' || number), added_by \
         from subjects, generate_series(1, 20000) number where id = '{alex}'; \
         select gin_clean_pending_list('subjects_by_key'); analyze subjects"
    );
    app.tamper(&many).await;

    let query = "select s.id, a.ref from subjects s join case_access a on a.case_id = s.case_id \
                 where s.search_keys @> subject_keys('{\"name\": \"Doe, Alex\"}') order by s.id limit 51";
    let plan = plan(&app, &owner, query).await;

    let looked_up = |line: &str| line.contains("Index Cond:") && line.contains("search_keys");
    assert!(plan.lines().next().unwrap().contains("actual rows=1"), "{plan}");
    assert!(
        plan.contains("subjects_by_key") && plan.lines().any(looked_up),
        "{plan}"
    );
}
