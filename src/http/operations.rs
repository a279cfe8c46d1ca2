//! The documented operations, looked up by method and path.
//!
//! Built from the OpenAPI document, which is built from the routes, so the three
//! cannot differ.

use std::collections::HashMap;

use actix_web::http::Method;
use utoipa::openapi::OpenApi;

/// What the log calls a request that reached no operation.
const NONE: &str = "none";

/// Every operation of the document.
#[derive(Debug, Default, Clone)]
pub struct Operations {
    ids: HashMap<(String, String), &'static str>,
    paths: Vec<(Vec<Segment>, Vec<&'static str>)>,
}

#[derive(Debug, Clone)]
enum Segment {
    Word(String),
    Parameter,
}

impl Operations {
    /// The operations of `document`. Made once per process; the names live as
    /// long as it does.
    pub fn of(document: &OpenApi) -> Self {
        let mut operations = Self::default();
        for (path, item) in &document.paths.paths {
            let mut methods = Vec::new();
            for (method, operation) in super::openapi::operations_of(item) {
                let id = operation.operation_id.clone().unwrap_or_default();
                operations
                    .ids
                    .insert((method.to_owned(), path.clone()), Box::leak(id.into_boxed_str()));
                methods.push(method);
            }
            operations.paths.push((segments(path), methods));
        }
        operations
    }

    /// The operationId of a request that matched a route.
    pub fn id_of(&self, method: &Method, pattern: Option<&str>) -> &'static str {
        pattern
            .and_then(|pattern| self.ids.get(&(method.to_string(), pattern.to_owned())))
            .copied()
            .unwrap_or(NONE)
    }

    /// Whether there is an operation of that operationId.
    pub fn knows(&self, id: &str) -> bool {
        self.ids.values().any(|known| *known == id)
    }

    /// The methods that a path has, empty if there is no such path.
    pub fn methods_of(&self, path: &str) -> Vec<&'static str> {
        let parts: Vec<&str> = path.split('/').collect();
        self.paths
            .iter()
            .filter(|(pattern, _)| matches(pattern, &parts))
            .flat_map(|(_, methods)| methods.iter().copied())
            .collect()
    }
}

fn segments(path: &str) -> Vec<Segment> {
    path.split('/')
        .map(|part| {
            if part.starts_with('{') {
                Segment::Parameter
            } else {
                Segment::Word(part.to_owned())
            }
        })
        .collect()
}

fn matches(pattern: &[Segment], parts: &[&str]) -> bool {
    pattern.len() == parts.len()
        && pattern.iter().zip(parts).all(|(segment, part)| match segment {
            Segment::Word(word) => word == part,
            Segment::Parameter => !part.is_empty(),
        })
}
