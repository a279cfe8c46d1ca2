//! What the API shows and takes of roles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};
use uuid::Uuid;

use crate::doors::may;
use crate::http::fields::{Text, not_cleared};
use crate::identity::queries::own_roles::RoleRow;
use crate::identity::roles::BuiltInRole;

/// A set of permissions that people can be given.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b90", "code": "night_desk", "name": "Night desk",
    "permissions": ["case.create", "case.read"], "built_in": false
}))]
pub struct RoleView {
    /// Its id; `null` where it is built in.
    pub id: Option<Uuid>,
    /// The name used in grants.
    pub code: String,
    /// What it is called, or is for.
    pub name: String,
    /// What it carries.
    pub permissions: Vec<String>,
    /// Whether every organisation has it and nobody can change it.
    pub built_in: bool,
}

impl From<&BuiltInRole> for RoleView {
    fn from(role: &BuiltInRole) -> Self {
        Self {
            id: None,
            code: role.code.to_owned(),
            name: role.description.to_owned(),
            permissions: role.permissions().into_iter().map(str::to_owned).collect(),
            built_in: true,
        }
    }
}

impl From<RoleRow> for RoleView {
    fn from(row: RoleRow) -> Self {
        Self {
            id: Some(row.id),
            code: row.code,
            name: row.name,
            permissions: row.permissions,
            built_in: false,
        }
    }
}

/// A role to add to one's organisation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "night_desk", "name": "Night desk", "permissions": ["case.create", "case.read"]}))]
pub struct NewRoleBody {
    /// The name for grants: small letters, digits and `_`, and none of a built-in role.
    #[schema(pattern = "^[a-z][a-z0-9_]{1,39}$")]
    pub code: String,
    /// What it is called.
    pub name: Text<1, 200>,
    /// Codes of permissions.
    #[schema(schema_with = permission_codes)]
    pub permissions: Vec<String>,
}

/// What of a role changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"permissions": ["case.create", "case.read", "note.create"]}))]
pub struct RolePatch {
    /// What it is called.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 200>, required = false)]
    pub name: Option<Text<1, 200>>,
    /// Codes of permissions, all of them.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(schema_with = permission_codes)]
    pub permissions: Option<Vec<String>>,
}

/// Codes of permissions in what is taken.
fn permission_codes() -> Array {
    let code = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(may::CODES.iter().copied()));
    ArrayBuilder::new()
        .items(code)
        .max_items(Some(100))
        .description(Some("Codes of permissions, all of them."))
        .build()
}
