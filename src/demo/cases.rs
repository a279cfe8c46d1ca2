//! The demo's cases, tasks and ward priorities: invented, and recorded through the service
//! itself, so that log, timeline and clocks are what they would be.

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::web;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::accounts::PASSWORD;
use super::script::{Entry, PRIORITIES, PriorityEntry, SCRIPT, Share, Step, Task};
use crate::identity::tokens::AccessSubject;
use crate::services::Services;

/// Why the demo could not be played.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Who plays, under the names that the script uses.
const CAST: [(&str, &str); 8] = [
    ("sergeant", "sgt.kentish-town@met.example"),
    ("inspector", "insp.north@met.example"),
    ("street", "street@camden.example"),
    ("asb", "asb@camden.example"),
    ("manager", "csm@camden.example"),
    ("officer", "housing@primrose.example"),
    ("housing", "manager@primrose.example"),
    ("islington", "asb@islington.example"),
];

/// Organisations, under the names that the script uses.
const ORGANISATIONS: [(&str, &str); 3] = [
    ("council", "London Borough of Camden"),
    ("police", "Metropolitan Police Service"),
    ("housing", "Primrose Homes"),
];

const PHOTO: &[u8] = include_bytes!("photo.png");
const BOUNDARY: &str = "demo-photo";

struct Player {
    name: &'static str,
    subject: AccessSubject,
}

/// The application, called as its users would, without a socket between, at times of
/// the script's choosing.
struct Stage<S> {
    service: S,
    services: web::Data<Services>,
    players: Vec<Player>,
    /// Ids of organisations, partnerships and cases by name, code and title.
    named: Vec<(String, Value)>,
    agreement: Value,
}

