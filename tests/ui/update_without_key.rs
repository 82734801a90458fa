//! An update that does not say of which row.

use diptych::{Result, Tx, update};

async fn change(tx: &mut Tx, old: String, title: Option<String>) -> Result<()> {
    update("notes").set("title", &old, title).execute(tx).await?;
    Ok(())
}

fn main() {
    let _ = change;
}
