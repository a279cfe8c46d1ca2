//! `wardlink keys`.

use std::sync::Arc;

use clap::Subcommand;

use super::start::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::identity::keys::SigningKeys;
use crate::identity::secrets::Secrets;

/// What can be done with keys while the service runs: it takes them up within a second.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Signs tokens with a new key; those of the old one stay good until they expire.
    Rotate,
    /// Drops a signing key in an emergency: its tokens are refused from then on.
    Revoke {
        /// Its `kid`, as in /.well-known/jwks.json.
        kid: String,
    },
    /// Peppers and encrypts with a new secret; what was written under older ones is
    /// still read, and written anew as time goes by.
    RotateSecrets,
}

/// Does it.
pub fn run(config: &Config, what: Keys) -> Result<(), Failure> {
    let now = Clock::System.now();
    let keys = || SigningKeys::open(config.data.join("keys.json"), now).map(Arc::new);
    match what {
        Keys::Rotate => keys()?.rotate(now)?,
        Keys::Revoke { kid } => {
            if !keys()?.revoke(&kid, now)? {
                return Err(format!("there is no key {kid}").into());
            }
        }
        Keys::RotateSecrets => Secrets::open(config.data.join("secrets.json"), now)?.rotate(now)?,
    }
    eprintln!("wardlink: done");
    Ok(())
}
