//! What a view of a case shows: who is in it, what may be done next, and whether it changed.

use actix_web::http::Method;
use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::case_transitions;

use crate::support::{Actor, Reply, TestApp, service_account};

const OWNER: &str = "csm@camden.example";
const HOUSING: &str = "manager@primrose.example";

/// A car of the council whose keeper is known.
async fn with_keeper() -> (TestApp, Actor, Uuid) {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.case(&owner, "abandoned_vehicle").await;
    let keeper = json!({"name": "Nora Quill", "address": "4 Elm Row"});
    app.patch(
        &owner,
        &format!("/v1/cases/{case}"),
        json!({"details": {"vrm": "AB12CDE", "keeper": keeper}}),
    )
    .await
    .expect(200);
    (app, owner, case)
}

async fn details(app: &TestApp, who: &Actor, case: Uuid) -> Value {
    let reply = app.get(who, &format!("/v1/cases/{case}")).await.expect(200);
    reply.body["details"].clone()
}

async fn classes(app: &TestApp, action: &str) -> Vec<String> {
    app.last_audit(action).await.data_classes
}

#[actix_web::test]
async fn who_is_in_a_case_is_shown_where_subjects_are_open_and_nowhere_else() {
    let (app, owner, case) = with_keeper().await;
    let housing = app.sign_in(HOUSING).await;
    assert_eq!(details(&app, &owner, case).await["keeper"]["name"], "Nora Quill");
    assert_eq!(classes(&app, "read_case").await, ["core", "location", "subjects"]);

    app.open_to(&owner, case, housing.org_id, "contribute", &["core"]).await;
    assert_eq!(details(&app, &housing, case).await, json!({"vrm": "AB12CDE"}));
    assert_eq!(classes(&app, "read_case").await, ["core"]);

    app.delete(&owner, &format!("/v1/shares/{}", app.share_of(case).await))
        .await
        .expect(204);
    app.open_to(&owner, case, housing.org_id, "view", &["core", "subjects"])
        .await;
    assert_eq!(details(&app, &housing, case).await["keeper"]["address"], "4 Elm Row");
    assert_eq!(classes(&app, "read_case").await, ["core", "subjects"]);
}

#[actix_web::test]
async fn whose_role_reads_no_people_is_shown_none_in_the_organisations_own_case() {
    let (app, _, case) = with_keeper().await;
    let colleague = app.sign_in("street@camden.example").await;
    for (permissions, sees) in [(vec!["case.read"], false), (vec!["case.read", "subject.read"], true)] {
        app.grant_only(&colleague, &permissions, None, None).await;
        let shown = details(&app, &colleague, case).await;
        assert_eq!(shown.get("keeper").is_some(), sees, "{permissions:?}");
    }
    // The permission counts where it reaches.
    app.grant_only(&colleague, &["case.read"], None, None).await;
    app.give(&colleague, "officer", Some(vec!["E05013666"]), None).await;
    assert_eq!(details(&app, &colleague, case).await, json!({"vrm": "AB12CDE"}));
}

#[actix_web::test]
async fn what_somebody_is_not_shown_they_cannot_change() {
    let (app, owner, case) = with_keeper().await;
    let housing = app.sign_in(HOUSING).await;
    app.open_to(&owner, case, housing.org_id, "contribute", &["core"]).await;
    let path = format!("/v1/cases/{case}");
    for keeper in [json!(null), json!({"name": "Somebody else"})] {
        app.patch(&housing, &path, json!({"details": {"keeper": keeper}}))
            .await
            .expect(403);
    }
    // Nor find it out: what is right is refused like what is wrong.
    for keeper in [json!({"name": "Nora Quill"}), json!({}), json!(7)] {
        app.patch(&housing, &path, json!({"details": {"keeper": keeper}}))
            .await
            .expect(403);
    }
    app.patch(&housing, &path, json!({"details": {"days_stationary": 9}}))
        .await
        .expect(200);
    assert_eq!(details(&app, &owner, case).await["keeper"]["name"], "Nora Quill");
}

