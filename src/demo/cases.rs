//! The demo's cases and tasks: invented, and recorded through the service itself,
//! so that log, timeline and clocks are what they would be.

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::web;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::people::PASSWORD;
use crate::services::Services;

/// Why the demo could not be played.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

const SERGEANT: &str = "sgt.kentish-town@met.example";
const STREET: &str = "street@camden.example";
const MANAGER: &str = "csm@camden.example";
const HOUSING: &str = "manager@primrose.example";
const ISLINGTON: &str = "asb@islington.example";

struct Problem {
    by: &'static str,
    kind: &'static str,
    title: &'static str,
    description: &'static str,
    address: &'static str,
    place: [f64; 2],
}

const VEHICLE: Problem = Problem {
    by: SERGEANT,
    kind: "abandoned_vehicle",
    title: "Silver hatchback with flat tyres",
    description: "Has not moved for five weeks. Two flat tyres, rubbish on the back seat.",
    address: "Leverton Street, NW5",
    place: [-0.1385, 51.5475],
};
const SHUTTERS: Problem = Problem {
    by: SERGEANT,
    kind: "graffiti",
    title: "Tag on shop shutters",
    description: "Blue tag across three shutters, about two metres wide.",
    address: "Fortess Road, NW5",
    place: [-0.140, 51.554],
};
const UNDERPASS: Problem = Problem {
    by: MANAGER,
    kind: "graffiti",
    title: "Lettering in the underpass",
    description: "Both walls, floor to shoulder height.",
    address: "Camden Road, NW1",
    place: [-0.145, 51.540],
};
const MUSIC: Problem = Problem {
    by: HOUSING,
    kind: "nuisance",
    title: "Loud music most nights after midnight",
    description: "Three neighbours have reported it since January.",
    address: "Queen's Crescent, NW5",
    place: [-0.157, 51.552],
};
const STAIRWELL: Problem = Problem {
    by: MANAGER,
    kind: "nuisance",
    title: "Groups drinking in the stairwell",
    description: "Residents avoid the stairs in the evening.",
    address: "Judd Street, WC1",
    place: [-0.123, 51.530],
};
const VAN: Problem = Problem {
    by: MANAGER,
    kind: "abandoned_vehicle",
    title: "White van without plates",
    description: "On the verge since the new year; a window is broken.",
    address: "Highgate West Hill, N6",
    place: [-0.154, 51.564],
};
const ELSEWHERE: Problem = Problem {
    by: ISLINGTON,
    kind: "graffiti",
    title: "Tags along the canal wall",
    description: "Seen on the towpath.",
    address: "Colebrooke Row, N1",
    place: [-0.1024, 51.5430],
};

