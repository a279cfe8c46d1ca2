//! Who leaves a partnership or an agreement, and who comes back.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use wardlink::db::schema::{audit_events, outbox_events, shares, tasks};

use crate::support::{ALL_CLASSES, TestApp};

const OWNER: &str = "csm@camden.example";
const HOUSING: &str = "manager@primrose.example";
const POLICE: &str = "insp.north@met.example";

fn visit(organisation: uuid::Uuid) -> Value {
    json!({"title": "Visit the tenant", "description": "At the flat.", "tactic": "visit",
        "owner_org_id": organisation, "priority": "p3", "due_at": "2026-03-09T17:00:00Z"})
}

#[actix_web::test]
async fn with_a_membership_end_the_shares_and_proposals_that_rested_on_it() {
    let app = TestApp::start().await;
    let (owner, housing, police) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(POLICE).await,
    );
    let operator = app.sign_in("operator@wardlink.example").await;
    let theirs = app.a_shared_case(&owner, &housing, "contribute", ALL_CLASSES).await;
    let own = app.a_shared_case(&housing, &owner, "view", ALL_CLASSES).await;
    let other = app.a_shared_case(&owner, &police, "view", ALL_CLASSES).await;
    let tasks_path = format!("/v1/cases/{theirs}/tasks");
    let open = app
        .post(&owner, &tasks_path, visit(housing.org_id))
        .await
        .expect(201)
        .id();
    let taken = app
        .post(&owner, &tasks_path, visit(housing.org_id))
        .await
        .expect(201)
        .id();
    app.post_to(&housing, &format!("/v1/tasks/{taken}"), "accept", json!({}))
        .await
        .expect(200);
    let partnership = app.partnership("CAM").await;
    let waiting = app.a_case_of(&owner).await;
    app.post(
        &owner,
        &format!("/v1/cases/{waiting}/shares"),
        super::sharing::ad_hoc(housing.org_id),
    )
    .await
    .expect(201);

    app.delete(
        &operator,
        &format!("/v1/partnerships/{partnership}/members/{}", housing.org_id),
    )
    .await
    .expect(204);

    app.get(&housing, &format!("/v1/cases/{theirs}")).await.expect(404);
    app.get(&owner, &format!("/v1/cases/{own}")).await.expect(404);
    app.get(&police, &format!("/v1/cases/{other}")).await.expect(200);
    let listed = app.get(&owner, &format!("/v1/cases/{theirs}/shares")).await.expect(200);
    let share = &listed.body["items"][0];
    assert_eq!(
        (&share["state"], &share["end_reason"]),
        (&json!("ended"), &json!("membership_ended"))
    );
    let listed = app
        .get(&owner, &format!("/v1/cases/{waiting}/shares"))
        .await
        .expect(200);
    assert_eq!(listed.body["items"][0]["state"], "withdrawn");
    let unheard: Vec<Option<Vec<uuid::Uuid>>> = outbox_events::table
        .filter(outbox_events::name.eq("case.share_withdrawn"))
        .select(outbox_events::audience_org_ids.assume_not_null().nullable())
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(unheard.len(), 1);
    assert!(!unheard[0].as_ref().unwrap().contains(&housing.org_id), "{unheard:?}");
    let task = app.get(&owner, &format!("/v1/tasks/{open}")).await.expect(200);
    assert_eq!(task.body["state"], "cancelled");
    let events = app.get(&owner, &format!("/v1/tasks/{open}/events")).await.expect(200);
    let last = events.body["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["verb"], &last["reason"]),
        (&json!("cancel"), &json!("membership_ended"))
    );
    assert_eq!(last["user_id"], Value::Null);
    let task = app.get(&owner, &format!("/v1/tasks/{taken}")).await.expect(200);
    assert_eq!(task.body["state"], "assigned");
    let timeline = app
        .get(&owner, &format!("/v1/cases/{theirs}/timeline"))
        .await
        .expect(200);
    let names: Vec<&Value> = timeline.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert!(
        names.contains(&&json!("case.unshared")) && names.contains(&&json!("task.cancelled")),
        "{names:?}"
    );
    let logged = app.last_audit("end_membership").await;
    assert_eq!(
        logged.record_ids,
        [partnership, housing.org_id],
        "the rest in events apart"
    );
    let auditor = app.sign_in("dpo@camden.example").await;
    let told_of = async |task: uuid::Uuid| {
        let path = format!("/v1/audit/events?action=end_membership&subject={task}");
        let draft = app.draft(&auditor, Method::GET, &path);
        let page = draft.header("Access-Purpose", "audit").send().await.expect(200);
        let items = page.body["items"].as_array().unwrap().clone();
        items.iter().map(|it| it["facts"]["reason"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(told_of(open).await, [json!("membership_ended")]);
    assert_eq!(told_of(taken).await, [Value::Null], "out of sight, and not ended");
}

#[actix_web::test]
async fn who_stays_reads_in_the_log_who_left_and_each_case_that_was_lost_by_it() {
    let app = TestApp::start().await;
    let (owner, housing, police) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(POLICE).await,
    );
    let (operator, auditor) = (
        app.sign_in("operator@wardlink.example").await,
        app.sign_in("dpo@camden.example").await,
    );
    let mut lost = Vec::new();
    for _ in 0..2 {
        lost.push(app.a_shared_case(&housing, &owner, "view", ALL_CLASSES).await);
    }
    let elsewhere = app.a_shared_case(&housing, &police, "view", ALL_CLASSES).await;
    let partnership = app.partnership("CAM").await;

    app.delete(
        &operator,
        &format!("/v1/partnerships/{partnership}/members/{}", housing.org_id),
    )
    .await
    .expect(204);

    let log = async |filter: &str| {
        let path = format!("/v1/audit/events?{filter}");
        let draft = app.draft(&auditor, Method::GET, &path);
        let reply = draft.header("Access-Purpose", "audit").send().await.expect(200);
        reply.body["items"].as_array().unwrap().clone()
    };
    let left = log("op=security&action=end_membership").await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["record_ids"], json!([partnership, housing.org_id]));
    assert!(left[0]["facts"]["member_to"].is_string());
    assert!(left[0]["actor"]["name"].is_string() && left[0]["organisation"]["name"].is_string());
    let timeline = format!("/v1/cases/{}/timeline", lost[0]);
    let timeline = app.get(&housing, &timeline).await.expect(200).body;
    let unshared = timeline["items"].as_array().unwrap().last().unwrap();
    assert_eq!(unshared["name"], "case.unshared");
    assert_eq!(unshared["actor"]["user"]["name"], left[0]["actor"]["name"]);
    for case in lost {
        let found = log(&format!("case={case}")).await;
        assert_eq!(found.len(), 1, "{found:?}");
        let share: uuid::Uuid = shares::table
            .filter(shares::case_id.eq(case))
            .select(shares::id)
            .first(&mut app.database.owner().await)
            .await
            .unwrap();
        assert_eq!(found[0]["case_ids"], json!([case]));
        assert_eq!(found[0]["record_ids"], json!([share]));
        assert_eq!(found[0]["facts"]["organisation_id"], json!(housing.org_id));
        assert_eq!(found[0]["facts"]["reason"], "membership_ended");
        assert_eq!(log(&format!("subject={share}")).await, found);
    }
    assert!(log(&format!("case={elsewhere}")).await.is_empty(), "another's affair");
}

