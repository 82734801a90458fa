//! Where messages are sent.

use super::{message::Written, message::is_topic, shared::Shared, store};
use crate::{OutboxMessage, db::Tx};
use diptych_spec::{Call, Error, FromCall, Result, Signature};
use std::{fmt, future::Future, sync::Arc};
use uuid::Uuid;

/// Sends messages through the outbox. A service takes it as an argument, and the rest of an application gets it from the engine.
///
/// ```
/// # use diptych_pipeline::{Outgoing, OutboxMessage, Tx, query};
/// # use diptych_spec::Result;
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct InvoicePaid { number: String }
/// # impl OutboxMessage for InvoicePaid { const TOPIC: &'static str = "invoice.paid"; }
/// async fn pay(tx: &mut Tx, number: String, outgoing: &Outgoing) -> Result<()> {
///     query("UPDATE invoices SET paid = TRUE WHERE number = $1").bind(&number).execute(tx).await?;
///     outgoing.send(tx, &InvoicePaid { number }).await?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Outgoing(pub(super) Arc<Shared>);

impl Outgoing {
    /// Sends a message, in this transaction: it is there exactly when what was done in the transaction is, and is handled soon after
    /// COMMIT. Gives the id that its handler sees.
    ///
    /// # Errors
    /// Too large, `message_too_large`; an internal error for a message that cannot be written as JSON or whose key is no key; those
    /// of the database.
    pub fn send<'t, M: OutboxMessage>(
        &'t self,
        tx: &'t mut Tx,
        message: &M,
    ) -> impl Future<Output = Result<Uuid>> + Send + use<'t, M> {
        const { assert!(is_topic(M::TOPIC), "a TOPIC is 1 to 64 characters of A-Z a-z 0-9 _ - .") };
        // Not in the future: the message need not be shared between threads.
        let written = Written::of(message, self.0.outbox.max_bytes);
        async move {
            let id = Uuid::now_v7();
            store::insert(tx, id, M::TOPIC, written?).await?;
            tx.wake_after_commit(&self.0.wake);
            Ok(id)
        }
    }
}

impl FromCall for Outgoing {
    fn describe(signature: &mut Signature) {
        signature
            .provided::<Self>("sends messages, but there is no outbox; add `.outbox(Outbox::new())` to the server");
    }

    async fn from_call(call: &mut Call) -> Result<Self> {
        call.state::<Self>().map(|outgoing| (*outgoing).clone()).ok_or_else(|| Error::internal("there is no outbox"))
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").finish_non_exhaustive()
    }
}
