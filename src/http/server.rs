//! The HTTP server.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::Redirect;
use actix_web::{App, HttpResponse, HttpServer, web};
use futures_util::stream;
use rustls::ServerConfig;
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

use super::{conventions, pace, routes};
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
    let unread = services.config.deadlines.unread;
    let server = HttpServer::new(move || {
        let (app, _) = App::new()
            .into_utoipa_app()
            .app_data(services.clone())
            .configure(routes::all)
            .split_for_parts();
        app.service(web::resource("/docs").get(to_page).default_service(web::to(read_only)))
            .service(SwaggerUi::new("/docs/{_:.*}").config(SwaggerConfig::from(DOCUMENT)))
            .service(web::resource("/docs/{_:.*}").default_service(web::to(read_only)))
            .service(
                web::resource(DOCUMENT)
                    .get(read_document)
                    .default_service(web::to(read_only)),
            )
            .default_service(web::to(conventions::no_route))
            .wrap(from_fn(conventions::apply))
    })
    .on_connect(pace::answers(unread))
    .workers(workers)
    .client_request_timeout(Duration::from_secs(5))
    .client_disconnect_timeout(Duration::from_secs(5))
    .keep_alive(Duration::from_secs(75))
    .shutdown_timeout(DRAIN_SECONDS)
    .disable_signals();
    let listening = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(listening.run())
}
