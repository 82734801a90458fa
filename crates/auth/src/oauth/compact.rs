//! The form of a signed token (RFC 7515, section 7.1): header, claims and signature.

use super::strict;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

const MALFORMED: &str = "the token is not a well-formed JWT";

/// A token whose form is right. Nothing that it says is true yet.
pub(super) struct Compact<'a> {
    /// What is signed.
    pub(super) message: &'a str,
    /// In base64url.
    pub(super) signature: &'a str,
    pub(super) header: Header,
    pub(super) claims: Map<String, Value>,
}

/// What is read of the header. Where it says which key to trust (`jku`, `x5u`, `jwk`, `x5c`), it is not listened to: the sender
/// wrote it.
pub(super) struct Header {
    pub(super) algorithm: String,
    pub(super) key: Option<String>,
    /// In lower case, without `application/`.
    pub(super) kind: Option<String>,
}

impl<'a> Compact<'a> {
    /// Whether this is a JWT, good or not; what else there is are opaque tokens.
    pub(super) fn is_one(token: &str) -> bool {
        // A `{` in base64url: `e`, then one of the last sixteen characters.
        let starts = matches!(token.as_bytes(), [b'e', b'w'..=b'z' | b'0'..=b'9' | b'-' | b'_', ..]);
        starts && token.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// Takes a JWT apart.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub(super) fn read(token: &'a str) -> Result<Self, &'static str> {
        let (message, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
        let (header, claims) = message.split_once('.').ok_or(MALFORMED)?;
        URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;
        Ok(Self { message, signature, header: Header::read(object(header)?)?, claims: object(claims)? })
    }
}

impl Header {
    fn read(mut members: Map<String, Value>) -> Result<Self, &'static str> {
        if members.contains_key("crit") {
            return Err("the token has critical extensions that are not understood here");
        }
        let mut text = |name| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(MALFORMED),
        };
        let algorithm = text("alg")?.ok_or(MALFORMED)?;
        let key = text("kid")?;
        let kind = text("typ")?.map(|kind| kind.to_ascii_lowercase());
        let kind = kind.map(|kind| kind.strip_prefix("application/").map(str::to_owned).unwrap_or(kind));
        Ok(Self { algorithm, key, kind })
    }
}

fn object(part: &str) -> Result<Map<String, Value>, &'static str> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| MALFORMED)?;
    strict::object(&json).ok_or(MALFORMED)
}
