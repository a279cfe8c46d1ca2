//! The statements on service accounts and their keys.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ipnetwork::IpNetwork;
use uuid::Uuid;

use crate::db::schema::{service_account_keys, service_accounts, sessions, users};
use crate::error::{AppError, Result};

/// What `kind` says of a user that is a system.
const SERVICE: &str = "service";

/// A service account, as its own organisation sees it.
#[derive(Debug, Queryable)]
pub struct AccountRow {
    /// Its id, with which it shows who it is.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// Since when it may do nothing.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Its version.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The permissions it uses.
    pub scopes: Vec<String>,
    /// Where it may call from.
    pub networks: Option<Vec<IpNetwork>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

type Columns = (
    users::id,
    users::name,
    users::disabled_at,
    users::version,
    users::created_at,
    service_accounts::scopes,
    service_accounts::networks,
    service_accounts::expires_at,
);

const COLUMNS: Columns = (
    users::id,
    users::name,
    users::disabled_at,
    users::version,
    users::created_at,
    service_accounts::scopes,
    service_accounts::networks,
    service_accounts::expires_at,
);

/// The service accounts of `org` after the id `after`, one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AccountRow>> {
    Ok(service_accounts::table
        .inner_join(users::table.on(users::id.eq(service_accounts::user_id)))
        .filter(service_accounts::org_id.eq(org))
        .filter(service_accounts::user_id.gt(after.unwrap_or(Uuid::nil())))
        .order((service_accounts::org_id, service_accounts::user_id))
        .limit(limit + 1)
        .select(COLUMNS)
        .load(connection)
        .await?)
}

/// A service account of `org`.
///
/// # Errors
/// [`AppError::NotFound`] for anybody else's.
pub async fn find(connection: &mut AsyncPgConnection, org: Uuid, id: Uuid) -> Result<AccountRow> {
    Ok(service_accounts::table
        .inner_join(users::table.on(users::id.eq(service_accounts::user_id)))
        .filter(service_accounts::org_id.eq(org))
        .filter(service_accounts::user_id.eq(id))
        .select(COLUMNS)
        .first(connection)
        .await?)
}

/// A service account to add.
pub struct NewAccount<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its organisation.
    pub org_id: Uuid,
    /// What it is called.
    pub name: &'a str,
    /// The permissions it uses.
    pub scopes: &'a [String],
    /// Where it may call from.
    pub networks: Option<&'a [IpNetwork]>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who adds it.
    pub created_by: Uuid,
}

/// Adds a service account, without roles.
///
/// # Errors
/// Those of the database.
pub async fn insert(connection: &mut AsyncPgConnection, new: &NewAccount<'_>) -> Result<()> {
    let user = (
        users::id.eq(new.id),
        users::org_id.eq(new.org_id),
        users::name.eq(new.name),
        users::kind.eq(SERVICE),
    );
    diesel::insert_into(users::table)
        .values(user)
        .execute(connection)
        .await?;
    let account = (
        service_accounts::user_id.eq(new.id),
        service_accounts::org_id.eq(new.org_id),
        service_accounts::scopes.eq(new.scopes),
        service_accounts::networks.eq(new.networks),
        service_accounts::expires_at.eq(new.expires_at),
        service_accounts::created_by.eq(new.created_by),
    );
    diesel::insert_into(service_accounts::table)
        .values(account)
        .execute(connection)
        .await?;
    Ok(())
}

/// What becomes of how far a service account may act.
#[derive(AsChangeset)]
#[diesel(table_name = service_accounts)]
pub struct Reach {
    /// The permissions it uses.
    pub scopes: Vec<String>,
    /// Where it may call from.
    pub networks: Option<Option<Vec<IpNetwork>>>,
    /// When it ends by itself.
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// Says how far a service account may act.
///
/// # Errors
/// Those of the database.
pub async fn update(connection: &mut AsyncPgConnection, org: Uuid, id: Uuid, reach: Reach) -> Result<()> {
    diesel::update(service_accounts::table)
        .filter(service_accounts::org_id.eq(org))
        .filter(service_accounts::user_id.eq(id))
        .set(reach)
        .execute(connection)
        .await?;
    Ok(())
}

/// A key by which a service account shows who it is.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = service_account_keys)]
pub struct KeyRow {
    /// Its id.
    pub id: Uuid,
    /// The organisation.
    pub org_id: Uuid,
    /// The service account.
    pub user_id: Uuid,
    /// SHA-256 of a secret.
    pub secret_hash: Option<Vec<u8>>,
    /// A public key.
    pub public_jwk: Option<serde_json::Value>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Who added it.
    pub created_by: Uuid,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// The keys of a service account after the id `after`, one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn keys(
    connection: &mut AsyncPgConnection,
    (org, account): (Uuid, Uuid),
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<KeyRow>> {
    Ok(service_account_keys::table
        .filter(service_account_keys::org_id.eq(org))
        .filter(service_account_keys::user_id.eq(account))
        .filter(service_account_keys::id.gt(after.unwrap_or(Uuid::nil())))
        .order((service_account_keys::user_id, service_account_keys::id))
        .limit(limit + 1)
        .select(KeyRow::as_select())
        .load(connection)
        .await?)
}

/// A key of a service account.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn find_key(connection: &mut AsyncPgConnection, (org, account): (Uuid, Uuid), id: Uuid) -> Result<KeyRow> {
    Ok(service_account_keys::table
        .filter(service_account_keys::org_id.eq(org))
        .filter(service_account_keys::user_id.eq(account))
        .filter(service_account_keys::id.eq(id))
        .select(KeyRow::as_select())
        .first(connection)
        .await?)
}

/// Adds a key.
///
/// # Errors
/// Those of the database.
pub async fn insert_key(connection: &mut AsyncPgConnection, key: &KeyRow) -> Result<()> {
    diesel::insert_into(service_account_keys::table)
        .values(key)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes a key and ends the sessions that were started with it. Returns how many lived.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn delete_key(
    connection: &mut AsyncPgConnection,
    (org, account): (Uuid, Uuid),
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<usize> {
    let deleted = diesel::delete(service_account_keys::table)
        .filter(service_account_keys::org_id.eq(org))
        .filter(service_account_keys::user_id.eq(account))
        .filter(service_account_keys::id.eq(id))
        .execute(connection)
        .await?;
    if deleted == 0 {
        return Err(AppError::NotFound);
    }
    Ok(diesel::update(sessions::table)
        .filter(sessions::org_id.eq(org))
        .filter(sessions::user_id.eq(account))
        .filter(sessions::key_id.eq(id))
        .filter(sessions::ended_at.is_null())
        .set((sessions::ended_at.eq(at), sessions::end_reason.eq("killed")))
        .execute(connection)
        .await?)
}
