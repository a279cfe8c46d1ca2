//! Everything that can be done, done once and tried again: each is one event.

use actix_web::http::Method;
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::audit::note::{KeyKind, Note, NoteSigner};
use wardlink::identity::totp::Seed;

use super::probe::Probe;
use super::world::World;
use crate::support::{Actor, BOUNDARY, TestApp, form, form_request, photo, service_account, token_request};
use crate::tasks::scene::{MET, PRIMROSE, cleaning, done};

const PASSWORD: &str = "Demo-only-passphrase-1";
const NEW_PASSWORD: &str = "kettle-orbit-lantern-moss";

#[actix_web::test]
async fn whatever_is_done_is_in_the_log_once_and_so_is_trying_it_again() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;

    everything(&mut probe, &world).await;

    probe.assert_all("2xx", |it| {
        it.method != Method::GET && it.statuses.iter().any(|status| *status < 300)
    });
    world.app.assert_settled().await;
}

/// Everything that can be done.
pub async fn everything<'a>(probe: &mut Probe<'a>, world: &'a World) {
    of_cases(probe, world).await;
    of_wards(probe, world).await;
    of_shares(probe, world).await;
    of_tasks(probe, world).await;
    of_agreements(probe, world).await;
    of_organisations(probe, world).await;
    of_people(probe, world).await;
    of_systems(probe, world).await;
    of_the_log(probe, world).await;
    of_ones_own_account(probe, &world.app).await;
}

async fn of_cases<'a>(probe: &mut Probe<'a>, world: &'a World) {
    let (app, who) = (&world.app, &world.manager);
    let body = app.case_body("graffiti").await;
    let case = probe.step(who, "create_case", "/v1/cases", body).await.id();
    let case = format!("/v1/cases/{case}");
    probe.step(who, "update_case", &case, json!({"title": "Changed"})).await;
    let step = json!({"event": "classify", "data": {"classification": "standard"}});
    probe
        .step(who, "transition_case", &format!("{case}/transitions"), step)
        .await;
    let link = json!({"linked_case_id": world.place("cases"), "kind": "related"});
    let links = format!("{case}/links");
    let link = probe.step(who, "link_cases", &links, link).await.id();
    probe.step(who, "unlink_cases", &format!("{links}/{link}"), None).await;
    let note = json!({"body": "Spoke to the neighbour.", "audience": "partners", "basis": "fact"});
    probe.step(who, "add_note", &format!("{case}/notes"), note).await;
    let position = json!({"stance": "leading"});
    probe
        .step(who, "take_position", &format!("{case}/positions/mine"), position)
        .await;
    let subjects = format!("{case}/subjects");
    let vehicle = json!({"kind": "vehicle", "role": "other", "basis": "fact", "particulars": {"vrm": "AB12CDE"}});
    let subject = probe.step(who, "add_subject", &subjects, vehicle).await.id();
    let subject = format!("{subjects}/{subject}");
    probe
        .step(who, "correct_subject", &subject, json!({"role": "witness"}))
        .await;
    let sought = json!({"particulars": {"vrm": "AB12 CDE"}});
    probe.step(who, "search_subjects", "/v1/subjects/search", sought).await;
    probe.step(who, "erase_subject", &subject, None).await;
    let operation = probe.operation("add_attachment");
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let file = form("wall.jpg", "image/jpeg", &photo(), "before");
    let (added, _) = probe
        .carry_out(who, &operation, |probe| {
            let draft = probe.draft(who, &operation, &format!("{case}/attachments"));
            draft.bytes(&media_type, file.clone())
        })
        .await;
    added.expect(201);
}

async fn of_wards<'a>(probe: &mut Probe<'a>, world: &'a World) {
    let who = &world.manager;
    let team = json!({"name": "Highgate"});
    probe.step(who, "put_ward_team", "/v1/wards/E05013663/team", team).await;
    let promise = json!({"partnership_id": world.place("partnerships"), "text": "Stop thefts from cars.",
        "set_by": "team", "set_on": "2026-02-24"});
    let promise = probe
        .step(who, "set_ward_priority", "/v1/wards/E05013663/priorities", promise)
        .await
        .id();
    let done = json!({"reviewed_on": "2026-03-02"});
    probe
        .step(who, "update_ward_priority", &format!("/v1/priorities/{promise}"), done)
        .await;
}

fn ad_hoc(to: Uuid) -> Value {
    json!({"organisation_id": to, "level": "view", "data_classes": ["core"], "gateway": "CDA115",
        "ad_hoc_approval": {"reason": "Not covered yet."}, "purpose": "a visit tonight"})
}

