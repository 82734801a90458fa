//! What an engine does with its outbox.

use super::{DeadLetters, Outgoing};
use crate::Engine;
use diptych_spec::Result;

/// Numbers about the messages of one topic, since the process started; of those that it handles itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxStatistics {
    /// The topic.
    pub topic: String,
    /// How many messages were handled.
    pub delivered: u64,
    /// How often one failed.
    pub failed: u64,
    /// How many were given up, and are dead letters.
    pub dead: u64,
}

impl Engine {
    /// Where messages are sent, if there is an outbox.
    #[must_use]
    pub fn outgoing(&self) -> Option<Outgoing> {
        self.messages().map(|messages| messages.outgoing())
    }

    /// The messages that were given up, if there is an outbox.
    #[must_use]
    pub fn dead_letters(&self) -> Option<DeadLetters> {
        self.messages().map(|messages| messages.dead_letters())
    }

    /// Makes sure that there is a table for messages, if there is an outbox.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn migrate_outbox(&self) -> Result<()> {
        match self.messages() {
            Some(messages) => messages.migrate().await,
            None => Ok(()),
        }
    }

    /// Begins to handle messages, and to remove old ones, on the runtime that this is called on. Once is enough.
    pub fn start_outbox(&self) {
        if let Some(messages) = self.messages() {
            messages.work(self.downgrade());
        }
    }

    /// Takes no more messages, and waits for those that are being handled. The others wait in the database.
    pub async fn stop_outbox(&self) {
        if let Some(messages) = self.messages() {
            messages.stop().await;
        }
    }

    /// Numbers about each topic that is handled here, in order of declaration.
    #[must_use]
    pub fn outbox_statistics(&self) -> Vec<OutboxStatistics> {
        let handlers = self.messages().map(|messages| messages.handlers()).unwrap_or_default();
        let numbers = |handler: &super::handler::Registered| {
            let [delivered, failed, dead] = handler.counters.read();
            OutboxStatistics { topic: handler.topic().to_owned(), delivered, failed, dead }
        };
        handlers.iter().map(numbers).collect()
    }
}
