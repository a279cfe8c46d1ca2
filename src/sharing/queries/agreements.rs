//! The agreement that a share is to rest on, as the rules are told of it, and how those stand
//! that shares rest on.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::db::schema::{agreement_parties, agreements};
use crate::db::{all_kept, at_least_ten, kept, kept_json};
use crate::error::Result;
use crate::sharing::model::{Agreement, AgreementStanding, AgreementStatus, DataClass, Gateway, Validity};

#[derive(Queryable, Selectable)]
#[diesel(table_name = agreements)]
struct AgreementRow {
    org_id: Uuid,
    purposes: Vec<String>,
    gateways: Vec<String>,
    data_classes: Vec<String>,
    version_number: i64,
}

/// What decides whether an agreement can be relied on.
#[derive(Queryable, Selectable)]
#[diesel(table_name = agreements)]
struct ValidityRow {
    status: String,
    active_from: NaiveDate,
    active_to: Option<NaiveDate>,
    review_due: NaiveDate,
    dpia_ref: Option<String>,
    terms: Value,
}

impl ValidityRow {
    fn validity(self) -> Result<Validity> {
        Ok(Validity {
            status: kept("agreement status", &self.status, AgreementStatus::parse)?,
            active_from: self.active_from,
            active_to: self.active_to,
            review_due: self.review_due,
            grace_days: grace_days(&self.terms)?,
            dpia_ref: self.dpia_ref,
        })
    }
}

/// An agreement as it is kept.
pub struct KeptAgreement {
    /// The organisation that keeps it.
    pub keeper: Uuid,
    /// Which version of what was agreed it is.
    pub version_number: i64,
    /// What it says, with those who signed it and have not withdrawn.
    pub agreement: Agreement,
}

/// An agreement of a partnership.
pub async fn find(connection: &mut AsyncPgConnection, id: Uuid, partnership: Uuid) -> Result<KeptAgreement> {
    let (row, validity): (AgreementRow, ValidityRow) = agreements::table
        .filter(agreements::id.eq(id))
        .filter(agreements::partnership_id.eq(partnership))
        .select((AgreementRow::as_select(), ValidityRow::as_select()))
        .first(connection)
        .await?;
    let parties: Vec<Uuid> = agreement_parties::table
        .filter(agreement_parties::agreement_id.eq(id))
        .filter(agreement_parties::signed_at.is_not_null())
        .filter(agreement_parties::withdrawn_at.is_null())
        .select(agreement_parties::org_id)
        .load(connection)
        .await?;
    let agreement = Agreement {
        validity: validity.validity()?,
        parties: parties.into_iter().collect(),
        purposes: row.purposes.into_iter().collect(),
        gateways: all_kept("agreement gateway", &row.gateways, Gateway::parse)?,
        data_classes: all_kept("agreement data class", &row.data_classes, DataClass::parse)?,
    };
    Ok(KeptAgreement {
        keeper: row.org_id,
        version_number: row.version_number,
        agreement,
    })
}

/// How agreements stand, by id.
pub type Standings = HashMap<Uuid, AgreementStanding>;

/// How the agreements `ids` stand on `today`; those that the caller does not see are not among
/// them.
pub async fn standings(mut connection: &AsyncPgConnection, ids: Vec<Uuid>, today: NaiveDate) -> Result<Standings> {
    if ids.is_empty() {
        return Ok(Standings::new());
    }
    let rows: Vec<(Uuid, ValidityRow)> = agreements::table
        .filter(agreements::id.eq_any(at_least_ten(ids)))
        .select((agreements::id, ValidityRow::as_select()))
        .load(&mut connection)
        .await?;
    let standing = |(id, row): (Uuid, ValidityRow)| Ok((id, row.validity()?.standing(today)));
    rows.into_iter().map(standing).collect()
}

/// How many days an agreement may be used after its review was due; none where its terms
/// do not say.
fn grace_days(terms: &Value) -> Result<u16> {
    let Some(days) = terms.get("grace_days") else {
        return Ok(0);
    };
    kept_json("grace_days of an agreement", days.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::error::AppError;

    #[test]
    fn a_name_that_is_none_is_an_error_and_is_not_left_out() {
        let read = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            all_kept("agreement gateway", &names, Gateway::parse)
        };

        assert_eq!(read(&["CDA115"]).unwrap(), BTreeSet::from([Gateway::Cda115]));
        let Err(AppError::Internal(text)) = read(&["CDA115", "HUNCH"]) else {
            panic!("left out")
        };
        assert_eq!(text, "agreement gateway HUNCH");
    }

    #[test]
    fn an_agreement_has_the_grace_that_its_terms_say_or_none() {
        assert_eq!(grace_days(&json!({})).unwrap(), 0);
        assert_eq!(grace_days(&json!({"grace_days": 28})).unwrap(), 28);
        for wrong in [json!(-1), json!("28"), json!(70_000), json!(null)] {
            let read = grace_days(&json!({"grace_days": wrong}));
            assert!(matches!(read, Err(AppError::Internal(_))), "{read:?}");
        }
    }
}