async fn of_shares<'a>(probe: &mut Probe<'a>, world: &'a World) {
    let (app, who) = (&world.app, &world.manager);
    let colleague = app.sign_in("asb@camden.example").await;
    let case = app.a_case_of(who).await;
    let shares = format!("/v1/cases/{case}/shares");
    for (id, body) in [("approve_share", json!({})), ("refuse_share", json!({"reason": "No."}))] {
        let share = probe
            .step(who, "share_case", &shares, ad_hoc(world.housing.org_id))
            .await
            .id();
        let verb = id.trim_end_matches("_share");
        probe
            .step(&colleague, id, &format!("/v1/shares/{share}/{verb}"), body)
            .await;
    }
    let share = app
        .open_to(who, case, world.police.org_id, "contribute", &["core", "notes"])
        .await;
    let share = format!("/v1/shares/{share}");
    probe
        .step(who, "narrow_share", &share, json!({"data_classes": ["core"]}))
        .await;
    probe.step(who, "revoke_share", &share, None).await;
    let because = json!({"reason": "The wrong household was named."});
    probe
        .step(who, "recall_share", &format!("{share}/recall"), because)
        .await;
    let told = json!({"outcome": "deleted"});
    probe
        .step(
            &world.police,
            "acknowledge_recall",
            &format!("{share}/recall/acknowledge"),
            told,
        )
        .await;
}

/// A verb on the task at `path`.
async fn verb(probe: &mut Probe<'_>, who: &Actor, path: &str, verb: &str, body: Value) {
    probe
        .step(who, &format!("{verb}_task"), &format!("{path}/{verb}"), body)
        .await;
}

async fn to_a_colleague_and_back(probe: &mut Probe<'_>, app: &TestApp, who: &Actor, task: &str) {
    let colleague = app.sign_in("sgt.kentish-town@met.example").await.user_id;
    for owner in [colleague, who.user_id] {
        let to = json!({"owner_user_id": owner, "reason": "Another shift."});
        verb(probe, who, task, "reassign", to).await;
    }
}

async fn of_tasks<'a>(probe: &mut Probe<'a>, world: &'a World) {
    let (app, who, police) = (&world.app, &world.manager, &world.police);
    let tasks = format!("/v1/cases/{}/tasks", world.place("cases"));
    let ask = cleaning(app.organisation(MET).await);
    let mut asked = Vec::new();
    for _ in 0..4 {
        let task = probe.step(who, "propose_task", &tasks, ask.clone()).await.id();
        asked.push(format!("/v1/tasks/{task}"));
    }
    let worked = &asked[0];
    let offer = json!({"due_at": "2026-03-12T17:00:00Z", "text": "Lift needed."});
    verb(probe, police, worked, "counter", offer).await;
    verb(probe, who, worked, "agree", json!({})).await;
    verb(
        probe,
        police,
        worked,
        "accept",
        json!({"owner_user_id": police.user_id}),
    )
    .await;
    verb(probe, police, worked, "start", json!({})).await;
    let held_up = json!({"reason": "other", "text": "Rain."});
    verb(probe, police, worked, "block", held_up).await;
    verb(probe, police, worked, "unblock", json!({})).await;
    to_a_colleague_and_back(probe, app, police, worked).await;
    let longer = json!({"due_at": "2026-03-20T17:00:00Z", "reason": "Rain."});
    verb(probe, who, worked, "extend", longer).await;
    verb(probe, police, worked, "submit", done()).await;
    verb(probe, who, worked, "return", json!({"reason": "One tag is left."})).await;
    verb(probe, police, worked, "submit", done()).await;
    verb(probe, who, worked, "verify", json!({})).await;
    let effect = json!({"effectiveness": 2, "evidence": "Seen."});
    verb(probe, who, worked, "assess", effect).await;
    let ground = json!({"reason": "no_power", "text": "No."});
    verb(probe, police, &asked[1], "decline", ground).await;
    verb(probe, who, &asked[2], "cancel", json!({"reason": "Rain."})).await;
    let housing = app.organisation(PRIMROSE).await;
    app.open_to(
        who,
        world.place("cases").parse().unwrap(),
        housing,
        "contribute",
        &["core"],
    )
    .await;
    let elsewhere = json!({"organisation_id": housing, "reason": "Their estate."});
    verb(probe, police, &asked[3], "transfer", elsewhere).await;
}

