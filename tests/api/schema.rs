//! What holds for every table.

use actix_web::http::Method;
use actix_web::web;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use wardlink::identity::tokens::RefreshToken;
use wardlink::identity::totp::Seed;

use crate::support::{TestApp, TestDatabase, service_account};

/// A row of each kind that the demonstration has none of.
const ONE_OF_EACH: &str = r"
insert into case_links (id, org_id, case_id, case_org_id, linked_case_id, linked_case_org_id, kind, linked_by)
  select gen_random_uuid(), a.org_id, a.id, a.org_id, b.id, b.org_id, 'related', a.opened_by
    from cases a join cases b on b.org_id = a.org_id and b.id > a.id limit 1;
insert into agreement_reviews (id, org_id, agreement_id, held_on, outcome, findings, next_review_due, recorded_by,
    recorded_at)
  select gen_random_uuid(), a.org_id, a.id, '2026-03-01', 'continue', 'In order.', '2027-03-01', u.id, now()
    from agreements a join users u on u.org_id = a.org_id limit 1;
insert into case_positions (org_id, case_id, case_org_id, stance, updated_by)
  select org_id, id, org_id, 'leading', opened_by from cases limit 1 on conflict do nothing;
insert into custom_roles (id, org_id, code, name, permissions)
  select gen_random_uuid(), id, 'night_desk', 'Night desk', '{case.read}' from organisations limit 1;
insert into earlier_memberships (partnership_id, org_id, member_from, member_to)
  select partnership_id, org_id, '2020-01-01', '2021-01-01' from partnership_members limit 1;
insert into former_names (id, org_id, name) select id, org_id, 'Before' from users limit 1;
insert into password_resets (user_id, org_id, token_hash, expires_at)
  select id, org_id, '\x00', now() from users limit 1;
insert into recoveries (org_id, user_id, helped_by, password_at) select org_id, id, id, now() from users limit 1;
insert into recovery_codes (org_id, user_id, digest) select org_id, id, '\x00' from users limit 1;
insert into totp_seeds (user_id, org_id, key_id, seed) select id, org_id, 'k', '\x00' from users limit 1;
insert into sign_in_failures (key, failures, last_at) values ('\x00', 1, now());
insert into idempotency_keys (org_id, user_id, method, path, key, request_hash, status, headers, body)
  select org_id, id, 'POST', '/v1/cases', 'k', '\x00', 201, '[]', '\x' from users limit 1;
with system as (
  insert into users (id, org_id, name, kind)
    select gen_random_uuid(), id, 'A system', 'service' from organisations limit 1 returning id, org_id)
insert into service_accounts (user_id, org_id, scopes, created_by)
  select id, org_id, '{case.read}', id from system;
insert into service_account_keys (id, org_id, user_id, secret_hash, expires_at, created_by, created_at)
  select gen_random_uuid(), org_id, user_id, decode(repeat('00', 32), 'hex'), now(), user_id, now()
    from service_accounts limit 1;
insert into client_assertions (user_id, digest, expires_at)
  select user_id, '\x00', now() from service_accounts limit 1;
insert into audit_cosignatures (tree_size, org_id, verifier_key, line, witnessed_at)
  select c.tree_size, o.id, 'k', 'l', now() from audit_checkpoints c, organisations o limit 1;
";

/// Tables in which the jobs look for what is due, in every organisation, and those that they
/// seal or sweep; of the steps of cases, those that nobody took. Wherever else the worker writes, it sees nothing.
const WORKERS: [&str; 23] = [
    "attachments",
    "audit_checkpoints",
    "audit_events",
    "audit_hashes",
    "audit_seals",
    "case_clocks",
    "case_locations",
    "case_transitions",
    "cases",
    "client_assertions",
    "idempotency_keys",
    "password_resets",
    "recoveries",
    "refresh_tokens",
    "sealing",
    "sessions",
    "share_recalls",
    "shares",
    "sign_in_failures",
    "task_standings",
    "tasks",
    "totp_seeds",
    "ward_versions",
];

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[expect(clippy::disallowed_methods, reason = "the catalogue is not in the schema")]
async fn tables(connection: &mut AsyncPgConnection) -> Vec<String> {
    let query = "select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname = 'wardlink' and c.relkind in ('r', 'p') order by 1";
    let names: Vec<Name> = diesel::sql_query(query).load(connection).await.unwrap();
    names.into_iter().map(|row| row.name).collect()
}

#[expect(clippy::disallowed_methods, reason = "any table is meant, whatever its columns")]
async fn count(connection: &mut AsyncPgConnection, table: &str) -> QueryResult<i64> {
    let query = diesel::sql_query(format!("select count(*) as count from wardlink.{table}"));
    query.get_result::<Count>(connection).await.map(|row| row.count)
}

/// How many rows of a table a role sees that may not be let look there at all.
async fn seen(connection: &mut AsyncPgConnection, table: &str) -> i64 {
    match count(connection, table).await {
        Ok(count) => count,
        Err(error) if error.to_string().starts_with("permission denied for table") => 0,
        Err(error) => panic!("{table}: {error}"),
    }
}

#[actix_web::test]
async fn without_a_context_the_app_role_sees_no_row_in_any_table() {
    let app = TestApp::start().await;
    wardlink::demo::cases::play(web::Data::clone(&app.services))
        .await
        .unwrap();
    app.sign().await;
    let database = &app.database;
    let mut owner = database.owner().await;
    owner.batch_execute(ONE_OF_EACH).await.unwrap();
    let mut app_role = database.as_role("wardlink_app").await;
    let mut worker = database.as_role("wardlink_worker").await;

    for table in tables(&mut owner).await {
        let there = count(&mut owner, &table).await.unwrap();
        assert!(there > 0, "put a row into {table}, or nobody could see one");
        let shown = seen(&mut app_role, &table).await;
        assert_eq!(shown, 0, "the app role sees rows of {table}");
        let shown = seen(&mut worker, &table).await;
        assert!(
            shown == 0 || WORKERS.contains(&table.as_str()),
            "the worker sees {shown} rows of {table}"
        );
    }
}

