//! The statements on partnerships and who belongs to them.
//!
//! Membership is counted by London's day and the database's clock, as it is at the door.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::london_today;
use crate::db::schema::{earlier_memberships, partnership_members, partnerships};
use crate::error::{AppError, Result};

/// A partnership.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = partnerships)]
pub struct PartnershipRow {
    /// Its id.
    pub id: Uuid,
    /// Three letters, the beginning of every case's `ref`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// GSS codes of the local authorities it works in.
    pub local_authorities: Vec<String>,
    /// Its version.
    pub version: i64,
}

/// An organisation's membership.
#[derive(Debug, Queryable)]
pub struct MemberRow {
    /// The organisation.
    pub org_id: Uuid,
    /// First day of membership.
    pub member_from: NaiveDate,
    /// First day it no longer is a member.
    pub member_to: Option<NaiveDate>,
    /// Whether its first day lies ahead.
    pub is_to_come: bool,
}

/// The partnerships that the caller sees, after the id `after`, one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(connection: &mut AsyncPgConnection, after: Option<Uuid>, limit: i64) -> Result<Vec<PartnershipRow>> {
    Ok(partnerships::table
        .filter(partnerships::id.gt(after.unwrap_or(Uuid::nil())))
        .order(partnerships::id)
        .limit(limit + 1)
        .select(PartnershipRow::as_select())
        .load(connection)
        .await?)
}

/// A partnership that the caller sees.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn find(connection: &mut AsyncPgConnection, id: Uuid) -> Result<PartnershipRow> {
    Ok(partnerships::table
        .filter(partnerships::id.eq(id))
        .select(PartnershipRow::as_select())
        .first(connection)
        .await?)
}

/// The code of a partnership that the caller sees, and the local authorities it works in.
///
/// # Errors
/// Those of the database.
pub async fn code_and_authorities(
    mut connection: &AsyncPgConnection,
    id: Uuid,
) -> Result<Option<(String, Vec<String>)>> {
    Ok(partnerships::table
        .filter(partnerships::id.eq(id))
        .select((partnerships::code, partnerships::local_authorities))
        .first(&mut connection)
        .await
        .optional()?)
}

/// Adds a partnership.
///
/// # Errors
/// [`AppError::Conflict`] if the code is another's.
pub async fn insert(connection: &mut AsyncPgConnection, row: &PartnershipRow) -> Result<()> {
    let values = (
        partnerships::id.eq(row.id),
        partnerships::code.eq(&row.code),
        partnerships::name.eq(&row.name),
        partnerships::local_authorities.eq(&row.local_authorities),
    );
    let added = diesel::insert_into(partnerships::table)
        .values(values)
        .execute(connection)
        .await;
    match added {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            Err(AppError::Conflict("another partnership has this code".to_owned()))
        }
        other => Ok(other.map(drop)?),
    }
}

/// Members now and before, after the id `after`, one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn members(
    connection: &mut AsyncPgConnection,
    partnership: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<MemberRow>> {
    Ok(partnership_members::table
        .filter(partnership_members::partnership_id.eq(partnership))
        .filter(partnership_members::org_id.gt(after.unwrap_or(Uuid::nil())))
        .order((partnership_members::partnership_id, partnership_members::org_id))
        .limit(limit + 1)
        .select((
            partnership_members::org_id,
            partnership_members::member_from,
            partnership_members::member_to,
            partnership_members::member_from.gt(london_today()),
        ))
        .load(connection)
        .await?)
}

/// Whether a membership counts today.
#[diesel::dsl::auto_type]
fn counts_today() -> _ {
    partnership_members::member_from.le(london_today()).and(
        partnership_members::member_to
            .is_null()
            .or(partnership_members::member_to.gt(london_today().nullable())),
    )
}

/// Who is a member today.
///
/// # Errors
/// Those of the database.
pub async fn members_today(connection: &mut AsyncPgConnection, partnership: Uuid) -> Result<Vec<Uuid>> {
    Ok(partnership_members::table
        .filter(partnership_members::partnership_id.eq(partnership))
        .filter(counts_today())
        .select(partnership_members::org_id)
        .load(connection)
        .await?)
}

