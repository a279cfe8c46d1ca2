//! The operations of this capability, a file per subject.

mod cases;
mod links;
mod notes;
mod positions;
mod subjects;
mod timeline;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    cases::routes(config);
    notes::routes(config);
    subjects::routes(config);
    links::routes(config);
    positions::routes(config);
    timeline::routes(config);
}
