//! How a system shows who it is (RFC 6749 §2.3), and why it gets no token.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::client_assertion::claimed_client;
use super::tokens::TokenFault;
use crate::rule::{ProblemType, Rule};

/// The one grant there is here: a system acts as itself.
pub const GRANT_TYPE: &str = "client_credentials";
/// The kind of assertion that is taken (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How a system may show who it is, as the metadata name it.
pub const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/// Why a system has not shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// No credentials, or such as cannot be read.
    #[error("no credentials")]
    NoCredentials,
    /// There is no such service account, or its id is named in two ways.
    #[error("unknown client")]
    Unknown,
    /// The account is disabled or over.
    #[error("account not in use")]
    NotInUse,
    /// It is not called from where it may be.
    #[error("outside of its networks")]
    Outside,
    /// None of its keys that are in use has this secret.
    #[error("wrong secret")]
    Secret,
    /// The assertion is refused.
    #[error("assertion: {0}")]
    Assertion(TokenFault),
    /// The assertion was used before.
    #[error("assertion: used before")]
    Replayed,
    /// Account or key ended while it was looked at.
    #[error("ended meanwhile")]
    Ended,
}

/// Why a system gets no token (RFC 6749 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Something is missing, or there twice.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// Whoever it is has not shown that they are this client. Why is for the log alone.
    #[error("the client is unknown, not in use, outside of its networks, or has not shown that it is this one")]
    InvalidClient(ClientFault),
    /// Another grant than the one there is.
    #[error("only grant_type=client_credentials is taken here")]
    UnsupportedGrantType,
    /// Scopes that the account does not have.
    #[error("a scope that is asked for is none of this service account's")]
    InvalidScope,
}

impl Rule for TokenRefusal {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::InvalidRequest(_) => &INVALID_REQUEST,
            Self::InvalidClient(_) => &INVALID_CLIENT,
            Self::UnsupportedGrantType => &UNSUPPORTED_GRANT_TYPE,
            Self::InvalidScope => &INVALID_SCOPE,
        }
    }

    fn fault(&self) -> Option<String> {
        match self {
            Self::InvalidClient(fault) => Some(fault.to_string()),
            _ => None,
        }
    }
}

const INVALID_REQUEST: ProblemType = ProblemType {
    slug: "invalid-token-request",
    title: "Invalid token request",
    status: 400,
    meaning: "The request for a token lacks a parameter, has one twice, or shows who the client is in two ways. `/oauth/token`, `/oauth/revoke` and `/oauth/introspect` answer it as `invalid_request`.",
};
const INVALID_CLIENT: ProblemType = ProblemType {
    slug: "invalid-client",
    title: "Invalid client",
    status: 401,
    meaning: "The service account is unknown, disabled or over, its key is wrong, over or deleted, its assertion was used before, or it called from outside of its networks. `/oauth/token`, `/oauth/revoke` and `/oauth/introspect` answer it as `invalid_client`.",
};
const UNSUPPORTED_GRANT_TYPE: ProblemType = ProblemType {
    slug: "unsupported-grant-type",
    title: "Unsupported grant type",
    status: 400,
    meaning: "Systems get tokens by `client_credentials` only. `/oauth/token` answers it as `unsupported_grant_type`.",
};
const INVALID_SCOPE: ProblemType = ProblemType {
    slug: "invalid-scope",
    title: "Invalid scope",
    status: 400,
    meaning: "A scope that was asked for is none of the service account's. `/oauth/token` answers it as `invalid_scope`.",
};

/// The problems of asking for a token.
pub const PROBLEMS: &[ProblemType] = &[INVALID_REQUEST, INVALID_CLIENT, UNSUPPORTED_GRANT_TYPE, INVALID_SCOPE];

/// The code under which OAuth knows a refusal that is answered as `problem`, if it does.
pub fn oauth_error(problem: &ProblemType) -> Option<&'static str> {
    match problem.slug {
        slug if slug == INVALID_REQUEST.slug || slug == "malformed-request" => Some("invalid_request"),
        slug if slug == INVALID_CLIENT.slug => Some("invalid_client"),
        slug if slug == UNSUPPORTED_GRANT_TYPE.slug => Some("unsupported_grant_type"),
        slug if slug == INVALID_SCOPE.slug => Some("invalid_scope"),
        _ => None,
    }
}

/// By what a system shows who it is. Never shown by `Debug`.
#[cfg_attr(test, derive(PartialEq, Eq))]
pub enum Proof {
    /// A secret, as it was sent.
    Secret(String),
    /// A statement it has signed.
    Assertion(String),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret([redacted])",
            Self::Assertion(_) => "Assertion([redacted])",
        })
    }
}

/// A system that says who it is, and shows it.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct ClientCredentials {
    /// Which one it says it is.
    pub client: Uuid,
    /// What shows it.
    pub proof: Proof,
}