#[actix_web::test]
async fn jobs_let_nobody_in() {
    let database = TestDatabase::new().await;
    let mut worker = database.as_role("wardlink_worker").await;

    for call in [
        "find_sign_in('csm@camden.example')",
        "start_session(null::uuid, null::uuid, 1, null::inet, null, null::bytea, 1, null)",
        "rotate_refresh_token(''::bytea, ''::bytea, 1)",
        "enter(gen_random_uuid(), gen_random_uuid(), '')",
        "add_first_administrator(null, null, null, null, null, null)",
    ] {
        let refused = worker.batch_execute(&format!("select {call}")).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{call}: {refused}");
    }
}

#[expect(clippy::disallowed_methods, reason = "any table is meant, whatever its columns")]
async fn rows_of(connection: &mut AsyncPgConnection, table: &str) -> String {
    let query = format!("select coalesce(string_agg(t::text, ' '), '') as name from wardlink.{table} t");
    let rows: Name = diesel::sql_query(query).get_result(connection).await.unwrap();
    rows.name
}

/// What would be in a table if a secret were kept: its text, or the octets of that, or those
/// that it stands for.
fn traces(secret: &str) -> Vec<String> {
    let typed = secret.replace('-', "");
    let opaque = BASE64URL_NOPAD.decode(secret.get(4..).unwrap_or_default().as_bytes());
    let octets = [opaque, BASE32_NOPAD.decode(typed.as_bytes())].into_iter().flatten();
    let octets = octets.map(|octets| HEXLOWER.encode(&octets[..octets.len().min(32)]));
    let as_bytes = HEXLOWER.encode(secret.as_bytes());
    let traces = [secret.to_owned(), typed, as_bytes].into_iter().chain(octets);
    traces.filter(|trace| trace.len() >= 16).collect()
}

/// Has every kind of secret handed out that there is, and answers with all of them.
async fn secrets_handed_out(app: &TestApp) -> Vec<String> {
    let (first, second) = ("kettle-orbit-lantern-moss", "another-lantern-orbit-kettle");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let admin = app.sign_in("admin@camden.example").await;
    let pending = app
        .reset_token(&admin, app.sign_in("csm@camden.example").await.user_id)
        .await;
    let warden = "warden@camden.example";
    let person = json!({"email": warden, "name": "Ines Duarte"});
    let user = app.post(&admin, "/v1/users", person).await.expect(201).id();
    let spent = app.reset_token(&admin, user).await;
    let body = json!({"email": warden, "password": first, "reset_token": spent});
    let signed_in = app
        .anonymous(Method::POST, "/v1/auth/login", Some(body))
        .await
        .expect(200);
    let body = json!({"refresh_token": signed_in.body["refresh_token"]});
    let refreshed = app
        .anonymous(Method::POST, "/v1/auth/refresh", Some(body))
        .await
        .expect(200);
    let warden = app.sign_in(warden).await;
    let body = json!({"current_password": first});
    let enrolled = app.post(&warden, "/v1/me/totp", body).await.expect(201);
    let secret = text(&enrolled.body["secret"]);
    let seed = Seed::from_octets(BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
    let body = json!({"totp": seed.code(app.services.clock.now().timestamp() / 30)});
    let confirmed = app.post(&warden, "/v1/me/totp/confirm", body).await.expect(200);
    let change = app
        .draft(&warden, Method::POST, "/v1/me/password")
        .header("Idempotency-Key", "one");
    let body = json!({"current_password": first, "new_password": second});
    change.json(body).send().await.expect(204);
    let system = app.system(&admin, service_account(json!({}))).await;
    let token = app.token_by_secret(&system, &[]).await.expect(200);

    let codes = confirmed.body["recovery_codes"].as_array().unwrap().iter().map(text);
    let tokens =
        ["access_token", "refresh_token"].map(|name| [text(&signed_in.body[name]), text(&refreshed.body[name])]);
    [
        text(&pending),
        text(&spent),
        secret,
        system.secret,
        first.to_owned(),
        second.to_owned(),
    ]
    .into_iter()
    .chain(tokens.into_iter().flatten())
    .chain([text(&signed_in.body["device_token"]), text(&token.body["access_token"])])
    .chain(codes)
    .collect()
}

#[actix_web::test]
async fn no_table_holds_a_secret_that_was_handed_out() {
    let app = TestApp::start().await;

    let secrets = secrets_handed_out(&app).await;

    assert_eq!(secrets.len(), 22);
    let mut owner = app.database.owner().await;
    let mut kept = String::new();
    for table in tables(&mut owner).await {
        let rows = rows_of(&mut owner, &table).await;
        for secret in &secrets {
            let found = traces(secret).into_iter().find(|trace| rows.contains(trace));
            assert_eq!(found, None, "{table} holds {secret}");
        }
        kept.push_str(&rows);
    }
    // It would be found: what is kept in the stead of a token is.
    let digests = secrets.iter().filter_map(|secret| RefreshToken::parse(secret));
    let digests: Vec<String> = digests.map(|token| HEXLOWER.encode(&token.hash())).collect();
    assert_eq!(digests.len(), 2);
    assert!(digests.iter().all(|digest| kept.contains(digest)));
}
