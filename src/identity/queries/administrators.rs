//! The statements on who manages the people of an organisation.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::people::PERSON;
use crate::db::schema::{custom_roles, role_grants, users};
use crate::error::{AppError, Result};
use crate::identity::roles::{MANAGES_PEOPLE, carriers};

/// That somebody is left who manages the people of `org`: with an account in use, by a role
/// for all wards and case types which no day ends. What may have ended that comes after
/// [`hold_organisation`](crate::partnerships::hold_organisation).
///
/// # Errors
/// [`AppError::Conflict`] where nobody is.
pub async fn expect_one(connection: &mut AsyncPgConnection, org: Uuid) -> Result<()> {
    let own_role = custom_roles::org_id
        .eq(role_grants::org_id)
        .and(custom_roles::code.eq(role_grants::role));
    let is_built_in = role_grants::role.eq_any(carriers(MANAGES_PEOPLE));
    let left: Option<Uuid> = role_grants::table
        .inner_join(users::table.on(users::id.eq(role_grants::user_id)))
        .left_join(custom_roles::table.on(own_role))
        .filter(role_grants::org_id.eq(org))
        .filter(role_grants::areas.is_null())
        .filter(role_grants::case_types.is_null())
        .filter(role_grants::until.is_null())
        .filter(users::kind.eq(PERSON))
        .filter(users::disabled_at.is_null())
        .filter(is_built_in.or(custom_roles::permissions.contains(vec![MANAGES_PEOPLE])))
        .select(users::id)
        .first(connection)
        .await
        .optional()?;
    let nobody = || AppError::Conflict("nobody would be left who manages your organisation's people".to_owned());
    left.map(drop).ok_or_else(nobody)
}