async fn of_agreements<'a>(probe: &mut Probe<'a>, world: &'a World) {
    let (who, police) = (&world.manager, &world.police);
    let draft = json!({
        "partnership_id": world.place("partnerships"), "title": "Graffiti removal, Camden",
        "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core", "location"],
        "active_from": "2026-03-01", "review_due": "2027-03-01", "dpia_ref": "DPIA-2026-14",
        "parties": [who.org_id, police.org_id]
    });
    let agreement = probe.step(who, "draft_agreement", "/v1/agreements", draft).await.id();
    let agreement = format!("/v1/agreements/{agreement}");
    let title = json!({"title": "Graffiti, Camden"});
    probe.step(who, "update_agreement", &agreement, title).await;
    for party in [who, police] {
        probe
            .step(party, "sign_agreement", &format!("{agreement}/sign"), json!({}))
            .await;
    }
    probe
        .step(who, "activate_agreement", &format!("{agreement}/activate"), json!({}))
        .await;
    let review = json!({"held_on": "2026-03-02", "outcome": "amend", "findings": "Notes are needed too.",
        "next_review_due": "2027-03-01"});
    probe
        .step(who, "review_agreement", &format!("{agreement}/review"), review)
        .await;
    let more = json!({"data_classes": ["core", "location", "notes"]});
    probe
        .step(who, "draft_agreement_version", &format!("{agreement}/versions"), more)
        .await;
    let why = json!({"reason": "Handed over to the county."});
    probe
        .step(police, "withdraw_from_agreement", &format!("{agreement}/withdraw"), why)
        .await;
    probe
        .step(who, "end_agreement", &format!("{agreement}/end"), json!({}))
        .await;
}

async fn of_organisations<'a>(probe: &mut Probe<'a>, world: &'a World) {
    let operator = &world.app.sign_in("operator@wardlink.example").await;
    let brigade = json!({"kind": "fire", "name": "London Fire Brigade", "administrator": {
        "email": "admin@fire.example", "name": "Noor Aziz", "password": NEW_PASSWORD}});
    let brigade = probe
        .step(operator, "create_organisation", "/v1/organisations", brigade)
        .await
        .id();
    let path = format!("/v1/organisations/{brigade}");
    probe
        .step(operator, "update_organisation", &path, json!({"name": "The Brigade"}))
        .await;
    let status = json!({"flag": "s17_duty", "valid_from": "2026-01-01", "source": "Crime and Disorder Act 1998 s.17"});
    probe
        .step(operator, "set_organisation_flag", &format!("{path}/flags"), status)
        .await;
    let hackney = json!({"code": "HAC", "name": "Safer Hackney", "local_authorities": ["E09000012"]});
    let hackney = probe
        .step(operator, "create_partnership", "/v1/partnerships", hackney)
        .await
        .id();
    let members = format!("/v1/partnerships/{hackney}/members");
    let member = json!({"organisation_id": brigade});
    probe.step(operator, "add_member", &members, member).await;
    probe
        .step(operator, "end_membership", &format!("{members}/{brigade}"), None)
        .await;
}

async fn of_people<'a>(probe: &mut Probe<'a>, world: &'a World) {
    let who = &world.manager;
    let warden = json!({"email": "warden@camden.example", "name": "Ines Duarte"});
    let warden = probe.step(who, "create_user", "/v1/users", warden).await.id();
    let path = format!("/v1/users/{warden}");
    probe.step(who, "update_user", &path, json!({"post": "Warden"})).await;
    let roles = json!({"roles": [{"role": "officer"}]});
    probe.step(who, "replace_roles", &format!("{path}/roles"), roles).await;
    let role = json!({"code": "day_desk", "name": "Day desk", "permissions": ["case.read"]});
    let role = probe.step(who, "create_role", "/v1/roles", role).await.id();
    let name = json!({"name": "Desk"});
    probe.step(who, "update_role", &format!("/v1/roles/{role}"), name).await;
    probe
        .step(who, "reset_password_of", &format!("{path}/password-reset"), None)
        .await;
    let token = world.app.reset_token(who, warden).await;
    let first = json!({"email": "warden@camden.example", "password": NEW_PASSWORD, "reset_token": token});
    for status in [200, 401] {
        probe
            .step_anonymously("login", "/v1/auth/login", first.clone(), status)
            .await;
    }
    let warden = world.app.sign_in("warden@camden.example").await;
    enrol(probe, &world.app, &warden, NEW_PASSWORD).await;
    let colleague = world.app.sign_in("admin@camden.example").await;
    let totp = format!("{path}/totp");
    probe.step(&colleague, "remove_totp_of", &totp, None).await;
}

