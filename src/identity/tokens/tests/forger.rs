//! The hand that makes forged tokens.

use aws_lc_rs::signature::Ed25519KeyPair;
use serde_json::{Value, json};

use super::*;

/// Whoever forges with our own private key: what they sign verifies, so only
/// the checks of header and claims stand in their way.
pub(super) struct Forger {
    pub(super) bench: Bench,
    pub(super) pair: Ed25519KeyPair,
    pub(super) kid: String,
}

impl Forger {
    pub(super) fn new() -> Self {
        let bench = Bench::new();
        let text = std::fs::read_to_string(bench.folder.key_file()).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let seed = URL_SAFE_NO_PAD
            .decode(file["keys"][0]["seed"].as_str().unwrap())
            .unwrap();
        Self {
            pair: Ed25519KeyPair::from_seed_unchecked(&seed).unwrap(),
            kid: bench.current_kid(),
            bench,
        }
    }

    pub(super) fn header(&self) -> Value {
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": self.kid})
    }

    pub(super) fn payload(&self) -> Value {
        let now = noon().timestamp();
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": self.bench.subject.sub,
            "sid": self.bench.subject.sid, "jti": Uuid::new_v4(),
            "iat": now, "nbf": now, "exp": now + 600,
        })
    }

    pub(super) fn sign(&self, header: &str, payload: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let message = format!("{}.{}", part(header), part(payload));
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(super) fn token(&self) -> String {
        self.sign(&self.header().to_string(), &self.payload().to_string())
    }

    pub(super) fn with_header(&self, member: &str, value: impl Into<Value>) -> String {
        self.sign(
            &with(self.header(), member, value.into()).to_string(),
            &self.payload().to_string(),
        )
    }

    pub(super) fn without_header(&self, member: &str) -> String {
        let header = without(self.header(), member).to_string();
        self.sign(&header, &self.payload().to_string())
    }

    pub(super) fn with_claim(&self, member: &str, value: impl Into<Value>) -> String {
        let payload = with(self.payload(), member, value.into());
        self.sign(&self.header().to_string(), &payload.to_string())
    }

    pub(super) fn without_claim(&self, member: &str) -> String {
        let payload = without(self.payload(), member).to_string();
        self.sign(&self.header().to_string(), &payload)
    }

    /// With text put in front of the members of the header or the payload.
    pub(super) fn with_text(&self, in_header: &str, in_payload: &str) -> String {
        let insert = |object: Value, text: &str| object.to_string().replacen('{', &format!("{{{text}"), 1);
        self.sign(&insert(self.header(), in_header), &insert(self.payload(), in_payload))
    }

    /// Each is refused for this fault.
    pub(super) fn refused(&self, fault: TokenFault, forgeries: &[(&str, String)]) {
        for (name, token) in forgeries {
            let refusal = self.bench.mint.verify(token, noon());
            let refusal = refusal.expect_err(name);
            assert_eq!(refusal.fault(), fault, "{name}");
            assert_eq!(refusal.to_string(), "invalid token", "{name}");
        }
    }
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().unwrap().remove(member);
    object
}

/// The same token with one octet of a part changed.
pub(super) fn altered(token: &str, part: usize) -> String {
    let mut parts: Vec<Vec<u8>> = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap())
        .collect();
    let octet = parts[part].iter().rposition(u8::is_ascii_digit).unwrap_or(7);
    parts[part][octet] ^= 1;
    let parts: Vec<String> = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
    parts.join(".")
}

/// The same signature with the group order added to its scalar: it satisfies
/// the equation, but RFC 8032 §5.1.7 wants the scalar reduced.
pub(super) fn with_unreduced_scalar(token: &str) -> String {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut carry = 0_u16;
    for (octet, of_order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*octet) + u16::from(of_order) + carry;
        *octet = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The same part with a bit set that its last character has to spare.
pub(super) fn with_spare_bits_set(part: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (last, rest) = part.as_bytes().split_last().unwrap();
    let value = ALPHABET.iter().position(|letter| letter == last).unwrap();
    let last = char::from(ALPHABET[value | 1]);
    format!("{}{last}", std::str::from_utf8(rest).unwrap())
}
