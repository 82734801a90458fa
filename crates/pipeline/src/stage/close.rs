//! Stage 10: COMMIT or ROLLBACK. Outside every deadline and cancellation: a COMMIT that was sent runs to its end, and only
//! then does anything leave.

use super::present::Presented;
use crate::db::Tx;
use bytes::Bytes;
use diptych_spec::Result;

pub(crate) async fn transaction(tx: Tx, presented: Result<Presented>) -> Result<Bytes> {
    match presented {
        Ok(Presented { json }) => {
            tx.commit().await?;
            Ok(json)
        }
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}
