//! An argument that diptych cannot take from the call.

use diptych::{Result, Tx, service};

struct Clock;

#[service("jobs.start")]
async fn start(_tx: &mut Tx, _clock: Clock) -> Result<()> {
    Ok(())
}

fn main() {}
