//! Text that a client keeps for the server and can neither read nor change (2026-07-28, basic/patterns/mrtr, Security).
//!
//! XChaCha20-Poly1305 with a nonce drawn at random for each text. What a text is bound to (who, for which call) is
//! authenticated with it: for anything else, it does not open.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead as _, Generate as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How many used texts are remembered.
const MAX_USED: usize = 100_000;

/// The random number that tells a sealed text from every other.
pub(crate) type Serial = [u8; 24];

pub(crate) struct Seal {
    cipher: XChaCha20Poly1305,
    /// Texts that may not be used again, and until when that matters.
    used: Mutex<HashMap<Serial, Instant>>,
}

impl Seal {
    /// With this key, which several processes can share; without, with one of its own.
    pub(crate) fn new(key: Option<[u8; 32]>) -> Self {
        let key = key.map_or_else(Key::generate, Key::from);
        Self { cipher: XChaCha20Poly1305::new(&key), used: Mutex::default() }
    }

    pub(crate) fn seal(&self, bound_to: &[u8], text: &[u8]) -> String {
        let nonce = XNonce::generate();
        let payload = Payload { msg: text, aad: bound_to };
        let sealed = self.cipher.encrypt(&nonce, payload).expect("a text in memory is not too long for the cipher");
        let mut out = nonce.to_vec();
        out.extend_from_slice(&sealed);
        URL_SAFE_NO_PAD.encode(out)
    }

    /// The text, when it was sealed with this key and bound to the same.
    pub(crate) fn open(&self, bound_to: &[u8], sealed: &str) -> Option<(Serial, Vec<u8>)> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (serial, sealed) = sealed.split_first_chunk::<24>()?;
        let payload = Payload { msg: sealed, aad: bound_to };
        let text = self.cipher.decrypt(&XNonce::from(*serial), payload).ok()?;
        Some((*serial, text))
    }

    /// Takes a text for use; `false` when it was taken before.
    pub(crate) fn claim(&self, serial: Serial, until: Instant) -> bool {
        let mut used = self.lock();
        if used.len() >= MAX_USED {
            let now = Instant::now();
            used.retain(|_, until| *until > now);
            if used.len() >= MAX_USED {
                let first = used.iter().min_by_key(|(_, until)| **until).map(|(serial, _)| *serial);
                first.and_then(|first| used.remove(&first));
            }
        }
        used.insert(serial, until).is_none()
    }

    /// Gives a text back: it was not used after all.
    pub(crate) fn release(&self, serial: &Serial) {
        self.lock().remove(serial);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Serial, Instant>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

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

    #[test]
    fn a_text_is_used_once() {
        let seal = Seal::new(None);
        let until = Instant::now() + Duration::from_secs(9);
        assert!(seal.claim([1; 24], until));
        assert!(!seal.claim([1; 24], until));
        seal.release(&[1; 24]);
        assert!(seal.claim([1; 24], until));
    }
}