/// What a form says of the system that sends it, as it came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claimed<'a> {
    /// `client_id`.
    pub id: Option<&'a str>,
    /// `client_secret`.
    pub secret: Option<&'a str>,
    /// `client_assertion_type`.
    pub assertion_type: Option<&'a str>,
    /// `client_assertion`.
    pub assertion: Option<&'a str>,
}

const NO_CREDENTIALS: TokenRefusal = TokenRefusal::InvalidClient(ClientFault::NoCredentials);
const UNKNOWN: TokenRefusal = TokenRefusal::InvalidClient(ClientFault::Unknown);

impl ClientCredentials {
    /// What a form and the value of its `Authorization` header show.
    ///
    /// # Errors
    /// [`TokenRefusal`] where they show nothing, or something in two ways.
    pub fn of(claimed: Claimed<'_>, authorization: Option<&str>) -> Result<Self, TokenRefusal> {
        let by_header = authorization.map(basic).transpose()?;
        let shown = match (by_header, claimed.secret, claimed.assertion) {
            (Some(shown), None, None) => shown,
            (None, Some(secret), None) => Self {
                client: client_of(claimed.id)?,
                proof: Proof::Secret(secret.to_owned()),
            },
            (None, None, Some(assertion)) => by_assertion(claimed.assertion_type, assertion)?,
            (None, None, None) => return Err(NO_CREDENTIALS),
            _ => return Err(TokenRefusal::InvalidRequest("show who the client is in one way only")),
        };
        match claimed.id {
            Some(id) if client_of(Some(id))? != shown.client => Err(UNKNOWN),
            _ => Ok(shown),
        }
    }
}

/// What a client is known by is one of our ids; another text is no client's.
fn client_of(id: Option<&str>) -> Result<Uuid, TokenRefusal> {
    let id = id.ok_or(TokenRefusal::InvalidRequest("client_id is missing"))?;
    Uuid::try_parse(id).or(Err(UNKNOWN))
}

