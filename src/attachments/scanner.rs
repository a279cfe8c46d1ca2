//! Malware scanning of uploads, by a program of the operator's choice.
//!
//! Every scanner, also none, finds the EICAR test file, so that an operator can
//! try the whole road from upload to rejection. Whatever goes wrong on the way
//! to a verdict is [`ScanVerdict::Unavailable`], which leaves a file quarantined.

use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::str::FromStr;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use img_parts::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::clamd;
pub use super::clamd::{AddressUnreadable, ClamdAddress};
pub use super::model::ScanVerdict;

/// How long one scan may take, from connecting to the answer.
pub const SCAN_TIMEOUT: Duration = Duration::from_secs(60);

/// Most bytes of a scanner's answer that are kept.
pub(super) const MAX_ANSWER_BYTES: u64 = 4096;
const MAX_SIGNATURE_CHARS: usize = 200;

/// What scans uploads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scanner {
    /// Nothing: uploads become `unscanned`, and are not handed out until there is
    /// a scanner and it has looked at them.
    Off,
    /// Looks for the EICAR test file and nothing else. This is **no protection
    /// against malware**: it calls everything else clean. For trials, and for
    /// places where every reader's machine scans downloads itself.
    #[default]
    BuiltIn,
    /// A ClamAV daemon, asked with its `INSTREAM` command.
    Clamd(ClamdAddress),
    /// A program that reads the file from its standard input and exits with 0
    /// for clean or 1 for infected, as `clamscan -` does; its first line of
    /// output names the signature. It gets no environment but `PATH`.
    Command {
        /// Absolute path of the program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

/// A `WARDLINK_SCANNER` that names no scanner.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScannerUnknown {
    /// None of the kinds there are.
    #[error("`{0}` is none of built-in, off, clamd:ADDRESS, command:PROGRAM")]
    Kind(String),
    /// The address of the daemon cannot be read.
    #[error(transparent)]
    Address(#[from] AddressUnreadable),
}

impl FromStr for Scanner {
    type Err = ScannerUnknown;

    fn from_str(setting: &str) -> Result<Self, ScannerUnknown> {
        match setting.split_once(':').unwrap_or((setting, "")) {
            ("built-in", "") => Ok(Self::BuiltIn),
            ("off", "") => Ok(Self::Off),
            ("clamd", address) => Ok(Self::Clamd(address.parse()?)),
            ("command", program) if !program.is_empty() => Ok(Self::Command {
                program: program.into(),
                arguments: Vec::new(),
            }),
            _ => Err(ScannerUnknown::Kind(setting.to_owned())),
        }
    }
}

impl Scanner {
    /// Scans a stream, within [`SCAN_TIMEOUT`] and bounded memory.
    pub async fn scan<S, E>(&self, content: S) -> ScanVerdict
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: fmt::Display,
    {
        self.scan_within(SCAN_TIMEOUT, content).await
    }

    /// As [`Scanner::scan`], within another time.
    pub async fn scan_within<S, E>(&self, limit: Duration, content: S) -> ScanVerdict
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: fmt::Display,
    {
        let source = Source {
            content: std::pin::pin!(content),
            eicar: EicarSearch::default(),
        };
        let scanned = timeout(limit, async {
            match self {
                Self::Off => read_through(source, ScanVerdict::NotScanned).await,
                Self::BuiltIn => read_through(source, ScanVerdict::Clean).await,
                Self::Clamd(address) => clamd::ask(address, source).await,
                Self::Command { program, arguments } => {
                    let mut command = Command::new(program);
                    command.args(arguments);
                    run_command(command, source).await
                }
            }
        });
        match scanned.await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(NoVerdict::Eicar)) => infected("EICAR-Test-File"),
            Ok(Err(NoVerdict::Failed(reason))) => ScanVerdict::Unavailable { reason },
            Err(_) => unavailable("the scan took too long"),
        }
    }
}

/// Why a scan ended before its scanner could answer.
pub(super) enum NoVerdict {
    Eicar,
    Failed(String),
}

