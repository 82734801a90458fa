//! Stage 10: COMMIT or ROLLBACK. Outside every deadline and cancellation: a COMMIT that was sent runs to its end, and only
//! then does anything leave, or begin that was left to be done after it.

use super::keep::Kept;
use crate::{
    Outcome,
    db::{Conn, Tx},
    outcome::Effect,
};
use diptych_spec::{Declaration, Result};

pub(crate) async fn transaction(declaration: &Declaration, tx: Tx, kept: Result<Kept>) -> Result<Outcome> {
    let presented = match kept {
        Ok(Kept { presented }) => presented,
        Err(error) => {
            tx.rollback().await;
            return Err(error);
        }
    };
    match presented.effect {
        Effect::Tried => tx.rollback().await,
        Effect::Done | Effect::DoneBefore => tx.commit_of(declaration.name()).await?,
    }
    Ok(presented.into_outcome())
}

/// Gives the connection of a selector back. One that was dropped half-way closes.
pub(crate) async fn connection(conn: Conn) {
    conn.end_reading().await;
}
