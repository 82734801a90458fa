//! A step that is called with another input than its function takes.

use diptych::{Chain, Input, Result, Tx, service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

#[derive(Clone, Serialize, Deserialize, JsonSchema, Validate)]
struct NewInvoice {
    number: String,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema, Validate)]
struct Issue {
    number: String,
}

#[service("invoices.create")]
async fn create_invoice(_tx: &mut Tx, _new: Input<NewInvoice>) -> Result<i64> {
    Ok(1)
}

fn main() {
    let _ = Chain::of::<Issue>().then::<create_invoice, _>(|issue, ()| Input(issue.clone()));
}
