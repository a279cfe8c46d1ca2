//! What the API shows and takes of information sharing agreements.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::audit::Purpose;
use crate::db::{Names, kept_json};
use crate::error::Result;
use crate::http::fields::{Day, Moment, Text, not_cleared, present};
use crate::partnerships::queries::agreements::{AgreementRow, PartyRow};
use crate::sharing::model::{AgreementStanding, AgreementStatus, DataClass, Gateway, Validity};

/// The arrangements an agreement makes (ICO data sharing code; all optional
/// while it is a draft).
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "retention": "Shared copies are removed three years after the case is closed.",
    "rights_contact": "dpo@camden.example", "grace_days": 28
}))]
pub struct AgreementTerms {
    /// How long shared copies are kept, and how they are disposed of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Text<1, 2000>>,
    /// Whom people ask about their rights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rights_contact: Option<Text<1, 2000>>,
    /// What is agreed on accuracy and correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Text<1, 2000>>,
    /// How what is shared is protected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<Text<1, 2000>>,
    /// Who is told of a breach, and how soon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breach: Option<Text<1, 2000>>,
    /// The condition relied on for special category and criminal offence data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special_conditions: Option<Text<1, 2000>>,
    /// How many days after `review_due` new shares may still rest on it; none if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 90)]
    pub grace_days: Option<u16>,
}

/// Which agreements are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AgreementList {
    /// Those of one partnership.
    pub partnership_id: Option<Uuid>,
    /// Those that stand there.
    pub status: Option<AgreementStatus>,
    /// Records on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A version of an information sharing agreement.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b50", "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70",
    "partnership_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b60", "title": "Graffiti removal, Camden", "status": "draft",
    "standing": "not_active", "version_number": 1, "first_version_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b50",
    "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core", "location"],
    "active_from": "2026-04-01", "active_to": null, "review_due": "2027-04-01", "dpia_ref": "DPIA-2026-14", "terms": {},
    "parties": [{"organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "London Borough of Camden",
        "signed_at": null, "signed_by": null, "withdrawn_at": null, "withdrawal_reason": null}]
}))]
pub struct AgreementView {
    /// Its id. A later version has another, so that a share keeps naming the version it was
    /// made under.
    pub id: Uuid,
    /// The organisation that keeps the document.
    pub organisation_id: Uuid,
    /// The partnership it is made in.
    pub partnership_id: Uuid,
    /// What it is called.
    pub title: String,
    /// Where it stands.
    #[schema(value_type = AgreementStatus)]
    pub status: String,
    /// Whether something new may rest on it today; `review_due` and `past_review` where its
    /// review is overdue.
    pub standing: AgreementStanding,
    /// Which version of the agreement it is, from 1.
    pub version_number: i64,
    /// The first version of the agreement: itself, where it is that.
    pub first_version_id: Uuid,
    /// What may be shared for.
    #[schema(value_type = Vec<Purpose>)]
    pub purposes: Vec<String>,
    /// Through which gateways in law.
    #[schema(value_type = Vec<Gateway>)]
    pub gateways: Vec<String>,
    /// Which classes of a case's data.
    #[schema(value_type = Vec<DataClass>)]
    pub data_classes: Vec<String>,
    /// First day in force.
    pub active_from: NaiveDate,
    /// First day no longer in force; `null` if no end was agreed.
    pub active_to: Option<NaiveDate>,
    /// Day by which it has to be reviewed.
    pub review_due: NaiveDate,
    /// Where the data protection impact assessment is kept.
    pub dpia_ref: Option<String>,
    /// The arrangements it makes.
    pub terms: AgreementTerms,
    /// The organisations that are party to it.
    pub parties: Vec<PartyView>,
}

/// A party to an agreement.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70",
    "name": "London Borough of Camden", "signed_at": null, "signed_by": null, "withdrawn_at": null,
    "withdrawal_reason": null}))]
pub struct PartyView {
    /// The organisation.
    pub organisation_id: Uuid,
    /// Its name.
    pub name: String,
    /// When it signed; `null` until then.
    pub signed_at: Option<Moment>,
    /// Who signed for it.
    pub signed_by: Option<Uuid>,
    /// When it withdrew: from then on nothing new is shared with it or by it under this.
    pub withdrawn_at: Option<Moment>,
    /// Why.
    pub withdrawal_reason: Option<String>,
}

/// Leaves an agreement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Our street services were handed over to the county."}))]
pub struct Withdrawal {
    /// Why, for the other parties.
    pub reason: Text<1, 1000>,
}

