//! The application: what it declares, its migrations and its first data.

mod changes;
mod customers;
mod deletion;
mod drafts;
mod errors;
mod invoice;
mod issuing;
mod letters;
mod login;
mod means;
mod owner;
mod payments;
mod receipts;
mod reminders;
mod reports;
mod seed;
mod view;

pub use errors::InvoiceError;
pub use login::{LoginError, login};
pub use receipts::outbox;
pub use seed::seed;

use diptych::{Migrations, Operations, migrations};

/// What the application allows at most.
#[derive(Debug)]
pub struct Limits {
    /// The largest invoice, in cents.
    pub max_cents: i64,
}

/// Everything the application offers.
pub fn operations() -> Operations {
    Operations::new()
        .merge(customers::operations())
        .merge(changes::operations())
        .merge(invoice::operations())
        .merge(issuing::operations())
        .merge(deletion::operations())
        .merge(drafts::operations())
        .merge(payments::operations())
        .merge(reports::operations())
        .merge(reminders::operations())
        .merge(letters::operations())
}

/// Its tables, for each database.
pub fn migrations() -> Migrations {
    migrations!("../migrations/invoices")
}
