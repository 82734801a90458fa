//! The tests that `docs/security.md` names are there.

use std::{collections::BTreeMap, fs, path::Path};

#[test]
fn each_promise_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    let (mut named, mut missing) = (0, Vec::new());
    for row in document.lines().filter(|line| line.starts_with("| ") && line.contains("::")) {
        let tests = row.trim_end_matches('|').rsplit(" | ").next().unwrap();
        let mut file = String::new();
        for test in tests.split(',').map(str::trim) {
            let (path, name) = test.split_once("::").unwrap();
            if !path.is_empty() {
                path.clone_into(&mut file);
            }
            let read = || fs::read_to_string(root.join(&file)).unwrap_or_default();
            let source = sources.entry(file.clone()).or_insert_with(read);
            // A test is a function, or made of a name by a macro.
            let is_there = source.contains(&format!("fn {name}(")) || source.contains(&format!(" {name}:"));
            if !is_there {
                missing.push(format!("{file}::{name}"));
            }
            named += 1;
        }
    }
    assert!(missing.is_empty(), "docs/security.md names tests that are not there: {missing:#?}");
    assert!(named > 90, "{named} tests");
}
