//! TLS, and a certificate that is exchanged while serving.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
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

async fn health(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::new(client));
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await?;
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
