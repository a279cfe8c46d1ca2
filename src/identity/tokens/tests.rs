use super::*;
use crate::identity::keys::tests::Folder;

mod forger;
mod forgeries;

const ISSUER: &str = "https://wardlink.example";
const AUDIENCE: &str = "wardlink-api";

fn noon() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

struct Bench {
    folder: Folder,
    keys: Arc<SigningKeys>,
    mint: TokenMint,
    subject: AccessSubject,
}

impl Bench {
    fn new() -> Self {
        let folder = Folder::new();
        let keys = Arc::new(SigningKeys::open(folder.key_file(), noon()).unwrap());
        let life = TimeDelta::minutes(10);
        let mint = TokenMint::new(Arc::clone(&keys), ISSUER, AUDIENCE, life).unwrap();
        let subject = AccessSubject {
            sub: Uuid::now_v7(),
            sid: Uuid::now_v7(),
            client_id: None,
            scope: None,
        };
        Self {
            folder,
            keys,
            mint,
            subject,
        }
    }

    fn token(&self) -> String {
        self.mint.mint(&self.subject, noon())
    }

    fn fault(&self, token: &str, now: DateTime<Utc>) -> Option<TokenFault> {
        self.mint.verify(token, now).err().map(TokenError::fault)
    }

    fn current_kid(&self) -> String {
        self.keys.jwks(noon()).keys[0].kid.clone()
    }
}

fn json(part: &str) -> serde_json::Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn a_minted_token_verifies_and_says_what_was_asked() {
    let bench = Bench::new();
    let claims = bench.mint.verify(&bench.token(), noon()).unwrap();
    assert_eq!(claims.subject, bench.subject);
    assert_eq!(claims.issued_at, noon());
    assert_eq!(claims.expires_at, noon() + TimeDelta::minutes(10));

    let partner = AccessSubject {
        client_id: Some("cam-housing".into()),
        scope: Some("case.read task.read".into()),
        ..bench.subject.clone()
    };
    let token = bench.mint.mint(&partner, noon());
    assert_eq!(bench.mint.verify(&token, noon()).unwrap().subject, partner);
    let said = json(token.split('.').nth(1).unwrap());
    assert_eq!(said["scope"], "case.read task.read");
}

#[test]
fn a_token_that_was_seen_before_is_looked_at_like_any_other() {
    let bench = Bench::new();
    let token = bench.token();
    bench.mint.verify(&token, noon()).unwrap();

    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut octets = URL_SAFE_NO_PAD.decode(signature).unwrap();
    octets[0] ^= 1;
    let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(octets));

    assert_eq!(bench.fault(&forged, noon()), Some(TokenFault::Signature));
    let later = noon() + TimeDelta::minutes(10) + LEEWAY;
    assert_eq!(bench.fault(&token, later), Some(TokenFault::Expired));
    bench.keys.revoke(&bench.current_kid(), noon()).unwrap();
    assert_eq!(bench.fault(&token, noon()), Some(TokenFault::Key));
}