/// Those of `orgs` that are members today.
///
/// # Errors
/// Those of the database.
pub async fn members_among(connection: &mut AsyncPgConnection, partnership: Uuid, orgs: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(partnership_members::table
        .filter(partnership_members::partnership_id.eq(partnership))
        .filter(partnership_members::org_id.eq_any(orgs))
        .filter(counts_today())
        .select(partnership_members::org_id)
        .load(connection)
        .await?)
}

/// The memberships that these organisations had before they came back, the oldest first.
///
/// # Errors
/// Those of the database.
pub async fn earlier_memberships(
    connection: &mut AsyncPgConnection,
    partnership: Uuid,
    orgs: &[Uuid],
) -> Result<Vec<(Uuid, NaiveDate, NaiveDate)>> {
    Ok(earlier_memberships::table
        .filter(earlier_memberships::partnership_id.eq(partnership))
        .filter(earlier_memberships::org_id.eq_any(orgs))
        .order(earlier_memberships::member_from)
        .select((
            earlier_memberships::org_id,
            earlier_memberships::member_from,
            earlier_memberships::member_to,
        ))
        .load(connection)
        .await?)
}

/// Makes `org` a member from a day on (today, where none is named), again where
/// it was one before.
///
/// # Errors
/// [`AppError::Conflict`] if it is a member; [`AppError::Invalid`] for a day on which it
/// still was one.
pub async fn add_member(
    connection: &mut AsyncPgConnection,
    partnership: Uuid,
    org: Uuid,
    from: Option<NaiveDate>,
) -> Result<()> {
    let added = diesel::insert_into(partnership_members::table)
        .values((
            partnership_members::partnership_id.eq(partnership),
            partnership_members::org_id.eq(org),
            from.map(|day| partnership_members::member_from.eq(day)),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    if added == 0 {
        return add_again(connection, partnership, org, from).await;
    }
    Ok(())
}

/// Begins a membership anew, and keeps the one there was.
async fn add_again(
    connection: &mut AsyncPgConnection,
    partnership: Uuid,
    org: Uuid,
    from: Option<NaiveDate>,
) -> Result<()> {
    let membership = partnership_members::table.find((partnership, org));
    let (member_from, member_to, today): (NaiveDate, Option<NaiveDate>, NaiveDate) = membership
        .select((
            partnership_members::member_from,
            partnership_members::member_to,
            london_today(),
        ))
        .for_update()
        .first(connection)
        .await?;
    let Some(member_to) = member_to else {
        return Err(AppError::Conflict("this organisation is a member already".to_owned()));
    };
    let from = from.unwrap_or(today);
    if from < member_to {
        return Err(AppError::invalid(
            "/member_from",
            "is before the earlier membership ended",
        ));
    }
    // One that ended on the day it began never counted.
    if member_from < member_to {
        diesel::insert_into(earlier_memberships::table)
            .values((
                earlier_memberships::partnership_id.eq(partnership),
                earlier_memberships::org_id.eq(org),
                earlier_memberships::member_from.eq(member_from),
                earlier_memberships::member_to.eq(member_to),
            ))
            .execute(connection)
            .await?;
    }
    diesel::update(membership)
        .set((
            partnership_members::member_from.eq(from),
            partnership_members::member_to.eq(None::<NaiveDate>),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

diesel::define_sql_function! {
    /// Waits for whatever is just being rested on a membership of the partnership, and lets
    /// nothing more be until the end of the transaction.
    fn close_members(partnership: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

/// Ends a membership today, and says which day that is.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn end_member(connection: &mut AsyncPgConnection, partnership: Uuid, org: Uuid) -> Result<Option<NaiveDate>> {
    let _closed: bool = diesel::select(close_members(partnership))
        .get_result(connection)
        .await?;
    Ok(diesel::update(partnership_members::table)
        .filter(partnership_members::partnership_id.eq(partnership))
        .filter(partnership_members::org_id.eq(org))
        .filter(partnership_members::member_to.is_null())
        .set(partnership_members::member_to.eq(london_today().nullable()))
        .returning(partnership_members::member_to)
        .get_result(connection)
        .await?)
}
