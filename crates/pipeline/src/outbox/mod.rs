//! The outbox: messages that a service sends in its own transaction, kept in the application's database and handled by workers.
//!
//! A message is a row. It is there exactly when what it tells of was committed. A worker of any process claims it under a lease and
//! gives it to the handler of its topic, again and again until that succeeds, or until it is a dead letter. A handler that is lent a
//! transaction has the message marked as handled in that transaction, under the lease: so its effect happens once (ADR 0031).

mod dead;
mod deliver;
mod delivery;
mod engine;
mod handler;
mod message;
mod outgoing;
mod schema;
mod settings;
mod shared;
mod store;
mod worker;

pub use dead::DeadLetter;
pub use dead::DeadLetters;
pub use delivery::Delivery;
pub use engine::OutboxStatistics;
pub use handler::HandlesMessages;
pub use message::OutboxMessage;
pub use outgoing::Outgoing;
pub use settings::Outbox;
pub(crate) use shared::Messages;
