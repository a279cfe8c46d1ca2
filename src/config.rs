//! Every setting, from the environment.
//!
//! All mistakes are reported at once. Secrets are never printed.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnetwork::IpNetwork;

use crate::attachments::store::{AttachmentStoreConfig, S3Config};
use crate::limits::{Rate, Rates};
use crate::network;

/// Where certificate and key are, as PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// A request, from its head to its answer's.
    pub request: Duration,
    /// A request that brings or takes a file.
    pub file: Duration,
    /// A body, and a second more for every [`Deadlines::PACE`] bytes of it.
    pub body: Duration,
    /// A head, and what is left of a body that nobody reads after the answer.
    pub head: Duration,
    /// For which a client may take nothing of what it was sent.
    pub unread: Duration,
}

impl Deadlines {
    /// Bytes a second that a body has to come with after its first time is up.
    pub const PACE: u32 = 16 * 1024;
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            file: Duration::from_secs(300),
            body: Duration::from_secs(15),
            head: Duration::from_secs(5),
            unread: Duration::from_secs(30),
        }
    }
}

/// The settings of a service. Logins are among them, so `Debug` shows none.
#[derive(Clone)]
pub struct Config {
    /// Where to listen (`WARDLINK_LISTEN`).
    pub listen: SocketAddr,
    /// Answer by TLS (`WARDLINK_TLS_CERT`, `WARDLINK_TLS_KEY`).
    pub tls: Option<TlsFiles>,
    /// A proxy in front encrypts (`WARDLINK_BEHIND_PROXY`).
    pub behind_proxy: bool,
    /// The network to the database is nobody else's (`WARDLINK_DATABASE_PLAINTEXT`).
    pub database_plaintext: bool,
    /// The database; none means the embedded one (`DATABASE_URL`).
    pub database_url: Option<String>,
    /// A login for jobs, if the first is not a member of `wardlink_worker`
    /// (`WARDLINK_WORKER_URL`).
    pub worker_url: Option<String>,
    /// A login that may migrate, if the first may not (`WARDLINK_MIGRATION_URL`).
    pub migration_url: Option<String>,
    /// A login that reads the log to verify it, if the first is not a member of
    /// `wardlink_auditor` (`WARDLINK_AUDITOR_URL`).
    pub auditor_url: Option<String>,
    /// Where the embedded database, keys and attachments are (`WARDLINK_DATA`).
    pub data: PathBuf,
    /// Name of this deployment in tokens (`WARDLINK_ISSUER`).
    pub issuer: String,
    /// A list of breached passwords (`WARDLINK_BREACHED_PASSWORDS`).
    pub breached_passwords: Option<PathBuf>,
    /// Networks whose `X-Forwarded-For` is believed; a proxy that encrypts is to be among
    /// them (`WARDLINK_TRUSTED_PROXIES`).
    pub trusted_proxies: Vec<IpNetwork>,
    /// How many requests are taken from whom (`WARDLINK_LIMIT_…`).
    pub limits: Rates,
    /// How long things may take; not a setting.
    pub deadlines: Deadlines,
    /// Connections for requests (`WARDLINK_CONNECTIONS`).
    pub connections: usize,
    /// How long a request waits for a database connection to come free before it is
    /// answered 503, in milliseconds (`WARDLINK_CONNECTION_WAIT`).
    pub connection_wait: Duration,
    /// How long it goes on after SIGTERM, not ready any more, so that load balancers
    /// notice before connections are refused, in milliseconds (`WARDLINK_DRAIN`).
    pub drain: Duration,
    /// HTTP workers (`WARDLINK_WORKERS`).
    pub workers: usize,
    /// Where attachments are kept (`WARDLINK_ATTACHMENTS`, `WARDLINK_S3_…`).
    pub attachments: AttachmentStoreConfig,
    /// What scans attachments (`WARDLINK_SCANNER`).
    pub scanner: String,
    /// Where to report a vulnerability, a `mailto:` or `https:` address for
    /// `security.txt` (`WARDLINK_SECURITY_CONTACT`).
    pub security_contact: Option<String>,
    /// The log's name in the world, by which its checkpoints are known: an address
    /// without scheme; the issuer followed by `/audit` if left out (`WARDLINK_AUDIT_ORIGIN`).
    pub audit_origin: Option<String>,
    /// The file of the key that signs checkpoints; `audit-key` in the data folder if
    /// left out (`WARDLINK_AUDIT_KEY`).
    pub audit_key: Option<PathBuf>,
    /// The file in which the last checkpoint is remembered; `last-checkpoint` in the data
    /// folder if left out (`WARDLINK_AUDIT_MEMORY`).
    pub audit_memory: Option<PathBuf>,
    /// A folder to which every checkpoint is written as well (`WARDLINK_CHECKPOINT_FOLDER`).
    pub checkpoint_folder: Option<PathBuf>,
    /// A folder to which every event of the log is copied (`WARDLINK_AUDIT_COPY`).
    pub audit_copy: Option<PathBuf>,
    /// An address beneath which every checkpoint is put (`WARDLINK_CHECKPOINT_URL`).
    pub checkpoint_url: Option<String>,
    /// Largest attachment in bytes (`WARDLINK_ATTACHMENT_LIMIT`).
    pub attachment_limit: usize,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").finish_non_exhaustive()
    }
}

