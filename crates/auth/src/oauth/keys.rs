//! The public keys of one issuer (RFC 7517).

use super::{SigningAlgorithm, strict};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde_json::{Map, Value};

/// More keys than this are no set of anybody's, and would be tried one after the other.
const MOST_KEYS: usize = 100;

/// How many keys are tried for a token that names none.
const MOST_TRIED: usize = 8;

/// Members of private and shared keys.
const SECRETS: [&str; 7] = ["d", "k", "p", "q", "dp", "dq", "qi"];

pub(super) struct Keys(Vec<Key>);

struct Key {
    id: Option<String>,
    /// What the key says it is for, or all that its type can do.
    algorithms: Vec<SigningAlgorithm>,
    key: DecodingKey,
}

impl Keys {
    /// Reads a JWK set that an issuer serves. Keys that are not for signatures, or of an unknown kind, are left out (RFC 7517,
    /// section 5).
    ///
    /// # Errors
    /// It is no JWK set.
    pub(super) fn served(json: &[u8]) -> Result<Self, &'static str> {
        let mut set = strict::object(json).ok_or("not a JSON object")?;
        let Some(Value::Array(keys)) = set.remove("keys") else { return Err("no `keys`") };
        if keys.len() > MOST_KEYS {
            return Err("too many keys");
        }
        let keys = keys.into_iter().filter_map(|key| match key {
            Value::Object(members) => Key::read(members),
            _ => None,
        });
        Ok(Self(keys.collect()))
    }

    /// Reads a JWK set that the configuration has.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub(super) fn given(json: &str) -> Result<Self, String> {
        let set = strict::object(json.as_bytes());
        let keys = set.as_ref().and_then(|set| set.get("keys")).and_then(Value::as_array);
        let is_secret = |key: &Value| SECRETS.iter().any(|name| key.get(name).is_some());
        if keys.is_some_and(|keys| keys.iter().any(is_secret)) {
            return Err("its `keys` hold a private or a shared key; give the public ones only".to_owned());
        }
        match Self::served(json.as_bytes()) {
            Err(problem) => Err(format!("its `keys` are no JWK set (RFC 7517, section 5): {problem}")),
            Ok(keys) if keys.0.is_empty() => Err("its `keys` hold none that is for signatures".to_owned()),
            Ok(keys) => Ok(keys),
        }
    }

    /// Whether there is a key for one of these.
    pub(super) fn any_for(&self, algorithms: &[SigningAlgorithm]) -> bool {
        self.0.iter().any(|key| key.algorithms.iter().any(|algorithm| algorithms.contains(algorithm)))
    }

    /// Whether a key has this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// The keys that can have made a signature: those with the id that the token names, or any if it names none; and for its
    /// algorithm.
    pub(super) fn candidates<'a>(
        &'a self,
        id: Option<&'a str>,
        algorithm: SigningAlgorithm,
    ) -> impl Iterator<Item = &'a DecodingKey> {
        let fitting =
            move |key: &&Key| (id.is_none() || key.id.as_deref() == id) && key.algorithms.contains(&algorithm);
        self.0.iter().filter(fitting).take(MOST_TRIED).map(|key| &key.key)
    }
}

impl Key {
    fn read(mut members: Map<String, Value>) -> Option<Self> {
        let named = match members.get("alg") {
            None => None,
            Some(name) => Some(SigningAlgorithm::named(name.as_str()?)?),
        };
        // `Ed25519` is no `alg` that the library knows; what it says was read above.
        members.remove("alg");
        let jwk: Jwk = serde_json::from_value(members.into()).ok()?;
        if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
            return None;
        }
        if jwk.common.key_operations.as_ref().is_some_and(|all| !all.contains(&KeyOperations::Verify)) {
            return None;
        }
        let can: &[SigningAlgorithm] = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => &[
                SigningAlgorithm::RS256,
                SigningAlgorithm::RS384,
                SigningAlgorithm::RS512,
                SigningAlgorithm::PS256,
                SigningAlgorithm::PS384,
                SigningAlgorithm::PS512,
            ],
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
                &[SigningAlgorithm::ES256]
            }
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => {
                &[SigningAlgorithm::ES384]
            }
            AlgorithmParameters::OctetKeyPair(curve) if curve.curve == EllipticCurve::Ed25519 => {
                &[SigningAlgorithm::EdDSA]
            }
            _ => return None,
        };
        let algorithms = match named {
            Some(one) => can.contains(&one).then(|| vec![one])?,
            None => can.to_vec(),
        };
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id, algorithms, key })
    }
}