impl From<std::io::Error> for NoVerdict {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

pub(super) fn infected(signature: &str) -> ScanVerdict {
    let printable = signature.chars().filter(|c| c.is_ascii_graphic() || *c == ' ');
    ScanVerdict::Infected {
        signature: printable.take(MAX_SIGNATURE_CHARS).collect(),
    }
}

pub(super) fn unavailable(reason: &str) -> ScanVerdict {
    ScanVerdict::Unavailable {
        reason: reason.to_owned(),
    }
}

/// The file on its way to a scanner, watched for the EICAR test file.
pub(super) struct Source<S> {
    content: S,
    eicar: EicarSearch,
}

impl<S, E> Source<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: fmt::Display,
{
    /// The next chunk.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, NoVerdict> {
        match self.content.next().await {
            None => Ok(None),
            Some(Err(error)) => Err(NoVerdict::Failed(format!("the file cannot be read: {error}"))),
            Some(Ok(chunk)) if self.eicar.found_with(&chunk) => Err(NoVerdict::Eicar),
            Some(Ok(chunk)) => Ok(Some(chunk)),
        }
    }
}

async fn read_through<S, E>(mut source: Source<S>, verdict: ScanVerdict) -> Result<ScanVerdict, NoVerdict>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: fmt::Display,
{
    while source.next().await?.is_some() {}
    Ok(verdict)
}

/// The EICAR test string, back to front, so that scanners leave this file alone.
const EICAR_REVERSED: &[u8] = b"*H+H$!ELIF-TSET-SURIVITNA-DRADNATS-RACIE$}7)CC7)^P(45XZP\\4[PA@%P!O5X";

/// Finds the EICAR test string anywhere in a stream, also across chunks.
#[derive(Default)]
struct EicarSearch {
    /// The last bytes seen, fewer than the string has.
    tail: Vec<u8>,
}

impl EicarSearch {
    fn found_with(&mut self, chunk: &[u8]) -> bool {
        let length = EICAR_REVERSED.len();
        let is_eicar = |window: &[u8]| window.iter().rev().eq(EICAR_REVERSED);
        let seam = chunk.len().min(length - 1);
        self.tail.extend_from_slice(&chunk[..seam]);
        if self.tail.windows(length).any(is_eicar) || chunk.windows(length).any(is_eicar) {
            return true;
        }
        if seam < chunk.len() {
            self.tail.clear();
            self.tail.extend_from_slice(&chunk[chunk.len() - seam..]);
        }
        let surplus = self.tail.len().saturating_sub(length - 1);
        self.tail.drain(..surplus);
        false
    }
}

async fn run_command<S, E>(mut command: Command, source: Source<S>) -> Result<ScanVerdict, NoVerdict>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: fmt::Display,
{
    // The service's own environment holds secrets.
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn()?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(NoVerdict::Failed("the scanner has no pipes".to_owned()));
    };
    // Both at once: a program that writes much would wait for us to read.
    let (fed, said) = tokio::join!(feed(input, source), first_line(output));
    let fed_all = fed?;
    match (child.wait().await?.code(), fed_all) {
        (Some(0), true) => Ok(ScanVerdict::Clean),
        (Some(0), false) => Ok(unavailable("the scanner did not read the whole file")),
        (Some(1), _) => Ok(infected(said.as_deref().unwrap_or("unnamed"))),
        (code, _) => Ok(unavailable(&format!("the scanner ended with {code:?}"))),
    }
}

/// Whether the program took the whole file.
async fn feed<S, E>(mut input: ChildStdin, mut source: Source<S>) -> Result<bool, NoVerdict>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: fmt::Display,
{
    while let Some(chunk) = source.next().await? {
        if input.write_all(&chunk).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn first_line(mut output: ChildStdout) -> Option<String> {
    let mut start = Vec::new();
    (&mut output)
        .take(MAX_ANSWER_BYTES)
        .read_to_end(&mut start)
        .await
        .ok()?;
    tokio::io::copy(&mut output, &mut tokio::io::sink()).await.ok()?;
    let text = String::from_utf8_lossy(&start);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.to_owned())
}

#[cfg(test)]
mod tests;
