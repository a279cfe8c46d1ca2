//! Acting as one of the demo's people.

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection as _};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{organisations, sessions, users};
use wardlink::identity::tokens::AccessSubject;

use super::app::{Reply, TestApp, instant};

/// Somebody signed in.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The user.
    pub user_id: Uuid,
    /// Their organisation.
    pub org_id: Uuid,
    /// Their session.
    pub session_id: Uuid,
    /// It is a system, and no person.
    pub is_system: bool,
}

/// A request being put together.
pub struct Draft<'a> {
    app: &'a TestApp,
    request: TestRequest,
}

impl TestApp {
    /// The demo account of that address, with a session.
    pub async fn sign_in(&self, email: &str) -> Actor {
        let mut owner = self.database.owner().await;
        let (user_id, org_id): (Uuid, Uuid) = users::table
            .filter(users::email.eq(email))
            .select((users::id, users::org_id))
            .first(&mut owner)
            .await
            .unwrap_or_else(|_| panic!("no demo account {email}"));
        let session_id = Uuid::now_v7();
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(session_id),
                sessions::org_id.eq(org_id),
                sessions::user_id.eq(user_id),
                sessions::expires_at.eq(instant("2100-01-01T00:00:00Z")),
            ))
            .execute(&mut owner)
            .await
            .unwrap();
        Actor {
            user_id,
            org_id,
            session_id,
            is_system: false,
        }
    }

    /// Somebody whom `admin` adds, who has set `password`, signed in.
    pub async fn newcomer(&self, admin: &Actor, email: &str, password: &str) -> Actor {
        let person = json!({"email": email, "name": "Ines Duarte"});
        let user = self.post(admin, "/v1/users", person).await.expect(201).id();
        let token = self.reset_token(admin, user).await;
        let first = json!({"email": email, "password": password, "reset_token": token});
        self.anonymous(Method::POST, "/v1/auth/login", Some(first))
            .await
            .expect(200);
        self.sign_in(email).await
    }

    /// What lets `user` set their password, as `admin` had it made out.
    pub async fn reset_token(&self, admin: &Actor, user: Uuid) -> Value {
        let path = format!("/v1/users/{user}/password-reset");
        let reply = self.draft(admin, Method::POST, &path).send().await.expect(200);
        reply.body["reset_token"].clone()
    }

    /// The id of a demo organisation.
    pub async fn organisation(&self, name: &str) -> Uuid {
        let mut owner = self.database.owner().await;
        organisations::table
            .filter(organisations::name.eq(name))
            .select(organisations::id)
            .first(&mut owner)
            .await
            .unwrap_or_else(|_| panic!("no organisation {name}"))
    }

    /// An access token of `actor` at the service's time.
    pub fn token(&self, actor: &Actor) -> String {
        let subject = AccessSubject {
            sub: actor.user_id,
            sid: actor.session_id,
            client_id: actor.is_system.then(|| actor.user_id.to_string()),
            scope: None,
        };
        self.services.tokens.mint(&subject, self.services.clock.now())
    }

    /// Has their organisation ask `actor` for a second factor.
    pub async fn ask_for_second_factor(&self, actor: &Actor) {
        let mut owner = self.database.owner().await;
        let asked = owner
            .batch_execute(&format!(
                "update organisations o set second_factor_for = array(select g.role from role_grants g \
                  where g.user_id = '{}') where o.id = '{}'",
                actor.user_id, actor.org_id
            ))
            .await;
        asked.unwrap();
    }

    /// Starts a request of `actor`.
    pub fn draft(&self, actor: &Actor, method: Method, path: &str) -> Draft<'_> {
        let request = TestRequest::with_uri(path)
            .method(method)
            .insert_header(("Authorization", format!("Bearer {}", self.token(actor))));
        Draft { app: self, request }
    }

    /// GET as `actor`.
    pub async fn get(&self, actor: &Actor, path: &str) -> Reply {
        self.draft(actor, Method::GET, path).send().await
    }

    /// POST as `actor`.
    pub async fn post(&self, actor: &Actor, path: &str, body: Value) -> Reply {
        self.draft(actor, Method::POST, path).json(body).send().await
    }

    /// POST as `actor`, with the current `ETag` of `record` as If-Match.
    pub async fn post_to(&self, actor: &Actor, record: &str, verb: &str, body: Value) -> Reply {
        let etag = self.etag(actor, record).await;
        self.draft(actor, Method::POST, &format!("{record}/{verb}"))
            .header("If-Match", &etag)
            .json(body)
            .send()
            .await
    }

    /// PATCH as `actor`, with the current `ETag` as If-Match.
    pub async fn patch(&self, actor: &Actor, path: &str, body: Value) -> Reply {
        let etag = self.etag(actor, path).await;
        self.draft(actor, Method::PATCH, path)
            .header("If-Match", &etag)
            .json(body)
            .send()
            .await
    }

    /// DELETE as `actor`.
    pub async fn delete(&self, actor: &Actor, path: &str) -> Reply {
        self.draft(actor, Method::DELETE, path).send().await
    }

    /// The current `ETag` of a record that `actor` can see; any, where they cannot.
    pub async fn etag(&self, actor: &Actor, path: &str) -> String {
        self.get(actor, path).await.header("etag").unwrap_or("\"1\"").to_owned()
    }
}

impl Draft<'_> {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.insert_header((name, value));
        self
    }

    /// Adds a header that need not be text.
    pub fn raw_header(mut self, name: &str, value: &[u8]) -> Self {
        let value = HeaderValue::from_bytes(value).unwrap();
        self.request = self.request.insert_header((name, value));
        self
    }

    /// Adds a JSON body.
    pub fn json(mut self, body: Value) -> Self {
        self.request = self.request.set_json(body);
        self
    }

    /// Adds a body as it is.
    pub fn bytes(mut self, media_type: &str, bytes: impl Into<actix_web::web::Bytes>) -> Self {
        self.request = self
            .request
            .insert_header(("Content-Type", media_type))
            .set_payload(bytes);
        self
    }

    /// Sends it.
    pub async fn send(self) -> Reply {
        self.app.send(self.request).await
    }
}
