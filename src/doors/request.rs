//! What a request says about itself: who is behind it, why, and which version it means.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use data_encoding::HEXLOWER;
use ipnetwork::IpNetwork;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::refusal::Principal;
use crate::audit::Purpose;
use crate::error::{AppError, Result};
use crate::limits::{Allowance, Weight};
use crate::services::Services;

/// The facts of a request that every operation needs, apart from its input.
#[derive(Debug, Clone)]
pub struct Request {
    /// `X-Request-Id`, or one made here.
    pub id: Uuid,
    /// The operationId of the OpenAPI document.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The path as the operation has it, with names in braces where ids stand.
    pub(super) pattern: Option<String>,
    /// The real peer (never a header's word, unless a configured proxy says it).
    pub peer: Option<IpAddr>,
    /// The client's own name for itself, cut to 200 characters.
    pub user_agent: Option<String>,
    /// What the access is for.
    pub purpose: Purpose,
    /// `Access-Justification`.
    pub justification: Option<String>,
    /// `On-Behalf-Of`.
    pub on_behalf_of: Option<String>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `If-Match`.
    if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
}

/// The request id, kept with the request from the first middleware on.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

/// Who is in a request that is being worked on, for whoever has to log its panic:
/// the request itself is gone by then.
#[derive(Clone, Default)]
pub struct InFlight(Rc<RefCell<Aboard>>);

#[derive(Default)]
struct Aboard {
    passenger: Option<Passenger>,
    allowances: Vec<Allowance>,
}

/// A request, and the person whose token it carried, if it carried one.
pub type Passenger = (Request, Option<Principal>);

impl InFlight {
    /// Notes who is in `http`.
    pub(super) fn board(http: &HttpRequest, request: &Request, principal: Option<Principal>) {
        use actix_web::HttpMessage;
        if let Some(flight) = http.extensions().get::<Self>() {
            flight.0.borrow_mut().passenger = Some((request.clone(), principal));
        }
    }

    /// That of a request.
    pub(super) fn of(http: &HttpRequest) -> Self {
        use actix_web::HttpMessage;
        http.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// Notes which organisation whoever is in it turned out to be of.
    pub(super) fn place(&self, org: Option<Uuid>) {
        if let Some((_, Some(principal))) = &mut self.0.borrow_mut().passenger {
            principal.org_id = org;
        }
    }

    /// Who was in it.
    pub fn passenger(&self) -> Option<Passenger> {
        self.0.borrow().passenger.clone()
    }

    /// Takes the request out of its person's limits, and notes what is left of them.
    pub(super) fn admit(http: &HttpRequest, services: &Services, person: Uuid) -> Result<()> {
        use actix_web::HttpMessage;
        let pattern = http.match_pattern();
        let weight = Weight::of(http.method().as_str(), pattern.as_deref(), http.query_string());
        let allowances = services.limits.admit(person, weight)?;
        if let Some(flight) = http.extensions().get::<Self>() {
            flight.0.borrow_mut().allowances = allowances;
        }
        Ok(())
    }

    /// What is left of the limits that the request counted towards.
    pub fn allowances(&self) -> Vec<Allowance> {
        self.0.borrow().allowances.clone()
    }
}

impl Request {
    /// Reads the facts of `http`. Headers and parameters that cannot be accepted come back as
    /// the second value, so that the refusal can be logged with the person's name.
    pub fn of(http: &HttpRequest, services: &Services) -> (Self, Result<()>) {
        let headers = http.headers();
        let mut wrong = Ok(());
        let mut note = |result: Result<Option<String>>| match result {
            Ok(value) => value,
            Err(error) => {
                wrong = Err(error);
                None
            }
        };
        let purpose_text = note(text(headers, "Access-Purpose", 40));
        let justification = note(text(headers, "Access-Justification", 500));
        let on_behalf_of = note(text(headers, "On-Behalf-Of", 200));
        let idempotency_key = note(idempotency_key(headers));
        let if_match = note(text(headers, "If-Match", 200));
        let if_none_match = note(text(headers, "If-None-Match", 200));
        let pattern = http.match_pattern();
        // One that is sent and says nothing is none.
        let purpose_text = purpose_text.or_else(|| headers.contains_key("Access-Purpose").then(String::new));
        let purpose = purpose_text.map_or(Ok(Purpose::CaseWork), |text| text.parse());
        let query = services
            .operations
            .check_query(http.method(), pattern.as_deref(), http.query_string());
        let request = Self {
            id: request_id(http),
            operation: services.operations.id_of(http.method(), pattern.as_deref()),
            method: http.method().to_string(),
            path: http.path().to_owned(),
            pattern,
            peer: peer_of(http, services),
            user_agent: text(headers, "User-Agent", 2000)
                .ok()
                .flatten()
                .map(|agent| agent.chars().take(200).collect()),
            purpose: *purpose.as_ref().unwrap_or(&Purpose::CaseWork),
            justification,
            on_behalf_of,
            idempotency_key,
            if_match,
            if_none_match,
        };
        (request, wrong.and(purpose.map(drop)).and(query))
    }

