//! Tokens that must be refused (trust control AU9, RFC 8725 §3), each for its
//! fault.

use aws_lc_rs::signature::KeyPair as _;
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use super::forger::{Forger, altered, with_spare_bits_set, with_unreduced_scalar};
use super::*;

#[test]
fn what_the_forger_signs_is_accepted_when_nothing_is_wrong_with_it() {
    let forger = Forger::new();
    let good = [
        forger.token(),
        forger.with_header("typ", "AT+JWT"),
        forger.with_header("typ", "application/at+jwt"),
        forger.with_claim("client_id", "cam-housing"),
        forger.with_claim("scope", "case.read"),
        forger.with_claim("client_id", "x".repeat(5_000)),
        forger.with_text(" ", " "),
    ];
    for token in good {
        assert_eq!(forger.bench.fault(&token, noon()), None, "{token}");
    }
}

#[test]
fn forged_shapes_are_refused() {
    let f = Forger::new();
    let token = f.token();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let long = f.with_claim("client_id", "x".repeat(LONGEST_TOKEN));
    // 64 octets leave four bits of the last character unused.
    let uncanonical = format!("{message}.{}", with_spare_bits_set(signature));
    f.refused(
        TokenFault::Parts,
        &[
            ("empty", String::new()),
            ("one part", header.to_owned()),
            ("no signature part", message.to_owned()),
            ("four parts", format!("{token}.{payload}")),
            ("a dot at the end", format!("{token}.")),
            ("five parts", format!("{header}..{payload}..{signature}")),
            ("JSON serialisation", json!({"payload": payload}).to_string()),
        ],
    );
    f.refused(TokenFault::Length, &[("more than 8 KiB", long)]);
    f.refused(
        TokenFault::Encoding,
        &[
            ("padded", format!("{token}==")),
            ("a blank in front", format!(" {token}")),
            ("a line end behind", format!("{token}\n")),
            ("spare bits set", uncanonical),
            ("not ASCII", token.replace('.', "é.")),
        ],
    );
    f.refused(TokenFault::Header, &[("no header", format!(".{payload}.{signature}"))]);
}

#[test]
fn forged_signatures_are_refused() {
    let f = Forger::new();
    let token = f.token();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (_, others) = f
        .bench
        .token()
        .rsplit_once('.')
        .map(|(m, s)| (m.to_owned(), s.to_owned()))
        .unwrap();
    let stranger = Forger::new();
    let strangers = stranger.sign(&f.header().to_string(), &f.payload().to_string());
    f.refused(
        TokenFault::Signature,
        &[
            ("no signature", format!("{message}.")),
            ("signature of zeros", format!("{message}.{}", "A".repeat(86))),
            ("another token's signature", format!("{message}.{others}")),
            ("half a signature", format!("{message}.{}", &signature[..40])),
            ("altered signature", altered(&token, 2)),
            ("altered claims", altered(&token, 1)),
            ("scalar not reduced", with_unreduced_scalar(&token)),
            ("a stranger's key under our kid", strangers),
        ],
    );
    f.refused(TokenFault::Key, &[("a stranger's key under its kid", stranger.token())]);
}

#[test]
fn forged_algorithms_are_refused() {
    let f = Forger::new();
    let unsigned = |alg: &str| {
        let token = f.with_header("alg", alg);
        let (message, _) = token.rsplit_once('.').unwrap();
        format!("{message}.")
    };
    let hmac = |secret: &[u8]| {
        let header = Header {
            typ: Some("at+jwt".into()),
            kid: Some(f.kid.clone()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, &f.payload(), &EncodingKey::from_secret(secret)).unwrap()
    };
    let public = f.pair.public_key().as_ref();
    f.refused(
        TokenFault::Algorithm,
        &[
            ("none", unsigned("none")),
            ("None", unsigned("None")),
            ("NONE, signed", f.with_header("alg", "NONE")),
            ("empty alg", f.with_header("alg", "")),
            ("HS256 with the public key", hmac(public)),
            (
                "HS256 with the published x",
                hmac(URL_SAFE_NO_PAD.encode(public).as_bytes()),
            ),
            ("ES256", f.with_header("alg", "ES256")),
            ("RS256", f.with_header("alg", "RS256")),
            ("eddsa", f.with_header("alg", "eddsa")),
        ],
    );
    f.refused(
        TokenFault::Header,
        &[
            ("no alg", f.without_header("alg")),
            ("alg a list", f.with_header("alg", json!(["EdDSA"]))),
        ],
    );
}

#[test]
fn forged_headers_are_refused() {
    let f = Forger::new();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(f.pair.public_key())});
    let array = json!(["EdDSA", "at+jwt", f.kid]).to_string();
    f.refused(
        TokenFault::Type,
        &[
            ("typ JWT", f.with_header("typ", "JWT")),
            ("typ of a refresh token", f.with_header("typ", "rt+jwt")),
            ("typ of a logout token", f.with_header("typ", "logout+jwt")),
        ],
    );
    f.refused(
        TokenFault::Header,
        &[
            ("no typ", f.without_header("typ")),
            ("typ null", f.with_header("typ", Value::Null)),
            ("no kid", f.without_header("kid")),
            ("kid a number", f.with_header("kid", 1)),
            ("crit", f.with_header("crit", json!(["exp"]))),
            ("crit empty", f.with_header("crit", json!([]))),
            ("crit null", f.with_header("crit", Value::Null)),
            ("b64", f.with_header("b64", false)),
            ("jku", f.with_header("jku", "https://evil.example/jwks")),
            ("x5u", f.with_header("x5u", "https://evil.example/x5u")),
            ("x5c", f.with_header("x5c", json!([]))),
            ("jwk", f.with_header("jwk", jwk)),
            ("cty", f.with_header("cty", "JWT")),
            ("zip", f.with_header("zip", "DEF")),
            ("alg twice", f.with_text(r#""alg":"none","#, "")),
            ("header an array", f.sign(&array, &f.payload().to_string())),
            ("header not JSON", f.sign("{", &f.payload().to_string())),
            (
                "header and more",
                f.sign(&format!("{} {{}}", f.header()), &f.payload().to_string()),
            ),
        ],
    );
    f.refused(
        TokenFault::Key,
        &[
            ("unknown kid", f.with_header("kid", "unknown")),
            ("kid a path", f.with_header("kid", "../../dev/null")),
            ("empty kid", f.with_header("kid", "")),
        ],
    );
}

#[test]
fn every_claim_is_required_and_of_its_type() {
    let f = Forger::new();
    for claim in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"] {
        f.refused(
            TokenFault::Claims,
            &[
                (claim, f.without_claim(claim)),
                (claim, f.with_claim(claim, Value::Null)),
                (claim, f.with_claim(claim, true)),
                (claim, f.with_claim(claim, json!({}))),
            ],
        );
    }
}

