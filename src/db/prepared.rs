//! Statements that are worth keeping prepared, or not, although diesel says otherwise.

use diesel::QueryResult;
use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Bool;
use uuid::Uuid;

/// A statement that is prepared once per connection, by its text.
///
/// diesel prepares every UPDATE, and every INSERT with a column that may be left to its
/// default, anew each time: a round trip more, and up to half a millisecond to plan
/// what the policies add to it. Only for statements of which there are few texts.
pub struct Prepared<Q>(Q);

/// A query that is planned for its values each time, as how it is best answered depends
/// on how rare they are. It costs a round trip more.
pub struct PlannedAnew<Q>(Q);

/// The first rows of a query that is kept prepared. Their number is in its text: of a
/// value the planner knows nothing, guesses a tenth of all there is, and plans each time
/// anew. So that there are few texts, it is one of [`PAGES`]: more may come than was
/// asked for.
pub struct FirstRows<Q> {
    query: Q,
    rows: i64,
}

/// One row more than a page has where nobody says, and one more than the largest has.
const PAGES: [i64; 2] = [51, 201];

/// Being among the first rows of a query.
pub struct AmongFirst<N, Q> {
    number: N,
    among: FirstRows<Q>,
}

/// What `ids` names, for a statement that is kept prepared to look up by `eq_any`. Of a list
/// that it does not know the planner takes it that it has ten elements. Where it has fewer,
/// planning anew for them seems cheaper each time, and takes longer than the look-up: so the
/// last is named until there are ten.
pub fn at_least_ten(mut ids: Vec<Uuid>) -> Vec<Uuid> {
    let last = ids.last().copied().unwrap_or_default();
    ids.resize(ids.len().max(10), last);
    ids
}

/// Lets a statement be kept prepared, or not.
pub trait Prepare: Sized {
    /// This statement, prepared once per connection.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
    }

    /// This query, planned for its values.
    fn planned_anew(self) -> PlannedAnew<Self> {
        PlannedAnew(self)
    }

    /// The first `wanted` rows of this query, which has no limit yet, and perhaps more.
    fn first_rows(self, wanted: i64) -> FirstRows<Self> {
        let rows = PAGES.into_iter().find(|rows| *rows >= wanted).unwrap_or(wanted);
        FirstRows { query: self, rows }
    }

    /// Whether `number` is among the first `wanted` rows of this query of numbers, which has
    /// no limit yet, and perhaps more.
    fn has_among_first<N>(self, wanted: i64, number: N) -> AmongFirst<N, Self> {
        AmongFirst {
            number,
            among: self.first_rows(wanted),
        }
    }
}

impl<Q: QueryFragment<Pg>> Prepare for Q {}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();

    // By its text, which says which columns there are.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q, C> diesel::RunQueryDsl<C> for Prepared<Q> {}

impl<Q> QueryId for PlannedAnew<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for PlannedAnew<Q> {
    type SqlType = Q::SqlType;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for PlannedAnew<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        self.0.walk_ast(out)
    }
}

impl<Q, C> diesel::RunQueryDsl<C> for PlannedAnew<Q> {}

impl<Q> QueryId for FirstRows<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for FirstRows<Q> {
    type SqlType = Q::SqlType;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for FirstRows<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT ");
        out.push_sql(&self.rows.to_string());
        Ok(())
    }
}

impl<Q, C> diesel::RunQueryDsl<C> for FirstRows<Q> {}

impl<N, Q> Expression for AmongFirst<N, Q> {
    type SqlType = Bool;
}

impl<N: AppearsOnTable<T>, Q, T> AppearsOnTable<T> for AmongFirst<N, Q> {}

impl<N, Q> ValidGrouping<()> for AmongFirst<N, Q> {
    type IsAggregate = is_aggregate::No;
}

impl<N, Q> QueryId for AmongFirst<N, Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<N: QueryFragment<Pg>, Q: QueryFragment<Pg>> QueryFragment<Pg> for AmongFirst<N, Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.number.walk_ast(out.reborrow())?;
        out.push_sql(" IN (");
        self.among.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_the_same_and_no_fewer_than_ten() {
        let ids: Vec<Uuid> = (1..=12).map(Uuid::from_u128).collect();

        let padded = at_least_ten(ids[..2].to_vec());
        assert_eq!((padded.len(), &padded[..2]), (10, &ids[..2]));
        assert!(padded[2..].iter().all(|id| *id == ids[1]));
        assert_eq!(at_least_ten(ids.clone()), ids);
        assert_eq!(at_least_ten(Vec::new()), [Uuid::nil(); 10]);
    }
}
