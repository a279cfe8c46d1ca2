//! What somebody may do, whatever they are just doing.

use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::people::still_held;
use crate::db::schema::{custom_roles, role_grants, service_accounts, sessions};
use crate::doors::Grant;
use crate::error::Result;
use crate::identity::powers::{Power, Powers};

type Scopes = Option<Vec<String>>;
type Limits = Option<Vec<String>>;
type Held = (String, Limits, Limits, Option<Vec<String>>, Scopes, Scopes);

diesel::define_sql_function! {
    /// Whether a role of theirs carries a permission on such cases.
    fn roles_reach(user: SqlUuid, permission: Text, ward: Text, case_type: Text) -> Bool;
}

/// Whether the roles of `user`, who may be a partner's, carry `permission` on cases of this
/// type in this ward.
///
/// # Errors
/// Those of the database.
pub async fn reaches(
    mut connection: &AsyncPgConnection,
    user: Uuid,
    permission: &str,
    (ward, case_type): (&str, &str),
) -> Result<bool> {
    let reaching = roles_reach(user, permission, ward, case_type);
    Ok(diesel::select(reaching).get_result(&mut connection).await?)
}

/// What the roles of `user` carry, as far as the scopes of the account and of the session
/// let it be used.
///
/// # Errors
/// Those of the database.
pub async fn powers(mut connection: &AsyncPgConnection, user: Uuid, session: Uuid) -> Result<Powers> {
    let own_role = custom_roles::org_id
        .eq(role_grants::org_id)
        .and(custom_roles::code.eq(role_grants::role));
    let held: Vec<Held> = role_grants::table
        .inner_join(sessions::table.on(sessions::user_id.eq(role_grants::user_id)))
        .left_join(service_accounts::table.on(service_accounts::user_id.eq(role_grants::user_id)))
        .left_join(custom_roles::table.on(own_role))
        .filter(role_grants::user_id.eq(user))
        .filter(still_held())
        .filter(sessions::id.eq(session))
        .select((
            role_grants::role,
            role_grants::areas,
            role_grants::case_types,
            custom_roles::permissions.nullable(),
            service_accounts::scopes.nullable(),
            sessions::scopes,
        ))
        .load(&mut connection)
        .await?;
    let power = |(role, areas, case_types, own_role, account, token)| Power {
        grant: Grant {
            role,
            areas,
            case_types,
            ..Grant::default()
        },
        own_role,
        scopes: [account, token],
    };
    Ok(Powers::new(held.into_iter().map(power).collect()))
}
