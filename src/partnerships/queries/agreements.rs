//! The statements on information sharing agreements.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::db::kept;
use crate::db::schema::{agreement_parties, agreements};
use crate::error::{AppError, Result};
use crate::sharing::model::AgreementStatus;

/// A version of an agreement, without its parties.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = agreements)]
pub struct AgreementRow {
    /// Its id.
    pub id: Uuid,
    /// The organisation that keeps the document.
    pub org_id: Uuid,
    /// The partnership it is made in.
    pub partnership_id: Uuid,
    /// What it is called.
    pub title: String,
    /// Where it stands.
    pub status: String,
    /// What may be shared for.
    pub purposes: Vec<String>,
    /// Through which gateways.
    pub gateways: Vec<String>,
    /// Which classes of data.
    pub data_classes: Vec<String>,
    /// First day in force.
    pub active_from: NaiveDate,
    /// First day no longer in force.
    pub active_to: Option<NaiveDate>,
    /// Day by which it has to be reviewed.
    pub review_due: NaiveDate,
    /// Where the data protection impact assessment is kept.
    pub dpia_ref: Option<String>,
    /// The arrangements it makes.
    pub terms: Value,
    /// Counts its changes.
    pub version: i64,
    /// Which version of the agreement it is, from 1.
    pub version_number: i64,
    /// The first version, if it is not that itself.
    pub first_version_id: Option<Uuid>,
}

impl AgreementRow {
    /// Where it stands.
    ///
    /// # Errors
    /// For a name that is no status.
    pub fn status(&self) -> Result<AgreementStatus> {
        kept("agreement status", &self.status, AgreementStatus::parse)
    }

    /// The first version of the agreement.
    pub fn first_version(&self) -> Uuid {
        self.first_version_id.unwrap_or(self.id)
    }
}

/// A party, and whether it signed.
#[derive(Debug, Clone, Queryable)]
pub struct PartyRow {
    /// The agreement.
    pub agreement_id: Uuid,
    /// The organisation.
    pub org_id: Uuid,
    /// When it signed.
    pub signed_at: Option<DateTime<Utc>>,
    /// Who signed for it.
    pub signed_by: Option<Uuid>,
    /// When it withdrew.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Why.
    pub withdrawal_reason: Option<String>,
}

/// The agreements that the caller sees, after the id `after`, one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &mut AsyncPgConnection,
    partnership: Option<Uuid>,
    status: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AgreementRow>> {
    let mut query = agreements::table
        .filter(agreements::id.gt(after.unwrap_or(Uuid::nil())))
        .order(agreements::id)
        .limit(limit + 1)
        .select(AgreementRow::as_select())
        .into_boxed();
    if let Some(partnership) = partnership {
        query = query.filter(agreements::partnership_id.eq(partnership));
    }
    if let Some(status) = status {
        query = query.filter(agreements::status.eq(status));
    }
    Ok(query.load(connection).await?)
}

/// An agreement that the caller sees.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn find(connection: &mut AsyncPgConnection, id: Uuid) -> Result<AgreementRow> {
    Ok(agreements::table
        .filter(agreements::id.eq(id))
        .select(AgreementRow::as_select())
        .first(connection)
        .await?)
}

/// An agreement that the caller's organisation keeps, which nobody else changes until the end
/// of the transaction.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn hold(connection: &mut AsyncPgConnection, id: Uuid) -> Result<AgreementRow> {
    Ok(agreements::table
        .filter(agreements::id.eq(id))
        .select(AgreementRow::as_select())
        .for_no_key_update()
        .first(connection)
        .await?)
}

/// The versions of an agreement from the number after `after` on, one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn versions(
    connection: &mut AsyncPgConnection,
    of: &AgreementRow,
    after: i64,
    limit: i64,
) -> Result<Vec<AgreementRow>> {
    let first = of.first_version();
    Ok(agreements::table
        .filter(agreements::org_id.eq(of.org_id))
        .filter(agreements::id.eq(first).or(agreements::first_version_id.eq(first)))
        .filter(agreements::version_number.gt(after))
        .order(agreements::version_number)
        .limit(limit + 1)
        .select(AgreementRow::as_select())
        .load(connection)
        .await?)
}

/// The parties of agreements.
///
/// # Errors
/// Those of the database.
pub async fn parties(connection: &mut AsyncPgConnection, ids: &[Uuid]) -> Result<Vec<PartyRow>> {
    Ok(agreement_parties::table
        .filter(agreement_parties::agreement_id.eq_any(ids))
        .order((agreement_parties::agreement_id, agreement_parties::org_id))
        .select((
            agreement_parties::agreement_id,
            agreement_parties::org_id,
            agreement_parties::signed_at,
            agreement_parties::signed_by,
            agreement_parties::withdrawn_at,
            agreement_parties::withdrawal_reason,
        ))
        .load(connection)
        .await?)
}

