//! Every setting, from the environment.
//!
//! All mistakes are reported at once. Secrets are never printed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnetwork::IpNetwork;

use crate::attachments::store::{AttachmentStoreConfig, S3Config};

/// The settings of a service.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen (`WARDLINK_LISTEN`).
    pub listen: SocketAddr,
    /// The database; none means the embedded one (`DATABASE_URL`).
    pub database_url: Option<String>,
    /// A login for jobs, if the first is not a member of `wardlink_worker`
    /// (`WARDLINK_WORKER_URL`).
    pub worker_url: Option<String>,
    /// A login that may migrate, if the first may not (`WARDLINK_MIGRATION_URL`).
    pub migration_url: Option<String>,
    /// Where the embedded database, keys and attachments are (`WARDLINK_DATA`).
    pub data: PathBuf,
    /// Name of this deployment in tokens (`WARDLINK_ISSUER`).
    pub issuer: String,
    /// Networks whose `X-Forwarded-For` is believed (`WARDLINK_TRUSTED_PROXIES`).
    pub trusted_proxies: Vec<IpNetwork>,
    /// Connections for requests (`WARDLINK_CONNECTIONS`).
    pub connections: usize,
    /// How long a request waits for a database connection before it is answered 503,
    /// in milliseconds (`WARDLINK_CONNECTION_WAIT`).
    pub connection_wait: Duration,
    /// HTTP workers (`WARDLINK_WORKERS`).
    pub workers: usize,
    /// Where attachments are kept (`WARDLINK_ATTACHMENTS`, `WARDLINK_S3_…`).
    pub attachments: AttachmentStoreConfig,
    /// What scans attachments (`WARDLINK_SCANNER`).
    pub scanner: String,
    /// Where to report a vulnerability, a `mailto:` or `https:` address for
    /// `security.txt` (`WARDLINK_SECURITY_CONTACT`).
    pub security_contact: Option<String>,
    /// Largest attachment in bytes (`WARDLINK_ATTACHMENT_LIMIT`).
    pub attachment_limit: usize,
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
        T::Err: std::fmt::Display,
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
        let trusted_proxies = reader
            .text("WARDLINK_TRUSTED_PROXIES")
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .filter_map(|part| {
                part.parse()
                    .map_err(|error| reader.wrong.push(format!("WARDLINK_TRUSTED_PROXIES: {part}: {error}")))
                    .ok()
            })
            .collect();
        let security_contact = reader.text("WARDLINK_SECURITY_CONTACT");
        if security_contact.as_deref().is_some_and(|address| !is_contact(address)) {
            reader
                .wrong
                .push("WARDLINK_SECURITY_CONTACT: must be a mailto: or https: address".to_owned());
        }
        let config = Self {
            security_contact,
            listen: reader.parsed("WARDLINK_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080))),
            database_url: reader.text("DATABASE_URL"),
            worker_url: reader.text("WARDLINK_WORKER_URL"),
            migration_url: reader.text("WARDLINK_MIGRATION_URL"),
            issuer: reader.text("WARDLINK_ISSUER").unwrap_or_else(|| "wardlink".to_owned()),
            trusted_proxies,
            connections: reader.parsed("WARDLINK_CONNECTIONS", 8 * cores),
            connection_wait: Duration::from_millis(reader.parsed("WARDLINK_CONNECTION_WAIT", 500)),
            workers: reader.parsed("WARDLINK_WORKERS", cores),
            attachments: attachments(&mut reader, &data),
            scanner: reader.text("WARDLINK_SCANNER").unwrap_or_else(|| "built-in".to_owned()),
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
