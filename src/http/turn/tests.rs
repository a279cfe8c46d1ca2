use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::Duration;

use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::runtime::{Builder, Runtime};

use super::*;

mod deadlines;

const PATIENCE: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_millis(100);

/// Counts how often it is woken.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection, with whoever reads from it as actix does.
struct Wire {
    client: DuplexStream,
    server: InTurn<DuplexStream>,
    woken: Arc<Counting>,
    /// Whose time passes only when it is told to.
    runtime: Runtime,
}

impl Wire {
    fn new() -> Self {
        let (client, server) = duplex(1 << 20);
        let mut runtime = Builder::new_current_thread();
        Self {
            client,
            server: InTurn::new(server, PATIENCE),
            woken: Arc::default(),
            runtime: runtime.enable_time().start_paused(true).build().unwrap(),
        }
    }

    /// Lets so much time pass.
    fn wait(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.client.write_all(bytes.as_ref()).now_or_never();
        sent.expect("there is room").unwrap();
    }

    fn turn(&self) -> Turn {
        self.server.turn().clone()
    }

    fn wakes(&self) -> usize {
        self.woken.0.load(Ordering::Relaxed)
    }

    /// Has the server do something that takes no time.
    fn poll<R>(&mut self, what: impl FnOnce(Pin<&mut InTurn<DuplexStream>>, &mut Context<'_>) -> Poll<R>) -> Poll<R> {
        let _time = self.runtime.enter();
        let waker = Waker::from(self.woken.clone());
        what(Pin::new(&mut self.server), &mut Context::from_waker(&waker))
    }

    /// What is handed on at once; nothing at the end.
    fn try_read(&mut self) -> Poll<std::io::Result<Vec<u8>>> {
        let mut space = [0; 1024];
        let mut buffer = ReadBuf::new(&mut space);
        let read = self.poll(|server, context| server.poll_read(context, &mut buffer));
        read.map_ok(|()| buffer.filled().to_vec())
    }

    /// The same, where it has not failed.
    fn read(&mut self) -> Poll<Vec<u8>> {
        self.try_read().map(Result::unwrap)
    }

    /// Whether it has ended, since what was begun did not come in time.
    fn is_cut(&mut self) -> bool {
        matches!(self.try_read(), Poll::Ready(Err(error)) if error.kind() == std::io::ErrorKind::TimedOut)
    }

    /// What is handed on until whoever reads has to wait, or it ends.
    fn pass(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Poll::Ready(part) = self.read() {
            if part.is_empty() {
                break;
            }
            all.extend(part);
        }
        all
    }
}

const FIRST: &str = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
const SECOND: &str = "GET /2 HTTP/1.1\nHost: a\n\n";
const CHUNKED: &str = "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn the_next_head_is_handed_on_when_the_request_before_is_answered() {
    let mut wire = Wire::new();
    wire.send([FIRST, SECOND, FIRST].concat());

    for head in [FIRST, SECOND, FIRST] {
        assert_eq!(wire.pass(), head.as_bytes());
        let ours = wire.turn().take(Some(0));
        assert_eq!(wire.pass(), b"");
        assert_eq!(wire.pass(), b"");
        drop(ours);
    }
    assert_eq!(wire.pass(), b"");
}

#[test]
fn whoever_waits_is_woken_when_there_is_more_to_hand_on() {
    let mut wire = Wire::new();
    wire.send([FIRST, SECOND].concat());

    // What comes next is known only when this is understood.
    wire.pass();
    assert_eq!(wire.wakes(), 1);
    let ours = wire.turn().take(Some(0));
    wire.pass();
    assert_eq!(wire.wakes(), 1);
    drop(ours);
    assert_eq!(wire.wakes(), 2);
    wire.pass();
    let _ours = wire.turn().take(Some(0));
    wire.pass();
    wire.send(FIRST);
    assert_eq!(wire.wakes(), 3);
}

