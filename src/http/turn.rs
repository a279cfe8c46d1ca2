//! One request of a connection after the other (RFC 9112 §9.3.2).
//!
//! Actix decodes every head that it has read, up to 128 KiB of them, before the first is
//! answered. Each takes some 7 KB however short it is, and an answer is written as the
//! head decoded last asks for: without a body, if that was a HEAD. So connections are
//! handed on to actix in turns ([`InTurn`]): a head, its body, and nothing more before the
//! answer is written.
//!
//! Actix minds how long the first head of a connection takes, and after an answer what is
//! left of a body whose length is said. Later heads, and what is left of a body in chunks,
//! it waits for as long as they take: here they are given a time.

mod stream;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
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
    /// Whether a request was answered before.
    has_answered: Cell<bool>,
    /// Whether something of the head after it was handed on.
    has_begun: Cell<bool>,
    /// Bytes of the body that are still to come, where it is said how many.
    left: Cell<u64>,
    /// Whether the body comes in chunks, and nobody has read it to its end.
    is_in_chunks: Cell<bool>,
    /// Whether whoever answers waits for more of a body in chunks.
    is_asked_for: Cell<bool>,
    /// Whether something written is still to be sent.
    is_unsent: Cell<bool>,
    /// Whoever has to read on once something may be handed on.
    waiting: Cell<Option<Waker>>,
    /// Whoever has to look again when the time for the rest of a body may begin. Not woken
    /// where more of a body is asked for: nothing has come, so they would ask for ever.
    watching: Cell<Option<Waker>>,
}

/// What may be handed on.
#[derive(Clone, Copy)]
enum Part {
    /// A head: up to the next empty line behind one that is not.
    Head,
    /// Of a body in chunks: up to the next empty line, since it ends with one.
    Chunks,
    /// The same of one that nobody reads.
    Rest,
    /// So many bytes of a body.
    Bytes(u64),
}

impl Turn {
    /// Takes the turn for a request with so many bytes of body, or one in chunks, until
    /// what is returned is dropped.
    fn take(&self, length: Option<u64>) -> Ours {
        let state = &self.0;
        state.is_ours.set(true);
        state.has_begun.set(false);
        state.left.set(length.unwrap_or_default());
        state.is_in_chunks.set(length.is_none());
        state.is_asked_for.set(false);
        Ours(self.clone())
    }

    /// Asks for more of a body in chunks, whose length nobody knows.
    fn ask(&self) {
        self.0.is_asked_for.set(true);
        wake(&self.0.waiting);
    }

    /// A body in chunks was read to its end.
    fn ended(&self) {
        self.0.is_in_chunks.set(false);
        self.0.is_asked_for.set(false);
    }

    /// Whether the body comes in chunks, and nobody has read it to its end.
    fn is_in_chunks(&self) -> bool {
        self.0.is_in_chunks.get()
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
            (false, _) if state.is_in_chunks.get() => Some(Part::Rest),
            (false, _) => Some(Part::Head),
            (true, 0) => state.is_asked_for.replace(false).then_some(Part::Chunks),
            (true, left) => Some(Part::Bytes(left)),
        };
        if part.is_none() {
            state.waiting.set(Some(context.waker().clone()));
        }
        part
    }

    /// So many bytes of a part were handed on.
    fn handed_on(&self, part: Part, bytes: u64) {
        let state = &self.0;
        match part {
            Part::Head => state.has_begun.set(state.has_answered.get()),
            Part::Bytes(left) => state.left.set(left.saturating_sub(bytes)),
            Part::Chunks | Part::Rest => {}
        }
    }

    /// Whether the client has been answered, and has still to send the rest of a body, or
    /// of a head that it has begun. An empty line ahead of a head begins it, too: from then
    /// on actix does not mind any more how long the connection is idle.
    fn is_owed(&self) -> bool {
        let state = &self.0;
        let is_answered = !state.is_ours.get() && !state.is_unsent.get();
        is_answered && (state.is_in_chunks.get() || state.has_begun.get())
    }

    /// Nothing has come. Has `context` woken all the same when a body in chunks may have
    /// become one that nobody reads, since then its time begins: also one whose head is yet
    /// to be looked at.
    fn watch(&self, context: &Context<'_>) {
        self.0.watching.set(Some(context.waker().clone()));
    }

    /// Whose turn it is, or what is sent, has changed.
    fn wake(&self) {
        wake(&self.0.waiting);
        if self.is_in_chunks() {
            wake(&self.0.watching);
        }
    }
}

fn wake(who: &Cell<Option<Waker>>) {
    if let Some(waker) = who.take() {
        waker.wake();
    }
}

/// Our turn. Dropped, it is the client's again.
struct Ours(Turn);

impl Drop for Ours {
    fn drop(&mut self) {
        let Self(turn) = self;
        turn.0.is_ours.set(false);
        turn.0.has_answered.set(true);
        turn.wake();
    }
}

/// Has a request keep the turn of its connection until its answer is written. An answer
/// before the end of a body in chunks is the last on its connection, since nobody knows
/// how much is still to come; actix does so itself where the length of a body is said.
///
/// # Errors
/// Those of the request.
pub async fn keep<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Answering>, Error> {
    let turn = request.conn_data::<Turn>().cloned().unwrap_or_default();
    let length = length_of_body(request.headers());
    let ours = turn.take(length);
    if length.is_none() {
        let payload = asking(request.take_payload(), turn.clone());
        request.set_payload(payload);
    }
    let answered = next.call(request).await;
    let is_last = turn.is_in_chunks();
    match answered {
        Ok(response) => {
            let mut response = response.map_into_boxed_body();
            if is_last {
                let head = response.response_mut().head_mut();
                head.set_connection_type(ConnectionType::Close);
            }
            Ok(response.map_body(|_, body| Answering { body, _ours: ours }))
        }
        Err(error) if is_last => {
            let mut response = error.error_response();
            response.head_mut().set_connection_type(ConnectionType::Close);
            Err(InternalError::from_response(error, response).into())
        }
        Err(error) => Err(error),
    }
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
        match &next {
            Poll::Pending => turn.ask(),
            Poll::Ready(None) => turn.ended(),
            Poll::Ready(Some(_)) => {}
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
