//! The names that go with the ids in records.
//!
//! Who a record names is named to whoever may read the record, also when they are no
//! partners any more; row-level security shows organisations, people and teams to present
//! partners only. So records are not joined to names: those are asked for by their ids, in the
//! statement that reads the record ([`name_of`]) or, where it names many, after it
//! ([`names_of`]).

use std::collections::HashMap;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::error::Result;

diesel::define_sql_function! {
    /// The name of a person, as far as the caller may know it.
    fn name_of(id: SqlUuid) -> Nullable<Text>;
}
diesel::define_sql_function! {
    /// As `name_of`, of somebody who may not be named.
    #[sql_name = "name_of"]
    fn name_if_any(id: Nullable<SqlUuid>) -> Nullable<Text>;
}

/// The names that go with ids, as far as the caller may know them.
#[derive(Debug, Default)]
pub struct Names(HashMap<Uuid, NameRow>);

#[derive(Debug, QueryableByName)]
struct NameRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
}

impl Names {
    /// The name of a person, team or organisation.
    pub fn of(&self, id: impl Into<Option<Uuid>>) -> Option<String> {
        self.0.get(&id.into()?).map(|named| named.name.clone())
    }

    /// The kind of an organisation: `police`, `council`, …
    pub fn kind_of(&self, organisation: Uuid) -> Option<String> {
        self.0.get(&organisation)?.kind.clone()
    }
}

#[derive(QueryId)]
struct NamesOf(Vec<Uuid>);

impl Query for NamesOf {
    type SqlType = Untyped;
}

impl<C> diesel::RunQueryDsl<C> for NamesOf {}

impl QueryFragment<Pg> for NamesOf {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT * FROM names_of(");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.0)?;
        out.push_sql(")");
        Ok(())
    }
}

/// The names of organisations, people and teams that a record names.
///
/// # Errors
/// Those of the database.
pub async fn names_of(mut connection: &AsyncPgConnection, ids: Vec<Uuid>) -> Result<Names> {
    if ids.is_empty() {
        return Ok(Names::default());
    }
    let found: Vec<NameRow> = RunQueryDsl::get_results(NamesOf(ids), &mut connection).await?;
    Ok(Names(found.into_iter().map(|named| (named.id, named)).collect()))
}
