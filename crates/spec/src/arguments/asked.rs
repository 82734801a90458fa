//! Which rows a list was asked for, apart from where among them: what a cursor is bound to.

use super::{split::Given, table::Argument};
use crate::Owner;
use serde_json::Value;

/// The arguments of a call but for order and page, as text: the same for the same arguments on every surface.
#[derive(Default, PartialEq, Eq)]
pub struct Asked(pub String);

impl Asked {
    pub(super) fn of(arguments: &[Argument], given: &Given<'_>) -> Self {
        let declared = arguments.iter().zip(&given.slots);
        let declared = declared.filter(|(argument, _)| !matches!(argument.owner, Owner::Order | Owner::Page));
        let declared = declared.filter_map(|(argument, slot)| Some((&*argument.name, slot.as_deref()?)));
        let extra = given.extra.iter().map(|(name, json)| (&**name, *json));
        let mut members: Vec<_> = declared.chain(extra).collect();
        members.sort_unstable();
        // Read and written again, spaces and escapes do not matter.
        let member = |(name, json): (&str, &str)| {
            let value = serde_json::from_str::<Value>(json).unwrap_or_default();
            format!("{}:{value}", Value::from(name))
        };
        Self(members.into_iter().map(member).collect::<Vec<_>>().join(","))
    }
}

/// Only its length: it is a caller's.
impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({} bytes)", self.0.len())
    }
}
