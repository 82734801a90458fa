//! `from_fn` with an argument that diptych cannot take from the call.

use diptych::{Anyone, Operations, Result, ServiceSpec, Tx};

struct Clock;

async fn start(_tx: &mut Tx, _clock: Clock) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(ServiceSpec::from_fn("jobs.start", start).allow(Anyone));
}
