//! Asking a ClamAV daemon.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use futures_util::Stream;
use img_parts::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::model::ScanVerdict;
use super::scanner::{MAX_ANSWER_BYTES, NoVerdict, Source, infected, unavailable};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a ClamAV daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClamdAddress {
    /// `host:port`.
    Tcp(String),
    /// Path of a unix socket.
    #[cfg(unix)]
    Unix(PathBuf),
}

impl FromStr for ClamdAddress {
    type Err = AddressUnreadable;

    /// Reads `tcp://host:port`, `host:port` or `unix:/path`.
    fn from_str(text: &str) -> Result<Self, AddressUnreadable> {
        #[cfg(unix)]
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() {
                Ok(Self::Unix(path))
            } else {
                Err(AddressUnreadable)
            };
        }
        let address = text.strip_prefix("tcp://").unwrap_or(text);
        let (host, port) = address.rsplit_once(':').ok_or(AddressUnreadable)?;
        let port: u16 = port.parse().map_err(|_| AddressUnreadable)?;
        let readable = !host.is_empty() && !host.contains('/') && port != 0;
        if readable {
            Ok(Self::Tcp(address.to_owned()))
        } else {
            Err(AddressUnreadable)
        }
    }
}

impl fmt::Display for ClamdAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A setting that is no address of a ClamAV daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address of clamd is tcp://host:port or unix:/path")]
pub struct AddressUnreadable;

pub(super) async fn ask<S, E>(address: &ClamdAddress, source: Source<S>) -> Result<ScanVerdict, NoVerdict>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: fmt::Display,
{
    let too_late = |_| NoVerdict::Failed("clamd does not answer".to_owned());
    match address {
        ClamdAddress::Tcp(address) => {
            let stream = TcpStream::connect(address);
            instream(timeout(CONNECT_TIMEOUT, stream).await.map_err(too_late)??, source).await
        }
        #[cfg(unix)]
        ClamdAddress::Unix(path) => {
            let stream = UnixStream::connect(path);
            instream(timeout(CONNECT_TIMEOUT, stream).await.map_err(too_late)??, source).await
        }
    }
}

/// clamd(8) `INSTREAM`: chunks, each after its length as a big-endian `u32`,
/// ended by a length of zero.
async fn instream<C, S, E>(mut clamd: C, mut source: Source<S>) -> Result<ScanVerdict, NoVerdict>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: fmt::Display,
{
    /// clamd counts a chunk against its limit before it reads it.
    const CHUNK_BYTES: usize = 64 * 1024;
    clamd.write_all(b"zINSTREAM\0").await?;
    while let Some(bytes) = source.next().await? {
        for chunk in bytes.chunks(CHUNK_BYTES) {
            clamd.write_u32(u32::try_from(chunk.len()).unwrap_or_default()).await?;
            clamd.write_all(chunk).await?;
        }
    }
    clamd.write_u32(0).await?;
    clamd.flush().await?;
    let mut answer = Vec::new();
    clamd.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
    Ok(read_clamd_answer(&answer))
}

fn read_clamd_answer(answer: &[u8]) -> ScanVerdict {
    let answer = String::from_utf8_lossy(answer);
    let answer = answer.trim_end_matches(['\0', '\n', '\r']);
    match answer.strip_prefix("stream: ") {
        Some("OK") => ScanVerdict::Clean,
        Some(found) if found.ends_with(" FOUND") => infected(found.trim_end_matches(" FOUND")),
        _ => unavailable(&format!("clamd answered {answer:?}")),
    }
}
