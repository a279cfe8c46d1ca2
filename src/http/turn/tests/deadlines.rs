//! What has to be finished in time, and how much of it is taken.

use super::super::stream::REST;
use super::*;

#[test]
fn a_later_head_has_to_be_finished_in_time_once_it_has_begun() {
    for begun in [&SECOND[..1], &SECOND[..SECOND.len() - 1], "\r\n"] {
        let mut wire = Wire::new();
        wire.send(FIRST);
        wire.pass();
        drop(wire.turn().take(Some(0)));
        wire.pass();
        wire.wait(10 * PATIENCE);
        assert!(!wire.is_cut());

        wire.send(begun);
        wire.pass();
        wire.wait(PATIENCE - MOMENT);
        assert!(!wire.is_cut());
        // Another byte does not help.
        wire.send("G");
        wire.pass();
        let before = wire.wakes();
        wire.wait(2 * MOMENT);

        assert!(wire.wakes() > before);
        assert!(wire.is_cut(), "{begun:?}");
    }
}

#[test]
fn a_head_that_came_in_time_leaves_no_deadline() {
    let mut wire = Wire::new();
    for _ in 0..3 {
        wire.send(&FIRST[..5]);
        wire.pass();
        wire.wait(PATIENCE - MOMENT);
        wire.send(&FIRST[5..]);
        wire.pass();
        let ours = wire.turn().take(Some(0));
        wire.pass();
        wire.wait(2 * PATIENCE);
        assert!(!wire.is_cut());
        drop(ours);
        wire.pass();
        wire.wait(2 * PATIENCE);
        assert!(!wire.is_cut());
    }
}

#[test]
fn what_is_left_of_a_body_that_nobody_reads_has_to_come_in_time() {
    for rest in ["", "5\r\nhello\r\n"] {
        let mut wire = Wire::new();
        wire.send([CHUNKED, rest].concat());
        wire.pass();
        let ours = wire.turn().take(None);
        wire.pass();
        wire.wait(2 * PATIENCE);
        assert!(!wire.is_cut());
        let before = wire.wakes();

        drop(ours);
        assert!(wire.wakes() > before);
        wire.pass();
        wire.wait(PATIENCE - MOMENT);
        assert!(!wire.is_cut());
        wire.wait(2 * MOMENT);

        assert!(wire.is_cut(), "{rest:?}");
    }
}

#[test]
fn what_is_left_of_a_body_is_minded_also_where_the_answer_comes_at_once() {
    let mut wire = Wire::new();
    wire.send(CHUNKED);
    wire.pass();
    let before = wire.wakes();

    drop(wire.turn().take(None));

    assert!(wire.wakes() > before);
    wire.pass();
    wire.wait(PATIENCE + MOMENT);
    assert!(wire.is_cut());
}

#[test]
fn the_time_for_what_is_left_of_a_body_begins_when_the_answer_is_sent() {
    let mut wire = Wire::new();
    wire.send(CHUNKED);
    wire.pass();
    let ours = wire.turn().take(None);
    wire.pass();
    let written = wire.poll(|server, context| server.poll_write(context, b"HTTP/1.1 200 OK\r\n\r\n"));
    assert!(written.is_ready());
    drop(ours);
    wire.pass();
    wire.wait(2 * PATIENCE);
    assert!(!wire.is_cut());
    let before = wire.wakes();

    let sent = wire.poll(|server, context| server.poll_flush(context));
    assert!(sent.is_ready());
    assert!(wire.wakes() > before);
    wire.pass();
    wire.wait(PATIENCE + MOMENT);

    assert!(wire.is_cut());
}

#[test]
fn no_more_is_taken_of_a_body_that_nobody_reads_than_a_body_may_have() {
    let mut wire = Wire::new();
    wire.send([CHUNKED, "fffffff\r\n"].concat());
    wire.pass();
    drop(wire.turn().take(None));

    let mut taken = 0;
    let end = loop {
        match wire.try_read() {
            Poll::Ready(Ok(part)) => taken += part.len() as u64,
            Poll::Ready(Err(error)) => break error,
            // As much as there is room for.
            Poll::Pending => drop(wire.client.write_all(&[b'a'; 2048]).now_or_never()),
        }
    };

    assert_eq!(end.kind(), std::io::ErrorKind::TimedOut);
    assert!(taken <= REST && taken > REST - 2048, "{taken}");
}
