//! `from_fn` with a future that is not `Send`.

use diptych::{Anyone, Operations, Result, ServiceSpec, Tx, query};
use std::rc::Rc;

async fn add(tx: &mut Tx) -> Result<()> {
    let counter = Rc::new(1);
    query("INSERT INTO notes (text) VALUES ('')").execute(tx).await?;
    drop(counter);
    Ok(())
}

fn main() {
    let _ = Operations::new().add(ServiceSpec::from_fn("notes.add", add).allow(Anyone));
}
