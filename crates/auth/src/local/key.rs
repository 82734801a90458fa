//! The key that tokens are signed with, and what else only this issuer can make.

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac, rand,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::fmt;

/// A key for ES256 (RFC 7518, section 3.4).
pub(super) struct Key {
    pair: EcdsaKeyPair,
    jwk: Value,
    id: String,
    mac: hmac::Key,
}

impl Key {
    /// A new one.
    pub(super) fn generate() -> Result<Self, &'static str> {
        Self::from_pkcs8(&new_pkcs8()?)
    }

    /// One that was made before.
    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, &'static str> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
        let pair = pair.map_err(|_| "it holds no key of the curve P-256 in PKCS #8")?;
        // An uncompressed point: 4, x, y (SEC 1, section 2.3.3).
        let (x, y) = pair.public_key().as_ref().get(1..).ok_or("its public key cannot be read")?.split_at(32);
        let (x, y) = (encode(x), encode(y));
        // The thumbprint (RFC 7638): members in this order, and no others.
        let id = encode(hash(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes()).as_ref());
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": id});
        let secret = hash(&[b"diptych local issuer", pkcs8].concat());
        Ok(Self { pair, jwk, id, mac: hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref()) })
    }

    /// The public half as a JWK set (RFC 7517, section 5).
    pub(super) fn jwks(&self) -> Value {
        json!({"keys": [self.jwk]})
    }

    /// A signed access token (RFC 7515, section 3.1, and RFC 9068, section 2.1).
    pub(super) fn sign(&self, claims: &Value) -> Result<String, &'static str> {
        let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": self.id});
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = self.pair.sign(&rand::SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| "a token cannot be signed")?;
        Ok(format!("{signed}.{}", encode(signature.as_ref())))
    }

    /// A tag that shows that this issuer said `text`, for this `purpose`.
    pub(super) fn tag(&self, purpose: &str, text: &str) -> String {
        encode(hmac::sign(&self.mac, format!("{purpose}\0{text}").as_bytes()).as_ref())
    }

    /// Whether `tag` is that of `text`; takes as long whatever is wrong.
    pub(super) fn is_tag(&self, tag: &str, purpose: &str, text: &str) -> bool {
        let tag = URL_SAFE_NO_PAD.decode(tag).unwrap_or_default();
        hmac::verify(&self.mac, format!("{purpose}\0{text}").as_bytes(), &tag).is_ok()
    }
}

/// A new key, as it is kept.
pub(super) fn new_pkcs8() -> Result<Vec<u8>, &'static str> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let pkcs8 = pair.and_then(|pair| pair.to_pkcs8v1()).map_err(|_| "a key cannot be made")?;
    Ok(pkcs8.as_ref().to_vec())
}

/// What nobody can guess: 256 bits.
pub(super) fn random() -> Result<String, &'static str> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| "the system has no random numbers")?;
    Ok(encode(&bytes))
}

/// SHA-256 as PKCE has it (RFC 7636, section 4.2).
pub(super) fn challenge(verifier: &str) -> String {
    encode(hash(verifier.as_bytes()).as_ref())
}

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn hash(bytes: &[u8]) -> aws_lc_rs::digest::Digest {
    digest(&SHA256, bytes)
}

/// Without the private half.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}
