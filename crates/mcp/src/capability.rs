//! What a client can be asked for, as it declared (2026-07-28, `ClientCapabilities`).

use crate::object::{self, Members};
use crate::tasks;
use diptych_spec::Capability;
use serde_json::{Value, json};

/// The capabilities that a client declared: in each request of the new era, once per session before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Capabilities {
    form: bool,
    url: bool,
    sampling: bool,
    roots: bool,
    /// The extension of tasks (SEP-2663).
    pub(crate) tasks: bool,
}

impl Capabilities {
    /// Reads `capabilities`; what is not an object declares nothing.
    pub(crate) fn read(json: &str) -> Self {
        let Ok(declared) = Members::read(json) else { return Self::default() };
        let modes = declared.get("elicitation").and_then(|modes| Members::read(modes.get()).ok());
        let mode = |name| modes.as_ref().is_some_and(|modes| modes.get(name).is_some());
        let extensions = declared.get("extensions").and_then(|extensions| Members::read(extensions.get()).ok());
        Self {
            // `{}` means forms, which is all there was (2025-11-25, client/elicitation, Capabilities).
            form: modes.is_some() && (mode("form") || !mode("url")),
            url: mode("url"),
            sampling: declared.get("sampling").is_some(),
            roots: declared.get("roots").is_some(),
            tasks: extensions.is_some_and(|extensions| extensions.get(tasks::EXTENSION).is_some_and(object::is_object)),
        }
    }

    /// What the client can be asked for.
    pub(crate) fn list(self) -> Vec<Capability> {
        let all = [Capability::Form, Capability::Url, Capability::Sampling, Capability::Roots];
        all.into_iter().filter(|capability| self.can(*capability)).collect()
    }

    pub(crate) fn can(self, capability: Capability) -> bool {
        match capability {
            Capability::Form => self.form,
            Capability::Url => self.url,
            Capability::Sampling => self.sampling,
            Capability::Roots => self.roots,
            _ => false,
        }
    }
}

/// These capabilities, as a client declares them.
pub(crate) fn declaration(of: impl Iterator<Item = Capability>) -> Value {
    let mut declared = json!({});
    for capability in of {
        match capability {
            Capability::Form => declared["elicitation"]["form"] = json!({}),
            Capability::Url => declared["elicitation"]["url"] = json!({}),
            Capability::Sampling => declared["sampling"] = json!({}),
            Capability::Roots => declared["roots"] = json!({}),
            _ => {}
        }
    }
    declared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_elicitation_means_forms() {
        let can = |json: &str| {
            let declared = Capabilities::read(json);
            [Capability::Form, Capability::Url, Capability::Sampling, Capability::Roots].map(|one| declared.can(one))
        };
        for (json, expected) in [
            ("{}", [false, false, false, false]),
            ("[]", [false, false, false, false]),
            (r#"{"elicitation":{}}"#, [true, false, false, false]),
            (r#"{"elicitation":{"form":{}}}"#, [true, false, false, false]),
            (r#"{"elicitation":{"url":{}}}"#, [false, true, false, false]),
            (r#"{"elicitation":{"url":{},"form":{}},"roots":{}}"#, [true, true, false, true]),
            (r#"{"sampling":{"tools":{}}}"#, [false, false, true, false]),
        ] {
            assert_eq!(can(json), expected, "{json}");
        }
        let all = [Capability::Form, Capability::Url, Capability::Sampling, Capability::Roots];
        let declared = declaration(all.into_iter());
        assert_eq!(declared, json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}));
    }
}
