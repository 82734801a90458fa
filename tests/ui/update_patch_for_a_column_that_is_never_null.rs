//! A `Patch` for a column that is never NULL: there is nothing to clear it to.

use diptych::{Patch, Result, Tx, update};

async fn change(tx: &mut Tx, old: String, title: Patch<String>) -> Result<()> {
    update("notes").key("id", 1i64).set("title", &old, title).execute(tx).await?;
    Ok(())
}

fn main() {
    let _ = change;
}
