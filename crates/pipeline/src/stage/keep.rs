//! Between stages 9 and 10: what the caller has kept in the same transaction, now that the answer is known. Of a dry run that is
//! nothing.

use super::present::Presented;
use crate::{BeforeCommit, audit::Record, db::Tx};
use diptych_spec::Result;

/// An answer, and in the transaction what belongs to it.
pub(crate) struct Kept {
    pub(super) presented: Presented,
}

/// The row of the audit trail comes last: it says how long everything before took.
pub(crate) async fn with_answer(
    tx: &mut Tx,
    presented: Presented,
    keeper: Option<&dyn BeforeCommit>,
    record: Option<&mut Record>,
) -> Result<Kept> {
    if let Some(keeper) = keeper {
        keeper.before_commit(tx, presented.text()).await?;
    }
    if let Some(record) = record {
        record.commit_with(tx, presented.effect).await?;
    }
    Ok(Kept { presented })
}

/// What a dry run answers, if COMMIT would have been sent and would not have been refused.
pub(crate) async fn nothing(tx: &mut Tx, presented: Presented, record: Option<&mut Record>) -> Result<Kept> {
    tx.check().await?;
    if let Some(record) = record {
        record.is_of_dry_run();
    }
    Ok(Kept { presented: presented.tried() })
}
