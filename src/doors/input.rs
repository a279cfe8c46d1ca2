//! What a request brings: body, query parameters and ids.
//!
//! Inputs are taken in as they are and understood only behind a door, so that
//! even a refusal of bad input is logged with the person's name, and so that
//! the idempotency record knows the exact bytes.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::ErrorKind;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::strict_json::{missing_member, read_json};
use super::wording::plain;
use crate::error::{AppError, Result};

/// Largest JSON body (contract: 256 KiB).
pub const JSON_LIMIT: usize = 256 * 1024;
/// The media types of a JSON body.
const JSON: &str = "application/json";
/// Those of a change: a merge patch has one of its own (RFC 7396 §4).
const PATCH: &str = "application/merge-patch+json, application/json";
/// The media type of an HTML form.
const FORM: &str = "application/x-www-form-urlencoded";

/// Something a door can read its input from.
pub trait Input {
    /// What the work gets.
    type Value;

    /// Understands the input.
    ///
    /// # Errors
    /// 400, 413, 415 or 422, naming what is wrong.
    fn read(&self) -> Result<Self::Value>;

    /// A digest of the input, by which a repeated Idempotency-Key is compared.
    fn fingerprint(&self) -> [u8; 32];
}

impl Input for () {
    type Value = ();

    fn read(&self) -> Result<()> {
        Ok(())
    }

    fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest([]).into()
    }
}

/// A JSON body of type `T`. Passwords come in some, so it is wiped from memory when it is
/// let go.
pub struct JsonBody<T> {
    bytes: Result<Zeroizing<Vec<u8>>>,
    kind: std::marker::PhantomData<T>,
}

/// Query parameters of type `T`.
pub struct Params<T> {
    query: String,
    kind: std::marker::PhantomData<T>,
}

/// The body of an HTML form, of type `T`, as OAuth has it: a parameter without a value is as
/// good as none (RFC 6749 §3.2). It is wiped like a [`JsonBody`].
pub struct FormBody<T> {
    bytes: Result<Zeroizing<Vec<u8>>>,
    kind: std::marker::PhantomData<T>,
}

/// A record's id in the path. What is not a UUID names nothing that exists.
#[derive(Debug, Clone, Copy)]
pub struct Id<const N: usize = 1>([Uuid; N]);

impl Id<1> {
    /// The id.
    pub fn get(self) -> Uuid {
        self.0[0]
    }
}

impl Id<2> {
    /// The outer and the inner id.
    pub fn pair(self) -> (Uuid, Uuid) {
        (self.0[0], self.0[1])
    }
}

impl<const N: usize> FromRequest for Id<N> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut ids = [Uuid::nil(); N];
        for (slot, (_, text)) in ids.iter_mut().zip(http.match_info().iter()) {
            *slot = Uuid::try_parse(text).unwrap_or_default();
        }
        ready(Ok(Self(ids)))
    }
}

impl<T> FromRequest for Params<T> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            query: http.query_string().to_owned(),
            kind: std::marker::PhantomData,
        }))
    }
}

/// What the body is said to be, without parameters.
fn media_type(http: &HttpRequest) -> Option<String> {
    let value = http.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let bare = value.split(';').next().unwrap_or_default();
    Some(bare.trim().to_ascii_lowercase())
}

impl<T> FromRequest for FormBody<T> {
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Infallible>>>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form =
            media_type(http).as_deref() == Some(FORM) && !http.headers().contains_key(header::CONTENT_ENCODING);
        let payload = payload.take();
        Box::pin(async move {
            let bytes = match is_form {
                true => collect(payload).await,
                false => Err(AppError::UnsupportedMediaType { expected: FORM }),
            };
            let kind = std::marker::PhantomData;
            Ok(Self { bytes, kind })
        })
    }
}

impl<T> FromRequest for JsonBody<T> {
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Infallible>>>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = media_type(http);
        let encoded = http.headers().contains_key(header::CONTENT_ENCODING);
        let expected = if http.method() == Method::PATCH { PATCH } else { JSON };
        let payload = payload.take();
        Box::pin(async move {
            let bytes = match media_type.as_deref() {
                Some("application/json" | "application/merge-patch+json") if !encoded => collect(payload).await,
                None => collect(payload).await.and_then(|bytes| match bytes.is_empty() {
                    true => Ok(bytes),
                    false => Err(AppError::UnsupportedMediaType { expected }),
                }),
                _ => Err(AppError::UnsupportedMediaType { expected }),
            };
            Ok(Self {
                bytes,
                kind: std::marker::PhantomData,
            })
        })
    }
}

