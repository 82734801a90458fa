//! The MCP endpoint: headers, envelope, methods, parameters, of every revision.
#![no_main]

use diptych_fuzz::{Written, is_no_fault, world};
use diptych_mcp::{Events, Head};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|bytes: &[u8]| {
    let (world, written) = (world(), Written::read(bytes));
    let head = Head::new(written.fields.iter().map(|(name, value)| (&**name, *value)));
    world.wait(async {
        let (events, who) = (Events::new(), Some(&world.ann));
        let answer = async {
            match written.method {
                b"GET" => world.mcp.get(&head, who, &events).await,
                b"DELETE" => world.mcp.delete(&head, who).await,
                _ => world.mcp.post(&head, written.body, who, &events).await,
            }
        };
        // A stream stays open.
        let Ok(reply) = tokio::time::timeout(Duration::from_secs(2), answer).await else { return };
        is_no_fault(reply.status, &reply.body);
        if !reply.body.is_empty() {
            serde_json::from_slice::<serde_json::Value>(&reply.body).expect("a reply is JSON");
        }
    });
});
