//! A message whose content is a number.

use diptych::{Message, Result, prompt};

#[prompt("notes.summary")]
async fn summary() -> Result<Message> {
    Ok(Message::user(7))
}

fn main() {}
