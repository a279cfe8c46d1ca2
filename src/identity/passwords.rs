//! Passwords: what a new one must be, and hashing that cannot exhaust the
//! server.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::rule::{ProblemType, Rule};

/// The fewest characters of a password that stands alone (NIST SP 800-63B-4 §3.1.1).
pub const SHORTEST_PASSWORD: usize = 15;

/// The most characters that are hashed; a longer password is refused unread.
pub const LONGEST_PASSWORD: usize = 128;

/// The fewest characters a password must have besides words anyone could guess
/// from who its owner is.
pub const FEWEST_OWN_CHARACTERS: usize = 12;

/// Shorter words of the context ("Al", "gov") are in too many good passwords.
const SHORTEST_CONTEXT_WORD: usize = 4;

/// A password as it was typed: all of Unicode, not trimmed, not normalised.
/// Never shown by `Debug`.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Password(Arc<str>);

impl Password {
    fn octets(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn is_too_long(&self) -> bool {
        self.0.chars().nth(LONGEST_PASSWORD).is_some()
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// Why a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFlaw {
    /// Fewer than [`SHORTEST_PASSWORD`] characters.
    #[error("the password must have at least 15 characters")]
    TooShort,
    /// More than [`LONGEST_PASSWORD`] characters.
    #[error("the password must have at most 128 characters")]
    TooLong,
    /// Little is left of it without the words of its context.
    #[error(
        "the password must have at least 12 characters besides the names of its owner, \
         their organisation and this service"
    )]
    Guessable,
}

/// A new password that is refused, and the member of the request it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{flaw}")]
pub struct PasswordRefused {
    /// The JSON pointer of the password in the request.
    pub pointer: &'static str,
    /// What is wrong with it.
    pub flaw: PasswordFlaw,
}

impl Rule for PasswordRefused {
    fn problem(&self) -> &'static ProblemType {
        &PASSWORD_REFUSED
    }

    fn pointer(&self) -> Option<String> {
        Some(self.pointer.into())
    }
}

/// The problems this module answers with, for `/problems/{slug}`.
pub const PROBLEMS: &[ProblemType] = &[PASSWORD_REFUSED];

const PASSWORD_REFUSED: ProblemType = ProblemType {
    slug: "password-refused",
    title: "The password is refused",
    status: 422,
    meaning: "A password needs 15 to 128 characters of any kind, at least 12 of them besides the \
              names of its owner, their organisation and this service. Choose another one; \
              several unrelated words do well.",
};

/// Whether `password` may become somebody's. `context` is what others know of
/// them: name, e-mail address, organisation, the service.
///
/// There are no rules of composition and no expiry (NIST SP 800-63B-4 §3.1.1.2).
/// `pointer` is where in the request the password stood.
///
/// # Errors
/// [`PasswordRefused`] with the first flaw found.
pub fn check_new_password(password: &Password, context: &[&str], pointer: &'static str) -> Result<(), PasswordRefused> {
    match flaw_of(password, context) {
        None => Ok(()),
        Some(flaw) => Err(PasswordRefused { pointer, flaw }),
    }
}

fn flaw_of(password: &Password, context: &[&str]) -> Option<PasswordFlaw> {
    if password.is_too_long() {
        return Some(PasswordFlaw::TooLong);
    }
    if password.0.chars().count() < SHORTEST_PASSWORD {
        return Some(PasswordFlaw::TooShort);
    }
    let own = without_words(&password.0.to_lowercase(), context);
    (own.chars().count() < FEWEST_OWN_CHARACTERS).then_some(PasswordFlaw::Guessable)
}

/// The text without the words of the context, longest words first so that a
/// word within another leaves no scraps.
fn without_words(text: &str, context: &[&str]) -> String {
    let mut words: Vec<String> = context
        .iter()
        .flat_map(|phrase| phrase.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() >= SHORTEST_CONTEXT_WORD)
        .map(str::to_lowercase)
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.iter().fold(text.to_owned(), |rest, word| rest.replace(word, ""))
}

/// What one argon2id hash costs (RFC 9106 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for HashCost {
    /// 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet).
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
        }
    }
}

/// How many passwords are hashed at once, and how many may wait their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashQueue {
    /// Hashes running at once.
    pub running: usize,
    /// Callers waiting for one to end; any more are [`PasswordError::Busy`].
    pub waiting: usize,
}

