//! TOON of anything: writing and reading it ends, and neither panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(text) = toon_format::encode_default(&value) {
        let _ = toon_format::decode_default::<Value>(&text);
    }
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = toon_format::decode_default::<Value>(text);
    }
});
