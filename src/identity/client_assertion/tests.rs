//! Assertions that are good, and every way in which one is not.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::*;

const CLIENT: Uuid = Uuid::from_u128(7);
const ED: Uuid = Uuid::from_u128(1);
const EC: Uuid = Uuid::from_u128(2);
const ISSUER: &str = "https://wardlink.example";
const NOW: i64 = 1_772_442_000;

/// The keys of a system, with both halves.
struct System {
    ed: Ed25519KeyPair,
    ec: EcdsaKeyPair,
}

fn encode(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

impl System {
    fn new() -> Self {
        Self {
            ed: Ed25519KeyPair::generate().unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        }
    }

    fn ed_jwk(&self) -> PublicJwk {
        PublicJwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: encode(self.ed.public_key()),
            y: None,
        }
    }

    fn ec_jwk(&self) -> PublicJwk {
        let point = self.ec.public_key().as_ref();
        PublicJwk {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: encode(&point[1..33]),
            y: Some(encode(&point[33..])),
        }
    }

    fn registered(&self) -> Vec<RegisteredKey> {
        vec![
            RegisteredKey::new(ED, &self.ed_jwk()).unwrap(),
            RegisteredKey::new(EC, &self.ec_jwk()).unwrap(),
        ]
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = match header["alg"] == "ES256" {
            true => {
                let signature = self.ec.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
                encode(signature)
            }
            false => encode(self.ed.sign(message.as_bytes())),
        };
        format!("{message}.{signature}")
    }

    fn verify(&self, assertion: &str) -> Result<Asserted, TokenFault> {
        let audiences = [ISSUER.to_owned(), format!("{ISSUER}/oauth/token")];
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        verify(assertion, CLIENT, &self.registered(), &audiences, now)
    }

    fn outcome(&self, header: &Value, claims: &Value) -> Result<Asserted, TokenFault> {
        self.verify(&self.sign(header, claims))
    }
}

