//! Deleting a draft, which the user has to confirm.

use super::{
    InvoiceError,
    invoice::{Invoice, invoice_row, is_draft},
    view::amount,
};
use diptych::{Ask, DELETE, Elicited, Instance, Operations, Result, Scope, Tx, query, service};
use schemars::JsonSchema;
use serde::Deserialize;

/// What is asked before a draft is deleted.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// Delete it for good?
    sure: bool,
}

/// Delete a draft for good. The user is asked to confirm.
#[service("invoices.delete")]
pub async fn delete_invoice(tx: &mut Tx, Instance(invoice): Instance<Invoice>, ask: Ask) -> Result<(), InvoiceError> {
    let what = format!("Invoice {} of {} is deleted for good.", invoice.number, amount(invoice.amount_cents));
    let Elicited::Accepted(Confirmation { sure: true }) = ask.form("sure", what)? else {
        return Err(InvoiceError::NotConfirmed);
    };
    query("DELETE FROM invoices WHERE id = $1").bind(invoice.id).execute(tx).await?;
    Ok(())
}

pub(super) fn operations() -> Operations {
    Operations::new().add(
        delete_invoice::spec()
            .allow(Scope("invoices:write"))
            .target(invoice_row::spec())
            .require("not_a_draft", "only a draft can be deleted", is_draft)
            .destructive(true)
            .rest(DELETE, "/invoices/{id}"),
    )
}
