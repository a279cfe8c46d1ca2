//! The statements on accounts, their roles and their sessions.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ipnetwork::IpNetwork;
use uuid::Uuid;

use crate::db::london_today;
use crate::db::schema::{role_grants, sessions, users};
use crate::doors::Grant;
use crate::error::{AppError, Result};

/// The users who are no systems (`kind`).
pub(super) const PERSON: &str = "person";

/// An account, as its own organisation sees it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct UserRow {
    /// Its id.
    pub id: Uuid,
    /// The address it signs in with.
    #[diesel(select_expression = users::email.assume_not_null())]
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Their rank or grade.
    pub rank: Option<String>,
    /// What they do.
    pub post: Option<String>,
    /// Since when it cannot sign in.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Its version.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The name of a person who works for `org`, with an account in use; `None` for all
/// others.
///
/// # Errors
/// Those of the database.
pub async fn name_of_colleague(mut connection: &AsyncPgConnection, user: Uuid, org: Uuid) -> Result<Option<String>> {
    Ok(users::table
        .filter(users::id.eq(user))
        .filter(users::org_id.eq(org))
        .filter(users::kind.eq(PERSON))
        .filter(users::disabled_at.is_null())
        .select(users::name)
        .first(&mut connection)
        .await
        .optional()?)
}

/// A person, as their colleagues know them.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct ColleagueRow {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Their rank or grade.
    pub rank: Option<String>,
    /// What they do.
    pub post: Option<String>,
}

/// The people of `org` with an account in use after the id `after`, one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn colleagues(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ColleagueRow>> {
    Ok(users::table
        .filter(users::org_id.eq(org))
        .filter(users::kind.eq(PERSON))
        .filter(users::disabled_at.is_null())
        .filter(users::id.gt(after.unwrap_or(Uuid::nil())))
        .order((users::org_id, users::id))
        .limit(limit + 1)
        .select(ColleagueRow::as_select())
        .load(connection)
        .await?)
}

/// The accounts of `org` after the id `after`, one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<UserRow>> {
    Ok(users::table
        .filter(users::org_id.eq(org))
        .filter(users::kind.eq(PERSON))
        .filter(users::id.gt(after.unwrap_or(Uuid::nil())))
        .order((users::org_id, users::id))
        .limit(limit + 1)
        .select(UserRow::as_select())
        .load(connection)
        .await?)
}

/// An account of `org`.
///
/// # Errors
/// [`AppError::NotFound`] for anybody else's.
pub async fn find(connection: &mut AsyncPgConnection, org: Uuid, id: Uuid) -> Result<UserRow> {
    Ok(users::table
        .filter(users::org_id.eq(org))
        .filter(users::kind.eq(PERSON))
        .filter(users::id.eq(id))
        .select(UserRow::as_select())
        .first(connection)
        .await?)
}

/// Whether a role is held still, which it is to the end of its last day: by the database's clock,
/// as at the door.
#[diesel::dsl::auto_type]
pub fn still_held() -> _ {
    role_grants::until
        .is_null()
        .or(role_grants::until.ge(london_today().nullable()))
}

/// The roles that each of `people` holds; who holds none is left out.
///
/// # Errors
/// Those of the database.
pub async fn grants_of(
    mut connection: &AsyncPgConnection,
    org: Uuid,
    people: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Grant>>> {
    type Row = (
        Uuid,
        String,
        Option<Vec<String>>,
        Option<Vec<String>>,
        Option<NaiveDate>,
    );
    let rows: Vec<Row> = role_grants::table
        .filter(role_grants::org_id.eq(org))
        .filter(role_grants::user_id.eq_any(people))
        .filter(still_held())
        .order((role_grants::user_id, role_grants::role, role_grants::id))
        .select((
            role_grants::user_id,
            role_grants::role,
            role_grants::areas,
            role_grants::case_types,
            role_grants::until,
        ))
        .load(&mut connection)
        .await?;
    let mut held: HashMap<Uuid, Vec<Grant>> = HashMap::new();
    for (holder, role, areas, case_types, until) in rows {
        held.entry(holder).or_default().push(Grant {
            role,
            areas,
            case_types,
            until,
            ..Grant::default()
        });
    }
    Ok(held)
}

/// A person to add.
pub struct NewUser<'a> {
    /// Their id.
    pub id: Uuid,
    /// Their organisation.
    pub org_id: Uuid,
    /// In lower case.
    pub email: &'a str,
    /// Their name.
    pub name: &'a str,
    /// Their rank or grade.
    pub rank: Option<&'a str>,
    /// What they do.
    pub post: Option<&'a str>,
    /// PHC string of their first password; none until they set one.
    pub password_hash: Option<&'a str>,
}

/// Adds a person to one's own organisation.
///
/// # Errors
/// 422 on `/email` if it signs somebody in already, wherever that is.
pub async fn insert(connection: &mut AsyncPgConnection, new: &NewUser<'_>) -> Result<()> {
    let values = (
        users::id.eq(new.id),
        users::org_id.eq(new.org_id),
        users::email.eq(new.email),
        users::name.eq(new.name),
        users::rank.eq(new.rank),
        users::post.eq(new.post),
        users::password_hash.eq(new.password_hash),
    );
    let added = diesel::insert_into(users::table)
        .values(values)
        .execute(connection)
        .await;
    added.map(drop).map_err(|error| taken(error, "/email"))
}

/// The refusal of an address that is in use, and any other error as it is.
fn taken(error: Error, pointer: &str) -> AppError {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            AppError::invalid(pointer, "cannot be used for a new account")
        }
        other => other.into(),
    }
}

diesel::define_sql_function! {
    /// Adds the first person of an organisation, who administers it.
    fn add_first_administrator(org: SqlUuid, user: SqlUuid, email: Text, name: Text, hash: Nullable<Text>, grant: SqlUuid) -> Bool;
}