#[actix_web::test]
async fn the_end_of_a_membership_that_is_repeated_is_answered_alike() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let operator = app.sign_in("operator@wardlink.example").await;
    app.a_shared_case(&owner, &housing, "view", ALL_CLASSES).await;
    let partnership = app.partnership("CAM").await;
    let path = format!("/v1/partnerships/{partnership}/members/{}", housing.org_id);
    let send = || {
        app.draft(&operator, Method::DELETE, &path)
            .header("Idempotency-Key", "k-1")
            .send()
    };

    send().await.expect(204);
    let again = send().await.expect(204);

    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[actix_web::test]
async fn only_the_end_of_the_membership_itself_ends_what_rests_on_it() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let admin = app.sign_in("admin@camden.example").await;
    let case = app.a_shared_case(&owner, &housing, "view", ALL_CLASSES).await;
    let (camden, islington) = (app.partnership("CAM").await, app.partnership("ISL").await);
    let operator = app.sign_in("operator@wardlink.example").await;
    let police = app.sign_in(POLICE).await;

    app.delete(&admin, &format!("/v1/partnerships/{camden}/members/{}", housing.org_id))
        .await
        .expect(403);
    app.delete(
        &operator,
        &format!("/v1/partnerships/{islington}/members/{}", police.org_id),
    )
    .await
    .expect(204);

    app.get(&housing, &format!("/v1/cases/{case}")).await.expect(200);
    let ended: i64 = shares::table
        .filter(shares::state.eq("ended"))
        .count()
        .get_result(&mut app.database.owner().await)
        .await
        .unwrap();
    let cancelled: i64 = tasks::table
        .count()
        .get_result(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!((ended, cancelled), (0, 0));
}