    /// Whether `If-Match` names `version`.
    ///
    /// # Errors
    /// [`AppError::VersionRequired`] where the header is missing,
    /// [`AppError::StaleVersion`] where it names another version (RFC 9110 §13.1.1).
    pub fn expect_version(&self, version: i64) -> Result<()> {
        let wanted = self.if_match.as_deref().ok_or(AppError::VersionRequired)?;
        let current = version.to_string();
        let names = |tag: &str| tag == "*" || version_in(tag) == Some(&current);
        let named = wanted.split(',').map(str::trim).any(names);
        named.then_some(()).ok_or(AppError::StaleVersion)
    }
}

/// The strong entity tag of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The strong entity tag of a version as somebody saw it.
pub fn seen_etag(version: i64, body: &[u8]) -> String {
    format!("\"{version}-{}\"", short_digest(body))
}

/// The strong entity tag of what has no version.
pub fn digest_etag(body: &[u8]) -> String {
    format!("\"{}\"", short_digest(body))
}

fn short_digest(body: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(body)[..8])
}

/// The version in a strong entity tag of ours.
fn version_in(tag: &str) -> Option<&str> {
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    Some(tag.split_once('-').map_or(tag, |(version, _)| version))
}

/// The id made or accepted by the conventions.
pub fn request_id(http: &HttpRequest) -> Uuid {
    use actix_web::HttpMessage;
    http.extensions().get::<RequestId>().map_or_else(Uuid::nil, |id| id.0)
}

/// A header's text, percent-decoding none of it; control characters, those that reverse the
/// direction of writing, and too long values are refused by name.
fn text(headers: &HeaderMap, name: &'static str, max: usize) -> Result<Option<String>> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(AppError::Malformed(format!("{name} is given more than once")));
    }
    let text = std::str::from_utf8(value.as_bytes())
        .map_err(|_error| AppError::Malformed(format!("{name} is not UTF-8")))?
        .trim();
    if text.chars().count() > max {
        return Err(AppError::Malformed(format!("{name} is longer than {max} characters")));
    }
    if text.chars().any(|c| c.is_control() || reverses_writing(c)) {
        return Err(AppError::Malformed(format!("{name} has control characters")));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// The key of a request that may come again: a string, as structured fields have it (RFC 9651
/// §3.3.3), or its text without the quotes. One that says nothing would protect from nothing.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    const NAME: &str = "Idempotency-Key";
    if !headers.contains_key(NAME) {
        return Ok(None);
    }
    let sent = text(headers, NAME, 255)?.unwrap_or_default();
    match unquoted(&sent).filter(|key| !key.is_empty()) {
        Some(key) => Ok(Some(key)),
        None => Err(AppError::Malformed(format!(
            "{NAME} is empty, or begins with a quote and is no string"
        ))),
    }
}

/// What a string of structured fields says; a text that does not begin with a quote, as it is.
fn unquoted(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix('"') else {
        return Some(text.to_owned());
    };
    let (mut said, mut rest) = (String::new(), rest.strip_suffix('"')?.chars());
    while let Some(c) = rest.next() {
        said.push(match c {
            '"' => return None,
            '\\' => rest.next().filter(|c| ['"', '\\'].contains(c))?,
            c => c,
        });
    }
    Some(said)
}

/// Whether a character reverses the direction of writing, so that a text with it may read
/// otherwise than it is.
pub fn reverses_writing(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The address behind the request. Only where the connection comes from a
/// configured proxy is `X-Forwarded-For` read, from the right, up to the first
/// address that is not such a proxy.
pub fn peer_of(http: &HttpRequest, services: &Services) -> Option<IpAddr> {
    let trusted: &[IpNetwork] = &services.config.trusted_proxies;
    let direct = http.peer_addr()?.ip().to_canonical();
    let is_proxy = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
    if !is_proxy(direct) {
        return Some(direct);
    }
    let hops: Vec<&str> = http
        .headers()
        .get_all("X-Forwarded-For")
        .flat_map(|value| value.to_str().unwrap_or("unreadable").split(','))
        .collect();
    let mut nearest = direct;
    for hop in hops.into_iter().rev() {
        // Beyond what cannot be read stands only what the client wrote itself.
        let Some(address) = address_of(hop) else { break };
        nearest = address;
        if !is_proxy(address) {
            break;
        }
    }
    Some(nearest)
}

/// The address of a hop, which some proxies write with its port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    hop.parse()
        .ok()
        .or_else(with_port)
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_in_quotes_and_without() {
        for (sent, key) in [
            ("abc", "abc"),
            ("\"abc\"", "abc"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            ("a\"b\"", "a\"b\""),
            ("\"\"", ""),
        ] {
            assert_eq!(unquoted(sent).as_deref(), Some(key), "{sent}");
        }
        for broken in ["\"", "\"abc", "\"abc\\\"", "\"a\"b\"", "\"a\\b\"", "\"a\";v=1"] {
            assert_eq!(unquoted(broken), None, "{broken}");
        }
    }
}
