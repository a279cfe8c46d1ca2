//! The documented operations, looked up by method and path.
//!
//! Built from the OpenAPI document, which is built from the routes, so the three
//! cannot differ.

use std::collections::HashMap;

use actix_web::http::Method;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use crate::error::{AppError, Result};

/// What the log calls a request that reached no operation.
const NONE: &str = "none";
/// Where what is not known is passed over (RFC 6749 §3.2).
const OAUTH: &str = "/oauth/";
/// As much of an unknown parameter's name as is told.
const TOLD: usize = 80;

/// Every operation of the document.
#[derive(Debug, Default, Clone)]
pub struct Operations {
    known: HashMap<(String, String), Known>,
    paths: Vec<(Vec<Segment>, Vec<&'static str>)>,
}

/// What is asked of an operation by method and path.
#[derive(Debug, Clone)]
struct Known {
    id: &'static str,
    /// The parameters of its query.
    query: Vec<String>,
}

impl Known {
    fn of(operation: &Operation) -> Self {
        let id = operation.operation_id.clone().unwrap_or_default();
        let parameters = operation.parameters.iter().flatten();
        let in_query = parameters.filter_map(|parameter| match parameter {
            RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
            _ => None,
        });
        Self {
            id: Box::leak(id.into_boxed_str()),
            query: in_query.collect(),
        }
    }
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
                let key = (method.to_owned(), path.clone());
                operations.known.insert(key, Known::of(operation));
                methods.push(method);
            }
            operations.paths.push((segments(path), methods));
        }
        operations
    }

    /// The operationId of a request that matched a route.
    pub fn id_of(&self, method: &Method, pattern: Option<&str>) -> &'static str {
        self.known(method, pattern).map_or(NONE, |known| known.id)
    }

    fn known(&self, method: &Method, pattern: Option<&str>) -> Option<&Known> {
        self.known.get(&(method.to_string(), pattern?.to_owned()))
    }

    /// Looks whether the operation has every parameter of `query`: a filter that is misspelt
    /// would show more than was asked for.
    ///
    /// # Errors
    /// 422 naming the first that it has not.
    pub fn check_query(&self, method: &Method, pattern: Option<&str>, query: &str) -> Result<()> {
        let passes_over = pattern.is_some_and(|pattern| pattern.starts_with(OAUTH));
        let Some(known) = self.known(method, pattern).filter(|_| !passes_over) else {
            return Ok(());
        };
        let is_known = |name: &str| known.query.iter().any(|parameter| parameter == name);
        let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        let Some(name) = names.find(|name| !is_known(name)) else {
            return Ok(());
        };
        let name: String = name.chars().filter(|c| !c.is_control()).take(TOLD).collect();
        let detail = match known.query.as_slice() {
            [] => "is no parameter of this operation, which has none".to_owned(),
            query => format!("is no parameter of this operation, which has {}", query.join(", ")),
        };
        Err(AppError::invalid(name, detail))
    }

    /// Whether there is an operation of that operationId.
    pub fn knows(&self, id: &str) -> bool {
        self.known.values().any(|known| known.id == id)
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
