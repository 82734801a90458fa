//! A closure that is declared a prompt and answers a number.

use diptych::{Anyone, Conn, Operations, PromptSpec, Result};

fn main() {
    let spec = PromptSpec::from_fn("notes.summary", async |_: &mut Conn| -> Result<i64> { Ok(0) });
    let _ = Operations::new().add(spec.allow(Anyone));
}
