//! Making the first operator of a deployment, and helping an organisation to an
//! administrator, as the owner of the tables.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::administrators;
use super::people::PERSON;
use crate::audit::{self, NewAuditEvent};
use crate::db::schema::{organisations, role_grants, users};
use crate::error::{AppError, Result};
use crate::identity::roles::Role;
use crate::partnerships::hold_organisation;

/// The role that adds organisations and partnerships, and reads no case.
const OPERATOR: &str = Role::PlatformOperator.as_str();
/// With it the first operator can add others.
const ADMINISTRATOR: &str = Role::OrgAdmin.as_str();

/// Who is to be the operator.
#[derive(Debug, Clone)]
pub struct NewOperator {
    /// The address they sign in with, in lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// The name of the platform's own organisation, if it has to be made.
    pub organisation: String,
    /// Hash of their password.
    pub password_hash: String,
}

/// Makes the platform's organisation, if there is none, and its first operator, who
/// can add further ones. The log says so in the same transaction.
///
/// # Errors
/// [`AppError::Conflict`] where an operator is there who can do this, or the address
/// is somebody else's.
pub async fn create_first(connection: &mut AsyncPgConnection, new: &NewOperator) -> Result<Uuid> {
    let new = new.clone();
    connection
        .transaction::<_, AppError, _>(async |connection| {
            refuse_second(connection).await?;
            let org = platform(connection, &new.organisation).await?;
            let user = Uuid::now_v7();
            let added = diesel::insert_into(users::table)
                .values((
                    users::id.eq(user),
                    users::org_id.eq(org),
                    users::email.eq(&new.email),
                    users::name.eq(&new.name),
                    users::password_hash.eq(&new.password_hash),
                ))
                .execute(connection)
                .await;
            added.map_err(taken)?;
            for role in [OPERATOR, ADMINISTRATOR] {
                grant(connection, org, user, role).await?;
            }
            let event = NewAuditEvent {
                org_id: Some(org),
                request_id: Uuid::now_v7(),
                record_ids: vec![org, user],
                facts: serde_json::json!({"roles": [OPERATOR, ADMINISTRATOR]}),
                ..NewAuditEvent::blank("command.create_operator")
            };
            audit::insert(connection, &event).await?;
            Ok(user)
        })
        .await
}

/// Makes somebody the administrator of their organisation, where nobody is left who manages
/// its people: only such a person could give the role over the API. The log of the
/// organisation says so in the same transaction.
///
/// # Errors
/// [`AppError::Conflict`] where nobody with an account in use signs in with that address, or
/// somebody manages the organisation's people.
pub async fn appoint_administrator(connection: &mut AsyncPgConnection, email: &str) -> Result<Uuid> {
    let email = email.to_owned();
    connection
        .transaction::<_, AppError, _>(async |connection| {
            let person: Option<(Uuid, Uuid)> = users::table
                .filter(users::email.eq(&email))
                .filter(users::kind.eq(PERSON))
                .filter(users::disabled_at.is_null())
                .select((users::id, users::org_id))
                .first(connection)
                .await
                .optional()?;
            let nobody = || AppError::Conflict("nobody with an account in use signs in with this address".to_owned());
            let (user, org) = person.ok_or_else(nobody)?;
            hold_organisation(connection, org).await?;
            if administrators::expect_one(connection, org).await.is_ok() {
                return Err(AppError::Conflict(
                    "somebody manages the people of this organisation: they give the role over the API".to_owned(),
                ));
            }
            grant(connection, org, user, ADMINISTRATOR).await?;
            let event = NewAuditEvent {
                org_id: Some(org),
                request_id: Uuid::now_v7(),
                record_ids: vec![user],
                facts: serde_json::json!({"roles": [ADMINISTRATOR]}),
                ..NewAuditEvent::blank("command.appoint_administrator")
            };
            audit::insert(connection, &event).await?;
            Ok(user)
        })
        .await
}

async fn grant(connection: &mut AsyncPgConnection, org: Uuid, user: Uuid, role: &str) -> Result<()> {
    diesel::insert_into(role_grants::table)
        .values((
            role_grants::id.eq(Uuid::now_v7()),
            role_grants::org_id.eq(org),
            role_grants::user_id.eq(user),
            role_grants::role.eq(role),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Operators are made by operators, but for the first.
async fn refuse_second(connection: &mut AsyncPgConnection) -> Result<()> {
    let there: Option<Uuid> = users::table
        .inner_join(
            role_grants::table.on(role_grants::user_id
                .eq(users::id)
                .and(role_grants::org_id.eq(users::org_id))),
        )
        .filter(role_grants::role.eq(OPERATOR))
        .filter(role_grants::until.is_null())
        .filter(users::disabled_at.is_null())
        .select(users::id)
        .first(connection)
        .await
        .optional()?;
    match there {
        Some(_) => Err(AppError::Conflict(
            "there is an operator; further ones are added over the API".to_owned(),
        )),
        None => Ok(()),
    }
}

async fn platform(connection: &mut AsyncPgConnection, name: &str) -> Result<Uuid> {
    let known: Option<Uuid> = organisations::table
        .filter(organisations::kind.eq("platform"))
        .select(organisations::id)
        .first(connection)
        .await
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    let id = Uuid::now_v7();
    diesel::insert_into(organisations::table)
        .values((
            organisations::id.eq(id),
            organisations::kind.eq("platform"),
            organisations::name.eq(name),
        ))
        .execute(connection)
        .await?;
    Ok(id)
}

fn taken(error: diesel::result::Error) -> AppError {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            AppError::Conflict("somebody signs in with this e-mail address already".to_owned())
        }
        other => other.into(),
    }
}
