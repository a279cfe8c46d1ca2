//! Whether a service may be trusted with real data, asked before it answers anybody.

use futures_util::try_join;

use crate::config::Config;
use crate::db::inspect::{self, Findings};
use crate::db::login::Login;
use crate::db::pool::Pool;
use crate::error::{AppError, Result};
use crate::identity;
use crate::services::Services;

/// Passwords that come with examples.
const WELL_KNOWN: [&str; 8] = [
    "postgres", "password", "wardlink", "changeme", "secret", "admin", "example", "test",
];

/// What was found: what forbids serving, and what is only said.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Each a reason not to serve.
    pub faults: Vec<String>,
    /// Each worth knowing.
    pub warnings: Vec<String>,
}

impl Verdict {
    /// Adds what was found, each but once.
    fn add(&mut self, found: Findings) {
        for (known, more) in [(&mut self.faults, found.faults), (&mut self.warnings, found.warnings)] {
            for text in more.iter().map(ToString::to_string) {
                if !known.contains(&text) {
                    known.push(text);
                }
            }
        }
    }
}

/// Looks at everything, so that all that is wrong is told at once.
///
/// # Errors
/// If the database cannot be asked.
pub async fn verdict(services: &Services) -> Result<Verdict> {
    let mut verdict = of_settings(&services.config);
    let of_requests = async {
        let found = found_by(&services.db.app).await?;
        let is_demo = crate::demo::is_present(services).await?;
        let peppers = identity::pepper_ids(&mut *services.db.app.get().await?).await?;
        Ok::<_, AppError>((found, is_demo, peppers))
    };
    let ((requests, is_demo, peppers), jobs) = try_join!(of_requests, found_by(&services.db.worker))?;
    verdict.add(requests);
    verdict.add(jobs);
    if is_demo {
        verdict.faults.push(
            "this database holds demo accounts, whose password everybody knows: serve it with --demo, or use another"
                .to_owned(),
        );
    }
    let known: Vec<String> = services.secrets.ids().iter().map(|id| as_in_phc(id)).collect();
    for gone in peppers.iter().filter(|id| !known.contains(id)) {
        verdict.faults.push(format!(
            "passwords were peppered with the secret {gone}, which secrets.json does not have: restore it"
        ));
    }
    Ok(verdict)
}

async fn found_by(pool: &Pool) -> Result<Findings> {
    inspect::inspect(&mut *pool.get().await?).await
}

/// What can be told without asking anybody.
pub fn of_settings(config: &Config) -> Verdict {
    let mut verdict = Verdict::default();
    if config.tls.is_none() && !config.behind_proxy && !config.listen.ip().is_loopback() {
        verdict.faults.push(format!(
            "{} would be answered without TLS: give --tls-cert and --tls-key, or say --behind-proxy if one encrypts",
            config.listen
        ));
    }
    if config.behind_proxy && config.trusted_proxies.is_empty() {
        verdict.faults.push(
            "--behind-proxy: everybody would have the proxy's address, in limits and in the log: name the proxy in \
             WARDLINK_TRUSTED_PROXIES"
                .to_owned(),
        );
    }
    let urls = [
        ("DATABASE_URL", &config.database_url),
        ("WARDLINK_WORKER_URL", &config.worker_url),
        ("WARDLINK_MIGRATION_URL", &config.migration_url),
        ("WARDLINK_AUDITOR_URL", &config.auditor_url),
    ];
    for (name, url) in urls {
        let Some(url) = url else { continue };
        match url.parse::<Login>() {
            Ok(login) => of_login(name, &login, config, &mut verdict),
            Err(error) => verdict.faults.push(format!("{name}: {error}")),
        }
    }
    if matches!(config.scanner.as_str(), "built-in" | "off") {
        verdict
            .warnings
            .push("WARDLINK_SCANNER: no scanner looks for malware in attachments".to_owned());
    }
    verdict
}

fn of_login(name: &str, login: &Login, config: &Config, verdict: &mut Verdict) {
    let password = login.server.get_password().unwrap_or_default();
    let is_default = WELL_KNOWN.iter().any(|known| known.as_bytes() == password);
    if !password.is_empty() && (is_default || login.server.get_user().map(str::as_bytes) == Some(password)) {
        verdict
            .faults
            .push(format!("{name}: the password is one that everybody tries first"));
    }
    if config.database_plaintext || login.is_encrypted() {
        return;
    }
    for host in remote_hosts(&login.server) {
        verdict.faults.push(format!(
            "{name}: {host} is another machine, and what is sent to it is not encrypted: add \
             sslmode=verify-full&sslrootcert=FILE, use a unix socket, the loopback address or a tunnel, or set \
             WARDLINK_DATABASE_PLAINTEXT=true where nobody else is on that network"
        ));
    }
}

/// Where the login connects to on other machines. An address, where one is given, is
/// what counts, whatever name stands beside it.
fn remote_hosts(server: &tokio_postgres::Config) -> Vec<String> {
    let addresses = server.get_hostaddrs();
    if !addresses.is_empty() {
        let remote = addresses.iter().filter(|address| !address.is_loopback());
        return remote.map(ToString::to_string).collect();
    }
    let remote = server.get_hosts().iter().filter(|host| is_remote(host));
    let name = |host: &tokio_postgres::config::Host| match host {
        tokio_postgres::config::Host::Tcp(name) => Some(name.clone()),
        tokio_postgres::config::Host::Unix(_) => None,
    };
    remote.filter_map(name).collect()
}

