//! The operations of this capability, a file per subject.

mod case_types;
mod cases;
mod changes;
mod earlier;
mod links;
mod list;
mod notes;
mod one_open;
mod positions;
mod setting;
mod sight;
mod subjects;
mod timeline;
mod transitions;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    case_types::routes(config);
    list::routes(config);
    cases::routes(config);
    changes::routes(config);
    transitions::routes(config);
    notes::routes(config);
    subjects::routes(config);
    links::routes(config);
    positions::routes(config);
    timeline::routes(config);
}
