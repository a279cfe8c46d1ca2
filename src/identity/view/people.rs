//! What the API shows and takes of accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::GrantView;
use crate::doors::Grant;
use crate::geography::model::Gss;
use crate::http::fields::{Day, Moment, Text, not_cleared, present};
use crate::identity::grants::not_carried;
use crate::identity::passwords::Password;
use crate::identity::queries::own_roles::RoleRow;
use crate::identity::queries::people::{ColleagueRow, SessionRow, UserRow};

/// A session of one's own that lives.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71", "current": true, "started_at": "2026-03-02T08:58:11Z",
    "expires_at": "2026-03-02T20:58:11Z", "peer": "203.0.113.7", "user_agent": "Wardlink-Mobile/4.1"
}))]
pub struct SessionView {
    /// Its id.
    pub id: Uuid,
    /// Whether it is the one of this request.
    pub current: bool,
    /// When it was started.
    pub started_at: Moment,
    /// When it ends in any case.
    pub expires_at: Moment,
    /// Address it was started from.
    pub peer: Option<String>,
    /// The client's own name for itself.
    pub user_agent: Option<String>,
}

impl SessionView {
    /// The view of `row` for somebody in the session `current`.
    pub fn of(row: SessionRow, current: Uuid) -> Self {
        Self {
            id: row.id,
            current: row.id == current,
            started_at: Moment(row.started_at),
            expires_at: Moment(row.expires_at),
            peer: row.peer.map(|network| network.ip().to_string()),
            user_agent: row.user_agent,
        }
    }
}

/// A new password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "current_password": "Demo-only-passphrase-1", "new_password": "kettle-orbit-lantern-moss"
}))]
pub struct PasswordChange {
    /// The password until now.
    #[schema(value_type = String, format = "password")]
    pub current_password: Password,
    /// The password from now on: 15 to 128 characters of any kind.
    #[schema(value_type = String, format = "password", min_length = 15, max_length = 128)]
    pub new_password: Password,
}

/// An account of one's own organisation.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "email": "asb@camden.example", "name": "Marek Dvorak",
    "rank": null, "post": "Anti-social behaviour team", "disabled": false,
    "roles": [{"role": "officer", "areas": null, "case_types": null, "until": null}], "not_carried": [],
    "created_at": "2026-01-12T10:00:00Z"
}))]
pub struct UserView {
    /// Its id.
    pub id: Uuid,
    /// The address it signs in with.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Rank or grade.
    pub rank: Option<String>,
    /// What they do.
    pub post: Option<String>,
    /// Whether it can no longer sign in.
    pub disabled: bool,
    /// The roles held; one that has run out is held no more.
    pub roles: Vec<GrantView>,
    /// What these roles name and do not carry, being limited to wards or case types: what is
    /// about the whole organisation. Give such a role without limits as well, or it counts for
    /// nothing there.
    pub not_carried: Vec<NotCarried>,
    /// When it was made.
    pub created_at: Moment,
}

/// What a role does not give its holder.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"role": "auditor", "permissions": ["audit.cosign", "audit.read"]}))]
pub struct NotCarried {
    /// The role, which is held within limits alone.
    pub role: String,
    /// The permissions that it carries only without limits.
    pub permissions: Vec<String>,
}

impl UserView {
    /// The view of `row` with the roles held, some of which may be among the organisation's
    /// `own`.
    pub fn of(row: UserRow, held: Vec<Grant>, own: &[RoleRow]) -> Self {
        let not_carried = not_carried(&held, own).into_iter();
        let not_carried = not_carried.map(|(role, permissions)| NotCarried { role, permissions });
        Self {
            not_carried: not_carried.collect(),
            id: row.id,
            email: row.email,
            name: row.name,
            rank: row.rank,
            post: row.post,
            disabled: row.disabled_at.is_some(),
            roles: held.into_iter().map(GrantView::from).collect(),
            created_at: Moment(row.created_at),
        }
    }
}

/// Somebody of one's own organisation.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "name": "Marek Dvorak", "rank": null,
    "post": "Anti-social behaviour team"
}))]
pub struct Colleague {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Rank or grade.
    pub rank: Option<String>,
    /// What they do.
    pub post: Option<String>,
}

impl From<ColleagueRow> for Colleague {
    fn from(row: ColleagueRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            rank: row.rank,
            post: row.post,
        }
    }
}

/// A person to add. They hold no role until they are given one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "warden@camden.example", "name": "Ines Duarte", "post": "Community safety warden"
}))]
pub struct NewUserBody {
    /// The address they sign in with, which no other account may have.
    #[schema(schema_with = crate::identity::email::schema)]
    pub email: Text<3, 254>,
    /// Their name.
    pub name: Text<1, 200>,
    /// Rank or grade.
    pub rank: Option<Text<1, 100>>,
    /// What they do.
    pub post: Option<Text<1, 200>>,
}

/// What lets somebody set their password. It is not shown again.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "reset_token": "wlp_eXVtLW5vdC1hLXJlYWwtdG9rZW4tanVzdC1hbi1leGFtcGxl", "expires_at": "2026-03-02T10:00:00Z"
}))]
pub struct PasswordReset {
    /// For `POST /v1/auth/login`, once.
    pub reset_token: String,
    /// Until when.
    pub expires_at: Moment,
}

/// What of an account changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"rank": "Inspector", "disabled": false}))]
pub struct UserPatch {
    /// Their name.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 200>, required = false)]
    pub name: Option<Text<1, 200>>,
    /// Rank or grade; `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Text<1, 100>>)]
    pub rank: Option<Option<Text<1, 100>>>,
    /// What they do; `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Text<1, 200>>)]
    pub post: Option<Option<Text<1, 200>>>,
    /// `true` ends every session at once and refuses new ones; `false` takes that back.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = bool, required = false)]
    pub disabled: Option<bool>,
}

/// All roles that a person is to hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"roles": [{"role": "officer", "areas": ["E05013663"], "case_types": ["graffiti"]}]}))]
pub struct RolesBody {
    /// The roles; none takes all away.
    #[schema(max_items = 50)]
    pub roles: Vec<GrantBody>,
}

/// A role to hold, perhaps only in some wards and for some case types.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "supervisor", "areas": ["E05013663", "E05013664"], "until": "2030-03-31"}))]
pub struct GrantBody {
    /// Code of a built-in role or of one of the organisation's own.
    pub role: Text<1, 40>,
    /// GSS codes of the wards it is limited to; left out or `null` for all.
    #[schema(min_items = 1, max_items = 200)]
    pub areas: Option<Vec<Gss>>,
    /// Case types it is limited to; left out or `null` for all.
    #[schema(min_items = 1, max_items = 50)]
    pub case_types: Option<Vec<String>>,
    /// The last day on which a person holds it, in London: to cover for somebody, or for an
    /// audit. Left out or `null` until it is taken away. A system has none: its account ends by
    /// `expires_at`.
    pub until: Option<Day>,
}
