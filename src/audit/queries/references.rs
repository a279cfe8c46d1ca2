//! By which references a reader of the log knows its cases.

use std::collections::HashMap;
use std::marker::PhantomData;

use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::statement::statement;
use crate::error::Result;

statement! {
    /// Cases that the caller's organisation sees, or saw once, by their ids or references.
    KnownReferences { cases: &'a [Uuid] as Array<SqlUuid>, refs: &'a [&'a str] as Array<Text> }
    "SELECT * FROM known_references($cases, $refs)"
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    reference: String,
}

async fn known(connection: &mut AsyncPgConnection, cases: &[Uuid], refs: &[&str]) -> Result<Vec<Known>> {
    let lifetime = PhantomData;
    Ok(KnownReferences { cases, refs, lifetime }.load(connection).await?)
}

/// The references of `cases`, as far as the caller's organisation knows those.
///
/// # Errors
/// Those of the database.
pub async fn of_cases(connection: &mut AsyncPgConnection, cases: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    if cases.is_empty() {
        return Ok(HashMap::new());
    }
    let known = known(connection, cases, &[]).await?;
    Ok(known.into_iter().map(|case| (case.id, case.reference)).collect())
}

/// The case of that reference, if the caller's organisation knows it.
///
/// # Errors
/// Those of the database.
pub async fn case_of(connection: &mut AsyncPgConnection, reference: &str) -> Result<Option<Uuid>> {
    let known = known(connection, &[], &[reference]).await?;
    Ok(known.first().map(|case| case.id))
}
