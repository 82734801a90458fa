//! Architecture invariants; see ARCHITECTURE.md.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Crate → the workspace crates it may depend on. An edge that is not listed fails.
const EDGES: &[(&str, &[&str])] = &[
    ("spec", &[]),
    ("macros", &[]),
    ("pipeline", &["spec"]),
    ("auth", &["pipeline", "spec"]),
    ("mcp", &["pipeline", "spec"]),
    ("transport-actix", &["auth", "mcp", "pipeline", "spec"]),
    ("diptych", &["auth", "macros", "mcp", "pipeline", "spec", "transport-actix"]),
    ("testkit", &["diptych"]),
];

/// Word → the only places whose code may say it.
const KNOWN_ONLY_IN: &[(&str, &[&str])] = &[
    ("sqlx", &["crates/pipeline/src/db/", "crates/testkit/src/database.rs"]),
    ("actix", &["crates/transport-actix/", "crates/diptych/src/", "crates/testkit/src/running.rs"]),
    ("opentelemetry", &["crates/diptych/src/telemetry.rs", "crates/diptych/src/logging.rs"]),
    ("jsonrpc", &["crates/mcp/", "crates/testkit/src/surface.rs"]),
];

/// Folder → words it never says: siblings that do not meet.
const NEVER_SAYS: &[(&str, &[&str])] = &[
    ("crates/transport-actix/src/rest/", &["crate::mcp", "diptych_mcp"]),
    ("crates/transport-actix/src/mcp/", &["crate::rest"]),
    ("crates/spec/src/", &["tokio", "std::net", "std::fs"]),
    ("crates/mcp/src/", &["std::net", "tokio::net"]),
];

/// Names that mean "I did not decide where this belongs".
const HOMELESS: &[&str] = &["utils.rs", "util.rs", "helpers.rs", "common.rs", "misc.rs"];

/// Lines after which a file has to say at its top why it is that long.
const LONG: usize = 400;

#[test]
fn crates_depend_only_downwards() {
    let known: BTreeSet<_> = EDGES.iter().map(|(name, _)| *name).collect();
    let folders = fs::read_dir(root().join("crates")).unwrap().flatten();
    let mut wrong: Vec<_> = folders
        .map(|folder| folder.file_name().into_string().unwrap())
        .filter(|name| !known.contains(name.as_str()))
        .map(|name| format!("{name} is not in EDGES"))
        .collect();
    for (name, allowed) in EDGES {
        let manifest = read(&root().join("crates").join(name).join("Cargo.toml"));
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap_or_default();
        for line in dependencies.split("\n[").next().unwrap_or_default().lines() {
            let package = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let dependency = package.strip_prefix("diptych-").unwrap_or(package);
            let is_ours = package.starts_with("diptych") && known.contains(dependency);
            if is_ours && !allowed.contains(&dependency) {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "edges that the architecture does not have: {wrong:#?}");
}

#[test]
fn knowledge_stays_where_it_belongs() {
    let mut wrong = Vec::new();
    for file in sources() {
        let path = file.strip_prefix(root()).unwrap().display().to_string();
        if HOMELESS.iter().any(|name| path.ends_with(&format!("/{name}"))) {
            wrong.push(format!("{path}: name the concept, not the drawer"));
        }
        for (number, line) in read(&file).lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            let lower = line.to_lowercase();
            for (word, homes) in KNOWN_ONLY_IN {
                // The name of our own crate is not the name of the library.
                let says = lower.replace("transport_actix", "").replace("transport-actix", "").contains(word);
                if says && !homes.iter().any(|home| path.starts_with(home)) {
                    wrong.push(format!("{path}:{}: says `{word}`", number + 1));
                }
            }
            for (folder, words) in NEVER_SAYS {
                for word in words.iter().filter(|word| path.starts_with(folder) && line.contains(**word)) {
                    wrong.push(format!("{path}:{}: says `{word}`", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_hold_one_idea() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|file| (read(&file), file))
        .filter(|(text, _)| text.lines().count() > LONG && !text.starts_with("//! Long because"))
        .map(|(text, file)| format!("{}: {} lines", file.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "say `//! Long because …` at the top, or move the second idea out: {long:#?}");
}

/// Every `.rs` file of the crates, without their tests.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() && name != "tests" && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests.rs" {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 50, "the sources are there");
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
