//! Tokens: a good one, which a test makes worse.

use crate::{
    RESOURCE,
    keys::{EC, Key, base64},
};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) struct Token {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Token {
    /// A token of this issuer for [`RESOURCE`], to be signed with [`EC`].
    pub(crate) fn of(issuer: &str) -> Self {
        Self {
            header: json!({"alg": "ES256", "typ": "at+jwt", "kid": "ec"}),
            claims: json!({
                "iss": issuer,
                "sub": "ann",
                "aud": RESOURCE,
                "exp": now() + 600,
                "iat": now() - 1,
                "client_id": "app",
                "scope": "notes:read notes:write",
            }),
        }
    }

    /// The same with another claim.
    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    /// The same with another header member.
    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    /// Signed with [`EC`].
    pub(crate) fn signed(&self) -> String {
        self.signed_with(&EC)
    }

    pub(crate) fn signed_with(&self, key: &Key) -> String {
        let algorithm = self.header["alg"].as_str().unwrap_or_default();
        signed(&self.header.to_string(), &self.claims.to_string(), |message| key.sign(algorithm, message))
    }
}

/// A token of any text, so that it can say what no JSON value can.
pub(crate) fn signed(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", base64(header), base64(claims));
    let signature = base64(sign(message.as_bytes()));
    format!("{message}.{signature}")
}