/// Adds the first person of a new organisation, as its administrator. Only the
/// platform may, and only while there is nobody.
///
/// # Errors
/// 422 on `/administrator/email` if it is taken; [`AppError::Forbidden`] where
/// there is somebody already.
pub async fn insert_first(connection: &mut AsyncPgConnection, new: &NewUser<'_>) -> Result<()> {
    let adding = add_first_administrator(
        new.org_id,
        new.id,
        new.email,
        new.name,
        new.password_hash,
        Uuid::now_v7(),
    );
    let added: bool = diesel::select(adding)
        .get_result(connection)
        .await
        .map_err(|error| taken(error, "/administrator/email"))?;
    added
        .then_some(())
        .ok_or_else(|| AppError::Forbidden("this organisation has people already".to_owned()))
}

/// What of an account changes.
#[derive(AsChangeset)]
#[diesel(table_name = users)]
pub struct UserChange<'a> {
    /// Their name.
    pub name: Option<&'a str>,
    /// Their rank or grade.
    pub rank: Option<Option<&'a str>>,
    /// What they do.
    pub post: Option<Option<&'a str>>,
    /// Since when they cannot sign in.
    pub disabled_at: Option<Option<DateTime<Utc>>>,
    /// When it is changed.
    pub updated_at: DateTime<Utc>,
}

/// Changes an account that is still at `version`.
///
/// # Errors
/// [`AppError::StaleVersion`] where it is not.
pub async fn update(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    id: Uuid,
    version: i64,
    change: UserChange<'_>,
) -> Result<()> {
    let changed = diesel::update(users::table)
        .filter(users::org_id.eq(org))
        .filter(users::id.eq(id))
        .filter(users::version.eq(version))
        .set((change, users::version.eq(version + 1)))
        .execute(connection)
        .await?;
    (changed == 1).then_some(()).ok_or(AppError::StaleVersion)
}

/// Puts `grants` in the place of the roles that a person holds.
///
/// # Errors
/// Those of the database.
pub async fn replace_grants(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    id: Uuid,
    by: Uuid,
    grants: &[Grant],
) -> Result<()> {
    diesel::delete(role_grants::table)
        .filter(role_grants::org_id.eq(org))
        .filter(role_grants::user_id.eq(id))
        .execute(connection)
        .await?;
    let rows: Vec<_> = grants
        .iter()
        .map(|grant| {
            (
                role_grants::id.eq(Uuid::now_v7()),
                role_grants::org_id.eq(org),
                role_grants::user_id.eq(id),
                role_grants::role.eq(&grant.role),
                role_grants::areas.eq(&grant.areas),
                role_grants::case_types.eq(&grant.case_types),
                role_grants::until.eq(grant.until),
                role_grants::granted_by.eq(by),
            )
        })
        .collect();
    diesel::insert_into(role_grants::table)
        .values(rows)
        .execute(connection)
        .await?;
    Ok(())
}

/// The PHC string of one's password.
///
/// # Errors
/// Those of the database.
pub async fn password_hash(connection: &mut AsyncPgConnection, user: Uuid) -> Result<Option<String>> {
    Ok(users::table
        .filter(users::id.eq(user))
        .select(users::password_hash)
        .first(connection)
        .await?)
}

/// Keeps an account from other changes, and from starting sessions, until the end of the
/// transaction. Whoever changes by what it signs in locks it before anything else of it.
///
/// # Errors
/// [`AppError::NotFound`] where the caller may not change it.
pub async fn lock(connection: &mut AsyncPgConnection, user: Uuid) -> Result<()> {
    let _locked: Uuid = users::table
        .filter(users::id.eq(user))
        .select(users::id)
        .for_no_key_update()
        .first(connection)
        .await?;
    Ok(())
}

/// Gives `user` another password in the place of the one with the hash `old`. Returns
/// whether it was still that.
///
/// # Errors
/// Those of the database.
pub async fn set_password(
    connection: &mut AsyncPgConnection,
    user: Uuid,
    old: Option<&str>,
    new: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let changed = diesel::update(users::table)
        .filter(users::id.eq(user))
        .filter(users::password_hash.is_not_distinct_from(old))
        .set((users::password_hash.eq(new), users::updated_at.eq(at)))
        .execute(connection)
        .await?;
    Ok(changed == 1)
}

/// A session that lives.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct SessionRow {
    /// Its id, `sid` in tokens.
    pub id: Uuid,
    /// When it was started.
    pub started_at: DateTime<Utc>,
    /// When it ends in any case.
    pub expires_at: DateTime<Utc>,
    /// Where it was started from.
    pub peer: Option<IpNetwork>,
    /// With which client.
    pub user_agent: Option<String>,
}

/// The sessions of `user` that live, newest first, one more than `limit`.
/// Whether one lives is decided by the database's clock, as it is at the door.
///
/// # Errors
/// Those of the database.
pub async fn live_sessions(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    user: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SessionRow>> {
    Ok(sessions::table
        .filter(sessions::org_id.eq(org))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::id.lt(before.unwrap_or(Uuid::max())))
        .order(sessions::id.desc())
        .limit(limit + 1)
        .select(SessionRow::as_select())
        .load(connection)
        .await?)
}

/// Ends the sessions of `user`, but for the one named. Returns how many lived.
///
/// # Errors
/// Those of the database.
pub async fn end_sessions(
    connection: &mut AsyncPgConnection,
    user: Uuid,
    but: Option<Uuid>,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<usize> {
    Ok(diesel::update(sessions::table)
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::id.ne(but.unwrap_or(Uuid::nil())))
        .set((sessions::ended_at.eq(at), sessions::end_reason.eq(reason)))
        .execute(connection)
        .await?)
}
