//! An `Option` for a column that may be NULL: leave it, or clear it?

use diptych::{Result, Tx, update};

async fn change(tx: &mut Tx, old: Option<String>, note: Option<String>) -> Result<()> {
    update("notes").key("id", 1i64).set("note", &old, note).execute(tx).await?;
    Ok(())
}

fn main() {
    let _ = change;
}
