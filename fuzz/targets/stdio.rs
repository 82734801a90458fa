//! MCP on standard input: lines, and what is between them.
#![no_main]

use diptych_fuzz::world;
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|bytes: &[u8]| {
    let world = world();
    world.wait(async {
        let mut output = Vec::new();
        let served = world.mcp.stdio(bytes, &mut output, Some(&world.ann));
        if let Ok(ended) = tokio::time::timeout(Duration::from_secs(2), served).await {
            ended.expect("memory does not fail");
        }
        for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            serde_json::from_slice::<serde_json::Value>(line).expect("a line is JSON");
        }
    });
});
