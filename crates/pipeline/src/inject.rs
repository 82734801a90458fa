//! The database as an argument of a handler.

use crate::db::Db;
use diptych_spec::{Call, Error, FromCall, Result, Signature};

/// For work outside the operation's own transaction. On SQLite, never write through it from inside a service: the service
/// holds the one write lock.
impl FromCall for Db {
    fn describe(signature: &mut Signature) {
        signature.reads_apart();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        call.state::<Self>().map(|db| (*db).clone()).ok_or_else(|| Error::internal("the engine has no database"))
    }
}
