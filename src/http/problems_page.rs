//! `/problems/{slug}`: what a problem's `type` means.

use std::borrow::Cow;

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::error::{AppError, Result};
use crate::rule::ProblemType;

/// What a kind of problem means and what to do about it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({
    "type": "/problems/stale-version", "title": "Changed meanwhile", "status": 412,
    "meaning": "Somebody changed the record since the version in If-Match."
}))]
struct ProblemDescription {
    /// The `type` of such problems.
    #[serde(rename = "type")]
    #[schema(value_type = ProblemAddress)]
    kind: String,
    /// The kind in a few words.
    title: &'static str,
    /// The status it is answered with.
    status: u16,
    /// What it means, and what to do.
    meaning: &'static str,
}

/// Every kind of problem that the service answers with.
pub fn all() -> impl Iterator<Item = &'static ProblemType> {
    super::routes::PROBLEMS
        .iter()
        .flat_map(|of_capability| of_capability.iter())
}

/// Where a kind of problem is explained.
fn address_of(problem: &ProblemType) -> String {
    format!("/problems/{}", problem.slug)
}

/// The `type` of any problem, in the document: one of those there are.
pub struct ProblemAddress;

impl utoipa::PartialSchema for ProblemAddress {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("uri-reference".to_owned())))
            .enum_values(Some(all().map(address_of)))
            .description(Some("The kinds of problem there are, each an address on this server."))
            .into()
    }
}

impl utoipa::ToSchema for ProblemAddress {
    fn name() -> Cow<'static, str> {
        "ProblemType".into()
    }
}

/// Look up a problem type
///
/// The `type` member of every problem document leads here.
#[utoipa::path(
    tag = "service",
    params(("slug" = String, Path, description = "Last segment of the problem's type.", example = "stale-version")),
    responses((status = 200, description = "The problem type.", body = ProblemDescription)),
    security(())
)]
#[get("/problems/{slug}")]
pub async fn read_problem_type(slug: web::Path<String>) -> Result<HttpResponse> {
    let problem = all().find(|problem| problem.slug == *slug).ok_or(AppError::NotFound)?;
    Ok(HttpResponse::Ok().json(ProblemDescription {
        kind: address_of(problem),
        title: problem.title,
        status: problem.status,
        meaning: problem.meaning,
    }))
}
