//! What a handler answers, before it becomes an HTTP response.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::stream::LocalBoxStream;
use serde::Serialize;

use super::request::{Request, digest_etag, etag, seen_etag};
use crate::error::{AppError, Result};

/// A body.
pub enum Body {
    /// None at all.
    Empty,
    /// JSON, already written.
    Json(Vec<u8>),
    /// Bytes as they come, with their media type.
    Stream(
        String,
        LocalBoxStream<'static, std::result::Result<actix_web::web::Bytes, actix_web::Error>>,
    ),
}

/// Status, headers and body of a success.
pub struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
}

impl Answer {
    /// 200 with a JSON body.
    ///
    /// # Errors
    /// If the view cannot be written as JSON.
    pub fn ok(view: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::OK, view)
    }

    /// 201 with a JSON body and its address.
    ///
    /// # Errors
    /// If the view cannot be written as JSON.
    pub fn created(location: String, view: &impl Serialize) -> Result<Self> {
        Ok(Self::json(StatusCode::CREATED, view)?.header("Location", location))
    }

    /// 204.
    pub fn no_content() -> Self {
        Self::of(StatusCode::NO_CONTENT, Body::Empty)
    }

    /// 200 with a stream of bytes.
    pub fn stream(
        media_type: String,
        bytes: LocalBoxStream<'static, std::result::Result<actix_web::web::Bytes, actix_web::Error>>,
    ) -> Self {
        Self::of(StatusCode::OK, Body::Stream(media_type, bytes))
    }

    /// 200 with bytes of another JSON media type.
    ///
    /// # Errors
    /// If the view cannot be written as JSON.
    pub fn json_as(media_type: &'static str, view: &impl Serialize) -> Result<Self> {
        Ok(Self::ok(view)?.header("Content-Type", media_type.to_owned()))
    }

    fn json(status: StatusCode, view: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(view).map_err(|error| AppError::Internal(format!("view: {error}")))?;
        Ok(Self::of(status, Body::Json(body)))
    }

    fn of(status: StatusCode, body: Body) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    /// The version of the record, sent as a strong `ETag`.
    #[must_use]
    pub fn version(self, version: i64) -> Self {
        self.header("ETag", etag(version))
    }

    /// The version of a record whose view depends on more than the record: on who looks, and
    /// when. So that nobody is told that they know what they see, when it has changed, the
    /// `ETag` ends in a digest of the body (RFC 9110 §8.8.1); `If-Match` looks at the
    /// version alone.
    #[must_use]
    pub fn version_as_seen(self, version: i64) -> Self {
        let tag = match &self.body {
            Body::Json(body) => seen_etag(version, body),
            _ => etag(version),
        };
        self.header("ETag", tag)
    }

    /// The view of what counts no versions, or is made of many records: its `ETag` is a digest of
    /// the body.
    #[must_use]
    pub fn as_seen(self) -> Self {
        match &self.body {
            Body::Json(body) => {
                let tag = digest_etag(body);
                self.header("ETag", tag)
            }
            _ => self,
        }
    }

    /// `Marking`, from the Government Security Classifications.
    #[must_use]
    pub fn marking(self, sensitive: bool) -> Self {
        let marking = if sensitive { "OFFICIAL-SENSITIVE" } else { "OFFICIAL" };
        self.header("Marking", marking.to_owned())
    }

    /// The marking of what is shown, if it is classified and anything is shown.
    pub(super) fn marked(self, sensitive: Option<bool>) -> Self {
        match (sensitive, &self.body) {
            (None, _) | (_, Body::Empty) => self,
            (Some(sensitive), _) => self.marking(sensitive),
        }
    }

    /// Another header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.retain(|(seen, _)| *seen != name);
        self.headers.push((name, value));
        self
    }

    /// Turns a read whose `ETag` the client has into 304 (RFC 9110 §13.1.2, §15.4.5); `*` is
    /// whatever there is.
    pub(super) fn unless_known(mut self, request: &Request) -> Self {
        let Some((_, current)) = self.headers.iter().find(|(name, _)| *name == "ETag") else {
            return self;
        };
        let known = request.if_none_match.as_deref().is_some_and(|tags| {
            tags == "*"
                || tags
                    .split(',')
                    .any(|tag| tag.trim().trim_start_matches("W/") == *current)
        });
        if known {
            self.status = StatusCode::NOT_MODIFIED;
            self.headers.retain(|(name, _)| ["ETag", "Vary"].contains(name));
            self.body = Body::Empty;
        }
        self
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        let cacheable = self.headers.iter().any(|(name, _)| *name == "ETag");
        response.insert_header((
            header::CACHE_CONTROL,
            if cacheable { "private, no-cache" } else { "no-store" },
        ));
        let media_type = match &self.body {
            Body::Json(_) => Some("application/json".to_owned()),
            Body::Stream(media_type, _) => Some(media_type.clone()),
            Body::Empty => None,
        };
        if let Some(value) = media_type.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.insert_header((header::CONTENT_TYPE, value));
        }
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(&value)) {
                response.insert_header((name, value));
            }
        }
        match self.body {
            Body::Empty => response.finish(),
            Body::Json(bytes) => response.body(bytes),
            Body::Stream(_, stream) => response.streaming(stream),
        }
    }
}
