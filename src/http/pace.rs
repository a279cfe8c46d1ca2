//! How fast a client has to send and to read.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{LocalBoxStream, unfold};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::time::{Instant, timeout_at};

use crate::config::Deadlines;

/// The body, which breaks off as timed out when it comes too slowly: after
/// `first`, and a second more for every [`Deadlines::PACE`] bytes that came.
pub fn body(payload: Payload, first: Duration) -> Payload {
    if matches!(payload, Payload::None) {
        return payload;
    }
    let stream: LocalBoxStream<'static, Result<Bytes, PayloadError>> = unfold(
        (payload, Instant::now() + first),
        |(mut payload, deadline)| async move {
            match timeout_at(deadline, payload.next()).await {
                Ok(chunk) => {
                    let chunk = chunk?;
                    let came = chunk.as_ref().map_or(0, Bytes::len);
                    let earned = Duration::from_secs(came as u64) / Deadlines::PACE;
                    Some((chunk, (payload, deadline + earned)))
                }
                Err(_late) => {
                    let late = PayloadError::Io(std::io::ErrorKind::TimedOut.into());
                    Some((Err(late), (payload, deadline)))
                }
            }
        },
    )
    .fuse()
    .boxed_local();
    Payload::Stream { payload: stream }
}

/// Has the kernel give up a connection whose client takes nothing of its answer for
/// as long as `unread`. Actix itself has no deadline for writing. A client that reads
/// slowly, but reads, is not cut.
pub fn answers(socket: &TcpStream, unread: Duration) {
    let milliseconds = u32::try_from(unread.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = setsockopt(socket, sockopt::TcpUserTimeout, &milliseconds) {
        tracing::warn!("a connection has no deadline for reading its answers: {error}");
    }
}
