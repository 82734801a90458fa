//! Which operations are there, while the server runs.

use crate::{Change, Changes, Operation};
use diptych_spec::{Call, Error, FromCall, Result};
use std::{fmt, sync::Arc};

/// Switches operations on and off while the server runs. One that is off is not found, on every surface, is in no list, and is
/// included nowhere; clients that listen are told that a list changed. A handler takes it as an argument.
///
/// In this process only; an operation that starts switched off says `.enabled(false)`.
#[derive(Clone)]
pub struct Catalogue {
    operations: Arc<[Operation]>,
    changes: Changes,
}

impl Catalogue {
    pub(crate) fn new(operations: Arc<[Operation]>, changes: Changes) -> Self {
        Self { operations, changes }
    }

    /// Switches an operation on.
    ///
    /// # Errors
    /// Not found: no operation of this name is declared.
    pub fn enable(&self, name: &str) -> Result<()> {
        self.switch(name, true)
    }

    /// Switches an operation off. Calls that run already go on.
    ///
    /// # Errors
    /// Not found: no operation of this name is declared.
    pub fn disable(&self, name: &str) -> Result<()> {
        self.switch(name, false)
    }

    /// Whether an operation is declared and switched on.
    #[must_use]
    pub fn is_enabled(&self, name: &str) -> bool {
        self.find(name).is_some_and(|operation| operation.declaration().is_enabled())
    }

    fn switch(&self, name: &str, enabled: bool) -> Result<()> {
        let operation = self.find(name).ok_or_else(|| Error::not_found(format!("there is no operation `{name}`")))?;
        if operation.declaration().set_enabled(enabled) {
            // A chain is only there with all of its steps.
            let has_it = |other: &&Operation| other.declaration().steps().any(|step| step == name);
            let with_it = self.operations.iter().filter(has_it);
            let mut told = Vec::new();
            for list in std::iter::once(operation).chain(with_it).flat_map(Operation::lists) {
                if !told.contains(&list) {
                    told.push(list.clone());
                    self.changes.publish(list);
                }
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.declaration().name() == name)
    }
}

impl Operation {
    /// The lists that it is in.
    fn lists(&self) -> impl Iterator<Item = Change> {
        let declaration = self.declaration();
        let prompt = self.is_prompt().then_some(Change::Prompts);
        let tool = declaration.is_tool().then_some(Change::Tools);
        let resource = declaration.resource().map(|_| Change::Resources);
        [prompt, tool, resource].into_iter().flatten()
    }
}

impl FromCall for Catalogue {
    async fn from_call(call: &mut Call) -> Result<Self> {
        let catalogue = call.state::<Self>().map(|catalogue| (*catalogue).clone());
        catalogue.ok_or_else(|| Error::internal("the engine has no catalogue"))
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue").field("operations", &self.operations.len()).finish_non_exhaustive()
    }
}
