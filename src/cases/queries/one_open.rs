//! Looking for the open case about the same.

use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::join;
use uuid::Uuid;

use crate::db::schema::cases;
use crate::error::Result;
use crate::rule::CaseInTheWay;

diesel::define_sql_function! {
    /// Who looks for the same in the caller's organisation waits until this transaction ends.
    fn hold_open_case_key(case_type: Text, key: Text) -> Bool;
}
diesel::define_sql_function! {
    /// Whether a role of theirs, and the scopes of a system, let them read such a case.
    fn reads_cases(user: SqlUuid, session: SqlUuid, ward: Text, case_type: Text) -> Bool;
}

/// What a case is about that is to be recorded or changed.
#[derive(Debug)]
pub struct Sought<'a> {
    /// The case, if there is one already.
    pub case: Option<Uuid>,
    /// Its partnership.
    pub partnership: Uuid,
    /// Its type.
    pub case_type: &'a str,
    /// The value by which others are about the same.
    pub key: &'a str,
}

/// The oldest other open case about the same that somebody (user and session) may read, of
/// those that their organisation sees. None of their colleagues looks for one until the
/// transaction ends. One round trip: the lock comes first, and what is read after it sees
/// what was committed before it was had.
///
/// # Errors
/// Those of the database.
pub async fn another_open(
    connection: &AsyncPgConnection,
    sought: &Sought<'_>,
    (user, session): (Uuid, Uuid),
) -> Result<Option<CaseInTheWay>> {
    let (mut first, mut second) = (connection, connection);
    let hold = hold_open_case_key(sought.case_type, sought.key);
    let held = diesel::select(hold).get_result::<bool>(&mut first);
    let found = cases::table
        .filter(cases::open_case_key.eq(sought.key))
        .filter(cases::type_.eq(sought.case_type))
        .filter(cases::partnership_id.eq(sought.partnership))
        .filter(cases::status_class.eq("open"))
        .filter(cases::id.ne(sought.case.unwrap_or_default()))
        .filter(reads_cases(user, session, cases::ward_gss, cases::type_))
        .order((cases::opened_at, cases::id))
        .select((cases::id, cases::org_id, cases::ref_))
        .first::<(Uuid, Uuid, String)>(&mut second);
    let (held, found) = join!(held, found);
    held?;
    let found = found.optional()?;
    Ok(found.map(|(id, owner, reference)| CaseInTheWay { id, owner, reference }))
}