fn claims() -> Value {
    json!({"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "one"})
}

fn with(member: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[member] = value;
    claims
}

#[test]
fn a_system_is_known_by_either_kind_of_key() {
    let system = System::new();

    let by_ed = system.outcome(&json!({"alg": "EdDSA"}), &claims()).unwrap();
    let by_ec = system
        .outcome(&json!({"alg": "ES256", "typ": "JWT"}), &claims())
        .unwrap();

    assert_eq!((by_ed.key_id, by_ec.key_id), (ED, EC));
    assert_eq!(by_ed.digest, by_ec.digest);
    assert_eq!(by_ed.ends.timestamp(), NOW + 60 + LEEWAY.num_seconds());
    let named = system.outcome(&json!({"alg": "EdDSA", "kid": ED}), &claims());
    assert_eq!(named, Ok(by_ed));
    let at_the_endpoint = with("aud", json!([format!("{ISSUER}/oauth/token")]));
    let typed = json!({"alg": "EdDSA", "typ": "client-authentication+jwt"});
    assert!(system.outcome(&typed, &at_the_endpoint).is_ok());
}

#[test]
fn another_statement_of_a_system_is_known_from_this_one() {
    let system = System::new();
    let digest = |jti: &str| {
        let asserted = system.outcome(&json!({"alg": "EdDSA"}), &with("jti", json!(jti)));
        asserted.unwrap().digest
    };

    assert_ne!(digest("one"), digest("two"));
    assert_eq!(digest("one"), digest("one"));
}

#[test]
fn a_header_that_asks_for_something_else_is_refused() {
    let system = System::new();
    for (header, fault) in [
        (json!({"alg": "none"}), TokenFault::Algorithm),
        (json!({"alg": "HS256"}), TokenFault::Algorithm),
        (json!({"alg": "eddsa"}), TokenFault::Algorithm),
        (json!({"alg": "ES256", "kid": ED}), TokenFault::Algorithm),
        (json!({"alg": "EdDSA", "kid": "3"}), TokenFault::Key),
        (json!({"alg": "EdDSA", "kid": Uuid::from_u128(9)}), TokenFault::Key),
        (json!({"alg": "EdDSA", "typ": "at+jwt"}), TokenFault::Type),
        (json!({"alg": "EdDSA", "crit": ["exp"]}), TokenFault::Header),
        (json!({"alg": "EdDSA", "crit": []}), TokenFault::Header),
        (json!({"typ": "JWT"}), TokenFault::Header),
        (json!([]), TokenFault::Header),
    ] {
        assert_eq!(system.outcome(&header, &claims()), Err(fault), "{header}");
    }
}

#[test]
fn claims_that_are_not_of_this_client_for_this_service_now_are_refused() {
    let system = System::new();
    let later = LONGEST_LIFE.num_seconds() + LEEWAY.num_seconds();
    for (claims, fault) in [
        (with("iss", json!(Uuid::from_u128(8))), TokenFault::Issuer),
        (with("iss", json!("crm")), TokenFault::Issuer),
        (with("sub", json!(Uuid::from_u128(8))), TokenFault::Claims),
        (with("aud", json!("https://elsewhere.example")), TokenFault::Audience),
        (with("aud", json!(format!("{ISSUER}/"))), TokenFault::Audience),
        (
            with("aud", json!([ISSUER, "https://elsewhere.example"])),
            TokenFault::Claims,
        ),
        (with("aud", json!([])), TokenFault::Claims),
        (with("exp", json!(NOW - LEEWAY.num_seconds())), TokenFault::Expired),
        (with("exp", json!(i64::MIN)), TokenFault::Expired),
        (with("exp", json!(NOW + later + 1)), TokenFault::Life),
        (with("exp", json!(i64::MAX)), TokenFault::Life),
        (with("exp", json!("soon")), TokenFault::Claims),
        (with("exp", json!(1e300)), TokenFault::Claims),
        (with("iat", json!(NOW + LEEWAY.num_seconds() + 1)), TokenFault::Early),
        (with("nbf", json!(NOW + LEEWAY.num_seconds() + 1)), TokenFault::Early),
        (with("jti", json!("")), TokenFault::Claims),
        (with("jti", json!("j".repeat(LONGEST_JTI + 1))), TokenFault::Claims),
        (with("jti", json!(7)), TokenFault::Claims),
    ] {
        let outcome = system.outcome(&json!({"alg": "EdDSA"}), &claims);
        assert_eq!(outcome, Err(fault), "{claims}");
    }
    for member in ["iss", "sub", "aud", "exp", "jti"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(member);
        let outcome = system.outcome(&json!({"alg": "EdDSA"}), &claims);
        assert_eq!(outcome, Err(TokenFault::Claims), "{member}");
    }
}

#[test]
fn times_are_good_to_the_second_of_their_limits() {
    let system = System::new();
    let later = LONGEST_LIFE.num_seconds() + LEEWAY.num_seconds();
    for claims in [
        with("exp", json!(NOW - LEEWAY.num_seconds() + 1)),
        with("exp", json!(NOW + later)),
        with("iat", json!(NOW + LEEWAY.num_seconds())),
        with("jti", json!("j".repeat(LONGEST_JTI))),
    ] {
        assert!(system.outcome(&json!({"alg": "EdDSA"}), &claims).is_ok(), "{claims}");
    }
}

#[test]
fn what_somebody_else_has_signed_or_changed_is_refused() {
    let (system, other) = (System::new(), System::new());
    for alg in ALGORITHMS {
        let forged = other.sign(&json!({"alg": alg}), &claims());
        assert_eq!(system.verify(&forged), Err(TokenFault::Signature), "{alg}");
        let good = system.sign(&json!({"alg": alg}), &claims());
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (header, _) = message.split_once('.').unwrap();
        let changed = format!("{header}.{}.{signature}", encode(with("jti", json!("two")).to_string()));
        assert_eq!(system.verify(&changed), Err(TokenFault::Signature), "{alg}");
        assert_eq!(
            system.verify(&format!("{message}.")),
            Err(TokenFault::Signature),
            "{alg}"
        );
    }
    let keyless = verify(
        &system.sign(&json!({"alg": "EdDSA"}), &claims()),
        CLIENT,
        &[],
        &[ISSUER.to_owned()],
        DateTime::from_timestamp(NOW, 0).unwrap(),
    );
    assert_eq!(keyless, Err(TokenFault::Key));
}

#[test]
fn what_is_no_assertion_is_refused() {
    let system = System::new();
    let good = system.sign(&json!({"alg": "EdDSA"}), &claims());
    for (text, fault) in [
        (String::new(), TokenFault::Parts),
        ("e30.e30".to_owned(), TokenFault::Parts),
        ("e30".to_owned(), TokenFault::Parts),
        (format!("{good}.c2ln"), TokenFault::Parts),
        (format!("{good}="), TokenFault::Encoding),
        ("a".repeat(LONGEST_TOKEN), TokenFault::Parts),
        ("a".repeat(LONGEST_TOKEN + 1), TokenFault::Length),
    ] {
        assert_eq!(system.verify(&text), Err(fault), "{text}");
    }
}

#[test]
fn the_client_is_read_before_its_keys_are_known() {
    let system = System::new();
    let assertion = system.sign(&json!({"alg": "EdDSA"}), &claims());

    assert_eq!(claimed_client(&assertion), Some(CLIENT));
    let another = with("sub", json!("crm"));
    let of_no_id = system.sign(&json!({"alg": "EdDSA"}), &another);
    for nobodys in [of_no_id.as_str(), "", "a.b.c", "e30.e30.c2ln", "e30.W10.c2ln"] {
        assert_eq!(claimed_client(nobodys), None, "{nobodys}");
    }
}

#[test]
fn a_key_is_a_point_on_one_of_two_curves() {
    let system = System::new();
    assert!(RegisteredKey::new(ED, &system.ed_jwk()).is_ok());
    let changed = |jwk: PublicJwk, change: fn(&mut PublicJwk)| {
        let mut jwk = jwk;
        change(&mut jwk);
        RegisteredKey::new(ED, &jwk).is_err()
    };

    assert!(changed(system.ed_jwk(), |jwk| jwk.kty = "EC".to_owned()));
    assert!(changed(system.ed_jwk(), |jwk| jwk.crv = "Ed448".to_owned()));
    assert!(changed(system.ed_jwk(), |jwk| jwk.x.push('A')));
    assert!(changed(system.ed_jwk(), |jwk| jwk.x = "not base64!".to_owned()));
    assert!(changed(system.ed_jwk(), |jwk| jwk.y = Some(jwk.x.clone())));
    assert!(changed(system.ec_jwk(), |jwk| jwk.crv = "P-384".to_owned()));
    assert!(changed(system.ec_jwk(), |jwk| jwk.y = None));
    assert!(changed(system.ec_jwk(), |jwk| jwk.y = Some(jwk.x.clone())));
    assert!(changed(system.ec_jwk(), |jwk| jwk.x = URL_SAFE_NO_PAD.encode([0; 32])));
}
