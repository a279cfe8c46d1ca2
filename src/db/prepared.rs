//! Statements that are worth keeping prepared although diesel does not say so.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

/// A statement that is prepared once per connection, by its text.
///
/// diesel prepares every UPDATE, and every INSERT with a column that may be left to its
/// default, anew each time: a round trip more, and up to half a millisecond to plan
/// what the policies add to it. Only for statements of which there are few texts.
pub struct Prepared<Q>(Q);

/// Lets a statement be kept prepared.
pub trait Prepare: Sized {
    /// This statement, prepared once per connection.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
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
