//! How the database is reached: by whom, where, and whether encrypted.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What may be said of TLS where there is none.
const UNENCRYPTED: [&str; 2] = ["sslmode=disable", "sslmode=prefer"];

/// A login for the database: `postgres://user@host/name`, perhaps with a password.
///
/// With `sslmode=verify-full&sslrootcert=FILE`, as libpq calls it, the connection is
/// encrypted, and the server shows a certificate for the name by which it is called from
/// one of the authorities in FILE (PEM). There is nothing in between: encrypting without
/// looking who answers keeps out only those who do not try.
#[derive(Debug)]
pub struct Login {
    /// User, password, hosts.
    pub server: tokio_postgres::Config,
    authorities: Option<PathBuf>,
}

/// Why there is no way to the database.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// It is no address of a database.
    #[error("{0}")]
    Unreadable(#[from] tokio_postgres::Error),
    /// It asks for TLS by half.
    #[error(
        "for TLS give both sslmode=verify-full and sslrootcert=FILE, the authorities that sign the server's certificate"
    )]
    Half,
    /// The authorities cannot be read.
    #[error("sslrootcert: {0}")]
    Authorities(String),
}

impl FromStr for Login {
    type Err = LoginError;

    fn from_str(url: &str) -> Result<Self, LoginError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let options = query.split('&').filter(|option| !option.is_empty());
        let (tls, others): (Vec<_>, Vec<_>) =
            options.partition(|option| *option == "sslmode=verify-full" || option.starts_with("sslrootcert="));
        let is_sure = |option: &&str| !option.starts_with("sslmode=") || UNENCRYPTED.contains(option);
        if !others.iter().all(is_sure) {
            return Err(LoginError::Half);
        }
        let rest = match others.as_slice() {
            [] => base.to_owned(),
            others => format!("{base}?{}", others.join("&")),
        };
        let mut server: tokio_postgres::Config = rest.parse()?;
        let authorities = tls.iter().find_map(|option| option.strip_prefix("sslrootcert="));
        match (tls.contains(&"sslmode=verify-full"), authorities) {
            (true, Some(file)) => {
                server.ssl_mode(SslMode::Require);
                let authorities = Some(PathBuf::from(decoded(file)));
                Ok(Self { server, authorities })
            }
            (false, None) if server.get_ssl_mode() != SslMode::Require => Ok(Self {
                server,
                authorities: None,
            }),
            _ => Err(LoginError::Half),
        }
    }
}

/// The value of an option: a plus sign in it is one.
fn decoded(value: &str) -> String {
    let written = format!("={}", value.replace('+', "%2B"));
    let mut pairs = form_urlencoded::parse(written.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

impl Login {
    /// Whether nobody on the way can read or change what is said, or answer instead.
    pub fn is_encrypted(&self) -> bool {
        self.authorities.is_some()
    }

    async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let Some(authorities) = &self.authorities else {
            let (client, connection) = self.server.connect(NoTls).await.map_err(refused)?;
            return AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        };
        let tls = MakeRustlsConnect::new(trusting(authorities).map_err(refused)?);
        let (client, connection) = self.server.connect(tls).await.map_err(refused)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }
}

/// TLS with servers whom `authorities` vouch for. Read anew for every connection, so
/// that a list that was exchanged counts.
fn trusting(authorities: &Path) -> Result<ClientConfig, LoginError> {
    let unreadable = |error: &dyn std::fmt::Display| LoginError::Authorities(error.to_string());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authorities).map_err(|error| unreadable(&error))? {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    if roots.is_empty() {
        return Err(unreadable(&"the file holds no certificate"));
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| unreadable(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn refused(error: impl std::error::Error) -> ConnectionError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    ConnectionError::BadConnection(format!("{error}{cause}"))
}

/// A connection by the login `url`.
///
/// # Errors
/// If it is no login, or nobody answers it who can show who they are.
pub async fn connect(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let login: Login = url.parse().map_err(refused)?;
    login.connect().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        url.parse::<Login>().unwrap_err().to_string()
    }

    #[test]
    fn tls_is_asked_for_wholly_or_not_at_all() {
        for half in [
            "sslmode=require",
            "sslmode=verify-full",
            "sslmode=verify-ca",
            "sslrootcert=/ca.pem",
            "sslmode=require&sslrootcert=/ca.pem",
            "sslmode=disable&sslrootcert=/ca.pem",
        ] {
            assert!(
                refusal(&format!("postgres://app@db.example/wardlink?{half}")).contains("sslmode=verify-full"),
                "{half}"
            );
        }
        for plain in ["", "?", "?sslmode=disable", "?sslmode=prefer&connect_timeout=3"] {
            let login: Login = format!("postgres://app@db.example/wardlink{plain}").parse().unwrap();
            assert!(!login.is_encrypted(), "{plain}");
        }
        let words: Login = "host=localhost user=app password=a?b".parse().unwrap();
        assert_eq!(words.server.get_password(), Some("a?b".as_bytes()));
        assert!("host=localhost user=app sslmode=require".parse::<Login>().is_err());
    }

    #[test]
    fn what_else_an_address_says_is_kept() {
        let login: Login = "postgres://app:p%3Fw@db.example/wardlink?connect_timeout=3&sslmode=verify-full&\
            application_name=w%26l&sslrootcert=/etc/a%20b+c.pem"
            .parse()
            .unwrap();
        assert!(login.is_encrypted());
        assert_eq!(login.authorities.as_deref(), Some(Path::new("/etc/a b+c.pem")));
        assert_eq!(login.server.get_application_name(), Some("w&l"));
        assert_eq!(login.server.get_password(), Some("p?w".as_bytes()));
        assert_eq!(
            login.server.get_connect_timeout(),
            Some(&std::time::Duration::from_secs(3))
        );
        assert_eq!(login.server.get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn authorities_that_are_none_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let reason = |file: &Path| trusting(file).unwrap_err().to_string();
        assert!(reason(&file).starts_with("sslrootcert: "));
        std::fs::write(&file, "nothing").unwrap();
        assert!(reason(&file).contains("no certificate"));
    }
}
