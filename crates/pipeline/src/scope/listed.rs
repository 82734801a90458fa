//! What the row scopes of an engine come to, for people who look after it.

use crate::Engine;

/// An operation, and whose rows it works on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationScope {
    /// The operation's name.
    pub operation: String,
    /// Whose rows.
    pub rows: RowScoping,
}

/// Whose rows an operation works on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowScoping {
    /// Those whose column holds what was found for the caller.
    Column(&'static str),
    /// Everybody's, for this reason: `.unscoped("…")`.
    Unscoped(String),
    /// Everybody's: its operations have no row scope.
    None,
}

impl Engine {
    /// Whose rows each operation works on, in order of declaration.
    #[must_use]
    pub fn row_scopes(&self) -> Vec<OperationScope> {
        let listed = self.operations().iter().map(|operation| {
            let declaration = operation.declaration();
            let rows = match (operation.scope(), declaration.unscoped()) {
                (Some(scope), _) => RowScoping::Column(scope.column()),
                (None, Some(why)) => RowScoping::Unscoped(why.to_owned()),
                (None, None) => RowScoping::None,
            };
            OperationScope { operation: declaration.name().to_owned(), rows }
        });
        listed.collect()
    }
}
