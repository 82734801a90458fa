//! A transaction in a selector made with `from_fn`.

use diptych::{AnswerValue, Anyone, Operations, Result, SelectorSpec, Tx};

async fn count(_tx: &mut Tx) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(0))
}

fn main() {
    let _ = Operations::new().add(SelectorSpec::from_fn("notes.count", count).allow(Anyone));
}
