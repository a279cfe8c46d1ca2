//! One request of a connection after the other (RFC 9112 §9.3.2).
//!
//! Actix decodes every head that it has read, up to 128 KiB of them, before the first is
//! answered. Each takes some 7 KB however short it is, and an answer is written as the
//! head decoded last asks for: without a body, if that was a HEAD. So connections are
//! handed on to actix in turns ([`InTurn`]): a head, its body, and nothing more before the
//! answer is written.

mod stream;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::StreamExt;
use futures_util::stream::poll_fn;

pub use stream::InTurn;

/// Whose turn it is on a connection: the client's, to ask, or ours, to answer.
#[derive(Clone, Default)]
pub struct Turn(Rc<State>);

#[derive(Default)]
struct State {
    /// Whether a request is being answered.
    is_ours: Cell<bool>,
    /// Bytes of its body that are still to come, where it is said how many.
    left: Cell<u64>,
    /// Whether whoever answers waits for more of a body in chunks.
    is_asked_for: Cell<bool>,
    /// Whether something written is still to be sent.
    is_unsent: Cell<bool>,
    /// Whoever has to read on once something may be handed on.
    waiting: Cell<Option<Waker>>,
}

/// What may be handed on.
enum Part {
    /// Bytes up to the next empty line: it ends a head, and a body in chunks.
    ToEmptyLine,
    /// So many bytes of a body.
    Bytes(u64),
}

impl Turn {
    /// Takes the turn for a request with so many bytes of body, until what is returned is
    /// dropped.
    fn take(&self, length: u64) -> Ours {
        self.0.is_ours.set(true);
        self.0.left.set(length);
        self.0.is_asked_for.set(false);
        Ours(self.clone())
    }

    /// Asks for more of a body in chunks, whose length nobody knows.
    fn ask(&self) {
        self.0.is_asked_for.set(true);
        self.wake();
    }

    /// Something was written.
    fn wrote(&self) {
        self.0.is_unsent.set(true);
    }

    /// What was written is sent.
    fn sent(&self) {
        if self.0.is_unsent.replace(false) {
            self.wake();
        }
    }

    /// What may be handed on now. If nothing, `context` is woken when that changes.
    fn part(&self, context: &Context<'_>) -> Option<Part> {
        let state = &self.0;
        let part = match (state.is_ours.get(), state.left.get()) {
            _ if state.is_unsent.get() => None,
            (false, _) => Some(Part::ToEmptyLine),
            (true, 0) => state.is_asked_for.replace(false).then_some(Part::ToEmptyLine),
            (true, left) => Some(Part::Bytes(left)),
        };
        if part.is_none() {
            state.waiting.set(Some(context.waker().clone()));
        }
        part
    }

    /// Bytes of a body were handed on.
    fn handed_on(&self, bytes: u64) {
        self.0.left.set(self.0.left.get().saturating_sub(bytes));
    }

    fn wake(&self) {
        if let Some(waker) = self.0.waiting.take() {
            waker.wake();
        }
    }
}

/// Our turn. Dropped, it is the client's again.
struct Ours(Turn);

impl Drop for Ours {
    fn drop(&mut self) {
        let Self(turn) = self;
        turn.0.is_ours.set(false);
        turn.wake();
    }
}

/// Has a request keep the turn of its connection until its answer is written.
///
/// # Errors
/// Those of the request.
pub async fn keep<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Answering>, Error> {
    let turn = request.conn_data::<Turn>().cloned().unwrap_or_default();
    let length = length_of_body(request.headers());
    let ours = turn.take(length.unwrap_or_default());
    if length.is_none() {
        let payload = asking(request.take_payload(), turn);
        request.set_payload(payload);
    }
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(response.map_body(|_, body| Answering { body, _ours: ours }))
}

/// How many bytes of body follow a head, unless it comes in chunks (RFC 9112 §6.3). Heads
/// that say it in two ways do not get here.
fn length_of_body(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return None;
    }
    let said = headers.get(header::CONTENT_LENGTH);
    let length = said.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Some(length.unwrap_or_default())
}

/// The body, for more of which `turn` is asked whenever there is nothing of it.
fn asking(mut payload: Payload, turn: Turn) -> Payload {
    let body = poll_fn(move |context| {
        let next = payload.poll_next_unpin(context);
        if next.is_pending() {
            turn.ask();
        }
        next
    });
    Payload::Stream {
        payload: body.boxed_local(),
    }
}

/// The body of an answer. Dropped when it is written, it ends our turn.
pub struct Answering {
    body: BoxBody,
    _ours: Ours,
}

impl MessageBody for Answering {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
