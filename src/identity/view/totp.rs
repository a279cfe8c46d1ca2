//! What the API shows and takes of second factors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::fields::Text;
use crate::identity::passwords::Password;
use crate::identity::totp::Seed;

/// Who enrols proves it is them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "Demo-only-passphrase-1"}))]
pub struct Enrolment {
    /// The password.
    #[schema(value_type = String, format = "password")]
    pub current_password: Password,
}

/// What goes into the authenticator. It is not shown again.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "uri": "otpauth://totp/wardlink?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=wardlink"
}))]
pub struct SeedView {
    /// To be typed, in base 32.
    pub secret: String,
    /// To be shown as a QR code.
    pub uri: String,
}

impl SeedView {
    /// The view of `seed` under the name of the deployment.
    pub fn of(seed: &Seed, issuer: &str) -> Self {
        let secret = seed.to_base32();
        let issuer: String = form_urlencoded::byte_serialize(issuer.as_bytes()).collect();
        let issuer = issuer.replace('+', "%20");
        Self {
            uri: format!("otpauth://totp/{issuer}?secret={secret}&issuer={issuer}"),
            secret,
        }
    }
}

/// A first code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"totp": "287082"}))]
pub struct Confirmation {
    /// The code that the authenticator shows now.
    pub totp: Text<6, 6>,
}

/// For the day the authenticator is lost. They are not shown again.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"recovery_codes": ["GEZD-GNBV-GY3T-QOJQ"]}))]
pub struct RecoveryCodes {
    /// Each signs in once, as `recovery_code`.
    pub recovery_codes: Vec<String>,
}

/// Who removes it proves it is them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "Demo-only-passphrase-1"}))]
pub struct Removal {
    /// The password.
    #[schema(value_type = String, format = "password")]
    pub current_password: Password,
}
