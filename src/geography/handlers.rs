//! Wards, sectors, teams and priorities.

mod priorities;
mod teams;
mod wards;

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use utoipa_actix_web::service_config::ServiceConfig;

use super::Gss;
use crate::error::{AppError, Result};

/// Registers the operations. `lookup` comes before the code, which would take it.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(wards::list_wards)
        .service(wards::look_up_ward)
        .service(wards::read_ward)
        .service(wards::list_sectors)
        .service(teams::read_ward_team)
        .service(teams::put_ward_team)
        .service(teams::list_ward_teams)
        .service(priorities::list_ward_priorities)
        .service(priorities::set_ward_priority)
        .service(priorities::read_ward_priority)
        .service(priorities::update_ward_priority);
}

/// A ward's code in the path. What is no code names nothing that exists.
pub struct WardCode(Option<Gss>);

impl WardCode {
    /// The code.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where it is none.
    fn get(&self) -> Result<&Gss> {
        self.0.as_ref().ok_or(AppError::NotFound)
    }
}

impl FromRequest for WardCode {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(
            http.match_info().get("gss").and_then(|text| text.parse().ok()),
        )))
    }
}
