//! The names that go with the ids in records.
//!
//! Who a record names is named to whoever may read the record, also when they are no
//! partners any more; row-level security shows organisations, people and teams to present
//! partners only. So records are not joined to names: those are asked for by their ids, in the
//! statement that reads the record ([`name_of`]) or, where it names many, after it
//! ([`names_of`]). Records show what somebody is called now; the log, what they were called
//! when it was written.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::join;
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
pub struct Names {
    current: HashMap<Uuid, NameRow>,
    /// The first first.
    former: HashMap<Uuid, Vec<FormerNameRow>>,
}

#[derive(Debug, QueryableByName)]
struct NameRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
}

#[derive(Debug, QueryableByName)]
struct FormerNameRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    until: DateTime<Utc>,
}

impl Names {
    /// The name of a person, team or organisation.
    pub fn of(&self, id: impl Into<Option<Uuid>>) -> Option<String> {
        self.current.get(&id.into()?).map(|named| named.name.clone())
    }

    /// What a person, team or organisation was called at a time, as far back as [`names_over_time`]
    /// was asked. `None` also where that was erased.
    pub fn at(&self, id: Uuid, at: DateTime<Utc>) -> Option<String> {
        let former = self
            .former
            .get(&id)
            .into_iter()
            .flatten()
            .find(|former| at < former.until);
        match former {
            Some(former) => former.name.clone(),
            None => self.of(id),
        }
    }

    /// The kind of an organisation: `police`, `council`, …
    pub fn kind_of(&self, organisation: Uuid) -> Option<String> {
        self.current.get(&organisation)?.kind.clone()
    }
}

/// Asks a function of the database about ids.
macro_rules! by_ids {
    ($query:ident, $function:literal) => {
        #[derive(QueryId)]
        struct $query(Vec<Uuid>);

        impl Query for $query {
            type SqlType = Untyped;
        }

        impl<C> diesel::RunQueryDsl<C> for $query {}

        impl QueryFragment<Pg> for $query {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql(concat!("SELECT * FROM ", $function, "("));
                out.push_bind_param::<Array<SqlUuid>, _>(&self.0)?;
                out.push_sql(")");
                Ok(())
            }
        }
    };
}

by_ids!(NamesOf, "names_of");
by_ids!(FormerNamesOf, "former_names_of");

/// The names of organisations, people and teams that a record names.
///
/// # Errors
/// Those of the database.
pub async fn names_of(mut connection: &AsyncPgConnection, ids: Vec<Uuid>) -> Result<Names> {
    if ids.is_empty() {
        return Ok(Names::default());
    }
    let found: Vec<NameRow> = RunQueryDsl::get_results(NamesOf(ids), &mut connection).await?;
    Ok(Names {
        current: found.into_iter().map(|named| (named.id, named)).collect(),
        former: HashMap::new(),
    })
}

/// The same, with what they were called before.
///
/// # Errors
/// Those of the database.
pub async fn names_over_time(connection: &AsyncPgConnection, ids: Vec<Uuid>) -> Result<Names> {
    if ids.is_empty() {
        return Ok(Names::default());
    }
    let (names, former) = join!(names_of(connection, ids.clone()), former_names_of(connection, ids));
    Ok(Names {
        former: former?,
        ..names?
    })
}

async fn former_names_of(
    mut connection: &AsyncPgConnection,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<FormerNameRow>>> {
    let found: Vec<FormerNameRow> = RunQueryDsl::get_results(FormerNamesOf(ids), &mut connection).await?;
    let mut former: HashMap<Uuid, Vec<FormerNameRow>> = HashMap::new();
    for row in found {
        former.entry(row.id).or_default().push(row);
    }
    Ok(former)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> DateTime<Utc> {
        format!("2026-03-{number:02}T09:00:00Z").parse().unwrap()
    }

    #[test]
    fn somebody_is_called_at_a_time_what_they_were_called_then() {
        let (id, stranger) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let current = NameRow {
            id,
            name: "Third".to_owned(),
            kind: None,
        };
        let former = |name: Option<&str>, until| FormerNameRow {
            id,
            name: name.map(str::to_owned),
            until,
        };
        let names = Names {
            current: HashMap::from([(id, current)]),
            former: HashMap::from([(id, vec![former(None, day(2)), former(Some("Second"), day(4))])]),
        };

        assert_eq!(names.at(id, day(1)), None, "what was erased");
        for (on, expected) in [(2, "Second"), (3, "Second"), (4, "Third"), (5, "Third")] {
            assert_eq!(names.at(id, day(on)).as_deref(), Some(expected), "{on}");
        }
        assert_eq!(names.of(id).as_deref(), Some("Third"));
        assert_eq!(names.at(stranger, day(3)), None);
    }
}
