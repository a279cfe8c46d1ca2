//! The connection as actix gets to see it.

use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::web::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Part, Turn};

/// Bytes that are read at a time, and the most that wait to be handed on.
const SPACE: usize = 8 * 1024;

/// A connection that hands on one part of a request at a time, and nothing of the next
/// request before the answer is written and sent.
///
/// Whoever reads gets a part, then has to wait until woken: what comes next depends on
/// what they make of it.
pub struct InTurn<T> {
    stream: T,
    turn: Turn,
    /// What has come and is not handed on yet.
    held: Bytes,
    line: Line,
    /// Whether a part was handed on since whoever reads was last told to wait.
    has_handed_on: bool,
}

impl<T> InTurn<T> {
    /// A connection on which it is the client's turn.
    pub fn new(stream: T) -> Self {
        Self {
            stream,
            turn: Turn::default(),
            held: Bytes::new(),
            line: Line::default(),
            has_handed_on: false,
        }
    }

    /// Whose turn it is.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }
}

/// The line that was handed on last.
#[derive(Default)]
struct Line {
    /// Whether it has begun, and nothing stands in it so far.
    is_empty: bool,
}

impl Line {
    /// How many of `bytes` there are up to the end of the first empty line, or all.
    fn until_empty(&mut self, bytes: &[u8]) -> usize {
        for (before, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if mem::take(&mut self.is_empty) => return before + 1,
                b'\n' => self.is_empty = true,
                b'\r' => {}
                _ => self.is_empty = false,
            }
        }
        bytes.len()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for InTurn<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let is_to_wait = mem::take(&mut this.has_handed_on);
        if this.held.is_empty() {
            // Whoever's turn it is: that a client hangs up is to be noticed.
            this.held = ready!(read(&mut this.stream, context))?;
        }
        if this.held.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if is_to_wait {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let most = &this.held[..this.held.len().min(buffer.remaining())];
        let size = match this.turn.part(context) {
            None => return Poll::Pending,
            Some(Part::ToEmptyLine) => this.line.until_empty(most),
            Some(Part::Bytes(left)) => usize::try_from(left).map_or(most.len(), |left| left.min(most.len())),
        };
        buffer.put_slice(&this.held.split_to(size));
        this.turn.handed_on(size as u64);
        this.has_handed_on = true;
        Poll::Ready(Ok(()))
    }
}

/// What has come; nothing at the end.
fn read<T: AsyncRead + Unpin>(stream: &mut T, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
    let mut space = [MaybeUninit::<u8>::uninit(); SPACE];
    let mut buffer = ReadBuf::uninit(&mut space);
    ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
    Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())))
}

impl<T: AsyncWrite + Unpin> AsyncWrite for InTurn<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.turn.wrote();
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(context))?;
        this.turn.sent();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
