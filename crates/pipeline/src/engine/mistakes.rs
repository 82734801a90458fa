//! Everything that is wrong with the operations of an engine, before it is built.

use crate::{Operation, db::Db, scope};
use diptych_spec::{Declaration, Mistake, StateMap};
use std::collections::HashMap;

pub(super) fn mistakes(operations: &[Operation], state: &StateMap, db: &Db) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut places: HashMap<String, &str> = HashMap::new();
    let declared: HashMap<&str, &Declaration> =
        operations.iter().map(Operation::declaration).map(|declaration| (declaration.name(), declaration)).collect();
    for (at, operation) in operations.iter().enumerate() {
        let declaration = operation.declaration();
        let name = declaration.name();
        // First, because of what is known of it then.
        found.extend(declaration.bind(|name| declared.get(name).copied()));
        found.extend(declaration.mistakes(state));
        found.extend(scope::mistakes(operation));
        found.extend(declaration.completion_mistakes(|name| declared.get(name).copied()));
        found.extend(declaration.enumeration_mistakes(|name| declared.get(name).copied()));
        found.extend(crate::scope::wider(operation, operations));
        found.extend(declaration.affordance_mistakes(|name| declared.get(name).copied()));
        let before = operations[..at].iter().map(Operation::declaration);
        found.extend(before.filter_map(|known| declaration.view_mistake(known)).take(1));
        let times = names.entry(name).or_default();
        *times += 1;
        if *times == 2 {
            found.push(Mistake::new(name, "is declared twice; every operation has a name of its own"));
        }
        if let Some(only) = operation.backend().filter(|only| *only != db.backend()) {
            found.push(Mistake::new(name, format!("takes a {only} connection, but the database is {}", db.backend())));
        }
        let routes =
            declaration.routes().iter().map(|route| format!("{} {}", route.method, shape(route.path.as_str())));
        for place in routes {
            match places.get(&place) {
                Some(other) => found
                    .push(Mistake::new(name, format!("is served under {place}, where `{other}` is served already"))),
                None => {
                    places.insert(place, name);
                }
            }
        }
    }
    found.extend(ambiguous(operations));
    found
}

/// Resources of which nobody can say which one a URI means.
fn ambiguous(operations: &[Operation]) -> Vec<Mistake> {
    let resources: Vec<_> = operations
        .iter()
        .filter_map(|operation| Some((operation.declaration().name(), operation.declaration().resource()?)))
        .collect();
    let mut found = Vec::new();
    for (at, (name, uri)) in resources.iter().enumerate() {
        for (other, theirs) in resources[..at].iter().filter(|(_, theirs)| uri.is_ambiguous_with(theirs)) {
            found.push(Mistake::new(
                *name,
                format!(
                    "the resource {uri} and `{other}` under {theirs} share a URI, and neither is more literal; give one of them a literal segment that the other does not take"
                ),
            ));
        }
    }
    found
}

/// A path without the names of its variables: two that differ only in those cannot be told apart.
fn shape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => {
                inside = true;
                out.push_str("{}");
            }
            '}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}
