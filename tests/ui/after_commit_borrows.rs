//! `after_commit` with what is gone by then.

use diptych::{Result, Tx, service};

#[service("notes.add")]
async fn add(tx: &mut Tx, #[arg] text: String) -> Result<()> {
    tx.after_commit(async { drop(text.as_str()) });
    Ok(())
}

fn main() {}
