//! What an answer leads to, as OpenAPI links.
//!
//! They follow from the paths: who adds something to `…/tasks` gets what is at
//! `/v1/tasks/{id}`, and can do there what that path and the ones below it offer; an
//! item of a list `…/tasks` is read at `/v1/tasks/{id}`. Nobody has to keep them.

use serde_json::json;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, RefOr};

use super::{has_parameter, operations_of, operations_of_mut};

const REFRESH: &str = "/v1/auth/refresh";

/// An operation that can be led to.
struct Target {
    method: &'static str,
    path: String,
    id: String,
    summary: String,
    is_versioned: bool,
}

/// Adds the links to every answer that leads somewhere.
pub fn add(document: &mut OpenApi) {
    let mut targets = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in operations_of(item) {
            targets.push(Target {
                method,
                path: path.clone(),
                id: operation.operation_id.clone().unwrap_or_default(),
                summary: operation.summary.clone().unwrap_or_default(),
                is_versioned: has_parameter(operation, "If-Match"),
            });
        }
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_of_mut(item) {
            for target in &targets {
                if let Some((status, link)) = link(method, path, target) {
                    attach(operation, status, link, target);
                }
            }
        }
    }
}

/// The link from an operation to `target`, if there is one, and the status of the
/// answer it starts from.
fn link(method: &str, path: &str, target: &Target) -> Option<(&'static str, Link)> {
    let link = LinkBuilder::new()
        .operation_id(target.id.clone())
        .description(target.summary.clone());
    if path.starts_with("/v1/auth/") {
        // A body made of a part of the answer is nothing that a link can say.
        let how = format!("{}: send the `refresh_token` of this answer.", target.summary);
        return (target.path == REFRESH).then(|| ("200", link.description(how).build()));
    }
    let (_, collection) = path.rsplit_once('/')?;
    let record = format!("/v1/{collection}/{{id}}");
    let below = target.path.strip_prefix(&record)?;
    let is_one_step = below.is_empty() || (below.starts_with('/') && below.matches(['/', '{']).count() == 1);
    match method {
        "POST" if is_one_step => Some(("201", link.parameter("id", json!("$response.body#/id")).build())),
        "GET" if below.is_empty() && target.method == "GET" => {
            Some(("200", link.parameter("id", json!("$response.body#/items/0/id")).build()))
        }
        _ => None,
    }
}

fn attach(operation: &mut Operation, status: &str, mut link: Link, target: &Target) {
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
        if target.is_versioned && response.headers.contains_key("ETag") {
            link.parameters
                .insert("If-Match".to_owned(), json!("$response.header.ETag"));
        }
        response.links.insert(link.operation_id.clone(), RefOr::T(link));
    }
}
