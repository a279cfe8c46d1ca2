//! What the API shows and takes of shares.

pub mod recalls;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::{AgreementStanding, Completeness, DataClass, Gateway, Grading, Level, Quality, ShareState};
use super::queries::ShareRow;
use super::queries::agreements::Standings;
use crate::cases::access::AccessLevel;
use crate::error::Result;
use crate::http::fields::{Moment, Text, not_cleared, present};

/// A share to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "level": "contribute",
    "data_classes": ["core", "location", "notes"], "gateway": "CDA115",
    "agreement_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71", "purpose": "case_work",
    "quality": {"as_of": "2026-03-02T09:00:00Z", "completeness": "complete"}
}))]
pub struct NewShare {
    /// Who is to see the case: a fellow member of its partnership.
    pub organisation_id: Uuid,
    /// What they may do.
    pub level: Level,
    /// Which parts of the case; always with `core`.
    pub data_classes: BTreeSet<DataClass>,
    /// The gateway in law.
    pub gateway: Gateway,
    /// The form, condition, consent, order or enactment that the gateway asks for.
    pub gateway_reference: Option<Text<1, 200>>,
    /// The agreement that covers it. One that is not named does not count.
    pub agreement_id: Option<Uuid>,
    /// Where no agreement in force covers it: why, for the person who approves. Needed without
    /// `agreement_id`.
    pub ad_hoc_approval: Option<AdHocApproval>,
    /// What it is shared for: under an agreement, one of the purposes it lists.
    pub purpose: Text<1, 200>,
    /// How current and complete the data is; competent authorities have to say
    /// (DPA 2018 s.38).
    pub quality: Option<QualityBody>,
    /// How the share safeguards a child concerned. Without, a share through `CDA115`,
    /// `DPA_S35_36` or `DPA_SCH1` shows no subject who is a child, also none added later.
    pub safeguarding_note: Option<Text<1, 1000>>,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
}

/// Asks a second person to approve.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The family moves tonight and the agreement is not signed yet."}))]
pub struct AdHocApproval {
    /// Why it is shared without an agreement.
    pub reason: Text<1, 1000>,
}

/// What lets the recipient judge how far to rely on the data.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"as_of": "2026-03-02T09:00:00Z", "completeness": "partial"}))]
pub struct QualityBody {
    /// When the data was last known to be right.
    pub as_of: Moment,
    /// Whether it is all there is.
    pub completeness: Completeness,
    /// How reliable; needed with intelligence.
    #[serde(default)]
    pub grading: Option<GradingBody>,
    /// Who checked it: somebody of the organisation that shares.
    #[serde(default)]
    pub verified_by: Option<Uuid>,
}

/// An intelligence grading in its own scheme.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheme": "3x5x2", "value": "2/C/P"}))]
pub struct GradingBody {
    /// `3x5x2`, or `5x5x5` in old records.
    pub scheme: Text<1, 20>,
    /// As written.
    pub value: Text<1, 20>,
}

impl From<QualityBody> for Quality {
    fn from(body: QualityBody) -> Self {
        Self {
            as_of: body.as_of.0,
            completeness: body.completeness,
            grading: body.grading.map(|grading| Grading {
                scheme: grading.scheme.into_string(),
                value: grading.value.into_string(),
            }),
            verified_by: body.verified_by,
        }
    }
}

/// Who has to approve a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AwaitedOf {
    /// The caller, who did not ask for it.
    Me,
}

/// Which shares wait.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AwaitedQuery {
    /// For whose approval they wait.
    #[param(inline)]
    pub awaiting: AwaitedOf,
    /// Size of the page, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// What to take away from a share.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"data_classes": ["core", "location"]}))]
pub struct Narrowing {
    /// A lower level.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Level, required = false)]
    pub level: Option<Level>,
    /// The classes that stay.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = BTreeSet<DataClass>, required = false)]
    pub data_classes: Option<BTreeSet<DataClass>>,
    /// An earlier end; `null` is taken only where the share has none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Moment>)]
    pub expires_at: Option<Option<Moment>>,
}

/// Approves a share. There is nothing to say.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct Approval {}

/// Why a share is refused or recalled.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The wrong household was named."}))]
pub struct Because {
    /// For those who asked, or who have to act on it.
    pub reason: Text<1, 1000>,
}

/// Why a share is revoked.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RevokeParams {
    /// For the record.
    #[param(inline)]
    pub reason: Option<Text<1, 1000>>,
}

