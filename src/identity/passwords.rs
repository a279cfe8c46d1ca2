//! Passwords: what a new one must be, and hashing that cannot exhaust the
//! server.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, KeyId, Params, ParamsBuilder, Version};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::breached::Breached;
use super::secrets::{Secrets, Use};
use crate::error::AppError;
use crate::rule::{ProblemType, Rule};

/// The fewest characters of a password that stands alone (NIST SP 800-63B-4 §3.1.1).
pub const SHORTEST_PASSWORD: usize = 15;

/// The most characters that are hashed; a longer password is refused unread.
pub const LONGEST_PASSWORD: usize = 128;

/// The fewest characters a password must have besides words anyone could guess
/// from who its owner is.
pub const FEWEST_OWN_CHARACTERS: usize = 12;

/// The fewest guesses, as a power of ten, that a new password must be likely to
/// withstand.
const FEWEST_GUESSES_LOG10: f64 = 10.0;

/// Shorter words of the context ("Al", "gov") are in too many good passwords.
const SHORTEST_CONTEXT_WORD: usize = 4;

/// A password as it was typed: all of Unicode, not trimmed, not normalised.
/// Never shown by `Debug`, and wiped from memory when the last copy is let go.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Password(Arc<Zeroizing<String>>);

impl Password {
    fn octets(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether both were typed alike.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.octets() == other.octets()
    }

    fn is_too_long(&self) -> bool {
        self.0.chars().nth(LONGEST_PASSWORD).is_some()
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Arc::new(text.into()))
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        text.to_owned().into()
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
    /// A common password, or made of such, of dates, sequences and repetitions.
    #[error("the password is common, or follows a pattern that is tried first")]
    Common,
    /// In the operator's list.
    #[error("the password is known from a breach of another service")]
    Breached,
    /// It is the one that was to be replaced.
    #[error("the password is the one until now")]
    Unchanged,
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
              names of its owner, their organisation and this service. Common passwords, patterns and \
              those known from breaches are refused, and so is the one until now. Choose another one; several \
              unrelated words do well.",
};

fn flaw_of(password: &Password, context: &[&str]) -> Option<PasswordFlaw> {
    if password.is_too_long() {
        return Some(PasswordFlaw::TooLong);
    }
    if password.0.chars().count() < SHORTEST_PASSWORD {
        return Some(PasswordFlaw::TooShort);
    }
    let own = without_words(&password.0.to_lowercase(), context);
    if own.chars().count() < FEWEST_OWN_CHARACTERS {
        return Some(PasswordFlaw::Guessable);
    }
    // Dan Wheeler's estimator, with its bundled lists of common passwords and words.
    let guesses = zxcvbn::zxcvbn(&password.0, context).guesses_log10();
    (guesses < FEWEST_GUESSES_LOG10).then_some(PasswordFlaw::Common)
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
    /// The hash was made with a pepper that is not among the secrets any more.
    #[error("a password was peppered with a key that is gone")]
    PepperGone,
    /// The operator's list of breached passwords cannot be read.
    #[error("the list of breached passwords: {0}")]
    List(#[from] std::io::Error),
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
    /// Where the pepper comes from; without it none is used.
    secrets: Option<Arc<Secrets>>,
    /// Passwords that nobody may choose.
    breached: Arc<Breached>,
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
            secrets: None,
            breached: Arc::default(),
            places: Arc::new(Semaphore::new(queue.running + queue.waiting)),
            slots: Arc::new(Semaphore::new(queue.running)),
        })
    }

    /// Peppers from now on: who has the database alone cannot guess passwords. Those
    /// hashed without a pepper or with an older one are still verified.
    #[must_use]
    pub fn peppered(mut self, secrets: Arc<Secrets>) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// Refuses new passwords that are in `list`.
    #[must_use]
    pub fn refusing(mut self, list: Breached) -> Self {
        self.breached = Arc::new(list);
        self
    }

    /// Whether `password` may become somebody's. `context` is what others know of
    /// them: name, e-mail address, organisation, the service. `pointer` is where in
    /// the request the password stood.
    ///
    /// There are no rules of composition and no expiry (NIST SP 800-63B-4 §3.1.1.2).
    ///
    /// # Errors
    /// [`PasswordRefused`] with the first flaw found, or a failure to find out.
    pub async fn check_new(
        &self,
        password: &Password,
        context: &[&str],
        pointer: &'static str,
    ) -> Result<(), AppError> {
        let (password, breached) = (password.clone(), self.breached.clone());
        let context: Vec<String> = context.iter().map(|&text| text.to_owned()).collect();
        let flaw = self
            .run(move || {
                let context: Vec<&str> = context.iter().map(String::as_str).collect();
                match flaw_of(&password, &context) {
                    None => Ok(breached.contains(&password.0)?.then_some(PasswordFlaw::Breached)),
                    flaw => Ok(flaw),
                }
            })
            .await?
            .map_err(PasswordError::List)?;
        flaw.map_or(Ok(()), |flaw| Err(PasswordRefused { pointer, flaw }.into()))
    }

    /// The PHC string to store for a new `password`, as [`Passwords::check_new`] and
    /// [`Passwords::hash`] do one after the other. Takes its time: hold no connection.
    ///
    /// # Errors
    /// Theirs.
    pub async fn take_new(
        &self,
        password: &Password,
        context: &[&str],
        pointer: &'static str,
    ) -> Result<String, AppError> {
        self.check_new(password, context, pointer).await?;
        Ok(self.hash(password).await?)
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
        let Some(secrets) = &self.secrets else {
            let hash = self.run(move || argon2.hash_password(password.octets())).await??;
            return Ok(hash.to_string());
        };
        let id = secrets.current_id();
        let octets = secrets.digest_under(&id, Use::Pepper, password.octets());
        let octets = Zeroizing::new(octets.ok_or(PasswordError::PepperGone)?);
        let params = with_key_id(argon2.params(), &id)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = self.run(move || argon2.hash_password(octets.as_slice())).await??;
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
        let octets = Zeroizing::new(match key_id_of(&hash) {
            None => password.octets().to_vec(),
            Some(id) => self
                .secrets
                .as_ref()
                .and_then(|secrets| secrets.digest_under(&id, Use::Pepper, password.octets()))
                .ok_or(PasswordError::PepperGone)?
                .to_vec(),
        });
        let argon2 = self.argon2.clone();
        let verified = self.run(move || argon2.verify_password(&octets, &hash)).await?;
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
        let pepper = self.secrets.as_ref().map(|secrets| secrets.current_id());
        !as_now || key_id_of(&hash) != pepper
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

/// The id of the pepper, in the place that the PHC format has for it.
fn with_key_id(params: &Params, id: &str) -> Result<Params, password_hash::Error> {
    ParamsBuilder::new()
        .m_cost(params.m_cost())
        .t_cost(params.t_cost())
        .p_cost(params.p_cost())
        .keyid(KeyId::new(id.as_bytes()).map_err(password_hash::Error::from)?)
        .build()
        .map_err(Into::into)
}

fn key_id_of(hash: &PasswordHash) -> Option<String> {
    let params = Params::try_from(hash).ok()?;
    let id = std::str::from_utf8(params.keyid()).ok()?;
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests;