/// Settings that cannot be used, one line each.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n  {}", .0.join("\n  "))]
pub struct ConfigError(Vec<String>);

struct Reader<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    wrong: Vec<String>,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|value| !value.is_empty())
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &str, default: T) -> T
    where
        T::Err: fmt::Display,
    {
        match self.text(name).map(|text| text.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                self.wrong.push(format!("{name}: {error}"));
                default
            }
        }
    }
}

impl Config {
    /// Reads the settings from the environment.
    ///
    /// # Errors
    /// Every setting that cannot be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// Reads the settings by name.
    ///
    /// # Errors
    /// Every setting that cannot be used.
    pub fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let mut reader = Reader { get, wrong: Vec::new() };
        let data = PathBuf::from(reader.text("WARDLINK_DATA").unwrap_or_else(|| "var".to_owned()));
        let security_contact = reader.text("WARDLINK_SECURITY_CONTACT");
        if security_contact.as_deref().is_some_and(|address| !is_contact(address)) {
            reader
                .wrong
                .push("WARDLINK_SECURITY_CONTACT: must be a mailto: or https: address".to_owned());
        }
        let config = Self {
            security_contact,
            listen: reader.parsed("WARDLINK_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080))),
            tls: tls(&mut reader),
            behind_proxy: reader.parsed("WARDLINK_BEHIND_PROXY", false),
            database_plaintext: reader.parsed("WARDLINK_DATABASE_PLAINTEXT", false),
            database_url: reader.text("DATABASE_URL"),
            worker_url: reader.text("WARDLINK_WORKER_URL"),
            auditor_url: reader.text("WARDLINK_AUDITOR_URL"),
            migration_url: reader.text("WARDLINK_MIGRATION_URL"),
            issuer: reader.text("WARDLINK_ISSUER").unwrap_or_else(|| "wardlink".to_owned()),
            breached_passwords: reader.text("WARDLINK_BREACHED_PASSWORDS").map(PathBuf::from),
            trusted_proxies: trusted_proxies(&mut reader),
            limits: rates(&mut reader),
            deadlines: Deadlines::default(),
            connections: reader.parsed("WARDLINK_CONNECTIONS", 8 * cores),
            connection_wait: Duration::from_millis(reader.parsed("WARDLINK_CONNECTION_WAIT", 500)),
            drain: Duration::from_millis(reader.parsed("WARDLINK_DRAIN", 5000)),
            workers: reader.parsed("WARDLINK_WORKERS", cores),
            attachments: attachments(&mut reader, &data),
            scanner: reader.text("WARDLINK_SCANNER").unwrap_or_else(|| "built-in".to_owned()),
            audit_origin: reader.text("WARDLINK_AUDIT_ORIGIN"),
            audit_key: reader.text("WARDLINK_AUDIT_KEY").map(PathBuf::from),
            audit_memory: reader.text("WARDLINK_AUDIT_MEMORY").map(PathBuf::from),
            checkpoint_folder: reader.text("WARDLINK_CHECKPOINT_FOLDER").map(PathBuf::from),
            audit_copy: reader.text("WARDLINK_AUDIT_COPY").map(PathBuf::from),
            checkpoint_url: checkpoint_url(&mut reader),
            attachment_limit: reader.parsed("WARDLINK_ATTACHMENT_LIMIT", 20 * 1024 * 1024),
            data,
        };
        if reader.wrong.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(reader.wrong))
        }
    }
}

fn trusted_proxies(reader: &mut Reader<'_>) -> Vec<IpNetwork> {
    let listed = reader.text("WARDLINK_TRUSTED_PROXIES").unwrap_or_default();
    let parts = listed.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .filter_map(|part| {
            network::parse(part)
                .map_err(|error| reader.wrong.push(format!("WARDLINK_TRUSTED_PROXIES: {part}: {error}")))
                .ok()
        })
        .collect()
}

