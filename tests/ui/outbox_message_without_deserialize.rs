//! `OutboxMessage` for a type that its handler could not read.

use diptych::OutboxMessage;
use serde::Serialize;

#[derive(Serialize)]
struct Paid;

impl OutboxMessage for Paid {
    const TOPIC: &'static str = "paid";
}

fn main() {}
