//! The HTTP server.

use std::future::ready;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::HttpService;
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_web::body::SizedStream;
use actix_web::dev::{AppConfig, Extensions};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::Redirect;
use actix_web::{App, HttpResponse, web};
use futures_util::stream;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

use super::turn::{self, InTurn};
use super::{conventions, pace, routes};
use crate::config::Deadlines;
use crate::error::AppError;
use crate::services::Services;

/// How long requests in flight may take to finish when the server is stopped.
const DRAIN_SECONDS: u64 = 30;

/// Where the API's description is.
const DOCUMENT: &str = "/openapi.json";
/// Bytes of it that are written at a time.
const PIECE: usize = 16 * 1024;

/// Sends the description piece by piece, so that whoever does not read it holds no
/// copy of it in memory.
async fn read_document(services: web::Data<Services>) -> HttpResponse {
    let mut rest = services.description.clone();
    let size = rest.len() as u64;
    let pieces = std::iter::from_fn(move || {
        let piece = rest.split_to(PIECE.min(rest.len()));
        (!piece.is_empty()).then_some(Ok::<_, std::io::Error>(piece))
    });
    HttpResponse::Ok()
        .content_type("application/json")
        .body(SizedStream::new(size, stream::iter(pieces)))
}

/// Leads to the page that shows the description.
async fn to_page() -> Redirect {
    Redirect::to("/docs/")
}

/// Refuses what would change the description or its page: neither is an operation, so
/// the document does not know their methods.
async fn read_only() -> Result<HttpResponse, AppError> {
    Err(AppError::MethodNotAllowed(vec!["GET", "HEAD"]))
}

/// The application: every route, the fallback and the conventions around them.
///
/// A macro, because the type of an actix application cannot be written down.
#[macro_export]
macro_rules! wardlink_app {
    ($services:expr) => {
        $crate::wardlink_app!($services, |_: &mut utoipa_actix_web::service_config::ServiceConfig<
            '_,
        >| {})
    };
    // With more routes, for tests.
    ($services:expr, $more:expr) => {{
        let (app, _) = utoipa_actix_web::AppExt::into_utoipa_app(actix_web::App::new())
            .app_data($services.clone())
            .configure($crate::http::routes::all)
            .configure($more)
            .split_for_parts();
        app.default_service(actix_web::web::to($crate::http::conventions::no_route))
            .wrap(actix_web::middleware::from_fn($crate::http::conventions::apply))
    }};
}

/// A connection that was accepted, with TLS or without.
trait Accepted: AsyncRead + AsyncWrite + Unpin + 'static {
    /// The socket beneath it.
    fn socket(&self) -> &TcpStream;
}

impl Accepted for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Accepted for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Serves on `listener`, by TLS if it is given, until it is told to stop.
///
/// # Errors
/// If the workers cannot be started.
pub fn serve(
    listener: TcpListener,
    services: web::Data<Services>,
    workers: usize,
    tls: Option<ServerConfig>,
) -> std::io::Result<Server> {
    let server = Server::build()
        .workers(workers)
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let listening = match tls {
        Some(tls) => server.listen("https", listener, move || {
            https(tls.clone(), services.clone(), stopping.clone())
        })?,
        None => server.listen("http", listener, move || {
            http::<TcpStream>(services.clone(), stopping.clone())
        })?,
    };
    Ok(listening.run())
}

/// What happens on a connection by TLS.
fn https(
    tls: ServerConfig,
    services: web::Data<Services>,
    stopping: GracefulShutdownSignal,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> {
    Acceptor::new(tls)
        .map_err(|_| ())
        .and_then(http::<TlsStream<TcpStream>>(services, stopping))
}

/// What happens on a connection: requests are answered in turn. Actix-web's own server
/// does the rest likewise, but takes connections as they are.
fn http<T: Accepted>(
    services: web::Data<Services>,
    stopping: GracefulShutdownSignal,
) -> impl ServiceFactory<T, Config = (), Response = (), Error = (), InitError = ()> {
    let Deadlines { head, unread, .. } = services.config.deadlines;
    let (app, _) = App::new()
        .into_utoipa_app()
        .app_data(services)
        .configure(routes::all)
        .split_for_parts();
    let app = app
        .service(web::resource("/docs").get(to_page).default_service(web::to(read_only)))
        .service(SwaggerUi::new("/docs/{_:.*}").config(SwaggerConfig::from(DOCUMENT)))
        .service(web::resource("/docs/{_:.*}").default_service(web::to(read_only)))
        .service(
            web::resource(DOCUMENT)
                .get(read_document)
                .default_service(web::to(read_only)),
        )
        .default_service(web::to(conventions::no_route))
        .wrap(from_fn(conventions::apply))
        .wrap(from_fn(turn::keep));
    let requests = HttpService::build()
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .client_request_timeout(head)
        .client_disconnect_timeout(Duration::from_secs(5))
        .keep_alive(Duration::from_secs(75))
        .on_connect_ext(|connection: &InTurn<T>, data: &mut Extensions| {
            data.insert(connection.turn().clone());
        })
        // Nobody asks by which name and at which address it is reached.
        .h1(map_config(app, |()| AppConfig::default()));
    fn_service(move |connection: T| {
        let socket = connection.socket();
        pace::answers(socket, unread);
        let peer = socket.peer_addr().ok();
        ready(Ok::<_, ()>((InTurn::new(connection, head), peer)))
    })
    .and_then(requests.map_err(|_| ()))
}
