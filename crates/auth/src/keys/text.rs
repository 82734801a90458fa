//! How a key is written: `dk_<id>_<secret><checksum>`, in the alphabet of RFC 4648, section 6, in lower case.
//!
//! The id is what the key is found and shown by. The secret has 256 random bits. The checksum is the first 30 bits of the
//! SHA-256 of all that comes before it: it tells a key from a text that looks like one, for secret scanners and for typing errors, and
//! says nothing that the key does not say.

use diptych_spec::{Error, Result, Secret};
use sha2::{Digest as _, Sha256};

/// Characters, of 5 bits each.
const ID: usize = 16;
const SECRET: usize = 52;
const CHECKSUM: usize = 6;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What is stored of a key.
///
/// One pass of SHA-256 is enough: slow hashes and salts protect what people choose, by making each guess expensive. Nobody guesses one
/// of 2^256 evenly drawn secrets, however fast, and no two keys are the same.
pub(super) type Hash = [u8; 32];

/// A key that is written as keys are.
pub(super) struct Key<'a> {
    text: &'a str,
    id: &'a str,
}

impl<'a> Key<'a> {
    /// `None` for what cannot be a key.
    pub(super) fn read(prefix: &str, text: &'a str) -> Option<Self> {
        let (id, rest) = text.strip_prefix(prefix)?.strip_prefix('_')?.split_once('_')?;
        let plain = |text: &str| text.bytes().all(|byte| ALPHABET.contains(&byte));
        if id.len() != ID || rest.len() != SECRET + CHECKSUM || !plain(id) || !plain(rest) {
            return None;
        }
        let (before, sum) = text.split_at(text.len() - CHECKSUM);
        (checksum(before) == sum).then_some(Self { text, id })
    }

    pub(super) fn id(&self) -> &'a str {
        self.id
    }

    pub(super) fn hash(&self) -> Hash {
        Sha256::digest(self.text).into()
    }
}

/// Whether a token means to be a key with this prefix.
pub(super) fn is_of(prefix: &str, token: &str) -> bool {
    token.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_'))
}

/// Whether keys can begin with it.
pub(super) fn is_prefix(prefix: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (2..=16).contains(&prefix.len()) && prefix.bytes().all(plain) && prefix.as_bytes()[0].is_ascii_lowercase()
}

/// A new key: its id, its text, and what is stored of it.
///
/// # Errors
/// The system has no random bits.
pub(super) fn draw(prefix: &str) -> Result<(String, Secret, Hash)> {
    let mut bits = [0; 10 + 32];
    getrandom::fill(&mut bits).map_err(Error::internal)?;
    let (id, secret) = bits.split_at(10);
    let id = written(id);
    let mut text = format!("{prefix}_{id}_{}", written(secret));
    text.push_str(&checksum(&text));
    let hash = Sha256::digest(&text).into();
    Ok((id, Secret::new(text), hash))
}

fn checksum(text: &str) -> String {
    let mut sum = written(&Sha256::digest(text)[..4]);
    sum.truncate(CHECKSUM);
    sum
}

/// Base 32 without padding.
fn written(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u16, 0);
    for byte in bytes {
        bits = bits << 8 | u16::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            out.push(char::from(ALPHABET[usize::from(bits >> count & 31)]));
        }
        // What was written is not needed any more.
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(char::from(ALPHABET[usize::from(bits << (5 - count) & 31)]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_32_is_that_of_the_rfc() {
        // RFC 4648, section 10, in lower case and without padding.
        for (bytes, text) in
            [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("foobar", "mzxw6ytboi")]
        {
            assert_eq!(written(bytes.as_bytes()), text);
        }
        assert_eq!((written(&[255; 10]).len(), written(&[255; 32]).len()), (ID, SECRET));
    }

    #[test]
    fn a_key_is_told_from_what_looks_like_one() {
        let (id, secret, hash) = draw("dk").unwrap();
        let text = secret.expose();
        let key = Key::read("dk", text).unwrap();
        assert_eq!((key.id(), key.hash()), (&*id, hash));
        assert_ne!(draw("dk").unwrap().1.expose(), text);
        // Every single wrong character is found, and two that changed places.
        for at in 0..text.len() {
            let mut wrong = text.as_bytes().to_vec();
            wrong[at] = if wrong[at] == b'q' { b'r' } else { b'q' };
            assert!(Key::read("dk", str::from_utf8(&wrong).unwrap()).is_none(), "{at}");
        }
        let upper = text.to_uppercase();
        for wrong in ["", "dk", "dk_", "dk__", &text[..text.len() - 1], &format!("{text}a"), &upper] {
            assert!(Key::read("dk", wrong).is_none(), "{wrong}");
        }
        assert!(Key::read("ak", text).is_none() && !is_of("d", text) && is_of("dk", "dk_what") && !is_of("dk", "dka_"));
    }
}