#[actix_web::test]
async fn what_was_recorded_with_a_step_tells_of_people_only_where_they_are_open() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let housing = app.sign_in(HOUSING).await;
    let case = app.case(&owner, "graffiti").await;
    for (event, data) in [
        ("classify", json!({"classification": "standard"})),
        ("identify_owner", json!({"surface_owner": "private"})),
        ("refuse", json!({"refused_by": "Nora Quill"})),
    ] {
        let step = json!({"event": event, "data": data, "reason": "Nora Quill was in."});
        app.post_to(&owner, &format!("/v1/cases/{case}"), "transitions", step)
            .await
            .expect(200);
    }
    app.open_to(&owner, case, housing.org_id, "view", &["core"]).await;

    for (who, is_told) in [(&owner, true), (&housing, false)] {
        let steps = app.get(who, &format!("/v1/cases/{case}/transitions")).await.expect(200);
        let last = steps.body["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["event"], "refuse");
        assert_eq!(last["data"].get("refused_by").is_some(), is_told);
        assert_eq!(last["reason"].is_string(), is_told);
        let logged = classes(&app, "list_transitions").await;
        assert_eq!(logged.contains(&"subjects".to_owned()), is_told, "{logged:?}");
        let whole = app.get(who, &format!("/v1/cases/{case}")).await.expect(200);
        let all = [steps.body, whole.body].map(|body| body.to_string()).concat();
        assert_eq!(all.contains("Nora Quill"), is_told);
    }
}

/// Puts a step among those of a case, past the rules.
async fn put_step(app: &TestApp, owner: &Actor, case: Uuid, event: &str, data: Value) {
    diesel::insert_into(case_transitions::table)
        .values((
            case_transitions::id.eq(Uuid::now_v7()),
            case_transitions::org_id.eq(owner.org_id),
            case_transitions::case_id.eq(case),
            case_transitions::case_org_id.eq(owner.org_id),
            case_transitions::event.eq(event),
            (
                case_transitions::from_state.eq("assessed"),
                case_transitions::to_state.eq("investigating"),
            ),
            case_transitions::actor_user_id.eq(owner.user_id),
            case_transitions::roles.eq(vec!["supervisor"]),
            case_transitions::data.eq(data),
            case_transitions::at.eq(app.services.clock.now()),
        ))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
}

/// Stands in every text that a case type marks as personal.
const WORD: &str = "zqwitnessbird";

/// A value in which [`WORD`] stands in every text that the schema marks as personal, and
/// nothing else; `None` where it marks none.
fn personal(root: &Value, place: &Value, is_marked: bool) -> Option<Value> {
    let resolved = match place["$ref"].as_str() {
        Some(reference) => root.pointer(&reference[1..]).unwrap(),
        None => place,
    };
    let is_marked = is_marked || [place, resolved].iter().any(|it| it["x-personal"] == true);
    if let Some(items) = resolved.get("items") {
        return personal(root, items, is_marked).map(|item| json!([item]));
    }
    if let Some(properties) = resolved["properties"].as_object() {
        let members = properties.iter();
        let members: serde_json::Map<String, Value> = members
            .filter_map(|(name, inner)| Some((name.clone(), personal(root, inner, is_marked)?)))
            .collect();
        return (!members.is_empty()).then_some(Value::Object(members));
    }
    let is_text = resolved["type"] == "string" && resolved.get("format").is_none();
    (is_text && is_marked).then(|| json!(WORD))
}

#[actix_web::test]
async fn whatever_a_case_type_marks_as_personal_is_shown_where_people_are_and_nowhere_else() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    for kind in ["abandoned_vehicle", "graffiti", "nuisance"] {
        let file = app
            .get(&owner, &format!("/v1/case-types/{kind}"))
            .await
            .expect(200)
            .body;
        let case = app.case(&owner, kind).await;
        let path = format!("/v1/cases/{case}");
        let details = personal(&file["details"], &file["details"], false).unwrap();
        let known = format!("update wardlink.cases set details = '{details}' where id = '{case}'");
        app.tamper(&known).await;
        let mut steps = 0;
        for edge in file["edges"].as_array().unwrap() {
            if let Some(data) = personal(&edge["data"], &edge["data"], false) {
                put_step(&app, &owner, case, edge["event"].as_str().unwrap(), data).await;
                steps += 1;
            }
        }
        assert!(steps >= 4, "{kind}: {steps}");
        app.open_to(&owner, case, housing.org_id, "view", &["core"]).await;

        for (who, is_told) in [(&owner, true), (&housing, false)] {
            let seen = app.get(who, &path).await.expect(200).body.to_string();
            assert_eq!(seen.contains(WORD), is_told, "{kind}: {seen}");
            let listed = app.get(who, &format!("{path}/transitions?limit=200")).await.expect(200);
            let listed = listed.body["items"].as_array().unwrap();
            let telling = listed.iter().filter(|step| step.to_string().contains(WORD)).count();
            assert_eq!(telling, if is_told { steps } else { 0 }, "{kind}: {listed:?}");
            let logged = classes(&app, "list_transitions").await;
            assert_eq!(logged.contains(&"subjects".to_owned()), is_told, "{logged:?}");
        }
    }
}

