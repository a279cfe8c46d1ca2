//! What the caller's organisation may do with a case.
//!
//! Read from `case_access`, the one source of visibility: no row means that the
//! case does not exist for them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::schema::{case_access, cases};
use crate::doors::Audited;
use crate::error::{AppError, Result};

/// What an organisation may do with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AccessLevel {
    /// Everything: the case is its own.
    Owner,
    /// Read, and add to it.
    Contribute,
    /// Read.
    View,
}

/// The caller's access to one case, and what others need to know of the case.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = case_access)]
pub struct Access {
    /// The case.
    pub case_id: Uuid,
    /// The organisation that owns it.
    pub case_org_id: Uuid,
    /// The caller's organisation.
    pub org_id: Uuid,
    /// `owner`, `contribute` or `view`.
    pub level: String,
    /// The classes of its data that are open.
    pub data_classes: Vec<String>,
    /// The share it comes from, unless the caller's organisation owns the case.
    pub share_id: Option<Uuid>,
    /// The partnership it belongs to.
    pub partnership_id: Uuid,
    /// `CAM-7K3F-Q2M9`.
    pub ref_: String,
    /// Case type.
    pub type_: String,
    /// Its state now.
    pub state: String,
    /// `open` or `closed`.
    pub status_class: String,
    /// Marked OFFICIAL-SENSITIVE.
    pub sensitive: bool,
    /// Ward now responsible.
    pub ward_gss: String,
    /// Version of the case.
    pub version: i64,
}

/// The access of the caller's organisation to a case.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn find(mut connection: &AsyncPgConnection, case_id: Uuid) -> Result<Access> {
    Ok(case_access::table
        .filter(case_access::case_id.eq(case_id))
        .select(Access::as_select())
        .first(&mut connection)
        .await?)
}

/// When a case was opened that the caller's organisation sees.
///
/// # Errors
/// [`AppError::NotFound`] where it sees none.
pub async fn opened_at(mut connection: &AsyncPgConnection, case_id: Uuid) -> Result<DateTime<Utc>> {
    Ok(cases::table
        .filter(cases::id.eq(case_id))
        .select(cases::opened_at)
        .first(&mut connection)
        .await?)
}

/// Locks a case that the caller may change, for the rest of the transaction; `None`
/// where they may not. What is read after it is what was locked: each statement sees
/// what is committed when it starts.
///
/// # Errors
/// Those of the database.
pub async fn lock(mut connection: &AsyncPgConnection, case_id: Uuid) -> Result<Option<Uuid>> {
    Ok(cases::table
        .filter(cases::id.eq(case_id))
        .select(cases::id)
        .for_no_key_update()
        .first(&mut connection)
        .await
        .optional()?)
}

/// Only who may contribute goes on.
///
/// # Errors
/// [`AppError::Forbidden`] where the case was shared for viewing only.
pub fn check_contributes(level: &str) -> Result<()> {
    #[cfg(debug_assertions)]
    if crate::doors::unguarded::is_on() {
        return Ok(());
    }
    if level == "view" {
        return Err(AppError::Forbidden(
            "this case is shared with your organisation for viewing only".to_owned(),
        ));
    }
    Ok(())
}

/// Only whose record it is goes on.
///
/// # Errors
/// [`AppError::Forbidden`] for everybody else who sees it, with `detail`.
pub fn check_whose(is_theirs: bool, detail: &str) -> Result<()> {
    #[cfg(debug_assertions)]
    if crate::doors::unguarded::is_on() {
        return Ok(());
    }
    if !is_theirs {
        return Err(AppError::Forbidden(detail.to_owned()));
    }
    Ok(())
}

impl Access {
    /// Whether the caller's organisation owns the case.
    pub fn is_owner(&self) -> bool {
        self.level == "owner"
    }

    /// Whether a class of data is open.
    pub fn opens(&self, data_class: &str) -> bool {
        self.data_classes.iter().any(|class| class == data_class)
    }

    /// Only who may contribute goes on.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] where the case was shared for viewing only.
    pub fn contributing(self) -> Result<Self> {
        check_contributes(&self.level)?;
        Ok(self)
    }

    /// Only the owner goes on.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for everybody else who sees the case.
    pub fn owning(self) -> Result<Self> {
        #[cfg(debug_assertions)]
        if crate::doors::unguarded::is_on() {
            return Ok(self);
        }
        if !self.is_owner() {
            return Err(AppError::Forbidden(
                "only the organisation that owns the case may do this".to_owned(),
            ));
        }
        Ok(self)
    }

    /// Only who may see this class of data goes on.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] where the share leaves it out.
    pub fn opening(self, data_class: &str) -> Result<Self> {
        #[cfg(debug_assertions)]
        if crate::doors::unguarded::is_on() {
            return Ok(self);
        }
        if !self.opens(data_class) {
            return Err(AppError::Forbidden(format!(
                "the share of this case does not include its {data_class}"
            )));
        }
        Ok(self)
    }

    /// Notes in the log that this case was touched or shown, and marks the answer as the
    /// case is.
    pub fn note<T>(&self, audited: Audited<T>) -> Audited<T> {
        audited.case(self.case_id, self.case_org_id).marked(self.sensitive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(level: &str) -> Access {
        Access {
            case_id: Uuid::from_u128(1),
            case_org_id: Uuid::from_u128(2),
            org_id: Uuid::from_u128(3),
            level: level.to_owned(),
            data_classes: vec!["core".to_owned(), "notes".to_owned()],
            share_id: None,
            partnership_id: Uuid::from_u128(4),
            ref_: "CAM-7K3F-Q2M9".to_owned(),
            type_: "graffiti".to_owned(),
            state: "reported".to_owned(),
            status_class: "open".to_owned(),
            sensitive: false,
            ward_gss: "E05013653".to_owned(),
            version: 1,
        }
    }

    fn is_forbidden<T>(outcome: Result<T>) -> bool {
        matches!(outcome, Err(AppError::Forbidden(_)))
    }

    #[test]
    fn who_may_only_view_neither_contributes_nor_owns() {
        assert!(check_contributes("owner").is_ok() && check_contributes("contribute").is_ok());
        assert!(is_forbidden(check_contributes("view")));
        assert!(access("owner").contributing().is_ok() && access("contribute").contributing().is_ok());
        assert!(is_forbidden(access("view").contributing()));
        assert!(access("owner").owning().is_ok());
        for level in ["contribute", "view"] {
            assert!(
                is_forbidden(access(level).owning()) && !access(level).is_owner(),
                "{level}"
            );
        }
    }

    #[test]
    fn a_class_that_is_not_open_is_forbidden_whatever_the_level() {
        for level in ["owner", "contribute", "view"] {
            assert!(access(level).opening("core").is_ok() && access(level).opening("notes").is_ok());
            for closed in ["subjects", "intelligence", "not", "notes and more", ""] {
                assert!(is_forbidden(access(level).opening(closed)), "{closed}");
            }
        }
    }
}
