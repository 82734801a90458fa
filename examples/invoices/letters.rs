//! Letters: a prompt that has a model write one, with the invoice at hand.

use super::{
    invoice::{DetailView, Status, get_invoice},
    owner::Owner,
};
use diptych::{Conn, EmbeddedResource, Error, Message, Messages, Operations, Result, Scope, prompt, query_scalar};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

/// How a letter is worded.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// It may have been overlooked.
    Friendly,
    /// It is late.
    Firm,
    /// The last one before legal steps.
    Final,
}

impl Tone {
    fn words(self) -> &'static str {
        match self {
            Self::Friendly => "Be friendly: it may have been overlooked.",
            Self::Firm => "Be firm and polite: it is late.",
            Self::Final => "Be formal: it is the last letter before legal steps.",
        }
    }
}

/// Write a letter that reminds a customer of an invoice that is not paid.
#[prompt("dunning_letter")]
pub async fn dunning_letter(
    db: &mut Conn,
    /// The invoice's number.
    #[arg]
    number: String,
    /// How it is worded; friendly unless said otherwise.
    #[arg]
    tone: Option<Tone>,
    owner: &Owner,
) -> Result<Messages> {
    let id: Option<Uuid> = query_scalar("SELECT id FROM invoices WHERE number = $1 AND owner = $2")
        .bind(&number)
        .bind(owner.text())
        .optional(db)
        .await?;
    let missing = || Error::not_found("there is no invoice of this number");
    let id = id.ok_or_else(missing)?;
    let detail = get_invoice(db, id, owner).await?.ok_or_else(missing)?;
    if detail.status() != Status::Sent {
        return Err(Error::conflict("not_open", "only an invoice that was sent and is not paid yet is reminded of"));
    }
    let json = serde_json::to_string_pretty(&DetailView::from(detail)).map_err(Error::internal)?;
    let tone = tone.unwrap_or(Tone::Friendly).words();
    Ok(Messages::new()
        .description(format!("A letter about invoice {number}"))
        .and(Message::user(format!(
            "Write a letter to the customer of this invoice, which is not paid. {tone} Name the number, the amount that is still due and the date it was due."
        )))
        .and(Message::user(EmbeddedResource::text(format!("invoices://{id}"), "application/json", json))))
}

pub(super) fn operations() -> Operations {
    Operations::new().add(dunning_letter::spec().title("Dunning letter").allow(Scope("invoices:read")).complete_from(
        "number",
        "invoices.list",
        "number",
    ))
}