#[actix_web::test]
async fn what_a_step_writes_into_a_member_about_people_is_about_people() {
    let app = TestApp::start().await;
    let housing = app.sign_in(HOUSING).await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let plan = json!({"plan": {"text": "Moved to her sister", "safety": "New locks"}});
    put_step(&app, &owner, case, "action_plan", plan).await;
    app.open_to(&owner, case, housing.org_id, "view", &["core"]).await;

    for (who, is_told) in [(&owner, true), (&housing, false)] {
        let steps = app.get(who, &format!("/v1/cases/{case}/transitions")).await.expect(200);
        assert_eq!(steps.body.to_string().contains("New locks"), is_told);
    }
}

#[actix_web::test]
async fn recording_a_case_logs_who_is_in_it_and_a_repeated_answer_asks_who_may_read_that() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let mut body = app.case_body("abandoned_vehicle").await;
    body["details"] = json!({"keeper": {"name": "Nora Quill"}});
    let record = async || {
        let draft = app.draft(&owner, Method::POST, "/v1/cases");
        draft
            .header("Idempotency-Key", "a-case-with-a-keeper")
            .json(body.clone())
            .send()
            .await
    };
    record().await.expect(201);
    assert_eq!(classes(&app, "create_case").await, ["core", "location", "subjects"]);
    record().await.expect(201);

    app.give_only(&owner, "call_handler", None, None).await;

    record().await.expect(403);
}

#[actix_web::test]
async fn who_shares_subjects_and_may_read_none_gets_the_answer_again() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let housing = app.organisation("Primrose Homes").await;
    let case = app.a_case_of(&owner).await;
    app.grant_only(&owner, &["case.read", "case.share"], None, None).await;
    let body = json!({"organisation_id": housing, "level": "view", "data_classes": ["core", "subjects"],
        "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"});
    let share = async || {
        let draft = app.draft(&owner, Method::POST, &format!("/v1/cases/{case}/shares"));
        draft
            .header("Idempotency-Key", "one-share-twice")
            .json(body.clone())
            .send()
            .await
    };
    let first = share().await.expect(201);
    assert_eq!(share().await.expect(201).body, first.body);
}

