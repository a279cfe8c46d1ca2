//! Sends checkpoints to an address out of reach of whoever owns the database.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use object_store::http::{HttpBuilder, HttpStore};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStoreExt, RetryConfig};

use super::notary::{Notary, NotaryError};

/// How long an attempt takes at most; what failed is tried again with the next one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a checkpoint was not sent.
#[derive(Debug, thiserror::Error)]
pub enum PublisherError {
    /// The address cannot be used.
    #[error("WARDLINK_CHECKPOINT_URL cannot be used: {0}")]
    Address(#[source] object_store::Error),
    /// What was signed last cannot be read.
    #[error(transparent)]
    Notary(#[from] NotaryError),
    /// The other side did not take it.
    #[error("a checkpoint was not taken: {0}")]
    Refused(#[source] object_store::Error),
}

/// Sends what was signed last with PUT to `{url}/{entries, 20 digits}.checkpoint`.
#[derive(Debug)]
pub struct Publisher {
    store: HttpStore,
    sent: AtomicU64,
    failing: AtomicBool,
}

impl Publisher {
    /// Sends to `url`. A checkpoint is signed and no secret, so that TLS is not asked for.
    ///
    /// # Errors
    /// [`PublisherError::Address`].
    pub fn new(url: &str) -> Result<Self, PublisherError> {
        let client = ClientOptions::new()
            .with_allow_http(true)
            .with_timeout(PATIENCE)
            .with_connect_timeout(PATIENCE);
        let retry = RetryConfig {
            max_retries: 0,
            retry_timeout: PATIENCE,
            ..RetryConfig::default()
        };
        let store = HttpBuilder::new()
            .with_url(url)
            .with_client_options(client)
            .with_retry(retry)
            .build()
            .map_err(PublisherError::Address)?;
        Ok(Self {
            store,
            sent: AtomicU64::new(0),
            failing: AtomicBool::new(false),
        })
    }

    /// Whether the last attempt failed.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Sends the checkpoint that was signed last, unless it was sent already. Those
    /// that came between are covered by it.
    ///
    /// # Errors
    /// If there is none to read, or it was not taken.
    pub async fn send(&self, notary: &Notary) -> Result<(), PublisherError> {
        let sent = self.send_new(notary).await;
        self.failing.store(sent.is_err(), Ordering::Relaxed);
        sent
    }

    async fn send_new(&self, notary: &Notary) -> Result<(), PublisherError> {
        let (checkpoint, note) = notary.last_note()?;
        if checkpoint.size <= self.sent.load(Ordering::Relaxed) {
            return Ok(());
        }
        let name = Path::from(format!("{:020}.checkpoint", checkpoint.size));
        let text = note.to_string();
        self.store
            .put(&name, text.into())
            .await
            .map_err(PublisherError::Refused)?;
        self.sent.store(checkpoint.size, Ordering::Relaxed);
        Ok(())
    }
}
