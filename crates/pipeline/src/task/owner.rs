//! Whose a task is, as it is stored.

use diptych_spec::{Capability, Principal, Result};
use serde_json::Value;

const CAPABILITIES: [(Capability, &str); 4] = [
    (Capability::Form, "form"),
    (Capability::Url, "url"),
    (Capability::Sampling, "sampling"),
    (Capability::Roots, "roots"),
];

/// What a task is found by: issuer and subject, or null for a caller without credentials.
pub(super) fn key(principal: Option<&Principal>) -> String {
    let who = principal.map(|who| (who.issuer(), who.subject()));
    serde_json::to_value(who).unwrap_or_default().to_string()
}

/// The scopes that the caller had, which the operation runs with.
pub(super) fn scopes(principal: Option<&Principal>) -> String {
    Value::from(principal.map_or(&[] as &[String], Principal::scopes)).to_string()
}

/// The caller again.
pub(super) fn principal(key: &str, scopes: &str) -> Result<Option<Principal>> {
    let who: Option<(String, String)> = serde_json::from_str(key).map_err(diptych_spec::Error::internal)?;
    let scopes: Vec<String> = serde_json::from_str(scopes).map_err(diptych_spec::Error::internal)?;
    who.map(|(issuer, subject)| Principal::new(issuer, subject, scopes)).transpose()
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
        let again = principal(&keys[1], &scopes(Some(&who("a", "b")))).unwrap().unwrap();
        assert_eq!((again.issuer(), again.subject(), again.scopes().len()), ("a", "b", 2));
        assert_eq!(principal("null", "[]").unwrap(), None);
        let both = [Capability::Sampling, Capability::Form];
        assert_eq!(read_capabilities(&capabilities(&both)), [Capability::Form, Capability::Sampling]);
    }
}
