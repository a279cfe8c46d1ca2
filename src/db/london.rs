//! The day in London, by the database's clock.

use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;

diesel::define_sql_function! {
    /// The civil date in London at a time.
    fn london_day(at: Timestamptz) -> Date;
}

/// Today in London.
#[diesel::dsl::auto_type]
pub fn london_today() -> _ {
    london_day(now.into_sql::<Timestamptz>())
}
