//! Drafts, sent together.

use super::{
    invoice::{Invoice, Status, is_draft},
    owner::Owner,
    view::now,
};
use diptych::{Filter, Instances, OneOf, Operations, POST, Result, Scope, Select, Tx, query, selector, service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which drafts.
#[derive(Debug, Deserialize, JsonSchema, Filter)]
pub struct DraftFilter {
    /// These; each has to be a draft of yours.
    #[filter(column = "id")]
    ids: Option<OneOf<Uuid>>,
    /// Only this customer's.
    customer_id: Option<Uuid>,
}

/// Drafts that were sent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Sent {
    /// Their numbers.
    numbers: Vec<String>,
}

/// Your drafts.
#[selector("drafts.list")]
pub async fn drafts(owner: &Owner) -> Result<Select<Invoice>> {
    Ok(Select::sql(
        "SELECT id, customer_id, number, status, amount_cents, paid_cents, due_on, created_at, version
         FROM invoices WHERE owner = $1 AND status = 'draft'",
    )
    .bind(owner.text()))
}

/// Send your drafts to their customers: all of them, or those that are chosen. They can not be amended afterwards.
#[service("drafts.send")]
pub async fn send_drafts(tx: &mut Tx, Instances(drafts): Instances<Invoice>) -> Result<Sent> {
    let sent_at = now();
    let mut numbers = Vec::with_capacity(drafts.len());
    for draft in drafts {
        query("UPDATE invoices SET status = $2, sent_at = $3, version = version + 1 WHERE id = $1")
            .bind(draft.id)
            .bind(Status::Sent)
            .bind(sent_at)
            .execute(tx)
            .await?;
        numbers.push(draft.number);
    }
    Ok(Sent { numbers })
}

pub(super) fn operations() -> Operations {
    Operations::new().add(
        send_drafts::spec()
            .allow(Scope("invoices:write"))
            .targets(drafts::spec().filter::<DraftFilter>().max_rows(100))
            .require("not_a_draft", "only a draft can be sent", is_draft)
            .rest(POST, "/drafts/send"),
    )
}
