//! Stage 10: COMMIT or ROLLBACK. Outside every deadline and cancellation: a COMMIT that was sent runs to its end, and only
//! then does anything leave.

use super::keep::Kept;
use crate::db::Tx;
use bytes::Bytes;
use diptych_spec::Result;

pub(crate) async fn transaction(tx: Tx, kept: Result<Kept>) -> Result<Bytes> {
    match kept {
        Ok(Kept { presented }) => {
            tx.commit().await?;
            Ok(presented.into_json())
        }
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}