#[actix_web::test]
async fn a_party_withdraws_from_an_agreement_and_nothing_new_is_shared_with_it() {
    let app = TestApp::start().await;
    let (owner, housing, police) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(POLICE).await,
    );
    let agreement = app.agreement().await;
    let path = format!("/v1/agreements/{agreement}");
    let share = |to: uuid::Uuid| {
        json!({"organisation_id": to, "level": "view", "data_classes": ["core"], "gateway": "CDA115",
            "agreement_id": agreement, "purpose": "case_work"})
    };
    let (first, second) = (app.a_case_of(&owner).await, app.a_case_of(&owner).await);
    app.post(&owner, &format!("/v1/cases/{first}/shares"), share(housing.org_id))
        .await
        .expect(201);
    let because = json!({"reason": "Our estates go to another landlord."});
    app.post(&housing, &format!("{path}/withdraw"), because.clone())
        .await
        .expect(428);

    let reply = app
        .post_to(&housing, &path, "withdraw", because.clone())
        .await
        .expect(200);

    let parties = reply.body["parties"].as_array().unwrap();
    let left = parties
        .iter()
        .find(|it| it["organisation_id"] == json!(housing.org_id))
        .unwrap();
    assert_eq!(left["withdrawn_at"], "2026-03-02T09:00:00Z");
    assert_eq!(left["withdrawal_reason"], "Our estates go to another landlord.");
    let refused = app
        .post(&owner, &format!("/v1/cases/{second}/shares"), share(housing.org_id))
        .await;
    assert_eq!(refused.problem(), "agreement-does-not-cover");
    app.post(&owner, &format!("/v1/cases/{second}/shares"), share(police.org_id))
        .await
        .expect(201);
    app.get(&housing, &format!("/v1/cases/{first}")).await.expect(200);
    app.post_to(&housing, &path, "withdraw", because).await.expect(409);
    let recipients: Vec<Option<uuid::Uuid>> = audit_events::table
        .filter(audit_events::action.eq("withdraw_from_agreement"))
        .filter(audit_events::outcome.eq("done"))
        .select(audit_events::org_id)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(recipients, [Some(housing.org_id)]);
    assert!(app.last_audit("withdraw_from_agreement").await.outcome == "refused");
}

#[actix_web::test]
async fn whoever_leaves_a_partnership_leaves_its_agreements() {
    let app = TestApp::start().await;
    let (owner, housing, operator) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in("operator@wardlink.example").await,
    );
    let agreement = format!("/v1/agreements/{}", app.agreement().await);
    let members = format!("/v1/partnerships/{}/members", app.partnership("CAM").await);

    app.delete(&operator, &format!("{members}/{}", housing.org_id))
        .await
        .expect(204);
    let back = json!({"organisation_id": housing.org_id});
    app.post(&operator, &members, back).await.expect(201);

    let read = app.get(&owner, &agreement).await.expect(200).body;
    assert_eq!(read["status"], "active");
    let parties = read["parties"].as_array().unwrap();
    let left = parties
        .iter()
        .find(|party| party["organisation_id"] == json!(housing.org_id))
        .unwrap();
    assert_eq!(left["withdrawal_reason"], "membership_ended");
    let case = app.a_case_of(&owner).await;
    let share = json!({"organisation_id": housing.org_id, "level": "view", "data_classes": ["core"],
        "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"});
    let refused = app.post(&owner, &format!("/v1/cases/{case}/shares"), share).await;
    assert_eq!(refused.problem(), "agreement-does-not-cover");

    // Whoever is let in or shown out reads so in its own log.
    for (action, day) in [("end_membership", "member_to"), ("add_member", "member_from")] {
        let logged = app.last_audit(action).await;
        assert!(logged.recipient_org_ids.contains(&housing.org_id), "{action}");
        assert!(logged.facts[day].is_string(), "{action}: {:?}", logged.facts);
    }
    // What its keeper leaves ends.
    app.delete(&operator, &format!("{members}/{}", owner.org_id))
        .await
        .expect(204);
    let ended = format!(
        "select count(*) as number from agreements where org_id = '{}' and status = 'active'",
        owner.org_id
    );
    assert_eq!(app.number(&ended).await, 0);
}

