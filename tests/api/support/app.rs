//! The service of a test, called in process.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use actix_web::web::{self, Bytes};
use chrono::{DateTime, Duration, Utc};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use wardlink::attachments::places::UploadPlaces;
use wardlink::attachments::store::{AttachmentStoreConfig, Store};
use wardlink::audit::notary::Notary;
use wardlink::audit::places::ExportPlaces;
use wardlink::cases::workflow::Catalogue;
use wardlink::clock::{Clock, Steady};
use wardlink::config::Config;
use wardlink::db::Pools;
use wardlink::geography::{self, WardMap};
use wardlink::http::health::Readiness;
use wardlink::http::openapi;
use wardlink::http::operations::Operations;
use wardlink::identity::keys::SigningKeys;
use wardlink::identity::passwords::{HashCost, HashQueue, Passwords};
use wardlink::identity::secrets::Secrets;
use wardlink::identity::tokens::TokenMint;
use wardlink::limits::{Limits, Rates};
use wardlink::services::Services;

use super::database::{CHEAP, TestDatabase};
use super::described;

type Call = dyn Fn(TestRequest) -> LocalBoxFuture<'static, Reply>;

/// A running service on a database of its own.
pub struct TestApp {
    call: Box<Call>,
    /// The database, to look at it past the API.
    pub database: TestDatabase,
    /// The parts of the service.
    pub services: web::Data<Services>,
    /// The clock of the limits.
    pub steady: Steady,
    _folder: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// Its body, `null` where it is not JSON.
    pub body: Value,
    /// Its body as it came.
    pub bytes: Vec<u8>,
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body, if the status is `expected`.
    #[track_caller]
    pub fn expect(self, expected: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            expected,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self
    }

    /// The slug of the problem answered.
    #[track_caller]
    pub fn problem(&self) -> &str {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        self.body["type"].as_str().unwrap().strip_prefix("/problems/").unwrap()
    }

    /// The `id` of the body.
    #[track_caller]
    pub fn id(&self) -> Uuid {
        self.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id: {self:?}"))
            .parse()
            .unwrap()
    }
}

impl TestApp {
    /// Starts a service. Its clock stands at Monday 2 March 2026, 09:00 UTC.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a service whose settings were changed by `adjust`.
    pub async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        Self::start_with_routes(adjust, |_| {}).await
    }

    /// Starts a service that has more routes besides.
    pub async fn start_with_routes(adjust: impl FnOnce(&mut Config), more: fn(&mut ServiceConfig<'_>)) -> Self {
        Self::start_hashing((CHEAP, HashQueue::default()), adjust, more).await
    }

    /// Starts a service whose new password hashes cost more, or wait for one another.
    pub async fn start_hashing(
        hashing: (HashCost, HashQueue),
        adjust: impl FnOnce(&mut Config),
        more: fn(&mut ServiceConfig<'_>),
    ) -> Self {
        Self::serve(TestDatabase::new().await, hashing, adjust, more).await
    }

    /// Starts a service on a database that was changed before.
    pub async fn start_on(database: TestDatabase) -> Self {
        Self::serve(database, (CHEAP, HashQueue::default()), |_| {}, |_| {}).await
    }

    async fn serve(
        database: TestDatabase,
        hashing: (HashCost, HashQueue),
        adjust: impl FnOnce(&mut Config),
        more: fn(&mut ServiceConfig<'_>),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::read(&|_| None).unwrap();
        config.data = folder.path().to_owned();
        config.attachments = AttachmentStoreConfig::Folder(folder.path().join("attachments"));
        // A test's clock stands still, so nothing would be filled up again.
        config.limits = Rates::OFF;
        config.connections = 4;
        // Many tests share two cores; waiting for a turn is not what they test.
        config.connection_wait = std::time::Duration::from_secs(20);
        adjust(&mut config);
        let steady = Steady::fixed();
        let services = web::Data::new(services(config, hashing, &database, &steady).await);
        let service = std::rc::Rc::new(actix_web::test::init_service(wardlink::wardlink_app!(services, more)).await);
        let call = move |request: TestRequest| -> LocalBoxFuture<'static, Reply> {
            let service = service.clone();
            Box::pin(async move {
                let request = request.to_request();
                let (method, path) = (request.method().clone(), request.path().to_owned());
                let answered = actix_web::test::try_call_service(&*service, request).await;
                let response = match answered {
                    Ok(response) => response.into_parts().1.map_into_boxed_body(),
                    Err(error) => error.error_response(),
                };
                let status = response.status();
                let headers = response
                    .headers()
                    .iter()
                    .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                    .collect();
                let bytes = actix_web::body::to_bytes(response.into_body()).await.unwrap().to_vec();
                let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                let reply = Reply {
                    status,
                    headers,
                    body,
                    bytes,
                };
                described::hold(&method, &path, &reply);
                reply
            })
        };
        Self {
            call: Box::new(call),
            database,
            services,
            steady,
            _folder: folder,
        }
    }

    /// Sends a request.
    pub async fn send(&self, request: TestRequest) -> Reply {
        (self.call)(request.peer_addr("203.0.113.7:4711".parse().unwrap())).await
    }

    /// A request without a token.
    pub async fn anonymous(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = TestRequest::with_uri(path).method(method);
        if let Some(body) = body {
            request = request.set_json(body);
        }
        self.send(request).await
    }

    /// Moves the service's clock forward.
    pub fn later(&self, by: Duration) {
        let clock = &self.services.clock;
        clock.set(clock.now() + by);
    }
}

/// An RFC 3339 time.
pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The operations and their description, made once: it takes as long as many a test.
static DESCRIBED: LazyLock<(Operations, Bytes)> = LazyLock::new(|| {
    let document = openapi::document();
    let description = document.to_pretty_json().unwrap();
    (Operations::of(&document), description.into())
});

async fn services(
    config: Config,
    (cost, queue): (HashCost, HashQueue),
    database: &TestDatabase,
    steady: &Steady,
) -> Services {
    let clock = Clock::fixed(instant("2026-03-02T09:00:00Z"));
    let keys = Arc::new(SigningKeys::open(config.data.join("keys.json"), clock.now()).unwrap());
    let secrets = Arc::new(Secrets::open(config.data.join("secrets.json"), clock.now()).unwrap());
    let db = Pools::connect(&database.url, &database.url, config.connections, config.connection_wait).unwrap();
    let wards = geography::load_wards(&mut db.worker.get().await.unwrap())
        .await
        .unwrap();
    let (operations, description) = DESCRIBED.clone();
    Services {
        tokens: TokenMint::new(
            keys.clone(),
            "wardlink".to_owned(),
            "wardlink".to_owned(),
            Duration::minutes(15),
        )
        .unwrap(),
        notary: Notary::open(&config).unwrap(),
        publisher: None,
        exports: ExportPlaces::new(steady.clone()),
        uploads: UploadPlaces::default(),
        keys,
        clock,
        passwords: Passwords::new(cost, queue).unwrap().peppered(secrets.clone()),
        secrets,
        wards: Arc::new(WardMap::new(wards)),
        workflows: Arc::new(Catalogue::built_in().unwrap()),
        store: Store::open(&config.attachments).unwrap(),
        scanner: config.scanner.parse().unwrap(),
        operations,
        description,
        stopping: AtomicBool::new(false),
        limits: Limits::new(&config.limits, steady),
        readiness: Readiness::new(steady.clone()),
        db,
        config,
    }
}