/// The application, called as its users would, without a socket between.
struct Player<S> {
    service: S,
    tokens: Vec<(&'static str, String)>,
}

impl<S, B> Player<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: actix_web::body::MessageBody,
{
    async fn send(&self, request: TestRequest) -> Result<(Value, Option<String>), Failure> {
        let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let response = self
            .service
            .call(request.peer_addr(peer).to_request())
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status();
        let etag = response
            .headers()
            .get("etag")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = read_body(response).await;
        if !status.is_success() {
            return Err(format!("demo: {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok((serde_json::from_slice(&body).unwrap_or(Value::Null), etag))
    }

    async fn sign_in(&mut self, email: &'static str) -> Result<(), Failure> {
        let credentials = json!({"email": email, "password": PASSWORD});
        let (body, _) = self
            .send(TestRequest::post().uri("/v1/auth/login").set_json(credentials))
            .await?;
        self.tokens
            .push((email, body["access_token"].as_str().unwrap_or_default().to_owned()));
        Ok(())
    }

    fn request(&self, who: &str, method: Method, path: &str) -> TestRequest {
        let token = self
            .tokens
            .iter()
            .find(|(email, _)| *email == who)
            .map_or("", |(_, token)| token.as_str());
        TestRequest::with_uri(path)
            .method(method)
            .insert_header(("Authorization", format!("Bearer {token}")))
    }

    async fn get(&self, who: &str, path: &str) -> Result<(Value, Option<String>), Failure> {
        self.send(self.request(who, Method::GET, path)).await
    }

    async fn post(&self, who: &str, path: &str, body: Value) -> Result<Value, Failure> {
        Ok(self.send(self.request(who, Method::POST, path).set_json(body)).await?.0)
    }

    /// Posts to a record's verb, naming the version it has now.
    async fn act(&self, who: &str, record: &str, verb: &str, body: Value) -> Result<(), Failure> {
        let (_, etag) = self.get(who, record).await?;
        let request = self.request(who, Method::POST, &format!("{record}/{verb}"));
        let request = request
            .insert_header(("If-Match", etag.unwrap_or_default()))
            .set_json(body);
        self.send(request).await.map(drop)
    }

    async fn record(&self, partnership: &Value, problem: &Problem) -> Result<String, Failure> {
        let body = json!({
            "partnership_id": partnership, "type": problem.kind, "title": problem.title,
            "description": problem.description, "address": problem.address,
            "location": {"type": "Point", "coordinates": problem.place},
        });
        let case = self.post(problem.by, "/v1/cases", body).await?;
        Ok(format!("/v1/cases/{}", case["id"].as_str().unwrap_or_default()))
    }

    /// The id of the first item of a list whose member has that value.
    async fn find(&self, who: &str, list: &str, member: &str, value: &str) -> Result<Value, Failure> {
        let (body, _) = self.get(who, list).await?;
        let items = body["items"].as_array().into_iter().flatten();
        let found = items
            .into_iter()
            .find(|item| item[member] == value)
            .map(|item| item["id"].clone());
        found.ok_or_else(|| format!("demo: no {value} in {list}").into())
    }
}

/// The organisations and the agreement that the demo's shares and tasks name.
struct Partners {
    camden: Value,
    islington: Value,
    council: Value,
    police: Value,
    housing: Value,
    agreement: Value,
    now: DateTime<Utc>,
}

impl Partners {
    fn share(&self, with: &Value, level: &str) -> Value {
        json!({
            "organisation_id": with, "level": level, "data_classes": ["core", "location", "notes", "attachments"],
            "gateway": "CDA115", "agreement_id": self.agreement, "purpose": "case_work",
            "quality": {"as_of": self.now.to_rfc3339_opts(SecondsFormat::Secs, true), "completeness": "complete"},
        })
    }

    fn task(&self, to: &Value, title: &str, tactic: &str) -> Value {
        let due = self.now + Duration::days(7);
        json!({
            "title": title, "description": "As described in the case.", "tactic": tactic, "owner_org_id": to,
            "priority": "p3", "due_at": due.to_rfc3339_opts(SecondsFormat::Secs, true),
        })
    }
}

/// Records the demo's cases, shares some, and asks and answers tasks.
///
/// # Errors
/// The first answer that was not a success.
pub async fn play(services: web::Data<Services>) -> Result<(), Failure> {
    let service = init_service(crate::wardlink_app!(services)).await;
    let mut player = Player {
        service,
        tokens: Vec::new(),
    };
    for email in [SERGEANT, STREET, MANAGER, HOUSING, ISLINGTON] {
        player.sign_in(email).await?;
    }
    let partners = Partners {
        camden: player.find(SERGEANT, "/v1/partnerships", "code", "CAM").await?,
        islington: player.find(ISLINGTON, "/v1/partnerships", "code", "ISL").await?,
        council: player
            .find(SERGEANT, "/v1/organisations", "name", "London Borough of Camden")
            .await?,
        police: player
            .find(HOUSING, "/v1/organisations", "name", "Metropolitan Police Service")
            .await?,
        housing: player
            .find(MANAGER, "/v1/organisations", "name", "Primrose Homes")
            .await?,
        agreement: player.find(SERGEANT, "/v1/agreements", "status", "active").await?,
        now: services.clock.now(),
    };
    player.vehicles(&partners).await?;
    player.graffiti(&partners).await?;
    player.nuisance(&partners).await
}

impl<S, B> Player<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: actix_web::body::MessageBody,
{
    async fn vehicles(&self, partners: &Partners) -> Result<(), Failure> {
        let council = &partners.council;
        let hatchback = self.record(&partners.camden, &VEHICLE).await?;
        self.post(
            SERGEANT,
            &format!("{hatchback}/shares"),
            partners.share(council, "contribute"),
        )
        .await?;
        let wanted = partners.task(council, "Inspect and remove", "remove_vehicle");
        let task = self.post(SERGEANT, &format!("{hatchback}/tasks"), wanted).await?;
        let task = format!("/v1/tasks/{}", task["id"].as_str().unwrap_or_default());
        self.act(STREET, &task, "accept", json!({})).await?;
        self.act(STREET, &task, "start", json!({})).await?;
        self.record(&partners.camden, &VAN).await.map(drop)
    }

    async fn graffiti(&self, partners: &Partners) -> Result<(), Failure> {
        let council = &partners.council;
        let shutters = self.record(&partners.camden, &SHUTTERS).await?;
        self.post(
            SERGEANT,
            &format!("{shutters}/shares"),
            partners.share(council, "contribute"),
        )
        .await?;
        let wanted = partners.task(council, "Clean the shutters", "clean");
        self.post(SERGEANT, &format!("{shutters}/tasks"), wanted).await?;
        let standard = json!({"event": "classify", "data": {"classification": "standard"}});
        self.act(STREET, &shutters, "transitions", standard).await?;
        let underpass = self.record(&partners.camden, &UNDERPASS).await?;
        let offensive = json!({"event": "classify", "data": {"classification": "offensive", "strand": "other"}});
        self.act(MANAGER, &underpass, "transitions", offensive).await?;
        self.record(&partners.islington, &ELSEWHERE).await.map(drop)
    }

    async fn nuisance(&self, partners: &Partners) -> Result<(), Failure> {
        let music = self.record(&partners.camden, &MUSIC).await?;
        self.post(
            HOUSING,
            &format!("{music}/shares"),
            partners.share(&partners.police, "view"),
        )
        .await?;
        let note = json!({"body": "Diary sheets handed out to three flats.", "audience": "partners", "basis": "fact"});
        self.post(HOUSING, &format!("{music}/notes"), note).await?;
        let stairwell = self.record(&partners.camden, &STAIRWELL).await?;
        self.post(
            MANAGER,
            &format!("{stairwell}/shares"),
            partners.share(&partners.housing, "contribute"),
        )
        .await?;
        let wanted = partners.task(&partners.housing, "Repair the door entry", "other");
        self.post(MANAGER, &format!("{stairwell}/tasks"), wanted)
            .await
            .map(drop)
    }
}