/// Adds a draft, as its keeper.
///
/// # Errors
/// Those of the database.
pub async fn insert(connection: &mut AsyncPgConnection, row: &AgreementRow) -> Result<()> {
    diesel::insert_into(agreements::table)
        .values((
            agreements::id.eq(row.id),
            agreements::org_id.eq(row.org_id),
            agreements::partnership_id.eq(row.partnership_id),
            agreements::title.eq(&row.title),
            agreements::purposes.eq(&row.purposes),
            agreements::gateways.eq(&row.gateways),
            agreements::data_classes.eq(&row.data_classes),
            agreements::active_from.eq(row.active_from),
            agreements::active_to.eq(row.active_to),
            agreements::review_due.eq(row.review_due),
            agreements::dpia_ref.eq(&row.dpia_ref),
            agreements::terms.eq(&row.terms),
            (
                agreements::version_number.eq(row.version_number),
                agreements::first_version_id.eq(row.first_version_id),
            ),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes a changed draft over the one at `row.version`.
///
/// # Errors
/// [`AppError::StaleVersion`] where it is not at that version any more.
pub async fn update(connection: &mut AsyncPgConnection, row: &AgreementRow, at: DateTime<Utc>) -> Result<()> {
    let changed = diesel::update(agreements::table)
        .filter(agreements::id.eq(row.id))
        .filter(agreements::version.eq(row.version))
        .set((
            agreements::title.eq(&row.title),
            agreements::status.eq(&row.status),
            agreements::purposes.eq(&row.purposes),
            agreements::gateways.eq(&row.gateways),
            agreements::data_classes.eq(&row.data_classes),
            agreements::active_from.eq(row.active_from),
            agreements::active_to.eq(row.active_to),
            agreements::review_due.eq(row.review_due),
            agreements::dpia_ref.eq(&row.dpia_ref),
            agreements::terms.eq(&row.terms),
            agreements::version.eq(row.version + 1),
            agreements::updated_at.eq(at),
        ))
        .execute(connection)
        .await?;
    (changed == 1).then_some(()).ok_or(AppError::StaleVersion)
}

/// Takes every party out of a draft, with its signature.
///
/// # Errors
/// Those of the database.
pub async fn remove_parties(connection: &mut AsyncPgConnection, id: Uuid) -> Result<()> {
    diesel::delete(agreement_parties::table)
        .filter(agreement_parties::agreement_id.eq(id))
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds parties that have not signed.
///
/// # Errors
/// Those of the database.
pub async fn add_parties(connection: &mut AsyncPgConnection, id: Uuid, keeper: Uuid, orgs: &[Uuid]) -> Result<()> {
    let rows: Vec<_> = orgs
        .iter()
        .map(|org| {
            (
                agreement_parties::agreement_id.eq(id),
                agreement_parties::agreement_org_id.eq(keeper),
                agreement_parties::org_id.eq(*org),
            )
        })
        .collect();
    diesel::insert_into(agreement_parties::table)
        .values(rows)
        .execute(connection)
        .await?;
    Ok(())
}

/// Signs for a party that has not signed. Returns whether there was such a one.
///
/// # Errors
/// Those of the database.
pub async fn sign(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    org: Uuid,
    by: Uuid,
    at: DateTime<Utc>,
) -> Result<bool> {
    let signed = diesel::update(agreement_parties::table)
        .filter(agreement_parties::agreement_id.eq(id))
        .filter(agreement_parties::org_id.eq(org))
        .filter(agreement_parties::signed_at.is_null())
        .set((agreement_parties::signed_at.eq(at), agreement_parties::signed_by.eq(by)))
        .execute(connection)
        .await?;
    Ok(signed > 0)
}

/// Takes a party out of an agreement. Returns whether it was one still.
///
/// # Errors
/// Those of the database.
pub async fn withdraw(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    org: Uuid,
    by: Uuid,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let withdrawn = diesel::update(agreement_parties::table)
        .filter(agreement_parties::agreement_id.eq(id))
        .filter(agreement_parties::org_id.eq(org))
        .filter(agreement_parties::withdrawn_at.is_null())
        .set((
            agreement_parties::withdrawn_at.eq(at),
            agreement_parties::withdrawn_by.eq(by),
            agreement_parties::withdrawal_reason.eq(reason),
        ))
        .execute(connection)
        .await?;
    Ok(withdrawn > 0)
}
