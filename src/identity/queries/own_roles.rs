//! The statements on an organisation's own roles.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::people::still_held;
use crate::db::schema::{custom_roles, role_grants};
use crate::error::{AppError, Result};

/// A role that an organisation made.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = custom_roles)]
pub struct RoleRow {
    /// Its id.
    pub id: Uuid,
    /// The name used in grants.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// What it carries.
    pub permissions: Vec<String>,
    /// Its version.
    pub version: i64,
}

/// All roles that `org` made.
///
/// # Errors
/// Those of the database.
pub async fn list(connection: &mut AsyncPgConnection, org: Uuid) -> Result<Vec<RoleRow>> {
    Ok(custom_roles::table
        .filter(custom_roles::org_id.eq(org))
        .select(RoleRow::as_select())
        .load(connection)
        .await?)
}

/// A role that `org` made.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn find(connection: &mut AsyncPgConnection, org: Uuid, id: Uuid) -> Result<RoleRow> {
    Ok(custom_roles::table
        .filter(custom_roles::org_id.eq(org))
        .filter(custom_roles::id.eq(id))
        .select(RoleRow::as_select())
        .first(connection)
        .await?)
}

/// Adds a role.
///
/// # Errors
/// [`AppError::Conflict`] if the organisation has one with that code.
pub async fn insert(connection: &mut AsyncPgConnection, org: Uuid, role: &RoleRow) -> Result<()> {
    let values = (
        custom_roles::id.eq(role.id),
        custom_roles::org_id.eq(org),
        custom_roles::code.eq(&role.code),
        custom_roles::name.eq(&role.name),
        custom_roles::permissions.eq(&role.permissions),
    );
    let added = diesel::insert_into(custom_roles::table)
        .values(values)
        .execute(connection)
        .await;
    match added {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Err(AppError::Conflict(
            "your organisation has a role with this code already".to_owned(),
        )),
        other => Ok(other.map(drop)?),
    }
}

/// What of a role changes.
#[derive(AsChangeset)]
#[diesel(table_name = custom_roles)]
pub struct RoleChange<'a> {
    /// What it is called.
    pub name: Option<&'a str>,
    /// What it carries.
    pub permissions: Option<&'a [String]>,
    /// When it is changed.
    pub updated_at: DateTime<Utc>,
}

/// Changes a role that is still at `version`.
///
/// # Errors
/// [`AppError::StaleVersion`] where it is not.
pub async fn update(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    id: Uuid,
    version: i64,
    change: RoleChange<'_>,
) -> Result<()> {
    let changed = diesel::update(custom_roles::table)
        .filter(custom_roles::org_id.eq(org))
        .filter(custom_roles::id.eq(id))
        .filter(custom_roles::version.eq(version))
        .set((change, custom_roles::version.eq(version + 1)))
        .execute(connection)
        .await?;
    (changed == 1).then_some(()).ok_or(AppError::StaleVersion)
}

/// Whether `user` holds the role `code`.
///
/// # Errors
/// Those of the database.
pub async fn holds(connection: &mut AsyncPgConnection, org: Uuid, user: Uuid, code: &str) -> Result<bool> {
    let held = role_grants::table
        .filter(role_grants::org_id.eq(org))
        .filter(role_grants::user_id.eq(user))
        .filter(role_grants::role.eq(code))
        .filter(still_held());
    Ok(diesel::select(diesel::dsl::exists(held)).get_result(connection).await?)
}