#[test]
fn a_head_ends_where_it_ends_however_it_comes() {
    for head in [FIRST, SECOND, CHUNKED] {
        for middle in 1..head.len() {
            let (start, end) = head.split_at(middle);
            let mut wire = Wire::new();

            wire.send(start);
            assert_eq!(wire.pass(), start.as_bytes());
            wire.send([end, FIRST].concat());
            assert_eq!(wire.pass(), end.as_bytes());
            let _ours = wire.turn().take(Some(0));
            assert_eq!(wire.pass(), b"");
        }
    }
}

#[test]
fn a_head_larger_than_what_is_read_at_a_time_is_handed_on_whole() {
    let head = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(20_000));
    let mut wire = Wire::new();
    wire.send([head.as_str(), FIRST].concat());

    let mut all = Vec::new();
    while all.len() < head.len() {
        let part = wire.pass();
        assert!(!part.is_empty(), "{} of {}", all.len(), head.len());
        all.extend(part);
    }

    assert_eq!(all, head.as_bytes());
}

#[test]
fn a_body_is_handed_on_to_its_last_byte_and_not_beyond() {
    let mut wire = Wire::new();
    wire.send([FIRST, "\n\n\n\n\n", SECOND].concat());

    assert_eq!(wire.pass(), FIRST.as_bytes());
    let ours = wire.turn().take(Some(5));
    assert_eq!(wire.pass(), b"\n\n\n\n\n");
    assert_eq!(wire.pass(), b"");
    drop(ours);
    assert_eq!(wire.pass(), SECOND.as_bytes());
}

#[test]
fn a_body_in_chunks_is_handed_on_as_it_is_asked_for_and_not_beyond() {
    let mut wire = Wire::new();
    wire.send([CHUNKED, "1\r\n\n\r\n", "0\r\nX-Trailer: b\r\n\r\n", SECOND].concat());

    assert_eq!(wire.pass(), CHUNKED.as_bytes());
    let ours = wire.turn().take(None);
    assert_eq!(wire.pass(), b"");
    wire.pass();
    let before = wire.wakes();
    wire.turn().ask();
    assert_eq!(wire.wakes(), before + 1);
    // An empty line within is taken for the end, which only means asking again.
    for part in ["1\r\n\n", "\r\n", "0\r\nX-Trailer: b\r\n\r\n"] {
        assert_eq!(wire.pass(), part.as_bytes());
        assert_eq!(wire.pass(), b"");
        wire.turn().ask();
    }
    wire.turn().ended();
    assert_eq!(wire.pass(), b"");
    drop(ours);
    assert_eq!(wire.pass(), SECOND.as_bytes());
}

#[test]
fn a_body_in_chunks_ends_where_it_ends_whatever_comes_before() {
    for trailer in ["", "\n", "\n\n", "a\n\n\n", "\n\r\n\n\n"] {
        let body = format!("1\r\n\n\r\n0\r\n{trailer}\r\n\r\n");
        let mut wire = Wire::new();
        wire.send([CHUNKED, body.as_str(), SECOND].concat());
        wire.pass();
        let _ours = wire.turn().take(None);

        let mut all = Vec::new();
        while all.len() < body.len() {
            wire.turn().ask();
            all.extend(wire.pass());
        }

        assert_eq!(all, body.as_bytes());
    }
}

#[test]
fn what_is_left_of_a_body_that_nobody_read_is_handed_on_after_the_answer() {
    let mut wire = Wire::new();
    wire.send([CHUNKED, "5\r\nhello\r\n0\r\n\r\n", SECOND].concat());

    assert_eq!(wire.pass(), CHUNKED.as_bytes());
    drop(wire.turn().take(None));
    assert_eq!(wire.pass(), b"5\r\nhello\r\n0\r\n\r\n");
    assert_eq!(wire.pass(), SECOND.as_bytes());
}

#[test]
fn lines_ahead_of_a_head_are_handed_on_together_and_the_head_behind_them_as_ever() {
    for line in ["\n", "\r\n"] {
        let lines = line.repeat(100_000);
        let mut wire = Wire::new();
        wire.send([FIRST, lines.as_str(), SECOND, FIRST].concat());
        wire.pass();
        drop(wire.turn().take(Some(0)));
        let before = wire.wakes();

        let mut all = Vec::new();
        while all.len() < lines.len() + SECOND.len() {
            all.extend(wire.pass());
        }

        assert_eq!(all, [lines.as_str(), SECOND].concat().as_bytes());
        let wakes = wire.wakes() - before;
        assert!(wakes <= lines.len() / 512, "{wakes}");
    }
}