async fn of_systems<'a>(probe: &mut Probe<'a>, world: &'a World) {
    let who = &world.manager;
    let body = service_account(json!({}));
    let system = probe
        .step(who, "create_service_account", "/v1/service-accounts", body)
        .await
        .id();
    let path = format!("/v1/service-accounts/{system}");
    probe
        .step(who, "update_service_account", &path, json!({"name": "CRM"}))
        .await;
    let keys = format!("{path}/keys");
    let key = probe.step(who, "create_service_account_key", &keys, json!({})).await;
    let (id, secret) = (system.to_string(), key.body["client_secret"].as_str().unwrap());
    for (secret, status) in [(secret, 200), ("wls_wrong", 401)] {
        let sent = [
            ("grant_type", "client_credentials"),
            ("client_id", &id),
            ("client_secret", secret),
        ];
        probe
            .send_anonymously("issue_token", || token_request(&sent), status)
            .await;
    }
    for (operation, secret, status) in [
        ("introspect_token", secret, 200),
        ("introspect_token", "wls_wrong", 401),
        ("revoke_token", secret, 200),
        ("revoke_token", "wls_wrong", 401),
    ] {
        let path = probe.operation(operation).path.clone();
        let sent = [("token", "a.b.c"), ("client_id", &id), ("client_secret", secret)];
        probe
            .send_anonymously(operation, || form_request(&path, &sent), status)
            .await;
    }
    let key = format!("{keys}/{}", key.id());
    probe.step(who, "delete_service_account_key", &key, None).await;
}

/// Enrols an authenticator for `who`.
async fn enrol(probe: &mut Probe<'_>, app: &TestApp, who: &Actor, password: &str) {
    let enrol = probe.operation("enrol_totp");
    let proof = json!({"current_password": password});
    let (reply, _) = probe
        .carry_out(who, &enrol, |probe| {
            probe.draft(who, &enrol, "/v1/me/totp").json(proof.clone())
        })
        .await;
    let secret = reply.expect(201).body["secret"].as_str().unwrap().to_owned();
    let seed = Seed::from_octets(BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
    let code = seed.code(app.services.clock.now().timestamp() / 30);
    probe
        .step(who, "confirm_totp", "/v1/me/totp/confirm", json!({"totp": code}))
        .await;
}

async fn of_the_log<'a>(probe: &mut Probe<'a>, world: &'a World) {
    let (app, who) = (&world.app, &world.manager);
    let checkpoint = format!("/v1/audit/checkpoints/{}", world.place("checkpoints"));
    let view = app.get(who, &checkpoint).await.expect(200).body;
    let witness = NoteSigner::new("camden.example/witness", KeyKind::Witness, &[3; 32]).unwrap();
    let note: Note = view["note"].as_str().unwrap().parse().unwrap();
    let line = witness.witness(note.text(), app.services.clock.now().timestamp().unsigned_abs());
    let body = json!({"verifier_key": witness.verifier().to_string(), "line": line});
    probe
        .step(who, "cosign_checkpoint", &format!("{checkpoint}/cosignatures"), body)
        .await;
    probe.step(who, "export_audit", "/v1/audit/exports", json!({})).await;
}

async fn of_ones_own_account(probe: &mut Probe<'_>, app: &TestApp) {
    let who = &app.sign_in("street@camden.example").await;
    let other = app.sign_in("street@camden.example").await.session_id;
    let (email, password) = (json!("street@camden.example"), json!(PASSWORD));
    probe
        .step(who, "end_my_session", &format!("/v1/me/sessions/{other}"), None)
        .await;
    let wrong = json!({"email": email, "password": "not-the-passphrase-9"});
    probe.step_anonymously("login", "/v1/auth/login", wrong, 401).await;
    let right = json!({"email": email, "password": password});
    let tokens = probe.step_anonymously("login", "/v1/auth/login", right, 200).await;
    let spent = json!({"refresh_token": tokens.body["refresh_token"]});
    for status in [200, 401] {
        probe
            .step_anonymously("refresh", "/v1/auth/refresh", spent.clone(), status)
            .await;
    }
    enrol(probe, app, who, PASSWORD).await;
    probe
        .step(who, "remove_totp", "/v1/me/totp", json!({"current_password": PASSWORD}))
        .await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    probe.step(who, "change_my_password", "/v1/me/password", change).await;
    let logout = probe.operation("logout");
    let (left, _) = probe
        .carry_out(who, &logout, |probe| probe.draft(who, &logout, "/v1/auth/logout"))
        .await;
    left.expect(204);
}
