//! diptych against what one would write by hand: the same routes, the same statements, the same load, in turns, in one run.
//!
//! ```sh
//! cargo bench -p diptych-benches             # SQLite, and PostgreSQL at DIPTYCH_TEST_POSTGRES
//! ```
//!
//! What is printed are ratios of throughput (diptych : by hand), the median of the rounds. Absolute numbers say more about
//! the machine.

mod declared;
mod handwritten;
mod load;

use diptych::Backend;
use diptych_testkit::TestDatabase;
use load::{Load, Target};
use std::time::Duration;

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(1500);
const CONNECTIONS: usize = 32;

fn main() {
    actix_web::rt::System::new().block_on(run());
}

async fn run() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = TestDatabase::new(backend).await;
        let declared = declared::start(database.url()).await;
        let by_hand = handwritten::start(database.url()).await;
        for load in [Load::Create, Load::Get, Load::Page] {
            compare(backend, load, &declared, &by_hand).await;
        }
        compare_mcp(backend, &declared, &by_hand).await;
    }
}

async fn compare(backend: Backend, load: Load, declared: &Target, by_hand: &Target) {
    let mut ratios = Vec::new();
    let mut best = (0.0f64, 0.0f64);
    for _ in 0..ROUNDS {
        let theirs = load.run(by_hand, CONNECTIONS, ROUND).await;
        let ours = load.run(declared, CONNECTIONS, ROUND).await;
        best = (best.0.max(ours), best.1.max(theirs));
        ratios.push(ours / theirs);
    }
    print(backend, load.name(), ratios, best);
}

/// The same read through the MCP endpoint, against the hand-written REST handler.
async fn compare_mcp(backend: Backend, declared: &Target, by_hand: &Target) {
    let mut ratios = Vec::new();
    let mut best = (0.0f64, 0.0f64);
    for _ in 0..ROUNDS {
        let theirs = Load::Get.run(by_hand, CONNECTIONS, ROUND).await;
        let ours = Load::McpGet.run(declared, CONNECTIONS, ROUND).await;
        best = (best.0.max(ours), best.1.max(theirs));
        ratios.push(ours / theirs);
    }
    print(backend, Load::McpGet.name(), ratios, best);
}

fn print(backend: Backend, name: &str, mut ratios: Vec<f64>, best: (f64, f64)) {
    ratios.sort_by(f64::total_cmp);
    println!(
        "{backend:<11} {name:<22} {:.2} ({:.2} to {:.2})   best rounds: {:.0}/s : {:.0}/s",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1],
        best.0,
        best.1
    );
}
