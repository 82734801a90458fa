//! What can go wrong, in the words of the domain.

use diptych::{Error, ServiceError};

/// Why an invoice was not changed.
#[derive(Debug, ServiceError)]
pub enum InvoiceError {
    /// The invoice's lines add up to more than is allowed.
    #[problem(conflict, code = "amount_too_large", detail = "an invoice is at most {max} cents, this one is {got}")]
    TooLarge {
        /// What is allowed.
        max: i64,
        /// What it would be.
        got: i64,
    },
    /// More was paid than is due.
    #[problem(conflict, code = "overpaid", detail = "only {due} cents are due")]
    Overpaid {
        /// What is still due.
        due: i64,
    },
    /// The customer of a new invoice is not there.
    #[problem(conflict, code = "no_such_customer", detail = "there is no such customer; create it first")]
    NoSuchCustomer,
    /// The user did not confirm what can not be undone.
    #[problem(conflict, code = "not_confirmed", detail = "the invoice is still there: nobody confirmed to delete it")]
    NotConfirmed,
    /// Anything else: the database, for one.
    #[problem(transparent)]
    Other(Error),
}
