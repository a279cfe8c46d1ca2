//! Numbers in the path.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::{AppError, Result};

/// The number of an event, or the size of a checkpoint. What is no number names
/// nothing that exists.
pub struct Number(Option<u64>);

impl Number {
    /// The number.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where it is none that a record can have.
    pub fn get(&self) -> Result<u64> {
        let number = self.0.filter(|number| i64::try_from(*number).is_ok());
        number.ok_or(AppError::NotFound)
    }
}

impl FromRequest for Number {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let first = http.match_info().iter().next();
        ready(Ok(Self(first.and_then(|(_, text)| text.parse().ok()))))
    }
}