#[test]
fn whoever_waits_for_more_of_a_body_is_not_woken_by_asking_for_it() {
    let mut wire = Wire::new();
    wire.send(CHUNKED);
    wire.pass();
    let _ours = wire.turn().take(None);
    wire.pass();
    let before = wire.wakes();

    for _ in 0..3 {
        wire.turn().ask();
        assert_eq!(wire.pass(), b"");
    }

    assert_eq!(wire.wakes(), before);
}

#[test]
fn nothing_is_handed_on_while_something_written_is_not_sent() {
    let mut wire = Wire::new();
    wire.send(FIRST);

    let written = wire.poll(|server, context| server.poll_write(context, b"HTTP/1.1 200 OK\r\n\r\n"));
    assert!(written.is_ready());
    assert_eq!(wire.pass(), b"");
    let before = wire.wakes();
    let sent = wire.poll(|server, context| server.poll_flush(context));
    assert!(sent.is_ready());
    assert_eq!(wire.wakes(), before + 1);
    assert_eq!(wire.pass(), FIRST.as_bytes());
}

#[test]
fn that_a_client_hangs_up_is_noticed_while_its_request_is_answered() {
    let mut wire = Wire::new();
    wire.send(FIRST);
    wire.pass();
    let _ours = wire.turn().take(Some(0));
    assert_eq!(wire.read(), Poll::Pending);

    wire.client.shutdown().now_or_never().unwrap().unwrap();

    assert_eq!(wire.read(), Poll::Ready(Vec::new()));
}

#[test]
fn the_end_comes_after_all_that_was_sent_before() {
    let mut wire = Wire::new();
    wire.send([FIRST, SECOND].concat());
    wire.client.shutdown().now_or_never().unwrap().unwrap();

    assert_eq!(wire.pass(), FIRST.as_bytes());
    let ours = wire.turn().take(Some(0));
    assert_eq!(wire.read(), Poll::Pending);
    drop(ours);
    assert_eq!(wire.pass(), SECOND.as_bytes());
    assert_eq!(wire.read(), Poll::Ready(Vec::new()));
}

#[test]
fn no_more_is_taken_from_a_client_than_can_be_handed_on_soon() {
    let (mut client, server) = duplex(1);
    let mut server = InTurn::new(server, PATIENCE);
    let _ours = server.turn().take(Some(0));
    let waker = Waker::noop();
    let mut context = Context::from_waker(waker);

    let taken = (0..10)
        .take_while(|_| client.write_all(b"a").now_or_never().is_some())
        .inspect(|_| {
            let mut space = [0; 10];
            let read = Pin::new(&mut server).poll_read(&mut context, &mut ReadBuf::new(&mut space));
            assert!(read.is_pending());
        })
        .count();

    // The first waits to be handed on, the second in the pipe.
    assert_eq!(taken, 2);
}

/// What a client sends at a time, with many ends of lines.
fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let byte = prop::sample::select(b"\r\naaaaaa".to_vec());
    prop::collection::vec(prop::collection::vec(byte, 1..600), 1..5)
}

proptest! {
    #[test]
    fn whatever_comes_is_handed_on_whole_and_in_order(
        pieces in pieces(), bodies in prop::collection::vec(0_u64..400, 1..5),
    ) {
        let mut wire = Wire::new();
        let mut all = Vec::new();

        for piece in &pieces {
            wire.send(piece);
            for length in bodies.iter().cycle() {
                let head = wire.pass();
                let ours = wire.turn().take(Some(*length));
                let body = wire.pass();
                drop(ours);
                prop_assert!(body.len() as u64 <= *length);
                if head.is_empty() && body.is_empty() {
                    break;
                }
                all.extend([head, body].concat());
            }
        }

        prop_assert_eq!(all, pieces.concat());
    }
}
