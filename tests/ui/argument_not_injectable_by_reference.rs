//! An argument by reference that diptych cannot take from the call.

use diptych::{Conn, Result, selector};

struct Clock;

#[selector("jobs.now")]
async fn now(_db: &mut Conn, _clock: &Clock) -> Result<i64> {
    Ok(0)
}

fn main() {}