async fn collect(mut payload: Payload) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::<u8>::new());
    while let Some(chunk) = payload.next().await {
        let chunk: web::Bytes = chunk.map_err(|error| broken_off(&error))?;
        if bytes.len() + chunk.len() > JSON_LIMIT {
            return Err(AppError::TooLarge { limit: JSON_LIMIT });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The digest of a body; of one that did not come, that of nothing.
fn digest_of(body: &Result<Zeroizing<Vec<u8>>>) -> [u8; 32] {
    let bytes = body.as_ref().map(|bytes| bytes.as_slice());
    Sha256::digest(bytes.unwrap_or_default()).into()
}

/// Why a body did not come to its end.
pub fn broken_off(error: &PayloadError) -> AppError {
    match error {
        PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => AppError::TooSlow,
        error => AppError::Malformed(format!("the body broke off: {error}")),
    }
}

impl<T: DeserializeOwned> Input for JsonBody<T> {
    type Value = T;

    fn read(&self) -> Result<T> {
        match self.bytes.as_ref().map_err(Clone::clone)?.as_slice() {
            [] => read_json(b"{}"),
            bytes => read_json(bytes),
        }
    }

    fn fingerprint(&self) -> [u8; 32] {
        digest_of(&self.bytes)
    }
}

impl<T: DeserializeOwned> Input for FormBody<T> {
    type Value = T;

    fn read(&self) -> Result<T> {
        let bytes = self.bytes.as_ref().map_err(Clone::clone)?.as_slice();
        if let Some((_, reason)) = unreadable(bytes) {
            return Err(AppError::Malformed(format!("the form: {reason}")));
        }
        let with_values = form_urlencoded::parse(bytes).filter(|(_, value)| !value.is_empty());
        let sent = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(with_values)
            .finish();
        let form = serde_urlencoded::Deserializer::new(form_urlencoded::parse(sent.as_bytes()));
        T::deserialize(form).map_err(|error| AppError::Malformed(format!("the form: {error}")))
    }

    fn fingerprint(&self) -> [u8; 32] {
        digest_of(&self.bytes)
    }
}

impl<T: DeserializeOwned> Input for Params<T> {
    type Value = T;

    fn read(&self) -> Result<T> {
        if let Some((name, reason)) = unreadable(self.query.as_bytes()) {
            return Err(AppError::invalid(name, reason));
        }
        let parameters = serde_urlencoded::Deserializer::new(form_urlencoded::parse(self.query.as_bytes()));
        serde_path_to_error::deserialize(parameters).map_err(|error| {
            let (path, detail) = (error.path().to_string(), error.inner().to_string());
            let name = missing_member(&detail).unwrap_or(path.trim_matches('.'));
            AppError::invalid(name, plain(&detail))
        })
    }

    fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.query).into()
    }
}

/// The first parameter that no text can be made of, by its name, and why. Decoding
/// alone would put other characters in the place of what is no UTF-8.
fn unreadable(encoded: &[u8]) -> Option<(String, &'static str)> {
    encoded.split(|byte| *byte == b'&').find_map(|pair| {
        let reason = match percent_decode(pair).decode_utf8() {
            Err(_) => "is not UTF-8",
            Ok(text) if text.contains('\0') => "NUL is not accepted",
            Ok(_) => return None,
        };
        let (name, _) = form_urlencoded::parse(pair).next()?;
        Some((name.replace('\0', ""), reason))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_is_no_text_is_named() {
        let found = |encoded: &str| unreadable(encoded.as_bytes()).map(|(name, reason)| format!("{name} {reason}"));

        assert_eq!(found("a=1&b=%ED%A0%80&c=%00").unwrap(), "b is not UTF-8");
        assert_eq!(found("a=%C3&b=%A9").unwrap(), "a is not UTF-8");
        assert_eq!(found("a=1&b%00=2").unwrap(), "b NUL is not accepted");
        for read in ["", "a", "a=%F0%9F%98%80&b=%2500+%EF%BF%BD", "a=%zz&&=b"] {
            assert_eq!(found(read), None, "{read}");
        }
    }
}
