//! A future that is not `Send`.

use diptych::{Result, Tx, query, service};
use std::rc::Rc;

#[service("notes.add")]
async fn add(tx: &mut Tx) -> Result<()> {
    let counter = Rc::new(1);
    query("INSERT INTO notes (text) VALUES ('')").execute(tx).await?;
    drop(counter);
    Ok(())
}

fn main() {}
