//! What the API shows and takes of service accounts and their keys.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};
use uuid::Uuid;

use super::GrantView;
use super::people::GrantBody;
use crate::doors::{Grant, may};
use crate::http::fields::{Moment, Text, not_cleared, present};
use crate::identity::client_assertion::PublicJwk;
use crate::identity::queries::service_accounts::{AccountRow, KeyRow};
use crate::identity::service_accounts::FOR_PEOPLE;

/// A system that acts for one's organisation.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9bd0", "name": "Camden customer platform", "disabled": false,
    "roles": [{"role": "call_handler", "areas": null, "case_types": ["graffiti"], "until": null}],
    "scopes": ["case.create", "case.read"], "networks": ["203.0.113.0/24"], "expires_at": null,
    "created_at": "2026-01-12T10:00:00Z"
}))]
pub struct ServiceAccountView {
    /// Its id, which is its `client_id` at `/oauth/token` too.
    pub id: Uuid,
    /// What it is called, in timelines and logs as well.
    pub name: String,
    /// Whether it can do nothing any more.
    pub disabled: bool,
    /// The roles held.
    pub roles: Vec<GrantView>,
    /// The permissions it uses, where its roles carry them.
    pub scopes: Vec<String>,
    /// Where it may call from; `null` for anywhere.
    pub networks: Option<Vec<String>>,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
    /// When it was made.
    pub created_at: Moment,
}

impl ServiceAccountView {
    /// The view of `row` with the roles held.
    pub fn of(row: AccountRow, held: Vec<Grant>) -> Self {
        let networks = row
            .networks
            .map(|networks| networks.iter().map(ToString::to_string).collect());
        Self {
            id: row.id,
            name: row.name,
            disabled: row.disabled_at.is_some(),
            roles: held.into_iter().map(GrantView::from).collect(),
            scopes: row.scopes,
            networks,
            expires_at: row.expires_at.map(Moment),
            created_at: Moment(row.created_at),
        }
    }
}

/// A system to let act for one's organisation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Camden customer platform", "roles": [{"role": "call_handler", "case_types": ["graffiti"]}],
    "scopes": ["case.create", "case.read"], "networks": ["203.0.113.0/24"]
}))]
pub struct NewServiceAccountBody {
    /// What it is called.
    pub name: Text<1, 200>,
    /// The roles it holds, as a person would.
    #[schema(min_items = 1, max_items = 50)]
    pub roles: Vec<GrantBody>,
    /// The permissions it uses, among those that the roles carry.
    #[schema(schema_with = scopes)]
    pub scopes: Vec<String>,
    /// Addresses and networks it may call from; left out or `null` for anywhere.
    #[schema(min_items = 1, max_items = 50)]
    pub networks: Option<Vec<String>>,
    /// When it ends by itself; left out or `null` for never.
    pub expires_at: Option<Moment>,
}

/// What of a service account changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scopes": ["case.read"], "networks": null}))]
pub struct ServiceAccountPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 200>, required = false)]
    pub name: Option<Text<1, 200>>,
    /// The roles it holds, all of them.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Vec<GrantBody>, required = false, min_items = 1, max_items = 50)]
    pub roles: Option<Vec<GrantBody>>,
    /// The permissions it uses, all of them.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(schema_with = scopes)]
    pub scopes: Option<Vec<String>>,
    /// Addresses and networks it may call from; `null` for anywhere.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 50)]
    pub networks: Option<Option<Vec<String>>>,
    /// When it ends by itself; `null` for never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Moment>)]
    pub expires_at: Option<Option<Moment>>,
    /// `true` ends every session at once and refuses new ones; `false` takes that back.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = bool, required = false)]
    pub disabled: Option<bool>,
}

