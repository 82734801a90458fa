//! Whose a task is, as it is stored.

use crate::scope::Scope;
use diptych_spec::{Capability, Error, Principal, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const CAPABILITIES: [(Capability, &str); 4] = [
    (Capability::Form, "form"),
    (Capability::Url, "url"),
    (Capability::Sampling, "sampling"),
    (Capability::Roots, "roots"),
];

/// What a task is found by: issuer and subject, or null for a caller without credentials.
pub(crate) fn key(principal: Option<&Principal>) -> String {
    let who = principal.map(|who| (who.issuer(), who.subject()));
    serde_json::to_value(who).unwrap_or_default().to_string()
}

/// The scopes that the caller had, which the operation runs with.
pub(super) fn scopes(principal: Option<&Principal>) -> String {
    Value::from(principal.map_or(&[] as &[String], Principal::scopes)).to_string()
}

/// What else is kept of the credentials: whom they were given to, and what they are good for. Their expiry is not: a task outlives
/// the token that it was made with, and the authenticator is asked whether its owner may still act.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<String>>,
    /// Those that the row scope of the operation reads.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    claims: Map<String, Value>,
}

/// The same, written.
pub(super) fn credentials(principal: Option<&Principal>, scope: Option<&Scope>) -> String {
    let kept = Kept {
        client: principal.and_then(Principal::client).map(str::to_owned),
        operations: principal.and_then(Principal::operations).map(<[String]>::to_vec),
        claims: principal.zip(scope).map(|(principal, scope)| scope.kept_claims(principal)).unwrap_or_default(),
    };
    serde_json::to_value(kept).unwrap_or_default().to_string()
}

/// The caller again.
pub(super) fn principal(key: &str, scopes: &str, credentials: &str) -> Result<Option<Principal>> {
    let who: Option<(String, String)> = serde_json::from_str(key).map_err(Error::internal)?;
    let scopes: Vec<String> = serde_json::from_str(scopes).map_err(Error::internal)?;
    let kept: Kept = serde_json::from_str(credentials).map_err(Error::internal)?;
    let Some((issuer, subject)) = who else { return Ok(None) };
    let mut principal = Principal::new(issuer, subject, scopes)?;
    if let Some(client) = kept.client {
        principal = principal.with_client(client);
    }
    if let Some(operations) = kept.operations {
        principal = principal.with_operations(operations);
    }
    if !kept.claims.is_empty() {
        principal = principal.with_claims(kept.claims);
    }
    Ok(Some(principal))
}

/// What the caller can be asked for.
pub(super) fn capabilities(of: &[Capability]) -> String {
    let named = CAPABILITIES.iter().filter(|(capability, _)| of.contains(capability)).map(|(_, name)| *name);
    Value::from_iter(named).to_string()
}

/// The same, read again; names that are not known are passed over.
pub(super) fn read_capabilities(names: &str) -> Vec<Capability> {
    let names: Vec<String> = serde_json::from_str(names).unwrap_or_default();
    CAPABILITIES.iter().filter(|(_, name)| names.iter().any(|own| own == name)).map(|(one, _)| *one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_cannot_be_mistaken_for_each_other() {
        let who = |issuer, subject| Principal::new(issuer, subject, ["b", "a"]).unwrap();
        let keys = [
            key(None),
            key(Some(&who("a", "b"))),
            key(Some(&who("a\",\"b", "c"))),
            key(Some(&who("a", "b\",\"c"))),
            key(Some(&who("", "null"))),
        ];
        for (at, one) in keys.iter().enumerate() {
            assert!(keys[at + 1..].iter().all(|other| other != one), "{one}");
        }
        let again = principal(&keys[1], &scopes(Some(&who("a", "b"))), "{}").unwrap().unwrap();
        assert_eq!((again.issuer(), again.subject(), again.scopes().len()), ("a", "b", 2));
        assert_eq!((again.client(), again.operations()), (None, None));
        assert_eq!(principal("null", "[]", &credentials(None, None)).unwrap(), None);
        let key = who("a", "b").with_client("k").with_operations(["o"]);
        let again = principal(&keys[1], "[]", &credentials(Some(&key), None)).unwrap().unwrap();
        assert_eq!((again.client(), again.operations()), (Some("k"), Some(&["o".to_owned()] as &[_])));
        let nothing = who("a", "b").with_operations([] as [&str; 0]);
        let again = principal(&keys[1], "[]", &credentials(Some(&nothing), None)).unwrap().unwrap();
        assert!(!again.is_good_for("o"), "good for nothing is not good for everything");
        let both = [Capability::Sampling, Capability::Form];
        assert_eq!(read_capabilities(&capabilities(&both)), [Capability::Form, Capability::Sampling]);
    }
}
