//! The connection as actix gets to see it.

use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::web::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::{Part, Turn};

/// Bytes that are read at a time, and the most that wait to be handed on.
const SPACE: usize = 8 * 1024;
/// Bytes that are taken of a body in chunks that nobody reads: one that was refused should
/// come to its end, so that its client gets to read why.
pub(super) const REST: u64 = 32 * 1024 * 1024;

/// A connection that hands on one part of a request at a time, and nothing of the next
/// request before the answer is written and sent.
///
/// Whoever reads gets a part, then has to wait until woken: what comes next depends on
/// what they make of it. Reading fails as timed out where the client has been answered
/// and does not finish what it has begun.
pub struct InTurn<T> {
    stream: T,
    turn: Turn,
    /// What has come and is not handed on yet.
    held: Bytes,
    line: Line,
    /// Whether a part was handed on since whoever reads was last told to wait.
    has_handed_on: bool,
    /// How long a client that has been answered may take to finish what it has begun.
    patience: Duration,
    /// Until when, if it has.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Bytes that are still taken of a body that nobody reads.
    rest: u64,
}

impl<T> InTurn<T> {
    /// A connection on which it is the client's turn. From when it has been answered it is
    /// given `patience` for the rest of a body that nobody reads, or for a head from the
    /// first byte of it. How long the first head may take is not minded here.
    pub fn new(stream: T, patience: Duration) -> Self {
        Self {
            stream,
            turn: Turn::default(),
            held: Bytes::new(),
            line: Line::default(),
            has_handed_on: false,
            patience,
            deadline: None,
            rest: REST,
        }
    }

    /// Whose turn it is.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// Whether the client has not finished in time. If not yet, `context` is woken then.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        if !self.turn.is_owed() {
            self.deadline = None;
            return false;
        }
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(patience)));
        deadline.as_mut().poll(context).is_ready()
    }
}

/// The line that was handed on last.
#[derive(Default)]
struct Line {
    /// Whether it has begun, and nothing stands in it so far.
    is_empty: bool,
    /// Whether something stands in it, or in one before it since the last end.
    is_in_head: bool,
}

impl Line {
    /// How many of `bytes` there are up to the end of the first empty line behind one that
    /// is not empty, or all. Lines ahead of a head (RFC 9112 §2.2) are no ends: each would
    /// have all that came looked through once more.
    fn until_end_of_head(&mut self, bytes: &[u8]) -> usize {
        self.until(bytes, |line| line.is_empty && line.is_in_head)
    }

    /// How many of `bytes` there are up to the end of the first empty line, or all.
    fn until_empty(&mut self, bytes: &[u8]) -> usize {
        self.until(bytes, |line| line.is_empty)
    }

    fn until(&mut self, bytes: &[u8], is_end: impl Fn(&Self) -> bool) -> usize {
        for (before, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' => {
                    let has_ended = is_end(self);
                    // Of what begins behind an end nothing is known either.
                    self.is_empty = true;
                    if has_ended {
                        self.is_in_head = false;
                        return before + 1;
                    }
                }
                b'\r' => {}
                _ => {
                    self.is_empty = false;
                    self.is_in_head = true;
                }
            }
        }
        bytes.len()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for InTurn<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_late(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let is_to_wait = mem::take(&mut this.has_handed_on);
        if this.held.is_empty() {
            // Whoever's turn it is: that a client hangs up is to be noticed.
            let Poll::Ready(come) = read(&mut this.stream, context) else {
                this.turn.watch(context);
                return Poll::Pending;
            };
            this.held = come?;
        }
        if this.held.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if is_to_wait {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let most = &this.held[..this.held.len().min(buffer.remaining())];
        let Some(part) = this.turn.part(context) else {
            return Poll::Pending;
        };
        let size = match part {
            Part::Head => this.line.until_end_of_head(most),
            Part::Chunks | Part::Rest => this.line.until_empty(most),
            Part::Bytes(left) => usize::try_from(left).map_or(most.len(), |left| left.min(most.len())),
        };
        if matches!(part, Part::Rest) {
            let left = this.rest.checked_sub(size as u64);
            this.rest = left.ok_or(io::ErrorKind::TimedOut)?;
        }
        buffer.put_slice(&this.held.split_to(size));
        this.turn.handed_on(part, size as u64);
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
