//! What the API shows and takes of visibility at a time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::audit::visibility_model::Ground;
use crate::http::fields::Moment;
use crate::sharing::model::{DataClass, Level};

/// To whom, and when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VisibilityQuery {
    /// The organisation, which is yours or has been your partner; your own if left out.
    pub organisation: Option<Uuid>,
    /// The time, now at the latest; now if left out.
    #[param(inline, example = "2026-03-02T09:00:00Z")]
    pub at: Option<Moment>,
}

/// Whether a case was visible to an organisation at a time, and why.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "at": "2026-03-02T09:00:00Z", "visible": true,
    "why": "share", "share_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71", "level": "view",
    "data_classes": ["core"], "gateway": "CDA115", "since": "2026-03-01T09:00:00Z", "until": null
}))]
pub struct Visibility {
    /// The organisation.
    pub organisation_id: Uuid,
    /// The time.
    pub at: DateTime<Utc>,
    /// Whether it could see the case.
    pub visible: bool,
    /// `owner`, `share`, `not_recorded`, `never_shared`, `share_not_approved` or `share_ended`.
    pub why: String,
    /// The share that opened it, or had, or was asked for.
    pub share_id: Option<Uuid>,
    /// Its level.
    #[schema(value_type = Option<Level>)]
    pub level: Option<String>,
    /// The classes of data it opened.
    #[schema(value_type = Vec<DataClass>)]
    pub data_classes: Vec<String>,
    /// The gateway in law it rests on.
    pub gateway: Option<String>,
    /// Since when; `null` while it was not approved.
    pub since: Option<DateTime<Utc>>,
    /// Until when; `null` while it was not approved, or if no end is known.
    pub until: Option<DateTime<Utc>>,
}

impl Visibility {
    /// The view of a finding.
    pub fn of(organisation: Uuid, at: DateTime<Utc>, recorded: DateTime<Utc>, ground: Ground<'_>) -> Self {
        let share = match ground {
            Ground::Share(share) | Ground::Ended(share) | Ground::Asked(share) => Some(share),
            Ground::Owner | Ground::NotRecorded | Ground::NeverShared => None,
        };
        let open = share.filter(|_| !matches!(ground, Ground::Asked(_)));
        Self {
            organisation_id: organisation,
            at,
            visible: ground.is_visible(),
            why: ground.as_str().to_owned(),
            share_id: share.map(|share| share.id),
            level: share.map(|share| share.level.clone()),
            data_classes: share.map(|share| share.data_classes.clone()).unwrap_or_default(),
            gateway: share.map(|share| share.gateway.clone()),
            since: match ground {
                Ground::Owner => Some(recorded),
                _ => open.and_then(|share| share.since()),
            },
            until: open.and_then(|share| share.until()),
        }
    }
}
