//! Invoices that are created and sent in one go.

use super::{
    changes::{NewInvoice, create_invoice, send_invoice},
    invoice::InvoiceView,
};
use diptych::{Chain, Input, Operations, POST, ServiceSpec};
use serde_json::json;

pub(super) fn operations() -> Operations {
    let issue = Chain::of::<NewInvoice>()
        .then::<create_invoice, _>(|new, ()| Input(new.clone()))
        .then::<send_invoice, _>(|_, (id,)| json!({"id": id}));
    // Who may do both may do this. What either of them declares to change is told.
    Operations::new().add(
        ServiceSpec::new("invoices.issue", "Create an invoice and send it at once.", issue)
            .present::<InvoiceView>()
            .rest(POST, "/issued-invoices")
            .creates("/invoices/{id}"),
    )
}
