//! Text that a caller keeps for the server and can neither read nor change: cursors of lists, and what MCP clients bring back
//! between two rounds of a call.
//!
//! XChaCha20-Poly1305 with a nonce drawn at random for each text. What a text is bound to (which list, or who and for which
//! call) is authenticated with it: for anything else, it does not open.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead as _, Generate as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use std::{fmt, sync::Arc};

/// The random number that tells a sealed text from every other.
pub type Serial = [u8; 24];

/// Seals texts for callers to keep, and opens them again. Cheap to clone.
#[derive(Clone)]
pub struct Seal(Arc<XChaCha20Poly1305>);

impl Seal {
    /// With this key, which several processes can share; without, with one of its own.
    pub(crate) fn new(key: Option<[u8; 32]>) -> Self {
        let key = key.map_or_else(Key::generate, Key::from);
        Self(Arc::new(XChaCha20Poly1305::new(&key)))
    }

    /// The text as its keeper gets it: the letters, digits, `-` and `_` of URLs.
    ///
    /// # Panics
    /// Never: a text in memory is not too long for the cipher.
    #[must_use]
    #[expect(clippy::expect_used, reason = "see above")]
    pub fn seal(&self, bound_to: &[u8], text: &[u8]) -> String {
        let nonce = XNonce::generate();
        let payload = Payload { msg: text, aad: bound_to };
        let sealed = self.0.encrypt(&nonce, payload).expect("a text in memory is not too long for the cipher");
        let mut out = nonce.to_vec();
        out.extend_from_slice(&sealed);
        URL_SAFE_NO_PAD.encode(out)
    }

    /// The text, when it was sealed with this key and bound to the same.
    #[must_use]
    pub fn open(&self, bound_to: &[u8], sealed: &str) -> Option<(Serial, Vec<u8>)> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (serial, sealed) = sealed.split_first_chunk::<24>()?;
        let payload = Payload { msg: sealed, aad: bound_to };
        let text = self.0.decrypt(&XNonce::from(*serial), payload).ok()?;
        Some((*serial, text))
    }
}

/// Without the key.
impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_opens_only_as_it_was_sealed() {
        let (own, other) = (Seal::new(None), Seal::new(None));
        let sealed = own.seal(b"ann", b"text");
        assert_ne!(sealed, own.seal(b"ann", b"text"));
        assert_eq!(own.open(b"ann", &sealed).map(|(_, text)| text), Some(b"text".to_vec()));
        assert!(own.open(b"bob", &sealed).is_none());
        assert!(other.open(b"ann", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(own.open(b"ann", &String::from_utf8(changed).unwrap()).is_none(), "{at}");
        }
        for wrong in ["", "A", &format!("{sealed}-TAMPERED"), &sealed[..40]] {
            assert!(own.open(b"ann", wrong).is_none(), "{wrong}");
        }
        let (one, two) = (Seal::new(Some([7; 32])), Seal::new(Some([7; 32])));
        assert!(two.open(b"", &one.seal(b"", b"shared")).is_some());
    }
}
