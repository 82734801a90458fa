//! What the builder is told of work that no caller waits for.

use super::MCPServerBuilder;
use diptych_pipeline::Outbox;

impl MCPServerBuilder {
    /// How many tasks this process works on at a time; 4. With 0 it leaves them to other processes on the same database.
    pub fn task_workers(mut self, workers: usize) -> Self {
        self.settings.tasks.workers = workers;
        self
    }

    /// Messages that services send in their own transactions, with [`crate::Outgoing`], and who handles them. Without, nothing can be
    /// sent.
    ///
    /// ```
    /// use diptych::{Delivery, MCPServer, Outbox, OutboxMessage, Result};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct InvoicePaid {
    ///     number: String,
    /// }
    ///
    /// impl OutboxMessage for InvoicePaid {
    ///     const TOPIC: &'static str = "invoice.paid";
    /// }
    ///
    /// async fn mail_receipt(paid: Delivery<InvoicePaid>) -> Result<()> {
    ///     println!("a receipt for {}, once: {}", paid.number, paid.id());
    ///     Ok(())
    /// }
    ///
    /// let server = MCPServer::builder("app", "1.0.0").outbox(Outbox::new().handle(mail_receipt));
    /// # let _ = server;
    /// ```
    pub fn outbox(mut self, outbox: Outbox) -> Self {
        self.outbox = Some(outbox);
        self
    }
}
