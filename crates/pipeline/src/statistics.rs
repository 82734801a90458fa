//! What an application can read of its own calls.

use crate::Engine;

/// Numbers about one operation, since the process started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationStatistics {
    /// The operation's name.
    pub name: String,
    /// How many arguments models wrote as strings where the schema forbids one (`"5"`, `"[1, 2]"`), or as `5.0` for an
    /// integer, and that were taken as meant. A number that grows says that the description of an argument misleads.
    pub mended_arguments: u64,
    /// How often calls were run again after they lost against others, by `.retry(…)`. A number that grows says that services work
    /// on the same rows.
    pub retries: u64,
}

impl Engine {
    /// Numbers about each operation, in order of declaration.
    #[must_use]
    pub fn statistics(&self) -> Vec<OperationStatistics> {
        let operations = self.operations().iter().map(|operation| operation.declaration());
        operations
            .map(|declaration| OperationStatistics {
                name: declaration.name().to_owned(),
                mended_arguments: declaration.arguments().mended(),
                retries: declaration.retried(),
            })
            .collect()
    }
}