fn is_remote(host: &tokio_postgres::config::Host) -> bool {
    match host {
        tokio_postgres::config::Host::Tcp(name) => {
            let address = name.parse::<std::net::IpAddr>();
            name != "localhost" && !address.is_ok_and(|address| address.is_loopback())
        }
        tokio_postgres::config::Host::Unix(_) => false,
    }
}

/// The id of a secret as PHC strings write it.
fn as_in_phc(id: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(settings: &[(&str, &str)]) -> Vec<String> {
        let read = |name: &str| {
            let set = settings.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        };
        of_settings(&Config::read(&read).unwrap()).faults
    }

    /// Settings, and a word of the reason why they are refused.
    type Case = (&'static [(&'static str, &'static str)], &'static str);

    #[test]
    fn each_dangerous_setting_is_refused_with_its_reason() {
        let cases: &[Case] = &[
            (&[("WARDLINK_LISTEN", "0.0.0.0:8080")], "without TLS"),
            (&[("WARDLINK_LISTEN", "[::]:8080")], "without TLS"),
            (&[("WARDLINK_BEHIND_PROXY", "true")], "WARDLINK_TRUSTED_PROXIES"),
            (
                &[("DATABASE_URL", "postgres://app:uGq2xT@db.example/wardlink")],
                "another machine",
            ),
            (
                &[("DATABASE_URL", "postgres://app:uGq2xT@10.0.0.5/wardlink?sslmode=prefer")],
                "another machine",
            ),
            (
                &[("DATABASE_URL", "postgres://app:uGq2xT@127.0.0.1,db.example/wardlink")],
                "db.example",
            ),
            (
                &[("WARDLINK_WORKER_URL", "postgres://app:uGq2xT@db.example/wardlink")],
                "WARDLINK_WORKER_URL",
            ),
            (
                &[(
                    "DATABASE_URL",
                    "postgres://app:uGq2xT@localhost/wardlink?hostaddr=10.0.0.5",
                )],
                "10.0.0.5",
            ),
            (
                &[("WARDLINK_MIGRATION_URL", "postgres://app:uGq2xT@db.example/wardlink")],
                "WARDLINK_MIGRATION_URL",
            ),
            (
                &[("WARDLINK_AUDITOR_URL", "postgres://app:app@localhost/wardlink")],
                "WARDLINK_AUDITOR_URL",
            ),
            (
                &[("DATABASE_URL", "postgres://app:postgres@localhost/wardlink")],
                "everybody tries",
            ),
            (
                &[("DATABASE_URL", "postgres://app:app@localhost/wardlink")],
                "everybody tries",
            ),
            (
                &[("DATABASE_URL", "postgres://app@localhost:port/wardlink")],
                "DATABASE_URL",
            ),
            (
                &[(
                    "DATABASE_URL",
                    "postgres://app:uGq2xT@db.example/wardlink?sslmode=require",
                )],
                "sslmode=verify-full",
            ),
        ];
        for (settings, reason) in cases {
            let found = faults(settings);
            assert!(found.len() == 1 && found[0].contains(reason), "{settings:?}: {found:?}");
            assert!(!found[0].contains("uGq2xT"), "a password is never shown: {found:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let found = faults(&[
            ("WARDLINK_LISTEN", "0.0.0.0:8080"),
            ("DATABASE_URL", "postgres://app:app@db.example/wardlink"),
        ]);
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn what_is_safe_or_was_said_to_be_is_not_refused() {
        let cases: &[&[(&str, &str)]] = &[
            &[],
            &[("WARDLINK_LISTEN", "[::1]:8080")],
            &[
                ("WARDLINK_LISTEN", "0.0.0.0:8080"),
                ("WARDLINK_BEHIND_PROXY", "true"),
                ("WARDLINK_TRUSTED_PROXIES", "10.0.0.2"),
            ],
            &[("DATABASE_URL", "postgres://app:uGq2xT@localhost/wardlink")],
            &[("DATABASE_URL", "postgres://app@/wardlink?host=/run/postgresql")],
            &[("DATABASE_URL", "postgres://app:uGq2xT@db/wardlink?hostaddr=127.0.0.1")],
            &[
                ("DATABASE_URL", "postgres://app:uGq2xT@db.example/wardlink"),
                ("WARDLINK_DATABASE_PLAINTEXT", "true"),
            ],
            &[(
                "DATABASE_URL",
                "postgres://app:uGq2xT@db.example/wardlink?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            )],
        ];
        for settings in cases {
            assert_eq!(faults(settings), Vec::<String>::new(), "{settings:?}");
        }
    }

    #[test]
    fn a_proxy_that_nobody_comes_from_is_refused() {
        let read =
            |name: &str| (name == "WARDLINK_TRUSTED_PROXIES").then(|| "10.0.0.2, ::ffff:10.0.0.0/104".to_owned());
        let error = Config::read(&read).unwrap_err().to_string();
        assert!(
            error.contains("::ffff:10.0.0.0/104: is of IPv4") && !error.contains("10.0.0.2"),
            "{error}"
        );
    }

    #[test]
    fn half_a_certificate_is_none() {
        let read = |name: &str| (name == "WARDLINK_TLS_CERT").then(|| "cert.pem".to_owned());
        let error = Config::read(&read).unwrap_err().to_string();
        assert!(error.contains("WARDLINK_TLS_KEY"), "{error}");
    }

    #[test]
    fn addresses_of_this_machine_are_not_remote() {
        for (host, remote) in [
            ("localhost", false),
            ("127.0.0.9", false),
            ("::1", false),
            ("localhost.evil.example", true),
        ] {
            assert_eq!(
                is_remote(&tokio_postgres::config::Host::Tcp(host.to_owned())),
                remote,
                "{host}"
            );
        }
    }
}