fn by_assertion(assertion_type: Option<&str>, assertion: &str) -> Result<ClientCredentials, TokenRefusal> {
    if assertion_type != Some(ASSERTION_TYPE) {
        return Err(TokenRefusal::InvalidRequest(
            "client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ));
    }
    Ok(ClientCredentials {
        client: claimed_client(assertion).ok_or(NO_CREDENTIALS)?,
        proof: Proof::Assertion(assertion.to_owned()),
    })
}

/// Neither our ids nor our secrets have a character that a form would encode, so what
/// RFC 6749 §2.3.1 asks for besides base64 changes nothing.
fn basic(authorization: &str) -> Result<ClientCredentials, TokenRefusal> {
    let (scheme, encoded) = authorization.split_once(' ').ok_or(NO_CREDENTIALS)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(NO_CREDENTIALS);
    }
    let octets = STANDARD.decode(encoded.trim()).or(Err(NO_CREDENTIALS))?;
    let text = String::from_utf8(octets).or(Err(NO_CREDENTIALS))?;
    let (client, secret) = text.split_once(':').ok_or(NO_CREDENTIALS)?;
    Ok(ClientCredentials {
        client: client_of(Some(client))?,
        proof: Proof::Secret(secret.to_owned()),
    })
}

/// The scopes that are asked for (RFC 6749 §3.3), once each; `None` where nothing is.
///
/// # Errors
/// [`TokenRefusal::InvalidScope`] where one is not among `held`.
pub fn narrowed(asked: Option<&str>, held: &[String]) -> Result<Option<Vec<String>>, TokenRefusal> {
    let Some(asked) = asked else { return Ok(None) };
    let mut scopes: Vec<String> = asked
        .split(' ')
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    let is_held = scopes.iter().all(|scope| held.contains(scope));
    (is_held && !scopes.is_empty())
        .then_some(Some(scopes))
        .ok_or(TokenRefusal::InvalidScope)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e";

    const NOTHING: Claimed<'static> = Claimed {
        id: None,
        secret: None,
        assertion_type: None,
        assertion: None,
    };

    fn by_secret(client: &str) -> Claimed<'_> {
        Claimed {
            id: Some(client),
            secret: Some("wls_secret"),
            ..NOTHING
        }
    }

    fn header(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn secret_of_client() -> ClientCredentials {
        ClientCredentials {
            client: CLIENT.parse().unwrap(),
            proof: Proof::Secret("wls_secret".to_owned()),
        }
    }

    #[test]
    fn a_secret_comes_in_the_header_or_in_the_form() {
        let basic = header(&format!("{CLIENT}:wls_secret"));

        assert_eq!(ClientCredentials::of(NOTHING, Some(&basic)), Ok(secret_of_client()));
        let lower = basic.replace("Basic", "bAsIc");
        assert_eq!(ClientCredentials::of(NOTHING, Some(&lower)), Ok(secret_of_client()));
        assert_eq!(ClientCredentials::of(by_secret(CLIENT), None), Ok(secret_of_client()));
        let named_again = Claimed {
            id: Some(CLIENT),
            ..NOTHING
        };
        assert_eq!(ClientCredentials::of(named_again, Some(&basic)), Ok(secret_of_client()));
    }

    #[test]
    fn who_shows_nothing_or_nonsense_is_no_client() {
        let long_ago = header("x:y");
        for header in [
            None,
            Some("Basic"),
            Some("Basic ///"),
            Some("Basic eA=="),
            Some("Bearer abc"),
            Some(long_ago.as_str()),
        ] {
            let shown = ClientCredentials::of(NOTHING, header);
            assert!(matches!(shown, Err(TokenRefusal::InvalidClient(_))), "{header:?}");
        }
        let unknown = ClientCredentials::of(by_secret("crm"), None);
        assert_eq!(unknown, Err(UNKNOWN));
        let nil = Uuid::nil().to_string();
        let another = Claimed {
            id: Some(&nil),
            ..NOTHING
        };
        let basic = header(&format!("{CLIENT}:wls_secret"));
        assert_eq!(ClientCredentials::of(another, Some(&basic)), Err(UNKNOWN));
    }

    #[test]
    fn two_ways_at_once_are_refused_and_so_is_a_secret_of_nobody() {
        let basic = header(&format!("{CLIENT}:wls_secret"));
        let twice = Claimed {
            assertion: Some("a.b.c"),
            ..by_secret(CLIENT)
        };
        let of_nobody = Claimed {
            id: None,
            ..by_secret(CLIENT)
        };
        let untyped = Claimed {
            assertion: Some("a.b.c"),
            ..NOTHING
        };
        for (claimed, header) in [
            (by_secret(CLIENT), Some(basic.as_str())),
            (twice, None),
            (of_nobody, None),
            (untyped, None),
        ] {
            let shown = ClientCredentials::of(claimed, header);
            assert!(matches!(shown, Err(TokenRefusal::InvalidRequest(_))), "{shown:?}");
        }
    }

    #[test]
    fn an_assertion_names_its_client() {
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"{CLIENT}"}}"#));
        let assertion = format!("e30.{payload}.c2ln");
        let signed = |assertion| Claimed {
            assertion_type: Some(ASSERTION_TYPE),
            assertion: Some(assertion),
            ..NOTHING
        };

        let shown = ClientCredentials::of(signed(assertion.as_str()), None).unwrap();
        assert_eq!(shown.client.to_string(), CLIENT);
        assert_eq!(shown.proof, Proof::Assertion(assertion.clone()));
        let nobodys = ClientCredentials::of(signed("e30.e30.c2ln"), None);
        assert_eq!(nobodys, Err(NO_CREDENTIALS));
    }

    #[test]
    fn scopes_narrow_and_never_widen() {
        let held = ["case.read", "task.read"].map(str::to_owned);
        let narrowed = |asked: Option<&str>| narrowed(asked, &held);

        assert_eq!(narrowed(None), Ok(None));
        assert_eq!(narrowed(Some("case.read")), Ok(Some(vec!["case.read".to_owned()])));
        assert_eq!(
            narrowed(Some(" task.read  case.read task.read ")),
            Ok(Some(held.to_vec()))
        );
        for asked in [
            "case.create",
            "case.read case.create",
            "",
            " ",
            "CASE.READ",
            "case.read,task.read",
        ] {
            assert_eq!(narrowed(Some(asked)), Err(TokenRefusal::InvalidScope), "{asked}");
        }
    }

    #[test]
    fn why_a_client_is_refused_is_in_the_log_and_not_in_the_answer() {
        let faults = [
            ClientFault::Secret,
            ClientFault::Replayed,
            ClientFault::Assertion(TokenFault::Expired),
        ];
        let [secret, replayed, expired] = faults.map(TokenRefusal::InvalidClient);

        assert_eq!(secret.fault().as_deref(), Some("wrong secret"));
        assert_eq!(replayed.fault().as_deref(), Some("assertion: used before"));
        assert_eq!(expired.fault().as_deref(), Some("assertion: expired"));
        assert_eq!(secret.to_string(), replayed.to_string());
        assert_eq!(secret.to_string(), expired.to_string());
        assert_eq!(TokenRefusal::InvalidScope.fault(), None);
    }

    #[test]
    fn every_refusal_has_its_word_in_oauth() {
        for problem in PROBLEMS {
            assert!(oauth_error(problem).is_some(), "{}", problem.slug);
        }
        assert_eq!(oauth_error(crate::error::AppError::NotFound.problem()), None);
        let malformed = crate::error::AppError::Malformed(String::new());
        assert_eq!(oauth_error(malformed.problem()), Some("invalid_request"));
    }
}
