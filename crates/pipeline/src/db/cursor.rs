//! Rows read one after the other, as fast as somebody takes them, and never all at once.
//!
//! From the first row on the connection is busy, until the database has said that there are no more: one that is left in between, because
//! nobody takes rows any more, is closed and its statement ended, never given back half-read (ADR 0040).

#[cfg(feature = "mysql")]
use super::placeholders;
use super::{
    Conn,
    connection::Driver,
    db_error, encode,
    record::AnyRow,
    statement::{Statement, audited},
};
use crate::trace;
use bytes::Bytes;
use diptych_spec::{Error, ErrorKind, Result};
use futures_util::{FutureExt as _, TryStreamExt as _};
use std::pin::pin;
use tokio::sync::mpsc;
use tracing::Instrument as _;

/// Where parts of an answer go. It is full after a few, and then whoever fills it waits.
pub(crate) type Sink = mpsc::Sender<Result<Bytes>>;

/// Nobody takes what is read.
pub(crate) fn gone<T>(_: T) -> Error {
    Error::new(ErrorKind::Cancelled, "cancelled", "the caller withdrew the call")
}

/// Reads from whichever driver is inside.
macro_rules! pour {
    ($held:ident, $encode:path, $row:path, $statement:expr, $sink:expr, $take:expr) => {{
        // Not kept: the connection is not either.
        let query = sqlx::query_with(audited($statement.sql), $encode($statement.values)?).persistent(false);
        $held.sending();
        let ended = {
            let mut rows = query.fetch($held.raw());
            loop {
                let part = match rows.try_next().await {
                    Ok(Some(row)) => $take($row(&row)),
                    Ok(None) => break Ok(Ok(())),
                    Err(error) => break Err(error),
                };
                match part {
                    Ok(None) => {}
                    Ok(Some(part)) => {
                        if let Err(error) = $sink.send(Ok(part)).await.map_err(gone) {
                            break Ok(Err(error));
                        }
                    }
                    Err(error) => break Ok(Err(error)),
                }
            }
        };
        match ended {
            // Left in between: what is under way stays so.
            Ok(Err(error)) => Err(error),
            ended => {
                $held.replied(&ended);
                ended.map(drop).map_err(db_error)
            }
        }
    }};
}

impl Statement {
    /// Hands each row to `take`, and what that makes of several on to `sink`.
    ///
    /// # Errors
    /// Those of the statement, and of `take`; cancelled, when nobody is at the other end of `sink`.
    pub(crate) async fn pour(
        self,
        conn: &mut Conn,
        sink: &Sink,
        mut take: impl FnMut(AnyRow<'_>) -> Result<Option<Bytes>>,
    ) -> Result<()> {
        let span = trace::statement(conn.backend(), &self.sql);
        let pouring = pin!(async {
            match &mut conn.driver {
                #[cfg(feature = "sqlite")]
                Driver::Sqlite(held) => pour!(held, encode::sqlite, AnyRow::Sqlite, self, sink, take),
                #[cfg(feature = "postgres")]
                Driver::Postgres(held) => pour!(held, encode::postgres, AnyRow::Postgres, self, sink, take),
                #[cfg(feature = "mysql")]
                Driver::MySql(held) => {
                    let statement = placeholders::positional(self)?;
                    pour!(held, encode::mysql, AnyRow::MySql, statement, sink, take)
                }
            }
        });
        pouring.inspect(trace::failed).instrument(span).await
    }
}
