//! Between stages 9 and 10: what the caller has kept in the same transaction, now that the answer is known.

use super::present::Presented;
use crate::{BeforeCommit, db::Tx};
use diptych_spec::Result;

/// An answer, and in the transaction what belongs to it.
pub(crate) struct Kept {
    pub(super) presented: Presented,
}

pub(crate) async fn with_answer(tx: &mut Tx, presented: Presented, keeper: Option<&dyn BeforeCommit>) -> Result<Kept> {
    if let Some(keeper) = keeper {
        // What serde_json wrote is UTF-8.
        keeper.before_commit(tx, str::from_utf8(&presented.json).unwrap_or("null")).await?;
    }
    Ok(Kept { presented })
}
