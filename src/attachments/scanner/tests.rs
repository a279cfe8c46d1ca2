use std::convert::Infallible;

use futures_util::stream;
use tokio::net::TcpListener;

use super::super::fixtures::eicar;
use super::*;

fn in_chunks(file: &[u8], size: usize) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let chunks: Vec<_> = file.chunks(size).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
    stream::iter(chunks)
}

async fn scan(scanner: &Scanner, file: &[u8]) -> ScanVerdict {
    scanner.scan_within(Duration::from_secs(5), in_chunks(file, 1000)).await
}

fn is_unavailable(verdict: &ScanVerdict) -> bool {
    matches!(verdict, ScanVerdict::Unavailable { .. })
}

#[tokio::test]
async fn eicar_is_found_by_every_scanner_wherever_it_stands() {
    let file = [&b"x".repeat(150)[..], &eicar(), b"\r\n"].concat();
    for scanner in [Scanner::Off, Scanner::BuiltIn, program("cat >/dev/null")] {
        for size in [1, 7, 67, 68, 69, 1000] {
            let verdict = scanner.scan(in_chunks(&file, size)).await;
            assert_eq!(verdict, infected("EICAR-Test-File"), "{scanner:?} {size}");
        }
    }
}

#[tokio::test]
async fn almost_eicar_is_clean() {
    let mut file = eicar();
    file[5] = b'?';
    assert_eq!(scan(&Scanner::BuiltIn, &file).await, ScanVerdict::Clean);
    assert_eq!(scan(&Scanner::Off, &file).await, ScanVerdict::NotScanned);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_gets_no_verdict() {
    for scanner in [Scanner::Off, Scanner::BuiltIn, program("cat >/dev/null")] {
        let broken = stream::iter([Ok(Bytes::from_static(b"a")), Err("disk")]);
        assert!(is_unavailable(&scanner.scan(broken).await));
    }
}

/// A daemon that answers once, after it has read all chunks.
async fn clamd(answer: &'static [u8]) -> (Scanner, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut command = [0; 10];
        stream.read_exact(&mut command).await.unwrap();
        assert_eq!(&command, b"zINSTREAM\0");
        let mut received = Vec::new();
        loop {
            let length = stream.read_u32().await.unwrap();
            if length == 0 {
                break;
            }
            let mut chunk = vec![0; length as usize];
            stream.read_exact(&mut chunk).await.unwrap();
            received.extend_from_slice(&chunk);
        }
        stream.write_all(answer).await.unwrap();
        received
    });
    (Scanner::Clamd(address.parse().unwrap()), served)
}

#[tokio::test]
async fn clamd_gets_the_whole_file_and_its_answer_counts() {
    let file = b"0123456789".repeat(20_000);
    let (scanner, served) = clamd(b"stream: OK\0").await;
    let whole = scanner.scan(in_chunks(&file, 200_000)).await;
    assert_eq!(whole, ScanVerdict::Clean);
    assert_eq!(served.await.unwrap(), file);

    let (scanner, _) = clamd(b"stream: Win.Test-1\x07 FOUND\0").await;
    assert_eq!(scan(&scanner, b"x").await, infected("Win.Test-1"));
}

#[tokio::test]
async fn clamd_fails_closed() {
    for answer in [
        &b"INSTREAM size limit exceeded. ERROR\0"[..],
        b"",
        b"OK\0",
        b"stream: OKAY\0",
    ] {
        let (scanner, _) = clamd(answer).await;
        assert!(is_unavailable(&scan(&scanner, b"x").await));
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    let silent = Scanner::Clamd(ClamdAddress::Tcp(address.clone()));
    let verdict = silent.scan_within(Duration::from_millis(50), in_chunks(b"x", 1)).await;
    assert!(is_unavailable(&verdict));
    drop(nobody);
    assert!(is_unavailable(&scan(&silent, b"x").await));
    #[cfg(unix)]
    assert!(is_unavailable(
        &scan(&Scanner::Clamd("unix:/nowhere/clamd".parse().unwrap()), b"x").await
    ));
}

#[tokio::test]
async fn whatever_clamd_answers_is_bounded_and_lets_nothing_pass() {
    const FLOOD: &[u8] = &[b'A'; 100_000];
    let long = format!("stream: {} FOUND\0", "\u{202e}Win.Test\n".repeat(300));
    let long: &'static [u8] = Box::leak(long.into_bytes().into_boxed_slice());

    for answer in [
        FLOOD,
        b"\xff\xfe\0\r\n",
        b"stream: OK\0stream: OK\0",
        b"stream: ok\0",
        b" stream: OK\0",
    ] {
        let (scanner, _) = clamd(answer).await;
        let verdict = scan(&scanner, b"x").await;
        assert!(is_unavailable(&verdict), "{verdict:?}");
    }
    let (scanner, _) = clamd(long).await;
    assert_eq!(scan(&scanner, b"x").await, infected(&"Win.Test".repeat(25)));
}

#[test]
fn addresses_of_clamd_are_read() {
    assert_eq!("clamav:3310".parse(), Ok(ClamdAddress::Tcp("clamav:3310".into())));
    assert_eq!("tcp://[::1]:3310".parse(), Ok(ClamdAddress::Tcp("[::1]:3310".into())));
    #[cfg(unix)]
    assert_eq!(
        "unix:/run/c.sock".parse::<ClamdAddress>().unwrap().to_string(),
        "unix:/run/c.sock"
    );
    for wrong in [
        "",
        "clamav",
        "clamav:x",
        ":3310",
        "unix:run/c.sock",
        "http://x:1",
        "x:0",
    ] {
        assert_eq!(wrong.parse::<ClamdAddress>(), Err(AddressUnreadable), "{wrong}");
    }
}

fn program(script: &str) -> Scanner {
    Scanner::Command {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into()],
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_decides_by_its_exit_code() {
    let clean = "test \"$(cat)\" = hello";
    assert_eq!(scan(&program(clean), b"hello").await, ScanVerdict::Clean);
    assert_eq!(
        scan(&program("cat >/dev/null; echo Bad.Thing; exit 1"), b"x").await,
        infected("Bad.Thing")
    );
    assert_eq!(scan(&program("exit 1"), b"x").await, infected("unnamed"));
    for script in ["exit 2", "kill -9 $$", "exec 0<&-; sleep 0.2; exit 0"] {
        let large = vec![b'x'; 1024 * 1024];
        assert!(is_unavailable(&scan(&program(script), &large).await), "{script}");
    }
    let missing = Scanner::Command {
        program: "/nowhere/scan".into(),
        arguments: vec![],
    };
    assert!(is_unavailable(&scan(&missing, b"x").await));
}

#[cfg(unix)]
#[tokio::test]
async fn a_talkative_or_endless_program_is_bounded() {
    let talkative = program("yes | head -c 1000000; cat >/dev/null; exit 0");
    assert_eq!(scan(&talkative, &vec![b'x'; 1024 * 1024]).await, ScanVerdict::Clean);
    let endless = program("sleep 60");
    let verdict = endless
        .scan_within(Duration::from_millis(100), in_chunks(b"x", 1))
        .await;
    assert!(is_unavailable(&verdict));
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_does_not_see_the_environment() {
    let script = "cat >/dev/null; test -z \"$CARGO_MANIFEST_DIR$HOME\"";
    assert_eq!(scan(&program(script), b"x").await, ScanVerdict::Clean);
}
