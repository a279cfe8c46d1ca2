//! What every request can reach: made once at start, shared by all workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::web::Bytes;

use crate::attachments::places::UploadPlaces;
use crate::attachments::scanner::Scanner;
use crate::attachments::store::Store;
use crate::audit::notary::Notary;
use crate::audit::places::ExportPlaces;
use crate::audit::publisher::Publisher;
use crate::cases::workflow::Catalogue;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Pools;
use crate::geography::WardMap;
use crate::http::health::Readiness;
use crate::http::operations::Operations;
use crate::identity::keys::SigningKeys;
use crate::identity::passwords::Passwords;
use crate::identity::secrets::Secrets;
use crate::identity::tokens::TokenMint;
use crate::limits::Limits;

/// The parts of a running service.
pub struct Services {
    /// Every setting.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// How many requests are taken from whom.
    pub limits: Limits,
    /// Whether the database was fit to work with.
    pub readiness: Readiness,
    /// Database connections.
    pub db: Pools,
    /// The keys that sign tokens, for the JWKS.
    pub keys: Arc<SigningKeys>,
    /// Signs how far the log has come.
    pub notary: Notary,
    /// Sends away what the notary signed, where an address is given.
    pub publisher: Option<Publisher>,
    /// Places for exports of the log.
    pub exports: ExportPlaces,
    /// Signs and verifies access tokens.
    pub tokens: TokenMint,
    /// Keys for what must not be read in a copy of the database.
    pub secrets: Arc<Secrets>,
    /// Hashes and verifies passwords, a few at a time.
    pub passwords: Passwords,
    /// Ward of a point as at a date, from the wards as they were at the start.
    pub wards: Arc<WardMap>,
    /// Case types.
    pub workflows: Arc<Catalogue>,
    /// Where attachments are kept.
    pub store: Store,
    /// Places for uploads.
    pub uploads: UploadPlaces,
    /// What looks at attachments before anybody may open them.
    pub scanner: Scanner,
    /// The documented operations, by method and path.
    pub operations: Operations,
    /// Their description, as it is sent.
    pub description: Bytes,
    /// Whether it was told to stop.
    pub stopping: AtomicBool,
}

impl Services {
    /// From now on nobody new should come: readiness is refused, and connections are
    /// closed after their answer.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