#[actix_web::test]
async fn who_comes_back_keeps_the_membership_it_had() {
    let app = TestApp::start().await;
    let (operator, islington) = (
        app.sign_in("operator@wardlink.example").await,
        app.sign_in("asb@islington.example").await,
    );
    let members = format!("/v1/partnerships/{}/members", app.partnership("ISL").await);
    app.tamper(&format!(
        "update wardlink.partnership_members set member_from = '2024-04-01', member_to = '2025-04-01' \
          where org_id = '{}'",
        islington.org_id
    ))
    .await;
    let from = |day: &str| json!({"organisation_id": islington.org_id, "member_from": day});

    let overlapping = app.post(&operator, &members, from("2025-03-31")).await.expect(422);
    assert_eq!(overlapping.body["errors"][0]["pointer"], "/member_from");
    let back = app.post(&operator, &members, from("2026-01-05")).await.expect(201);

    let earlier = json!([{"member_from": "2024-04-01", "member_to": "2025-04-01"}]);
    assert_eq!(back.body["member_from"], "2026-01-05");
    assert_eq!(back.body["earlier"], earlier);
    let listed = app.get(&islington, &members).await.expect(200);
    let own = listed.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|member| member["organisation_id"] == json!(islington.org_id));
    assert_eq!(own.unwrap()["earlier"], earlier);
}

#[actix_web::test]
async fn a_draft_does_not_keep_the_signature_of_who_left() {
    let app = TestApp::start().await;
    let (owner, housing, operator) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in("operator@wardlink.example").await,
    );
    let partnership = app.partnership("CAM").await;
    let draft = json!({
        "partnership_id": partnership, "title": "Estates, Camden", "purposes": ["case_work"], "gateways": ["CDA115"],
        "data_classes": ["core"], "active_from": "2026-03-01", "review_due": "2027-03-01",
        "dpia_ref": "DPIA-2026-15", "parties": [owner.org_id, housing.org_id]
    });
    let made = app.post(&owner, "/v1/agreements", draft).await.expect(201);
    let path = format!("/v1/agreements/{}", made.id());
    for party in [&owner, &housing] {
        app.post_to(party, &path, "sign", json!({})).await.expect(200);
    }
    let members = format!("/v1/partnerships/{partnership}/members");

    app.delete(&operator, &format!("{members}/{}", housing.org_id))
        .await
        .expect(204);
    let unsigned = app.post_to(&owner, &path, "activate", json!({})).await.expect(409);
    assert_eq!(unsigned.problem(), "agreement-incomplete");
    // Nor is it in force with a party that is in no partnership, whatever it signed.
    let signed = format!(
        "update wardlink.agreement_parties set signed_at = now() where agreement_id = '{}'",
        made.id()
    );
    app.tamper(&signed).await;
    let left = app.post_to(&owner, &path, "activate", json!({})).await.expect(409);
    assert_eq!(left.problem(), "conflict");

    let back = json!({"organisation_id": housing.org_id});
    app.post(&operator, &members, back).await.expect(201);
    app.post_to(&owner, &path, "activate", json!({})).await.expect(200);
}

#[actix_web::test]
async fn a_membership_ends_however_much_was_shared() {
    let app = TestApp::start().await;
    let (owner, housing, operator) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in("operator@wardlink.example").await,
    );
    let case = app.a_shared_case(&owner, &housing, "view", ALL_CLASSES).await;
    app.tamper(&format!(
        "create temp table more as select gen_random_uuid() as id, i from generate_series(1, 9000) i;
         insert into wardlink.cases
           select (jsonb_populate_record(c, jsonb_build_object('id', more.id, 'ref', 'CAM-9' || lpad(i::text, 7, '0')))).*
             from wardlink.cases c, more where c.id = '{case}';
         insert into wardlink.shares
           select (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'case_id', more.id))).*
             from wardlink.shares s, more where s.case_id = '{case}'"
    ))
    .await;
    let members = format!("/v1/partnerships/{}/members", app.partnership("CAM").await);

    app.delete(&operator, &format!("{members}/{}", housing.org_id))
        .await
        .expect(204);

    let open = "select count(*) as number from shares where state = 'active' and end_reason is null";
    assert_eq!(app.number(open).await, 0);
    let told = "select count(*) as number from outbox_events where name = 'case.unshared'";
    assert_eq!(app.number(told).await, 9001);
}

#[actix_web::test]
async fn only_a_party_withdraws() {
    let app = TestApp::start().await;
    let agreement = app.agreement().await;
    let because = json!({"reason": "No reason at all."});
    let officer = app.sign_in("pc.kentish-town@met.example").await;
    let stranger = app.sign_in("asb@islington.example").await;
    let path = format!("/v1/agreements/{agreement}/withdraw");

    for who in [&officer, &stranger] {
        app.draft(who, Method::POST, &path)
            .header("If-Match", "\"1\"")
            .json(because.clone())
            .send()
            .await
            .expect(403);
    }
}
