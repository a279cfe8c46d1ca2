//! TLS, and a certificate that is exchanged while serving.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use uuid::Uuid;
use wardlink::config::TlsFiles;
use wardlink::http::server;
use wardlink::http::tls::Certificate;

use crate::support::{TestApp, exchange};

/// Writes a new certificate with its key.
fn issue(folder: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key }: CertifiedKey<KeyPair> =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    cert.der().clone()
}

/// A connection by TLS over `stream`.
async fn encrypted(
    stream: TcpStream,
    trusted: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connector = TlsConnector::from(Arc::new(client));
    connector.connect("localhost".try_into().unwrap(), stream).await
}

async fn health(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<String> {
    let mut stream = encrypted(TcpStream::connect(address).await?, trusted, version).await?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = Vec::new();
    // Actix closes without a close_notify: what was said before counts.
    let _ = stream.read_to_end(&mut answer).await;
    Ok(String::from_utf8_lossy(&answer).to_lowercase())
}

#[actix_web::test]
async fn both_versions_are_spoken_and_a_new_certificate_is_shown_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = issue(folder.path());
    let files = TlsFiles {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    let app = TestApp::start_with(|config| config.tls = Some(files.clone())).await;
    let certificate = Arc::new(Certificate::open(files).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let tls = certificate.clone().server().unwrap();
    actix_web::rt::spawn(server::serve(listener, app.services.clone(), 1, Some(tls)).unwrap());

    for version in [&version::TLS13, &version::TLS12] {
        let answer = health(address, &first, version).await.unwrap();
        assert!(
            answer.starts_with("http/1.1 200") && answer.contains("strict-transport-security: "),
            "{answer}"
        );
    }
    let plain = exchange(address, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!plain.contains("200"), "{plain}");

    let second = issue(folder.path());
    certificate.reload().unwrap();
    assert!(health(address, &first, &version::TLS13).await.is_err());
    assert!(
        health(address, &second, &version::TLS13)
            .await
            .unwrap()
            .starts_with("http/1.1 200")
    );

    std::fs::write(folder.path().join("key.pem"), "nonsense").unwrap();
    assert!(certificate.reload().is_err());
    assert!(
        health(address, &second, &version::TLS13)
            .await
            .unwrap()
            .starts_with("http/1.1 200")
    );
}

/// Far more than the buffers of a connection take.
const MANY: usize = 200;

/// Asks for much over `stream`, and waits until something of it has come.
async fn ask_for_much<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> S {
    let request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.repeat(MANY).as_bytes()).await.unwrap();
    stream.read_u8().await.unwrap();
    stream
}

#[actix_web::test]
async fn a_client_that_does_not_read_is_given_up_by_tls_too() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = issue(folder.path());
    let files = TlsFiles {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    let app = TestApp::start_with(|config| config.deadlines.unread = Duration::from_secs(1)).await;

    for is_encrypted in [false, true] {
        let certificate = Arc::new(Certificate::open(files.clone()).unwrap());
        let tls = is_encrypted.then(|| certificate.server().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = server::serve(listener, app.services.clone(), 1, tls).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let plain = socket.connect(address).await.unwrap();
        let idle: Box<dyn std::any::Any> = if is_encrypted {
            let stream = encrypted(plain, &trusted, &version::TLS13).await.unwrap();
            Box::new(ask_for_much(stream).await)
        } else {
            Box::new(ask_for_much(plain).await)
        };

        // It stops as soon as no connection is left; else after half a minute.
        let stopped = tokio::time::timeout(Duration::from_secs(15), handle.stop(true)).await;

        assert!(stopped.is_ok(), "still connected; encrypted: {is_encrypted}");
        drop(idle);
    }
}

#[actix_web::test]
async fn requests_by_tls_are_answered_in_turn_by_the_protocol_agreed_upon() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = issue(folder.path());
    let files = TlsFiles {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    let app = TestApp::start().await;
    let tls = Arc::new(Certificate::open(files).unwrap()).server().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    actix_web::rt::spawn(server::serve(listener, app.services.clone(), 1, Some(tls)).unwrap());
    let ids: Vec<String> = (0..1000).map(|_| Uuid::now_v7().to_string()).collect();
    let ask = |id: &String| format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {id}\r\n");
    let (last, others) = ids.split_last().unwrap();
    let others: String = others.iter().map(|id| ask(id) + "\r\n").collect();
    let requests = others + &ask(last) + "Connection: close\r\n\r\n";

    let plain = TcpStream::connect(address).await.unwrap();
    let mut stream = encrypted(plain, &trusted, &version::TLS13).await.unwrap();
    let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    // Actix closes without a close_notify: what was said before counts.
    let _ = stream.read_to_end(&mut answers).await;

    assert_eq!(protocol.as_deref(), Some(&b"http/1.1"[..]));
    let answers = String::from_utf8(answers).unwrap();
    let answered: Vec<&str> = answers
        .lines()
        .filter_map(|line| line.strip_prefix("x-request-id: "))
        .collect();
    assert_eq!(answered, ids);
}
