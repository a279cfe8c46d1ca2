//! Case types, as the workflow files say.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::cases::view::case_types::CaseType;
use crate::doors::{Answer, Audited, Caller, may};
use crate::error::{AppError, Result};

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_case_types).service(read_case_type);
}

/// A case type in short.
#[derive(Serialize, ToSchema)]
struct CaseTypeSummary {
    /// Its name in requests.
    #[serde(rename = "type")]
    kind: String,
    /// Its name for people.
    title: String,
    /// What it is for.
    description: String,
    /// Counts up with each change of its file.
    version: u32,
}

/// All case types.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"items": [{"type": "graffiti", "title": "Graffiti", "description": "Marks on surfaces.", "version": 1}], "next": null}))]
struct CaseTypes {
    /// Every case type; there is only one page.
    items: Vec<CaseTypeSummary>,
    /// Always `null`.
    next: Option<String>,
}

/// List case types
///
/// The kinds of case that can be recorded here.
#[utoipa::path(
    tag = "cases",
    responses((status = 200, description = "The case types.", body = CaseTypes)),
    security(("bearer" = []))
)]
#[get("/v1/case-types")]
async fn list_case_types(caller: Caller<may::BeSignedIn>) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let summary = |workflow: &crate::cases::workflow::Workflow| CaseTypeSummary {
                kind: workflow.code().to_owned(),
                title: workflow.file().title.clone(),
                description: workflow.file().description.clone(),
                version: workflow.file().version,
            };
            let items = room.services.workflows.iter().map(summary).collect();
            Ok(Audited::consultation(Answer::ok(&CaseTypes { items, next: None })?))
        })
        .await
}

/// Read a case type
///
/// Everything needed to draw a form and to know what may happen next: states, transitions with their
/// guards and who may fire them, clocks with the source of each limit, and JSON Schemas.
#[utoipa::path(
    tag = "cases",
    params(("type" = String, Path, description = "The case type.", example = "graffiti")),
    responses((status = 200, description = "The case type.", body = CaseType)),
    security(("bearer" = []))
)]
#[get("/v1/case-types/{type}")]
async fn read_case_type(caller: Caller<may::BeSignedIn>, http: HttpRequest) -> Result<HttpResponse> {
    let kind = http.match_info().get("type").unwrap_or_default().to_owned();
    caller
        .consult((), async |room, ()| {
            let workflow = room.services.workflows.get(&kind).ok_or(AppError::NotFound)?;
            let version = i64::from(workflow.file().version);
            let answer = Answer::ok(&workflow.document())?.version_as_seen(version);
            Ok(Audited::consultation(answer).fact("type", kind.clone()))
        })
        .await
}