#[test]
fn a_token_has_the_members_of_the_profile_and_no_others() {
    let bench = Bench::new();
    let token = bench.token();
    let parts: Vec<&str> = token.split('.').collect();
    let header = serde_json::json!({"typ": "at+jwt", "alg": "EdDSA", "kid": bench.current_kid()});
    assert_eq!(json(parts[0]), header);
    let payload = json(parts[1]);
    let members: Vec<&String> = payload.as_object().unwrap().keys().collect();
    assert_eq!(members, ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"]);
}

#[test]
fn no_two_tokens_have_one_jti() {
    let bench = Bench::new();
    let jti = |token: &str| bench.mint.verify(token, noon()).unwrap().jti;
    assert_ne!(jti(&bench.token()), jti(&bench.token()));
}

#[test]
fn a_token_lives_from_its_issue_to_its_expiry_give_or_take_five_seconds() {
    let bench = Bench::new();
    let token = bench.token();
    let end = noon() + TimeDelta::minutes(10);
    let second = TimeDelta::seconds(1);
    assert_eq!(bench.fault(&token, noon() - LEEWAY), None);
    assert_eq!(bench.fault(&token, noon() - LEEWAY - second), Some(TokenFault::Early));
    assert_eq!(bench.fault(&token, end + LEEWAY - second), None);
    assert_eq!(bench.fault(&token, end + LEEWAY), Some(TokenFault::Expired));
}

#[test]
fn only_a_token_of_ours_at_the_wrong_time_names_its_bearer() {
    let bench = Bench::new();
    let token = bench.token();
    let bearer = |token: &str, now| bench.mint.verify(token, now).unwrap_err().bearer();

    let named = Some(Bearer {
        user_id: bench.subject.sub,
        session_id: bench.subject.sid,
        is_system: false,
    });
    assert_eq!(bearer(&token, noon() - TimeDelta::hours(1)), named);
    assert_eq!(bearer(&token, noon() + TimeDelta::hours(1)), named);
    assert_eq!(bearer(&Bench::new().token(), noon()), None);
    assert_eq!(bearer(&format!("{token}="), noon() + TimeDelta::hours(1)), None);
    let partner = AccessSubject {
        client_id: Some("cam-housing".into()),
        ..bench.subject.clone()
    };
    let late = bearer(&bench.mint.mint(&partner, noon()), noon() + TimeDelta::hours(1));
    assert!(late.is_some_and(|bearer| bearer.is_system));
}

#[test]
fn a_rotation_leaves_tokens_valid_and_signs_new_ones_with_the_new_key() {
    let bench = Bench::new();
    let old = bench.token();
    bench.keys.rotate(noon()).unwrap();
    bench.keys.rotate(noon()).unwrap();
    let new = bench.token();
    assert_ne!(old.split('.').next(), new.split('.').next());
    assert_eq!(bench.fault(&old, noon()), None);
    assert_eq!(bench.fault(&new, noon()), None);
}

#[test]
fn a_dropped_key_kills_its_tokens_and_no_others() {
    let bench = Bench::new();
    let old_kid = bench.current_kid();
    let old = bench.token();
    bench.keys.rotate(noon()).unwrap();
    let new = bench.token();
    assert!(bench.keys.revoke(&old_kid, noon()).unwrap());
    assert_eq!(bench.fault(&old, noon()), Some(TokenFault::Key));
    assert_eq!(bench.fault(&new, noon()), None);
}

#[test]
fn a_token_life_is_between_a_second_and_fifteen_minutes() {
    let bench = Bench::new();
    let mint = |seconds| {
        let life = TimeDelta::seconds(seconds);
        TokenMint::new(Arc::clone(&bench.keys), ISSUER, AUDIENCE, life)
    };
    assert!(mint(0).is_err() && mint(-60).is_err() && mint(901).is_err());
    for seconds in [1, 900] {
        let mint = mint(seconds).unwrap();
        assert_eq!(mint.life(), TimeDelta::seconds(seconds));
        mint.verify(&mint.mint(&bench.subject, noon()), noon()).unwrap();
    }
}

#[test]
fn every_refusal_reads_the_same() {
    for fault in [TokenFault::Length, TokenFault::Signature, TokenFault::Expired] {
        assert_eq!(TokenError::from(fault).to_string(), "invalid token");
    }
}

#[test]
fn a_refresh_token_is_read_back_and_hashed_alike() {
    let token = RefreshToken::generate();
    let text = token.reveal();
    assert_eq!(text.len(), 4 + 43);
    assert_eq!(RefreshToken::parse(&text).unwrap().hash(), token.hash());
    assert_ne!(RefreshToken::generate().hash(), token.hash());
    assert!(!format!("{token:?}").contains(&text[4..]));
}

#[test]
fn a_token_is_known_by_what_is_kept_in_its_stead() {
    let token = ClientSecret::generate();
    let mut other = token.hash();
    other[31] ^= 1;

    assert!(token.is_kept_as(&token.hash()));
    for kept in [&other[..], &token.hash()[..31], &[]] {
        assert!(!token.is_kept_as(kept), "{kept:?}");
    }
}

#[test]
fn what_cannot_be_a_refresh_token_is_not_read() {
    let text = RefreshToken::generate().reveal();
    let bare = &text[4..];
    let not_tokens = [
        String::new(),
        "wlr_".into(),
        bare.to_owned(),
        format!("WLR_{bare}"),
        format!("wlr_{bare}="),
        format!("wlr_{bare}A"),
        format!("wlr_{bare}AAAA"),
        format!("wlr_{}", &bare[..42]),
        format!("wlr_{}+", &bare[..42]),
        format!(" {text}"),
        // Bits that the last character has to spare, set.
        format!("wlr_{}B", &bare[..42]),
    ];
    for text in not_tokens {
        assert!(RefreshToken::parse(&text).is_none(), "{text}");
    }
}

#[test]
fn a_secret_of_a_system_says_whether_it_was_copied_whole() {
    let secret = ClientSecret::generate();
    let text = secret.reveal();

    assert!(text.starts_with("wls_"));
    assert_eq!(ClientSecret::parse(&text).unwrap().hash(), secret.hash());
    let (whole, last) = text.split_at(text.len() - 1);
    let other = if last == "A" { "E" } else { "A" };
    for broken in [whole, &format!("{whole}{other}"), &text.replace("wls_", "wlr_")] {
        assert!(ClientSecret::parse(broken).is_none(), "{broken}");
    }
    let swapped: String = ["wls_", &text[5..6], &text[4..5], &text[6..]].concat();
    assert!(swapped == text || ClientSecret::parse(&swapped).is_none());
    assert!(RefreshToken::parse(&text.replace("wls_", "wlr_")).is_none());
}
