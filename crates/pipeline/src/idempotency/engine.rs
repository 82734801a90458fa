//! What an engine does with idempotency keys.

use crate::Engine;
use diptych_spec::Result;

impl Engine {
    /// Makes sure that there is a table for idempotency keys, if there is a service.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn migrate_idempotency(&self) -> Result<()> {
        self.keys().migrate().await
    }

    /// Begins to remove keys that have expired, on the runtime that this is called on, until nobody has the engine any more. Once is
    /// enough.
    pub fn start_idempotency(&self) {
        self.keys().start();
    }

    /// Removes up to 1,000 keys that have expired, and says how many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn purge_idempotency(&self) -> Result<u64> {
        self.keys().purge().await
    }
}