impl AgreementView {
    /// The view that `row` has `today`, with its parties, whose names are among `names`.
    ///
    /// # Errors
    /// If the stored terms are not terms, or it stands in no known state.
    pub fn of(row: AgreementRow, parties: Vec<PartyRow>, names: &Names, today: NaiveDate) -> Result<Self> {
        let party = |row: PartyRow| PartyView {
            organisation_id: row.org_id,
            name: names.of(row.org_id).unwrap_or_default(),
            signed_at: row.signed_at.map(Moment),
            signed_by: row.signed_by,
            withdrawn_at: row.withdrawn_at.map(Moment),
            withdrawal_reason: row.withdrawal_reason,
        };
        Ok(Self {
            id: row.id,
            organisation_id: row.org_id,
            partnership_id: row.partnership_id,
            standing: validity(&row)?.standing(today),
            version_number: row.version_number,
            first_version_id: row.first_version(),
            title: row.title,
            status: row.status,
            purposes: row.purposes,
            gateways: row.gateways,
            data_classes: row.data_classes,
            active_from: row.active_from,
            active_to: row.active_to,
            review_due: row.review_due,
            dpia_ref: row.dpia_ref,
            terms: kept_json("terms", row.terms)?,
            parties: parties.into_iter().map(party).collect(),
        })
    }
}

/// What decides whether an agreement can be relied on.
///
/// # Errors
/// If the stored terms are not terms, or it stands in no known state.
pub fn validity(row: &AgreementRow) -> Result<Validity> {
    let terms: AgreementTerms = kept_json("terms", row.terms.clone())?;
    Ok(Validity {
        status: row.status()?,
        active_from: row.active_from,
        active_to: row.active_to,
        review_due: row.review_due,
        grace_days: terms.grace_days.unwrap_or_default(),
        dpia_ref: row.dpia_ref.clone(),
    })
}

/// An agreement to draft. Your organisation keeps the document.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "partnership_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b60", "title": "Graffiti removal, Camden",
    "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core", "location"],
    "active_from": "2030-04-01", "review_due": "2031-04-01",
    "parties": ["01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71"]
}))]
pub struct NewAgreementBody {
    /// The partnership it is made in.
    pub partnership_id: Uuid,
    /// What it is called.
    pub title: Text<1, 200>,
    /// What may be shared for.
    pub purposes: Vec<Purpose>,
    /// Through which gateways in law.
    pub gateways: Vec<Gateway>,
    /// Which classes of a case's data.
    pub data_classes: Vec<DataClass>,
    /// First day in force.
    pub active_from: Day,
    /// First day no longer in force; left out if no end is agreed.
    pub active_to: Option<Day>,
    /// Day by which it has to be reviewed.
    pub review_due: Day,
    /// Where the data protection impact assessment is kept; needed to activate.
    pub dpia_ref: Option<Text<1, 200>>,
    /// The arrangements it makes.
    #[serde(default)]
    pub terms: AgreementTerms,
    /// Members of the partnership that are to be party to it.
    #[schema(max_items = 100)]
    pub parties: Vec<Uuid>,
}

/// What of a draft changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"dpia_ref": "DPIA-2026-14", "review_due": "2031-04-01"}))]
pub struct AgreementPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 200>, required = false)]
    pub title: Option<Text<1, 200>>,
    /// What may be shared for.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Vec<Purpose>, required = false)]
    pub purposes: Option<Vec<Purpose>>,
    /// Through which gateways in law.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Vec<Gateway>, required = false)]
    pub gateways: Option<Vec<Gateway>>,
    /// Which classes of a case's data.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Vec<DataClass>, required = false)]
    pub data_classes: Option<Vec<DataClass>>,
    /// First day in force.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Day, required = false)]
    pub active_from: Option<Day>,
    /// First day no longer in force; `null` for no end.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Day>)]
    pub active_to: Option<Option<Day>>,
    /// Day by which it has to be reviewed.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Day, required = false)]
    pub review_due: Option<Day>,
    /// Where the data protection impact assessment is kept; `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Text<1, 200>>)]
    pub dpia_ref: Option<Option<Text<1, 200>>>,
    /// The arrangements it makes, all of them.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = AgreementTerms, required = false)]
    pub terms: Option<AgreementTerms>,
    /// Members of the partnership that are to be party to it, all of them.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Vec<Uuid>, required = false)]
    pub parties: Option<Vec<Uuid>>,
}

/// Nothing but the verb.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct NoDetails {}
