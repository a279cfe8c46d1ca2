//! Every route, by capability. What is routed here is what the document shows.

use utoipa_actix_web::service_config::ServiceConfig;

use super::{health, metrics, problems_page};
use crate::rule::ProblemType;

/// Registers every operation.
pub fn all(config: &mut ServiceConfig<'_>) {
    // A request is held against one route after the other: those asked for most come first.
    crate::cases::handlers::routes(config);
    crate::tasks::handlers::routes(config);
    crate::sharing::handlers::routes(config);
    crate::attachments::handlers::routes(config);
    crate::audit::handlers::routes(config);
    crate::identity::handlers::routes(config);
    crate::partnerships::handlers::routes(config);
    crate::geography::handlers::routes(config);
    config
        .service(health::read_liveness)
        .service(health::read_readiness)
        .service(metrics::read_metrics)
        .service(problems_page::read_problem_type);
}

/// The operations that take no `Idempotency-Key`, each with why: what they answer is secret,
/// and is kept nowhere that it could be repeated from, or they change nothing.
pub const KEYLESS: &[(&str, &str)] = &[
    ("confirm_totp", SHOWN_ONCE),
    ("create_service_account_key", SHOWN_ONCE),
    ("enrol_totp", SHOWN_ONCE),
    ("export_audit", "it changes nothing, and the bundle is not kept"),
    ("introspect_token", "it changes nothing"),
    ("issue_token", NOT_KEPT),
    ("login", NOT_KEPT),
    ("refresh", NOT_KEPT),
    ("reset_password_of", SHOWN_ONCE),
    ("revoke_token", "a token that is revoked again stays so"),
    ("search_subjects", "it changes nothing"),
];

/// Of what is refused with a key, so that nobody counts on a repetition.
const SHOWN_ONCE: &str = "what is answered is shown once and not kept, so a request with one is refused (400)";
const NOT_KEPT: &str = "tokens are not kept, so a repeated request is another one";

/// The problem types of every capability, for `/problems/{slug}`.
pub const PROBLEMS: &[&[ProblemType]] = &[
    crate::error::PROBLEMS,
    crate::identity::PASSWORD_PROBLEMS,
    crate::identity::totp::PROBLEMS,
    crate::identity::TOKEN_PROBLEMS,
    crate::clocks::PROBLEMS,
    crate::cases::model::PROBLEMS,
    crate::cases::workflow::PROBLEMS,
    crate::geography::model::PROBLEMS,
    crate::geography::priority::PROBLEMS,
    crate::attachments::file_kind::PROBLEMS,
    crate::attachments::model::PROBLEMS,
    crate::sharing::model::PROBLEMS,
    crate::tasks::model::PROBLEMS,
    crate::audit::PROBLEMS,
];
