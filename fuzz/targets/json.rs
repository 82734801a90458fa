//! JSON of callers: the pass over it and the decoder agree on what is JSON.
#![no_main]

use diptych_spec::{JsonFault, JsonLimits};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let decoded = serde_json::from_str::<Value>(text);
    match JsonLimits::default().check(text) {
        Ok(()) | Err(JsonFault::Twice(_)) => {
            decoded.expect("what was let through is JSON");
        }
        Err(JsonFault::Syntax { .. }) => assert!(decoded.is_err(), "{text}"),
        Err(_) => {}
    }
});