/// Plays the script on services whose clock stands still and can be set, and lets the
/// jobs do what has become due by now.
///
/// # Errors
/// The first answer that was not a success.
pub async fn play(services: web::Data<Services>) -> Result<(), Failure> {
    let now = services.clock.now();
    let service = init_service(crate::wardlink_app!(services)).await;
    let mut stage = Stage {
        service,
        services: services.clone(),
        players: Vec::new(),
        named: Vec::new(),
        agreement: Value::Null,
    };
    stage.set().await?;
    for entry in SCRIPT.iter() {
        services.clock.set(now - Duration::days(entry.days_ago));
        stage
            .play(entry)
            .await
            .map_err(|error| format!("demo, {}: {error}", entry.title))?;
    }
    for entry in PRIORITIES.iter() {
        services.clock.set(now - Duration::days(entry.days_ago));
        stage
            .promise(entry)
            .await
            .map_err(|error| format!("demo, a priority of {}: {error}", entry.ward))?;
    }
    services.clock.set(now);
    for outcome in crate::jobs::due(&services).await {
        outcome.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A case as the script goes through it.
struct Scene<'a> {
    by: &'a str,
    path: String,
    etag: String,
}

impl<S, B> Stage<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: actix_web::body::MessageBody,
{
    async fn send(&self, request: TestRequest) -> Result<(Value, String), Failure> {
        let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let answered = self.service.call(request.peer_addr(peer).to_request()).await;
        let response = answered.map_err(|error| error.to_string())?;
        let status = response.status();
        let etag = response.headers().get("etag").and_then(|value| value.to_str().ok());
        let etag = etag.unwrap_or_default().to_owned();
        let body = read_body(response).await;
        if !status.is_success() {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok((serde_json::from_slice(&body).unwrap_or(Value::Null), etag))
    }

    /// A request with a token of this moment.
    fn request(&self, by: &str, method: Method, path: &str) -> Result<TestRequest, Failure> {
        let found = self.players.iter().find(|player| player.name == by);
        let player = found.ok_or_else(|| format!("{by} is not in the cast"))?;
        let token = self.services.tokens.mint(&player.subject, self.services.clock.now());
        Ok(TestRequest::with_uri(path)
            .method(method)
            .insert_header(("Authorization", format!("Bearer {token}"))))
    }

    async fn post(&self, by: &str, path: &str, body: Value) -> Result<(Value, String), Failure> {
        let body = self.filled(body, by);
        self.send(self.request(by, Method::POST, path)?.set_json(body)).await
    }

    /// Changes a record at the version it is known to have; answers with the new one.
    async fn change(&self, by: &str, method: Method, path: &str, etag: &str, body: Value) -> Result<String, Failure> {
        let body = self.filled(body, by);
        let request = self.request(by, method, path)?.insert_header(("If-Match", etag));
        Ok(self.send(request.set_json(body)).await?.1)
    }

    /// Signs the cast in, and learns who is who.
    async fn set(&mut self) -> Result<(), Failure> {
        for (name, email) in CAST {
            let credentials = json!({"email": email, "password": PASSWORD});
            let request = TestRequest::post().uri("/v1/auth/login").set_json(credentials);
            let (tokens, _) = self.send(request).await?;
            let token = tokens["access_token"].as_str().unwrap_or_default();
            let claims = self.services.tokens.verify(token, self.services.clock.now())?;
            self.players.push(Player {
                name,
                subject: claims.subject,
            });
        }
        for (by, list, member) in [
            ("sergeant", "/v1/organisations", "name"),
            ("sergeant", "/v1/partnerships", "code"),
            ("islington", "/v1/partnerships", "code"),
        ] {
            let (page, _) = self.send(self.request(by, Method::GET, list)?).await?;
            for item in page["items"].as_array().into_iter().flatten() {
                let name = item[member].as_str().unwrap_or_default().to_owned();
                self.named.push((name, item["id"].clone()));
            }
        }
        let (agreements, _) = self
            .send(self.request("sergeant", Method::GET, "/v1/agreements?status=active")?)
            .await?;
        self.agreement = agreements["items"][0]["id"].clone();
        Ok(())
    }

    fn id(&self, name: &str) -> Value {
        let name = ORGANISATIONS
            .iter()
            .find(|(key, _)| *key == name)
            .map_or(name, |(_, name)| *name);
        let found = self.named.iter().find(|(known, _)| known == name);
        found.map_or(Value::Null, |(_, id)| id.clone())
    }

    /// Puts times and people in the places that the script leaves open.
    fn filled(&self, body: Value, by: &str) -> Value {
        let now = self.services.clock.now();
        match body {
            Value::String(text) => match text.as_str() {
                "$now" => json!(written(now)),
                "$in_a_week" => json!(written(now + Duration::days(7))),
                "$soon" => json!((now + Duration::days(7)).date_naive()),
                "$in_four_weeks" => json!((now + Duration::days(28)).date_naive()),
                "$today" => json!(now.date_naive()),
                "$me" => {
                    let me = self.players.iter().find(|player| player.name == by);
                    json!(me.map(|player| player.subject.sub))
                }
                _ => Value::String(text),
            },
            Value::Array(items) => items.into_iter().map(|item| self.filled(item, by)).collect(),
            Value::Object(members) => {
                let filled = members.into_iter().map(|(name, value)| (name, self.filled(value, by)));
                Value::Object(filled.collect())
            }
            other => other,
        }
    }

    async fn play(&mut self, entry: &Entry) -> Result<(), Failure> {
        let body = json!({
            "partnership_id": self.id(partnership_of(&entry.by)), "type": entry.case_type, "title": entry.title,
            "description": entry.description, "address": entry.address, "details": entry.details,
            "location": {"type": "Point", "coordinates": entry.place},
        });
        let (case, etag) = self.post(&entry.by, "/v1/cases", body).await?;
        self.named.push((entry.title.clone(), case["id"].clone()));
        let mut scene = Scene {
            by: &entry.by,
            path: format!("/v1/cases/{}", case["id"].as_str().unwrap_or_default()),
            etag,
        };
        for step in &entry.steps {
            self.step(&mut scene, step)
                .await
                .map_err(|error| format!("{step:?}: {error}"))?;
        }
        Ok(())
    }

    async fn promise(&self, entry: &PriorityEntry) -> Result<(), Failure> {
        let mut body = entry.body.clone();
        body["partnership_id"] = self.id(partnership_of(&entry.by));
        let path = format!("/v1/wards/{}/priorities", entry.ward);
        let (made, mut etag) = self.post(&entry.by, &path, body).await?;
        let path = format!("/v1/priorities/{}", made["id"].as_str().unwrap_or_default());
        for change in &entry.changes {
            let clock = &self.services.clock;
            clock.set(clock.now() + Duration::days(change.days_later));
            let patch = change.patch.clone();
            etag = self.change(&entry.by, Method::PATCH, &path, &etag, patch).await?;
        }
        Ok(())
    }

    async fn step(&self, scene: &mut Scene<'_>, step: &Step) -> Result<(), Failure> {
        let owner = scene.by;
        let actor = |by: &Option<String>| by.clone().unwrap_or_else(|| owner.to_owned());
        match step {
            Step::Later { later } => {
                let clock = &self.services.clock;
                clock.set(clock.now() + Duration::hours(*later));
            }
            Step::Event { event, by, data } => {
                let path = format!("{}/transitions", scene.path);
                let body = json!({"event": event, "data": data.clone().unwrap_or_else(|| json!({}))});
                scene.etag = self.change(&actor(by), Method::POST, &path, &scene.etag, body).await?;
            }
            Step::Patch { patch, by } => {
                let patch = patch.clone();
                scene.etag = self
                    .change(&actor(by), Method::PATCH, &scene.path, &scene.etag, patch)
                    .await?;
            }
            Step::Task(task) => self.task(scene, task).await?,
            Step::Share(share) => self.share(scene, share).await?,
            Step::Photo { photo, by } => self.photo(&actor(by), &scene.path, photo).await?,
            Step::Note { note, audience, basis } => {
                let audience = match self.id(audience) {
                    Value::Null => json!(audience),
                    organisation => json!([organisation]),
                };
                let body = json!({"body": note, "audience": audience, "basis": basis});
                self.post(owner, &format!("{}/notes", scene.path), body).await?;
            }
            Step::Link { link, kind } => {
                let body = json!({"linked_case_id": self.id(link), "kind": kind});
                self.post(owner, &format!("{}/links", scene.path), body).await?;
            }
            Step::Subject { subject } => {
                self.post(owner, &format!("{}/subjects", scene.path), subject.clone())
                    .await?;
            }
        }
        Ok(())
    }

    fn share_body(&self, with: &str, level: &str, days: Option<i64>) -> Value {
        let now = self.services.clock.now();
        let mut body = json!({
            "organisation_id": self.id(with), "level": level, "gateway": "CDA115", "agreement_id": self.agreement,
            "data_classes": ["core", "location", "notes", "attachments"], "purpose": "case_work",
            "quality": {"as_of": "$now", "completeness": "complete"},
        });
        if let Some(days) = days {
            body["expires_at"] = json!(written(now + Duration::days(days)));
        }
        body
    }

    async fn share(&self, scene: &Scene<'_>, share: &Share) -> Result<(), Failure> {
        let body = self.share_body(&share.share, &share.level, share.days);
        let (made, _) = self.post(scene.by, &format!("{}/shares", scene.path), body).await?;
        let path = format!("/v1/shares/{}", made["id"].as_str().unwrap_or_default());
        match share.ends.as_deref() {
            Some("revoke") => {
                self.send(self.request(scene.by, Method::DELETE, &path)?).await?;
            }
            Some("recall") => {
                let because = json!({"reason": "The wrong garden was named."});
                self.post(scene.by, &format!("{path}/recall"), because).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn task(&self, scene: &Scene<'_>, task: &Task) -> Result<(), Failure> {
        let due = self.services.clock.now() + Duration::days(task.due_days);
        let mut body = json!({
            "title": task.title, "description": "As described in the case.", "tactic": task.tactic,
            "owner_org_id": self.id(&task.task), "due_at": written(due), "data_classes": task.classes,
            "priority": task.priority.as_deref().unwrap_or("p3"), "success_measure": task.success_measure,
        });
        if let Some(level) = &task.share {
            body["share"] = self.share_body(&task.task, level, None);
        }
        let (made, mut etag) = self.post(scene.by, &format!("{}/tasks", scene.path), body).await?;
        let path = format!("/v1/tasks/{}", made["id"].as_str().unwrap_or_default());
        for step in &task.verbs {
            let mut body = step.body.clone().unwrap_or_else(|| json!({}));
            if let Some(organisation) = body.get("organisation").and_then(Value::as_str).map(str::to_owned) {
                body = json!({"organisation_id": self.id(&organisation), "reason": body["reason"]});
            }
            if step.verb == "accept" {
                body["owner_user_id"] = json!("$me");
            }
            let path = format!("{path}/{}", step.verb);
            etag = self.change(&step.by, Method::POST, &path, &etag, body).await?;
        }
        Ok(())
    }

    async fn photo(&self, by: &str, case: &str, phase: &str) -> Result<(), Failure> {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"phase\"\r\n\r\n{phase}\r\n\
             --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{phase}.png\"\r\n\
             Content-Type: image/png\r\n\r\n"
        );
        let body = [head.as_bytes(), PHOTO, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
        let request = self.request(by, Method::POST, &format!("{case}/attachments"))?;
        let request = request
            .insert_header(("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}")))
            .set_payload(body);
        self.send(request).await.map(drop)
    }
}

/// The partnership in which somebody of the cast plays.
fn partnership_of(by: &str) -> &'static str {
    if by == "islington" { "ISL" } else { "CAM" }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
