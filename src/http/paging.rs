//! Keyset pages: stable while rows are inserted, flat in cost however deep.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{Array, ArrayBuilder};

use crate::doors::Answer;
use crate::error::{AppError, Result};

/// Page sizes (contract: 1 to 200, 50 by default).
pub const DEFAULT_LIMIT: u16 = 50;
/// The largest page.
pub const MAX_LIMIT: u16 = 200;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The records, in the order asked for.
    #[schema(schema_with = items_of::<T>)]
    pub items: Vec<T>,
    /// Send it as `cursor` to get the next page; `null` on the last.
    pub next: Option<String>,
}

/// The items of a page in the document: by the name of their schema, so that what is made from
/// it knows a record of a list and one that is read by itself as the same.
fn items_of<T: ToSchema>() -> Array {
    ArrayBuilder::new()
        .items(Ref::from_schema_name(T::name()))
        .description(Some("The records, in the order asked for."))
        .build()
}

/// Checks a page size.
///
/// # Errors
/// 422 outside 1 to 200.
pub fn limit(wanted: Option<u16>) -> Result<i64> {
    match wanted.unwrap_or(DEFAULT_LIMIT) {
        size @ 1..=MAX_LIMIT => Ok(i64::from(size)),
        _ => Err(AppError::invalid(
            "limit",
            format!("must lie between 1 and {MAX_LIMIT}"),
        )),
    }
}

/// Where a page ended: under which order, and at which key.
#[derive(Serialize, Deserialize)]
struct Cursor<K> {
    order: String,
    key: K,
}

/// Writes the place after which the next page starts.
///
/// # Errors
/// If the key cannot be written.
pub fn write_cursor(order: &str, key: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(&Cursor {
        order: order.to_owned(),
        key,
    })
    .map_err(|error| AppError::Internal(format!("cursor: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Reads a cursor that [`write_cursor`] wrote for the same order.
///
/// # Errors
/// 422 for anything else.
pub fn read_cursor<K: DeserializeOwned>(order: &str, cursor: Option<&str>) -> Result<Option<K>> {
    let Some(text) = cursor else { return Ok(None) };
    let wrong = || AppError::invalid("cursor", "is not a cursor of this list in this order");
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_error| wrong())?;
    let cursor: Cursor<Value> = serde_json::from_slice(&json).map_err(|_error| wrong())?;
    if cursor.order != order || has_signed_year(&cursor.key) {
        return Err(wrong());
    }
    serde_json::from_value(cursor.key).map(Some).map_err(|_error| wrong())
}

/// Whether a key holds a time that no record has, and that the database may not know: years
/// before 0 and after 9999 are written with a sign.
fn has_signed_year(key: &Value) -> bool {
    match key {
        Value::Array(parts) => parts.iter().any(has_signed_year),
        Value::String(text) => text.starts_with(['-', '+']),
        _ => false,
    }
}

impl<T> Page<T> {
    /// A page from one row more than asked for: if that row came, there is a next page.
    ///
    /// # Errors
    /// If the cursor cannot be written.
    pub fn of<K: Serialize>(mut items: Vec<T>, limit: i64, order: &str, key: impl Fn(&T) -> K) -> Result<Self> {
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let next = match items.last().filter(|_| more) {
            Some(last) => Some(write_cursor(order, &key(last))?),
            None => None,
        };
        Ok(Self { items, next })
    }
}

/// The `Link` header to the next page (RFC 8288): the same request with another cursor.
pub fn next_link(path: &str, query: &str, next: &str) -> String {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .filter(|(name, _)| name != "cursor")
        .collect();
    pairs.push(("cursor".to_owned(), next.to_owned()));
    let query: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("<{path}?{query}>; rel=\"next\"")
}

/// The address that a page was asked for at, to link to the next one.
pub struct Asked {
    path: String,
    query: String,
}

impl FromRequest for Asked {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            path: http.path().to_owned(),
            query: http.query_string().to_owned(),
        }))
    }
}

impl Asked {
    /// `answer` with the `Link` to the next page, where there is one.
    pub fn linked(&self, answer: Answer, next: Option<&str>) -> Answer {
        match next {
            Some(cursor) => answer.header("Link", next_link(&self.path, &self.query, cursor)),
            None => answer,
        }
    }
}
/// Which page of a list, where nothing else can be asked for.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Records per page, 1 to 200; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl<T: Serialize> Page<T> {
    /// The page as an answer of a list that takes [`PageParams`] alone.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn answer(&self, path: &str, limit: i64) -> Result<Answer> {
        let answer = Answer::ok(self)?;
        Ok(match &self.next {
            Some(next) => answer.header("Link", next_link(path, &format!("limit={limit}"), next)),
            None => answer,
        })
    }
}