fn events(reply: &Reply) -> Vec<&str> {
    let allowed = reply.body["allowed_transitions"].as_array().unwrap();
    allowed.iter().map(|one| one["event"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn what_is_said_to_be_allowed_is_allowed_to_every_role() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let clerk = app.sign_in("street@camden.example").await;
    app.give_only(&clerk, "call_handler", None, None).await;
    let case = app.case(&owner, "abandoned_vehicle").await;

    let shown = app.get(&clerk, &format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!(events(&shown), ["triage"]);
    let data = json!({"refer_to": "police", "reason": "obstruction"});
    app.transition(&clerk, case, "inspect", json!({})).await.expect(403);
    app.transition(&clerk, case, "triage", data).await.expect(200);
}

#[actix_web::test]
async fn a_system_whose_scopes_move_no_case_is_offered_no_step() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin@camden.example").await;
    let owner = app.sign_in(OWNER).await;
    let case = app.case(&owner, "abandoned_vehicle").await;
    for (scopes, offered) in [
        (json!(["case.read"]), false),
        (json!(["case.read", "case.transition"]), true),
    ] {
        let body = service_account(json!({"scopes": scopes, "roles": [{"role": "officer"}]}));
        let system = app.system(&admin, body).await;
        let acting = app.acting(&system).await;
        let shown = app.get(&acting, &format!("/v1/cases/{case}")).await.expect(200);
        assert_eq!(!events(&shown).is_empty(), offered);
    }
}

async fn tagged(app: &TestApp, who: &Actor, path: &str, tag: &str) -> Reply {
    app.draft(who, Method::GET, path)
        .header("If-None-Match", tag)
        .send()
        .await
}

#[actix_web::test]
async fn nobody_is_told_that_they_know_a_view_that_has_changed() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let housing = app.sign_in(HOUSING).await;
    let case = app.a_case_of(&owner).await;
    let share = app
        .open_to(&owner, case, housing.org_id, "view", &["core", "location"])
        .await;
    let path = format!("/v1/cases/{case}");
    let wide = app.get(&housing, &path).await.expect(200);
    let tag = wide.header("etag").unwrap().to_owned();
    assert!(tag.starts_with("\"1-"), "{tag}");
    tagged(&app, &housing, &path, &tag).await.expect(304);

    app.patch(
        &owner,
        &format!("/v1/shares/{share}"),
        json!({"data_classes": ["core"]}),
    )
    .await
    .expect(200);

    let narrow = tagged(&app, &housing, &path, &tag).await.expect(200);
    assert_eq!(
        (&narrow.body["version"], &narrow.body["location"]),
        (&json!(1), &json!(null))
    );
    let now = narrow.header("etag").unwrap().to_owned();
    tagged(&app, &housing, &path, &now).await.expect(304);
}

#[actix_web::test]
async fn a_change_needs_the_version_whatever_of_it_was_seen() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let path = format!("/v1/cases/{case}");
    let patch = async |tag: &str| {
        let draft = app.draft(&owner, Method::PATCH, &path).header("If-Match", tag);
        draft.json(json!({"title": "Louder music at night"})).send().await
    };
    for stale in [
        "\"2\"",
        "\"2-00ff\"",
        "1",
        "W/\"1\"",
        "\"\"",
        "\"-1\"",
        "\"1",
        "\"11-1\"",
    ] {
        patch(stale).await.expect(412);
    }
    patch("\"1-as another saw it\"").await.expect(200);
    patch("\"2\"").await.expect(200);
    let tag = app.etag(&owner, &path).await;
    patch(&tag).await.expect(200);
}

#[actix_web::test]
async fn a_task_that_has_become_late_is_not_what_was_known() {
    let scene = crate::tasks::scene::Scene::open().await;
    let task = scene.started().await;
    let tag = scene.app.etag(&scene.street, &task).await;
    tagged(&scene.app, &scene.street, &task, &tag).await.expect(304);

    scene.app.later(Duration::days(8));

    let late = tagged(&scene.app, &scene.street, &task, &tag).await.expect(200);
    assert_eq!(late.body["overdue"], true);
}

#[actix_web::test]
async fn by_due_time_every_case_is_listed_and_those_without_one_last() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let mut expected = Vec::new();
    for kind in ["abandoned_vehicle", "graffiti"] {
        expected.push(app.case(&owner, kind).await);
    }
    // Past the workflow, and so without a clock.
    for _ in 0..3 {
        expected.push(app.a_case_of(&owner).await);
    }
    let mut seen = Vec::new();
    let mut dated = Vec::new();
    let mut path = "/v1/cases?sort=due_at&limit=2".to_owned();
    loop {
        let page = app.get(&owner, &path).await.expect(200);
        for item in page.body["items"].as_array().unwrap() {
            seen.push(item["id"].as_str().unwrap().parse::<Uuid>().unwrap());
            dated.push(item["due_at"].is_string());
        }
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/v1/cases?sort=due_at&limit=2&cursor={next}");
    }

    let undated = &seen[seen.len() - 3..];
    assert_eq!(undated, &expected[2..]);
    assert!(dated.is_sorted_by(|one, next| one >= next), "{dated:?}");
    let all = app.get(&owner, "/v1/cases?limit=200").await.expect(200);
    assert_eq!(seen.len(), all.body["items"].as_array().unwrap().len());
}

#[actix_web::test]
async fn a_case_is_not_shared_out_by_a_share_whose_time_is_over() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_shared_case(&owner, &housing, "view", &["core"]).await;
    let share = format!("/v1/shares/{}", app.share_of(case).await);
    let found = async || {
        let list = app.get(&owner, "/v1/cases?shared=out").await.expect(200);
        list.body["items"].as_array().unwrap().len()
    };
    assert_eq!(found().await, 1);

    app.tamper("update shares set expires_at = now() - interval '1 second'")
        .await;

    assert_eq!(found().await, 0);
    let share = app.get(&owner, &share).await.expect(200);
    assert_eq!(share.body["state"], "expired");
}
