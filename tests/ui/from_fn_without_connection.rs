//! `from_fn` with a function that takes no connection.

use diptych::{Anyone, Operations, Principal, Result, ServiceSpec};

async fn hello(who: Principal) -> Result<String> {
    Ok(who.subject().to_owned())
}

fn main() {
    let _ = Operations::new().add(ServiceSpec::from_fn("hello", hello).allow(Anyone));
}
