//! Names of which it is known which there are: of case types and of their states.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::cases::workflow::known;

/// The name of a case type that there is.
#[derive(Debug, Clone, Copy)]
pub struct KnownType(pub &'static str);

/// The name of a state that some case type has.
#[derive(Debug, Clone, Copy)]
pub struct KnownState(pub &'static str);

impl<'de> Deserialize<'de> for KnownType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = known::types().find(|known| *known == name);
        found
            .map(Self)
            .ok_or_else(|| D::Error::custom("is not a case type here"))
    }
}

impl<'de> Deserialize<'de> for KnownState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = known::states().find(|known| *known == name);
        found
            .map(Self)
            .ok_or_else(|| D::Error::custom("is a state of no case type here"))
    }
}

fn one_of(names: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .into()
}

impl PartialSchema for KnownType {
    fn schema() -> RefOr<Schema> {
        one_of(known::types())
    }
}

impl ToSchema for KnownType {
    fn name() -> Cow<'static, str> {
        "KnownType".into()
    }
}

impl PartialSchema for KnownState {
    fn schema() -> RefOr<Schema> {
        one_of(known::states())
    }
}

impl ToSchema for KnownState {
    fn name() -> Cow<'static, str> {
        "KnownState".into()
    }
}
