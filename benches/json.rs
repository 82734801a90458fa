//! How long it takes to check JSON of a caller, beside what `serde_json` takes to read it.
//!
//! ```sh
//! cargo bench -p diptych-benches --bench json
//! ```

use diptych::JsonLimits;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::{hint::black_box, time::Instant};

/// How many bytes each reader reads of each text.
const BYTES: usize = 20_000_000;

fn main() {
    let small = r#"{"customer_id":"01a1f96f-381f-70ee-9315-f60859df5993","number":"2026-100","lines":[{"text":"Cable \u00e9","quantity":2,"unit_cents":5000}]}"#;
    let long = format!(r#"{{"text":"{}"}}"#, "some words of a long text, ".repeat(4000));
    let names: String = (0..9000).map(|at| format!(r#""field {at}":{at},"#)).collect();
    let many = format!(r#"{{{names}"z":0}}"#);
    for (what, json) in [("small", small), ("long text", &long), ("9,000 members", &many)] {
        let rounds = BYTES / json.len();
        for (reader, read) in [
            ("check", (|json| JsonLimits::default().check(json).is_ok()) as fn(&str) -> bool),
            ("serde_json, ignoring", |json| serde_json::from_str::<IgnoredAny>(json).is_ok()),
            ("serde_json, Value", |json| serde_json::from_str::<Value>(json).is_ok()),
        ] {
            let began = Instant::now();
            let all = (0..rounds).all(|_| read(black_box(json)));
            let took = began.elapsed().as_nanos() as f64 / (rounds * json.len()) as f64;
            println!("{what}, {} bytes, {reader}: {took:.2} ns a byte ({all})", json.len());
        }
    }
}
