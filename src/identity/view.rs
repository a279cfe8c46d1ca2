//! What the API shows and takes of people and sessions.

pub mod oauth;
pub mod people;
pub mod roles;
pub mod service_accounts;
pub mod totp;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::passwords::Password;
use super::queries::MeRow;
use crate::doors::{Grant, Person};
use crate::http::fields::Text;

/// Credentials.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "sgt.kentish-town@met.example", "password": "Demo-only-passphrase-1"}))]
pub struct Login {
    /// The address the account was made with.
    pub email: Text<3, 254>,
    /// The password; beside a `reset_token` the one from now on, 15 to 128 characters of
    /// any kind.
    #[schema(value_type = String, format = "password")]
    pub password: Password,
    /// What an administrator of your organisation had made out to you, to set your password.
    pub reset_token: Option<Text<1, 200>>,
    /// A code of the authenticator, where the account has one.
    pub totp: Option<Text<6, 6>>,
    /// A recovery code in its place.
    pub recovery_code: Option<Text<16, 40>>,
    /// The `device_token` of the last sign-in from this client, so that failures of
    /// others do not slow this one.
    pub device_token: Option<Text<1, 200>>,
}

/// A refresh token to spend.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "wlr_eXVtLW5vdC1hLXJlYWwtdG9rZW4tanVzdC1hbi1leGFtcGxl"}))]
pub struct Refresh {
    /// The token from the last `login` or `refresh`.
    pub refresh_token: String,
}

/// What proves a session.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln", "token_type": "Bearer", "expires_in": 900,
    "refresh_token": "wlr_eXVtLW5vdC1hLXJlYWwtdG9rZW4tanVzdC1hbi1leGFtcGxl", "refresh_expires_in": 7200,
    "device_token": "wld_1772442000_bm90LWEtcmVhbC10b2tlbi1qdXN0LWFuLWV4YW1wbGU"
}))]
pub struct Tokens {
    /// Send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    /// Spend it once at `/v1/auth/refresh`.
    pub refresh_token: String,
    /// Seconds until the refresh token dies unused.
    pub refresh_expires_in: i64,
    /// Of a sign-in: keep it with the client for 30 days, and send it with the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub device_token: Option<String>,
}

/// A role held, perhaps only in some wards and for some case types.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "role": "supervisor", "areas": ["E05013663", "E05013664"], "case_types": null, "until": null
}))]
pub struct GrantView {
    /// Code of a built-in role or of one of the organisation's own.
    pub role: String,
    /// GSS codes of the wards it is limited to; `null` for all.
    pub areas: Option<Vec<String>>,
    /// Case types it is limited to; `null` for all.
    pub case_types: Option<Vec<String>>,
    /// The last day on which it is held, in London; `null` where it is held until it is taken away.
    pub until: Option<NaiveDate>,
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        Self {
            role: grant.role,
            areas: grant.areas,
            case_types: grant.case_types,
            until: grant.until,
        }
    }
}

/// The person signed in, or the system.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "name": "Amara Osei", "email": "sgt.kentish-town@met.example",
    "rank": "Sergeant", "post": "Safer Neighbourhoods, Kentish Town",
    "organisation": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "Metropolitan Police Service", "kind": "police"},
    "roles": [{"role": "supervisor", "areas": ["E05013663", "E05013664"], "case_types": null, "until": null}],
    "session_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71"
}))]
pub struct Me {
    /// The user.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Their e-mail address; `null` for a system.
    pub email: Option<String>,
    /// Rank or grade.
    pub rank: Option<String>,
    /// What they do.
    pub post: Option<String>,
    /// The organisation they act for.
    pub organisation: MyOrganisation,
    /// The roles they hold now.
    pub roles: Vec<GrantView>,
    /// The session of the token.
    pub session_id: Uuid,
}

/// The organisation one acts for.
#[derive(Serialize, ToSchema)]
pub struct MyOrganisation {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
}

impl Me {
    /// The view of `row`, with the roles that `person` holds.
    pub fn of(row: MeRow, person: &Person, held: Vec<Grant>) -> Self {
        Self {
            id: person.user_id,
            name: person.name.clone(),
            email: row.email,
            rank: person.rank.clone(),
            post: row.post,
            organisation: MyOrganisation {
                id: person.org_id,
                name: row.org_name,
                kind: person.org_kind.clone(),
            },
            roles: held.into_iter().map(GrantView::from).collect(),
            session_id: person.session_id,
        }
    }
}