fn rates(reader: &mut Reader<'_>) -> Rates {
    Rates {
        person: reader.parsed("WARDLINK_LIMIT_PERSON", Rate::of(1_200)),
        organisation: reader.parsed("WARDLINK_LIMIT_ORGANISATION", Rate::of(60_000)),
        address: reader.parsed("WARDLINK_LIMIT_ADDRESS", Rate::of(60_000)),
        sign_in: reader.parsed("WARDLINK_LIMIT_SIGN_IN", Rate::of(120)),
        subjects: reader.parsed("WARDLINK_LIMIT_SUBJECTS", Rate::of(1_000)),
        searches: reader.parsed("WARDLINK_LIMIT_SEARCHES", Rate::of(600)),
        shares: reader.parsed("WARDLINK_LIMIT_SHARES", Rate::of(120)),
        exports: reader.parsed("WARDLINK_LIMIT_EXPORTS", Rate::of(12)),
        uploads: reader.parsed("WARDLINK_LIMIT_UPLOADS", Rate::of(20 * 1_024)),
    }
}

/// Errors are logged with the address, so that it must hold no password.
fn checkpoint_url(reader: &mut Reader<'_>) -> Option<String> {
    let url = reader.text("WARDLINK_CHECKPOINT_URL")?;
    let is_address = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    if !is_address || url.contains(['@', '?', '#']) {
        let wrong = "WARDLINK_CHECKPOINT_URL is an http(s) address, without password, query and fragment";
        reader.wrong.push(wrong.to_owned());
    }
    Some(url)
}

fn tls(reader: &mut Reader<'_>) -> Option<TlsFiles> {
    let files = (reader.text("WARDLINK_TLS_CERT"), reader.text("WARDLINK_TLS_KEY"));
    match files {
        (Some(certificate), Some(key)) => Some(TlsFiles {
            certificate: certificate.into(),
            key: key.into(),
        }),
        (None, None) => None,
        _ => {
            reader
                .wrong
                .push("WARDLINK_TLS_CERT and WARDLINK_TLS_KEY: one is no use without the other".to_owned());
            None
        }
    }
}

/// RFC 9116 §2.5.3 takes any URI; these two are what people answer.
fn is_contact(address: &str) -> bool {
    let known = address.starts_with("mailto:") || address.starts_with("https://");
    known && address.bytes().all(|byte| byte.is_ascii_graphic())
}

fn attachments(reader: &mut Reader<'_>, data: &std::path::Path) -> AttachmentStoreConfig {
    let Some(bucket) = reader.text("WARDLINK_S3_BUCKET") else {
        let folder = reader
            .text("WARDLINK_ATTACHMENTS")
            .map_or_else(|| data.join("attachments"), PathBuf::from);
        return AttachmentStoreConfig::Folder(folder);
    };
    let mut needed = |name: &str| {
        let value = (reader.get)(name).filter(|value| !value.is_empty());
        value.unwrap_or_else(|| {
            reader.wrong.push(format!("{name}: needed with WARDLINK_S3_BUCKET"));
            String::new()
        })
    };
    let access_key_id = needed("WARDLINK_S3_ACCESS_KEY");
    let secret_access_key = needed("WARDLINK_S3_SECRET_KEY");
    AttachmentStoreConfig::S3(S3Config {
        endpoint: reader.text("WARDLINK_S3_ENDPOINT"),
        bucket,
        region: reader
            .text("WARDLINK_S3_REGION")
            .unwrap_or_else(|| "us-east-1".to_owned()),
        access_key_id,
        secret_access_key,
        allow_http: reader.parsed("WARDLINK_S3_ALLOW_HTTP", false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_empty_is_as_if_it_were_not_there() {
        let (empty, absent) = (
            Config::read(&|_| Some(String::new())).unwrap(),
            Config::read(&|_| None).unwrap(),
        );

        assert_eq!(empty.listen, absent.listen);
        assert_eq!(empty.data, absent.data);
        assert_eq!(empty.limits, absent.limits);
        assert_eq!((empty.database_url, empty.audit_copy), (None, None));
        assert!(matches!(empty.attachments, AttachmentStoreConfig::Folder(_)));
    }

    #[test]
    fn settings_are_not_shown() {
        let logins = [
            "DATABASE_URL",
            "WARDLINK_WORKER_URL",
            "WARDLINK_MIGRATION_URL",
            "WARDLINK_AUDITOR_URL",
        ];

        let config = Config::read(&|name| logins.contains(&name).then(|| "canary".to_owned())).unwrap();

        assert_eq!(config.database_url.as_deref(), Some("canary"));
        assert!(!format!("{config:?}").contains("canary"));
    }
}