#[test]
fn forged_claims_are_refused() {
    let f = Forger::new();
    let header = f.header().to_string();
    let values: Vec<Value> = f.payload().as_object().unwrap().values().cloned().collect();
    let array = Value::from(values).to_string();
    f.refused(
        TokenFault::Issuer,
        &[
            ("another issuer", f.with_claim("iss", "https://evil.example")),
            ("issuer and a slash", f.with_claim("iss", format!("{ISSUER}/"))),
        ],
    );
    f.refused(
        TokenFault::Claims,
        &[
            ("iss a list", f.with_claim("iss", json!([ISSUER]))),
            ("aud a list", f.with_claim("aud", json!([AUDIENCE]))),
            ("aud a list of two", f.with_claim("aud", json!(["other", AUDIENCE]))),
            ("sub not a UUID", f.with_claim("sub", "admin")),
            ("sub empty", f.with_claim("sub", "")),
            ("sid not a UUID", f.with_claim("sid", "1")),
            ("client_id a number", f.with_claim("client_id", 7)),
            ("a claim of another's", f.with_claim("role", "admin")),
            ("sub twice", f.with_text("", &format!(r#""sub":"{}","#, Uuid::nil()))),
            ("exp twice", f.with_text("", r#""exp":4102444800,"#)),
            ("claims an array", f.sign(&header, &array)),
            ("claims not JSON", f.sign(&header, "exp=never")),
            ("no claims", f.sign(&header, "")),
            ("claims of an empty object", f.sign(&header, "{}")),
        ],
    );
    f.refused(
        TokenFault::Audience,
        &[
            ("another audience", f.with_claim("aud", "other-api")),
            ("audience in capitals", f.with_claim("aud", AUDIENCE.to_uppercase())),
        ],
    );
}

#[test]
fn forged_times_are_refused() {
    let f = Forger::new();
    let now = noon().timestamp();
    let moved = |by: i64| {
        let times = json!({"iat": now + by, "nbf": now + by, "exp": now + by + 600});
        let mut payload = f.payload();
        for (claim, time) in times.as_object().unwrap() {
            payload[claim] = time.clone();
        }
        f.sign(&f.header().to_string(), &payload.to_string())
    };
    let raw_exp = |number: &str| {
        let payload = f.payload().to_string();
        let payload = payload.replace(&format!("\"exp\":{}", now + 600), &format!("\"exp\":{number}"));
        f.sign(&f.header().to_string(), &payload)
    };
    f.refused(
        TokenFault::Claims,
        &[
            ("exp a string", f.with_claim("exp", (now + 600).to_string())),
            ("exp 1e308", raw_exp("1e308")),
            ("exp 1e999", raw_exp("1e999")),
            ("exp a fraction", raw_exp(&format!("{}.5", now + 600))),
            ("exp past 64 bits", raw_exp("18446744073709551615")),
            ("nbf a string", f.with_claim("nbf", "now")),
        ],
    );
    f.refused(
        TokenFault::Life,
        &[
            ("exp the greatest", f.with_claim("exp", i64::MAX)),
            ("exp the least", f.with_claim("exp", i64::MIN)),
            ("exp negative", f.with_claim("exp", -1)),
            ("exp zero", f.with_claim("exp", 0)),
            ("exp at iat", f.with_claim("exp", now)),
            ("exp 15 min 1 s after iat", f.with_claim("exp", now + 901)),
            ("iat the least", f.with_claim("iat", i64::MIN)),
            ("iat the greatest", f.with_claim("iat", i64::MAX)),
        ],
    );
    f.refused(
        TokenFault::Early,
        &[
            ("nbf ahead", f.with_claim("nbf", now + 6)),
            ("nbf the greatest", f.with_claim("nbf", i64::MAX)),
            ("iat ahead", f.with_claim("iat", now + 6)),
            ("all of it ahead", moved(60)),
        ],
    );
    f.refused(
        TokenFault::Expired,
        &[("all of it past", moved(-605)), ("long past", moved(-1_000_000_000))],
    );
}
