//! Signed notes (C2SP signed-note): a text, and under it who vouches for it.
//!
//! The text ends with a line feed; an empty line follows, then one line for each
//! signature: `— NAME BASE64(KEY-ID ‖ SIGNATURE)`.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The longest note that is read, in bytes.
pub const LONGEST_NOTE: usize = 64 * 1024;
/// The most signatures that are read.
const MOST_SIGNATURES: usize = 100;
/// What a signature line begins with.
const DASH: &str = "\u{2014} ";

/// Why a note, a key or a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is longer than any that is made.
    #[error("the note is too long")]
    TooLong,
    /// It is not text, an empty line, and signatures.
    #[error("not a signed note")]
    Malformed,
    /// It is not `NAME+KEY-ID+KEY`, or the key id is not the key's.
    #[error("not a verifier key")]
    NotAKey,
    /// A line by that key is not there.
    #[error("not signed by that key")]
    Unsigned,
    /// The line is there and is wrong.
    #[error("the signature is wrong")]
    WrongSignature,
    /// It is signed, but is no checkpoint of that log.
    #[error("not a checkpoint of this log")]
    NotACheckpoint,
}

/// What a key signs (the signature type of C2SP signed-note).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The text of the note: a log's own key.
    Log,
    /// A checkpoint, with the time at which it was seen (C2SP tlog-cosignature): a witness.
    Witness,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

/// A public key with its name, as `NAME+KEY-ID+KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    public: [u8; 32],
}

impl VerifierKey {
    /// The key `public` of that name, if a key can have it.
    pub fn new(name: &str, kind: KeyKind, public: [u8; 32]) -> Option<Self> {
        is_key_name(name).then(|| Self {
            name: name.to_owned(),
            kind,
            public,
        })
    }

    /// Whose it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    fn id(&self) -> [u8; 4] {
        let hash = Sha256::new_with_prefix(&self.name)
            .chain_update([b'\n', self.kind.byte()])
            .chain_update(self.public)
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The bytes of the one signature line by this key.
    fn line_of<'a>(&self, note: &'a Note) -> Result<&'a [u8], NoteError> {
        let mut lines = note.signatures.iter();
        let line = lines.find(|line| line.name == self.name && line.key_id == self.id());
        line.map(|line| line.bytes.as_slice()).ok_or(NoteError::Unsigned)
    }

    fn check(&self, message: &str, signature: &[u8]) -> Result<(), NoteError> {
        let key = UnparsedPublicKey::new(&ED25519, self.public);
        key.verify(message.as_bytes(), signature)
            .map_err(|_unspecified| NoteError::WrongSignature)
    }

    /// Verifies that the note is signed by this key. A witness vouches for the time
    /// too, which is returned in seconds since 1970.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`] or [`NoteError::WrongSignature`].
    pub fn verify(&self, note: &Note) -> Result<Option<u64>, NoteError> {
        let bytes = self.line_of(note)?;
        match self.kind {
            KeyKind::Log => self.check(&note.text, bytes).map(|()| None),
            KeyKind::Witness => {
                let (time, signature) = bytes.split_first_chunk::<8>().ok_or(NoteError::WrongSignature)?;
                let time = u64::from_be_bytes(*time);
                self.check(&witnessed(&note.text, time), signature)?;
                Ok(Some(time))
            }
        }
    }
}

/// The message that a witness signs.
fn witnessed(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 200 && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let key = STANDARD.encode([&[self.kind.byte()], &self.public[..]].concat());
        write!(f, "{}+{id:08x}+{key}", self.name)
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::NotAKey);
        };
        let bytes = STANDARD.decode(key).map_err(|_error| NoteError::NotAKey)?;
        let (kind, public) = match bytes.split_first() {
            Some((1, public)) => (KeyKind::Log, public),
            Some((4, public)) => (KeyKind::Witness, public),
            _ => return Err(NoteError::NotAKey),
        };
        let public = public.try_into().map_err(|_error| NoteError::NotAKey)?;
        let key = Self::new(name, kind, public).ok_or(NoteError::NotAKey)?;
        // The key id must be the one that belongs to the key.
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(NoteError::NotAKey)
        }
    }
}

/// A private key with its name.
pub struct NoteSigner {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl NoteSigner {
    /// The key of that seed, if it is one and the name can be had.
    pub fn new(name: &str, kind: KeyKind, seed: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        let verifier = VerifierKey::new(name, kind, public)?;
        Some(Self { pair, verifier })
    }

    /// The key that verifies what this one signs.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn line(&self, prefix: &[u8], message: &str) -> SignatureLine {
        let signature = self.pair.sign(message.as_bytes());
        SignatureLine {
            name: self.verifier.name.clone(),
            key_id: self.verifier.id(),
            bytes: [prefix, signature.as_ref()].concat(),
        }
    }

    /// `text` as a note signed by this key. The text ends with a line feed.
    pub fn sign(&self, text: &str) -> Note {
        Note {
            signatures: vec![self.line(&[], text)],
            text: text.to_owned(),
        }
    }

    /// The signature line of a witness who saw `text` at `time`.
    pub fn witness(&self, text: &str, time: u64) -> String {
        self.line(&time.to_be_bytes(), &witnessed(text, time)).to_string()
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteSigner")
            .field("verifier", &self.verifier.to_string())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SignatureLine {
    name: String,
    key_id: [u8; 4],
    bytes: Vec<u8>,
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = STANDARD.encode([&self.key_id[..], &self.bytes].concat());
        write!(f, "{DASH}{} {bytes}", self.name)
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let (name, bytes) = line
            .strip_prefix(DASH)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(NoteError::Malformed)?;
        let bytes = STANDARD.decode(bytes).map_err(|_error| NoteError::Malformed)?;
        let (key_id, bytes) = bytes.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
        if !is_key_name(name) || bytes.is_empty() {
            return Err(NoteError::Malformed);
        }
        Ok(Self {
            name: name.to_owned(),
            key_id: *key_id,
            bytes: bytes.to_vec(),
        })
    }
}

/// A text and the signatures under it. That it was read says nothing yet about
/// whether they are true: see [`VerifierKey::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// What is signed, with its last line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads a note as somebody kept it: alone, with whatever line feeds a tool put after it, or
    /// in the JSON in which the API answered it.
    ///
    /// # Errors
    /// As for a note.
    pub fn kept(text: &str) -> Result<Self, NoteError> {
        #[derive(Deserialize)]
        struct Answer {
            note: String,
        }
        match serde_json::from_str::<Answer>(text) {
            Ok(answer) => answer.note.parse(),
            Err(_not_json) => format!("{}\n", text.trim_end_matches('\n')).parse(),
        }
    }

    /// Adds a signature line.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] if it is none.
    pub fn add(&mut self, line: &str) -> Result<(), NoteError> {
        self.signatures.push(line.parse()?);
        Ok(())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > LONGEST_NOTE {
            return Err(NoteError::TooLong);
        }
        if note.contains(|c: char| c.is_ascii_control() && c != '\n') {
            return Err(NoteError::Malformed);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let signatures: Vec<SignatureLine> = lines
            .split('\n')
            .take(MOST_SIGNATURES + 1)
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(NoteError::TooLong);
        }
        Ok(Self {
            text: format!("{text}\n"),
            signatures,
        })
    }
}

#[cfg(test)]
mod tests;