/// Scopes in what is taken.
fn scopes() -> Array {
    let for_systems = may::CODES.iter().copied().filter(|code| !FOR_PEOPLE.contains(code));
    let code = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(for_systems));
    ArrayBuilder::new()
        .items(code)
        .min_items(Some(1))
        .max_items(Some(100))
        .description(Some("The permissions it uses, among those that the roles carry."))
        .build()
}

/// By what a service account shows who it is.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9bd1", "client_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9bd0", "kind": "secret",
    "public_jwk": null, "expires_at": "2026-07-11T10:00:00Z", "last_used_at": "2026-03-02T09:30:00Z",
    "created_at": "2026-01-12T10:00:00Z"
}))]
pub struct ClientKeyView {
    /// Its id; the `kid` of assertions that are signed with it.
    pub id: Uuid,
    /// The service account.
    pub client_id: Uuid,
    /// `secret` or `public_key`.
    #[schema(pattern = "^(secret|public_key)$")]
    pub kind: &'static str,
    /// The public key, where it is one.
    #[schema(value_type = Option<PublicJwk>)]
    pub public_jwk: Option<Value>,
    /// Until when it is good.
    pub expires_at: Moment,
    /// When a token was last got with it.
    pub last_used_at: Option<Moment>,
    /// When it was added.
    pub created_at: Moment,
}

impl From<KeyRow> for ClientKeyView {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            client_id: row.user_id,
            kind: if row.public_jwk.is_some() {
                "public_key"
            } else {
                "secret"
            },
            public_jwk: row.public_jwk,
            expires_at: Moment(row.expires_at),
            last_used_at: row.last_used_at.map(Moment),
            created_at: Moment(row.created_at),
        }
    }
}

/// A key that was added, with its secret where it is one. That is not shown again.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9bd1", "client_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9bd0", "kind": "secret",
    "public_jwk": null, "expires_at": "2026-07-11T10:00:00Z", "last_used_at": null,
    "created_at": "2026-01-12T10:00:00Z", "client_secret": "wls_eXVtLW5vdC1hLXJlYWwtc2VjcmV0LWp1c3QtYW4tZXhhbXBsZQ"
}))]
pub struct NewClientKey {
    /// The key.
    #[serde(flatten)]
    pub key: ClientKeyView,
    /// For `/oauth/token`; `null` for a public key, whose private one stays with the system.
    pub client_secret: Option<String>,
}

/// A key to add: a secret of our making, or the public key of one of the system's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "public_jwk": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
}))]
pub struct NewClientKeyBody {
    /// The public key (RFC 7517); left out or `null` for a secret.
    pub public_jwk: Option<PublicJwkBody>,
    // No day that an example could name stays within 366 days of now.
    /// Until when it is good: 366 days at most, 180 where it is left out.
    pub expires_at: Option<Moment>,
}

/// A public key as systems write it: what is said besides the key itself is not kept.
#[expect(
    dead_code,
    reason = "taken, so that a key can be sent as it was exported, and not kept"
)]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}))]
pub struct PublicJwkBody {
    /// `OKP` or `EC`.
    #[schema(pattern = "^(OKP|EC)$")]
    pub kty: String,
    /// `Ed25519` or `P-256`.
    #[schema(pattern = "^(Ed25519|P-256)$")]
    pub crv: String,
    /// First coordinate: 32 octets in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    pub x: String,
    /// Second coordinate of a point on `P-256`.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    pub y: Option<String>,
    /// What the system calls it.
    pub kid: Option<Text<1, 200>>,
    /// What it is for.
    #[serde(rename = "use")]
    pub used_for: Option<Text<1, 200>>,
    /// With which algorithm.
    pub alg: Option<Text<1, 200>>,
    /// For which operations.
    #[schema(max_items = 20)]
    pub key_ops: Option<Vec<String>>,
}

impl From<PublicJwkBody> for PublicJwk {
    fn from(body: PublicJwkBody) -> Self {
        Self {
            kty: body.kty,
            crv: body.crv,
            x: body.x,
            y: body.y,
        }
    }
}
