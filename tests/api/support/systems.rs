//! Acting as one of an organisation's systems.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::app::{Reply, TestApp};
use super::people::Actor;

/// A service account with a secret.
#[derive(Debug, Clone)]
pub struct System {
    /// Its id.
    pub id: Uuid,
    /// Its organisation.
    pub org_id: Uuid,
    /// The id of the key.
    pub key: Uuid,
    /// The secret.
    pub secret: String,
}

impl System {
    /// Its address.
    pub fn path(&self) -> String {
        format!("/v1/service-accounts/{}", self.id)
    }

    /// The address of its key.
    pub fn key_path(&self) -> String {
        format!("{}/keys/{}", self.path(), self.key)
    }
}

/// A supervisor that reads and records cases; `more` takes the place of members.
pub fn service_account(more: Value) -> Value {
    let mut body = json!({"name": "Camden customer platform", "roles": [{"role": "supervisor"}],
        "scopes": ["case.create", "case.read", "note.create"]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A request for a token with these parameters.
pub fn token_request(parameters: &[(&str, &str)]) -> TestRequest {
    form_request("/oauth/token", parameters)
}

/// A form with these parameters.
pub fn form_request(path: &str, parameters: &[(&str, &str)]) -> TestRequest {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    TestRequest::with_uri(path)
        .method(Method::POST)
        .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
        .set_payload(form)
}

impl TestApp {
    /// A service account that `admin` adds, with a secret.
    pub async fn system(&self, admin: &Actor, body: Value) -> System {
        let id = self.post(admin, "/v1/service-accounts", body).await.expect(201).id();
        let keys = format!("/v1/service-accounts/{id}/keys");
        let key = self.post(admin, &keys, json!({})).await.expect(201);
        System {
            id,
            org_id: admin.org_id,
            key: key.id(),
            secret: key.body["client_secret"].as_str().unwrap().to_owned(),
        }
    }

    /// Asks for a token with these parameters.
    pub async fn ask_for_token(&self, parameters: &[(&str, &str)]) -> Reply {
        self.send(token_request(parameters)).await
    }

    /// Asks for a token of `system` by its secret, with more parameters.
    pub async fn token_by_secret(&self, system: &System, more: &[(&str, &str)]) -> Reply {
        let id = system.id.to_string();
        let mut parameters = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &id),
            ("client_secret", &system.secret),
        ];
        parameters.extend(more);
        self.ask_for_token(&parameters).await
    }

    /// Sends a token that is, or may be, a system's own, with how it shows who it is.
    pub async fn about_token(&self, path: &str, token: &str, shown: &[(&str, &str)]) -> Reply {
        let mut parameters = vec![("token", token)];
        parameters.extend(shown);
        self.send(form_request(path, &parameters)).await
    }

    /// `system`, with a token.
    pub async fn acting(&self, system: &System) -> Actor {
        let reply = self.token_by_secret(system, &[]).await.expect(200);
        Actor {
            org_id: system.org_id,
            ..self.bearer_of(&reply)
        }
    }

    /// Whoever the token in that answer speaks for, of no organisation in particular.
    pub fn bearer_of(&self, reply: &Reply) -> Actor {
        let token = reply.body["access_token"].as_str().unwrap();
        let claims = self.services.tokens.verify(token, self.services.clock.now()).unwrap();
        assert_eq!(claims.subject.client_id, Some(claims.subject.sub.to_string()));
        Actor {
            user_id: claims.subject.sub,
            org_id: Uuid::nil(),
            session_id: claims.subject.sid,
            is_system: true,
        }
    }
}
