//! The person behind a request, fresh from the database.

use serde::Deserialize;
use uuid::Uuid;

use crate::db::tx::Entry;
use crate::error::{AppError, Result};

/// A role held under the permission at hand, perhaps within limits.
#[derive(Debug, Clone, Deserialize)]
pub struct Grant {
    /// Code of a built-in or custom role.
    pub role: String,
    /// GSS codes of the wards it is limited to.
    pub areas: Option<Vec<String>>,
    /// Case types it is limited to.
    pub case_types: Option<Vec<String>>,
}

impl Grant {
    fn covers(&self, ward: &str, case_type: &str) -> bool {
        let within = |limits: &Option<Vec<String>>, value: &str| {
            limits
                .as_ref()
                .is_none_or(|limits| limits.iter().any(|limit| limit == value))
        };
        within(&self.areas, ward) && within(&self.case_types, case_type)
    }
}

/// Who is asking, and the grants that carry the permission they use.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user.
    pub user_id: Uuid,
    /// Their organisation: the tenant of the transaction.
    pub org_id: Uuid,
    /// Its kind.
    pub org_kind: String,
    /// Their name.
    pub name: String,
    /// Their rank or grade now.
    pub rank: Option<String>,
    /// The session the token belongs to.
    pub session_id: Uuid,
    /// The grants that carry the permission at hand.
    pub grants: Vec<Grant>,
}

/// Whether the proof lets somebody in who wants to use the permission `code`.
pub(super) fn admit(entry: &Entry, code: &str) -> Result<()> {
    match entry.verdict.as_str() {
        "entered" => Ok(()),
        "forbidden" => Err(AppError::Forbidden(format!("this needs the permission `{code}`"))),
        verdict => Err(AppError::Unauthenticated(verdict.to_owned())),
    }
}

impl Person {
    pub(super) fn of(entry: Entry, user_id: Uuid, session_id: Uuid) -> Result<Self> {
        let missing = || AppError::Internal("enter() let somebody in without an organisation".to_owned());
        let grants = entry.grants.map_or(Ok(Vec::new()), serde_json::from_value);
        Ok(Self {
            user_id,
            org_id: entry.org_id.ok_or_else(missing)?,
            org_kind: entry.org_kind.ok_or_else(missing)?,
            name: entry.user_name.ok_or_else(missing)?,
            rank: entry.rank,
            session_id,
            grants: grants.map_err(|error| AppError::Internal(format!("grants: {error}")))?,
        })
    }

    /// The roles that count for a case of this type in this ward.
    pub fn roles_for(&self, ward: &str, case_type: &str) -> Vec<String> {
        self.grants
            .iter()
            .filter(|grant| grant.covers(ward, case_type))
            .map(|grant| grant.role.clone())
            .collect()
    }

    /// The roles that carry the permission at hand, whatever their limits.
    pub fn roles(&self) -> Vec<String> {
        self.grants.iter().map(|grant| grant.role.clone()).collect()
    }

    /// Whether a grant reaches a case of this type in this ward.
    pub fn reaches(&self, ward: &str, case_type: &str) -> bool {
        self.grants.iter().any(|grant| grant.covers(ward, case_type))
    }
}