/// A share of a case with an organisation.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7d",
    "owner_organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b6f",
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "state": "active", "level": "contribute",
    "data_classes": ["core", "location", "notes"], "gateway": "CDA115", "gateway_reference": null,
    "agreement_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71", "agreement_standing": "past_review",
    "ad_hoc_reason": null, "purpose": "case_work",
    "quality": {"as_of": "2026-03-02T09:00:00Z", "completeness": "complete", "grading": null, "verified_by": null},
    "safeguarding_note": null, "shows_children": false, "requested_by": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72",
    "requested_by_name": "Helen Birch", "requested_by_organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b6f",
    "approved_by": null, "approved_by_name": null, "approved_at": null, "expires_at": null, "ended_at": null, "end_reason": null,
    "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T09:00:00Z"
}))]
pub struct ShareView {
    /// The share.
    pub id: Uuid,
    /// The case.
    pub case_id: Uuid,
    /// The organisation that owns the case: the originator. (Of tasks, `owner_org_id` is the
    /// organisation that has to do it.)
    pub owner_organisation_id: Uuid,
    /// The organisation the case is opened to.
    pub organisation_id: Uuid,
    /// Where it stands now: `expired` from the moment on at which it ends by itself.
    pub state: ShareState,
    /// What the recipient may do.
    #[schema(value_type = Level)]
    pub level: String,
    /// Which parts of the case.
    #[schema(value_type = Vec<DataClass>)]
    pub data_classes: Vec<String>,
    /// The gateway in law.
    #[schema(value_type = Gateway)]
    pub gateway: String,
    /// What the gateway rests on; for owner, recipient and who asked.
    pub gateway_reference: Option<String>,
    /// The agreement that covers it.
    pub agreement_id: Option<Uuid>,
    /// How that agreement stands today, as its `standing`: what is shared goes on, and where the
    /// review is overdue it says so (`review_due`, `past_review`). `null` where none covers it.
    pub agreement_standing: Option<AgreementStanding>,
    /// Why it was shared without an agreement; for owner, recipient and who asked.
    pub ad_hoc_reason: Option<String>,
    /// What it is shared for.
    pub purpose: String,
    /// How current and complete the data is; for owner, recipient and who asked.
    #[schema(value_type = Option<QualityBody>)]
    pub quality: Option<serde_json::Value>,
    /// How it safeguards a child concerned; for owner, recipient and who asked.
    pub safeguarding_note: Option<String>,
    /// Whether it shows subjects who are children, where it includes `subjects`: by its gateway,
    /// and what the safeguarding note says.
    pub shows_children: bool,
    /// Who asked for it.
    pub requested_by: Uuid,
    /// Their name; `null` where it is not for you to know.
    pub requested_by_name: Option<String>,
    /// For which organisation.
    pub requested_by_organisation_id: Uuid,
    /// The second person who approved it.
    pub approved_by: Option<Uuid>,
    /// Their name; `null` where it is not for you to know.
    pub approved_by_name: Option<String>,
    /// When.
    pub approved_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was refused, revoked or recalled; `membership_ended` where it ended with a
    /// membership.
    pub end_reason: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl ShareView {
    /// The view of `row` that `reader` has, with how its agreement stands, if that is among
    /// `standings`. What the originator told the recipient with it is for those two, and who
    /// asked for it.
    ///
    /// # Errors
    /// For a row in no known state.
    pub fn of(row: ShareRow, reader: Uuid, standings: &Standings) -> Result<Self> {
        let is_told = [row.org_id, row.to_org_id, row.requested_by_org_id].contains(&reader);
        let ended_at = row.ended_at_now()?;
        Ok(Self {
            id: row.id,
            case_id: row.case_id,
            owner_organisation_id: row.org_id,
            organisation_id: row.to_org_id,
            state: row.state()?,
            level: row.level,
            data_classes: row.data_classes,
            gateway: row.gateway,
            gateway_reference: row.gateway_reference.filter(|_| is_told),
            agreement_id: row.agreement_id,
            agreement_standing: standing_of(row.agreement_id, standings),
            ad_hoc_reason: row.ad_hoc_reason.filter(|_| is_told),
            purpose: row.purpose,
            quality: row.quality.filter(|_| is_told),
            safeguarding_note: row.safeguarding_note.filter(|_| is_told),
            shows_children: row.shows_children,
            requested_by: row.requested_by,
            requested_by_name: row.requested_by_name,
            requested_by_organisation_id: row.requested_by_org_id,
            approved_by: row.approved_by,
            approved_by_name: row.approved_by_name,
            approved_at: row.approved_at,
            expires_at: row.expires_at,
            ended_at,
            end_reason: row.end_reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// How the agreement `id` stands.
pub fn standing_of(id: Option<Uuid>, standings: &Standings) -> Option<AgreementStanding> {
    standings.get(&id?).copied()
}

/// Why an organisation can see a case.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(example = json!({
    "kind": "share", "share_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "gateway": "CDA115",
    "purpose": "case_work", "agreement_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71", "agreement_standing": "in_force"
}))]
pub enum Why {
    /// It owns the case.
    Owner,
    /// The case was shared with it.
    Share {
        /// The share.
        share_id: Uuid,
        /// The gateway in law.
        #[schema(value_type = Gateway)]
        gateway: String,
        /// What for.
        purpose: String,
        /// The agreement that covers it; `null` where a second person approved it.
        agreement_id: Option<Uuid>,
        /// How that agreement stands today: `review_due` and `past_review` where its review is
        /// overdue.
        agreement_standing: Option<AgreementStanding>,
    },
}

/// An organisation that can see a case.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "organisation_name": "Primrose Homes",
    "level": "contribute", "data_classes": ["core", "location", "notes"], "since": "2026-03-02T09:00:00Z",
    "expires_at": null, "last_look_at": null,
    "why": {"kind": "share", "share_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "gateway": "CDA115",
        "purpose": "case_work", "agreement_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71",
        "agreement_standing": "in_force"}
}))]
pub struct OnlookerView {
    /// The organisation.
    pub organisation_id: Uuid,
    /// Its name.
    pub organisation_name: Option<String>,
    /// What it may do.
    #[schema(value_type = AccessLevel)]
    pub level: String,
    /// The parts of the case it sees.
    #[schema(value_type = Vec<DataClass>)]
    pub data_classes: Vec<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when, if that is set.
    pub expires_at: Option<DateTime<Utc>>,
    /// When somebody of it last looked at the case; `null` if nobody has.
    pub last_look_at: Option<DateTime<Utc>>,
    /// Why.
    pub why: Why,
}
