//! A service is still a function: it can be called, and from another one.

#![deny(warnings)]

use diptych::{Db, Error, Result, Tx, query, query_scalar, service};

#[service("notes.add")]
async fn add(tx: &mut Tx, #[arg] text: &str) -> Result<i64> {
    query("INSERT INTO notes (text) VALUES ($1)").bind(text).execute(tx).await?;
    query_scalar("SELECT COUNT(*) FROM notes").one(tx).await
}

#[service("notes.add_two")]
async fn add_two(tx: &mut Tx, #[arg] text: String) -> Result<i64> {
    add(tx, &text).await?;
    add(tx, &text).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let file = std::env::temp_dir().join(format!("diptych-ui-{}.db", std::process::id()));
    let db = Db::connect(&format!("sqlite://{}", file.display())).await?;
    let mut tx = db.begin().await?;
    query("CREATE TABLE notes (text TEXT NOT NULL)").execute(&mut tx).await?;
    assert_eq!(add_two(&mut tx, "twice".to_owned()).await?, 2);
    assert_eq!(add_two::spec().into_parts().0.name(), "notes.add_two");
    tx.rollback().await;
    db.close().await;
    let _ = std::fs::remove_file(file);
    Ok(())
}
