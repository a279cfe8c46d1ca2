//! The way to a database that is asked for by TLS.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use wardlink::db::Pools;

use crate::support::{TestDatabase, behind};

/// What a client asks before it encrypts (PostgreSQL, message SSLRequest).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A certificate for `name` that vouches for itself, written to `file`, and a server's
/// side of TLS that shows it.
fn certified(name: &str, file: &Path) -> TlsAcceptor {
    let CertifiedKey { cert, signing_key }: CertifiedKey<KeyPair> =
        generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    std::fs::write(file, cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Answers as PostgreSQL with TLS would, or as one without; its port.
async fn server(database: &TestDatabase, tls: Option<TlsAcceptor>) -> u16 {
    let server: tokio_postgres::Config = database.url.parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    actix_web::rt::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut asked = [0; 8];
            client.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked, SSL_REQUEST, "nothing is said before TLS is asked for");
            let Some(tls) = &tls else {
                client.write_all(b"N").await.unwrap();
                let said = client.read(&mut asked).await.unwrap_or(0);
                assert_eq!(said, 0, "nothing is said to a server without TLS");
                continue;
            };
            client.write_all(b"S").await.unwrap();
            if let Ok(mut client) = tls.accept(client).await {
                let mut server = behind(&server).await;
                actix_web::rt::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        }
    });
    port
}

/// What becomes of a query over TLS to `port`, trusting `authorities`.
async fn ask(database: &TestDatabase, port: u16, authorities: &Path) -> Result<(), String> {
    let options = format!("?sslmode=verify-full&sslrootcert={}", authorities.display());
    let url = database.by_way_of(port, &options);
    let pools = Pools::connect(&url, &url, 1, Duration::from_secs(5)).unwrap();
    let mut connection = pools.app.get().await.map_err(|error| format!("{error:?}"))?;
    connection.batch_execute("select 1").await.unwrap();
    Ok(())
}

#[actix_web::test]
async fn a_database_is_believed_that_shows_who_it_is_and_no_other() {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours.pem"), folder.path().join("theirs.pem"));
    let right = server(&database, Some(certified("localhost", &ours))).await;
    let other = server(&database, Some(certified("db.example", &theirs))).await;
    let plain = server(&database, None).await;

    assert_eq!(ask(&database, right, &ours).await, Ok(()));

    for (what, port, authorities, reason) in [
        (
            "of an authority that is not ours",
            right,
            &theirs,
            "invalid peer certificate",
        ),
        ("for another name", other, &theirs, "not valid for name"),
        ("none at all", plain, &ours, "does not support TLS"),
        ("nobody to trust", right, &folder.path().join("none.pem"), "sslrootcert"),
    ] {
        let refused = ask(&database, port, authorities).await.unwrap_err();
        assert!(refused.contains(reason), "a certificate {what}: {refused}");
    }
}