impl Default for HashQueue {
    /// Half the cores, so that sign-ins leave the rest for everyone else; a
    /// queue of about a second.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let running = (cores / 2).max(1);
        Self {
            running,
            waiting: running * 32,
        }
    }
}

/// Why a password was neither hashed nor verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting: try again later (429 with `Retry-After`).
    #[error("too many passwords are being checked at the moment")]
    Busy,
    /// More than [`LONGEST_PASSWORD`] characters; refused before hashing.
    #[error("the password is too long to be hashed")]
    TooLong,
    /// The cost is outside what argon2 allows, or the stored hash is not one.
    #[error("argon2: {0}")]
    Hash(#[from] password_hash::Error),
    /// The hashing thread did not end as it should.
    #[error("the hashing task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Hashes and verifies passwords, off the workers and never too many at once.
#[derive(Debug, Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// The hash of a password nobody has, verified in place of unknown users'.
    dummy: Arc<str>,
    /// Places to run or to wait.
    places: Arc<Semaphore>,
    /// Places to run.
    slots: Arc<Semaphore>,
}

impl Passwords {
    /// Hashes one password to have a dummy, so it blocks for one hash.
    ///
    /// # Errors
    /// [`PasswordError::Hash`] if argon2 refuses the cost.
    pub fn new(cost: HashCost, queue: HashQueue) -> Result<Self, PasswordError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(password_hash::Error::from)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobodys: [u8; 32] = rand::random();
        Ok(Self {
            dummy: argon2.hash_password(&nobodys)?.to_string().into(),
            argon2,
            places: Arc::new(Semaphore::new(queue.running + queue.waiting)),
            slots: Arc::new(Semaphore::new(queue.running)),
        })
    }

    /// The PHC string to store for `password`, with a salt of its own.
    ///
    /// # Errors
    /// [`PasswordError::Busy`], [`PasswordError::TooLong`], or a failure.
    pub async fn hash(&self, password: &Password) -> Result<String, PasswordError> {
        if password.is_too_long() {
            return Err(PasswordError::TooLong);
        }
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let hash = self.run(move || argon2.hash_password(password.octets())).await??;
        Ok(hash.to_string())
    }

    /// Whether `password` is the one whose PHC string is `stored`. Without one
    /// (unknown, disabled or locked user) it takes the same time and is
    /// `false`, so that the answer's time tells nobody who has an account.
    ///
    /// # Errors
    /// [`PasswordError::Busy`], or a failure. A password that is too long is
    /// simply wrong, whoever's it is.
    pub async fn verify(&self, stored: Option<&str>, password: &Password) -> Result<bool, PasswordError> {
        if password.is_too_long() {
            return Ok(false);
        }
        let hash = PasswordHash::new(stored.unwrap_or(&self.dummy)).map_err(password_hash::Error::from)?;
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let verified = self
            .run(move || argon2.verify_password(password.octets(), &hash))
            .await?;
        match verified {
            Ok(()) => Ok(stored.is_some()),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Whether `stored` was made another way than [`Passwords::hash`] would
    /// now: hash the password again at its owner's next sign-in.
    pub fn needs_rehash(&self, stored: &str) -> bool {
        let Ok(hash) = PasswordHash::new(stored) else {
            return true;
        };
        let now = self.argon2.params();
        let as_now = hash.hash.is_some()
            && hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into())
            && Params::try_from(&hash).is_ok_and(|then| {
                (then.m_cost(), then.t_cost(), then.p_cost()) == (now.m_cost(), now.t_cost(), now.p_cost())
            });
        !as_now
    }

    /// Runs `work` on a blocking thread when its turn comes.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let place = self.enter()?;
        // Neither semaphore is ever closed.
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .or(Err(PasswordError::Busy))?;
        let task = tokio::task::spawn_blocking(move || {
            // Held until the work ends, not until a caller who hangs up.
            let _held = (place, slot);
            work()
        });
        Ok(task.await?)
    }

    fn enter(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        Arc::clone(&self.places)
            .try_acquire_owned()
            .or(Err(PasswordError::Busy))
    }
}

#[cfg(test)]
mod tests;
