//! What can be wrong between an operation and its row scope, found when the server is built.

use super::{Reads, Scope};
use crate::{Operation, operation::Kind};
use diptych_spec::{Declaration, Mistake, ValueKind};

/// Everything that is wrong with the row scope of an operation, or with its having none.
pub(crate) fn mistakes(operation: &Operation) -> Vec<Mistake> {
    let declaration = operation.declaration();
    let mut found = Vec::new();
    match (&operation.scope, declaration.unscoped()) {
        (Some(set), None) => {
            if set.twice {
                found
                    .push("is in two row scopes; give `.row_scope(…)` to one of the two sets of operations".to_owned());
            }
            check_scope(&set.scope, &mut found);
            check(operation, &set.scope, &mut found);
        }
        (Some(_), Some(why)) => {
            if why.trim().is_empty() {
                found.push("says `.unscoped(\"\")`; write why it works on the rows of every scope".to_owned());
            }
            check_asked(declaration, "says `.unscoped(…)`", &mut found);
        }
        (None, Some(_)) => {
            found.push(
                "says `.unscoped(…)`, but the operations it is added to have no row scope; leave it out".to_owned(),
            );
        }
        (None, None) => check_asked(declaration, "is in no row scope", &mut found),
    }
    found.into_iter().map(|message| Mistake::new(declaration.name(), message)).collect()
}

/// Related rows are read by whoever includes them, in their row scope: one outside of it would show those of all.
pub(crate) fn wider(operation: &Operation, operations: &[Operation]) -> Vec<Mistake> {
    if operation.scope().is_some() {
        return Vec::new();
    }
    let includes = operation.declaration().includes().iter().map(|included| included.related());
    let is_scoped =
        |name: &str| operations.iter().any(|known| known.declaration().name() == name && known.scope().is_some());
    let wider = includes.filter(|related| {
        related.unscoped().is_none() && (is_scoped(related.name()) || related.asked_scope().is_some())
    });
    let mistake = |related: &Declaration| {
        let why = format!(
            "includes rows of `{}`, which has a row scope, and is in none itself; add both to the same operations, or say `.unscoped(\"why\")` on that list",
            related.name()
        );
        Mistake::new(operation.declaration().name(), why)
    };
    wider.map(mistake).collect()
}

fn check_asked(declaration: &Declaration, why: &str, found: &mut Vec<String>) {
    if let Some(asked) = declaration.asked_scope() {
        found.push(format!(
            "asks for Scoped<{}>, but {why}; give its operations one, `.row_scope(RowScope::column(\"…\").by(…))`, or leave the argument out",
            asked.name()
        ));
    }
}

fn check_scope(scope: &Scope, found: &mut Vec<String>) {
    if !matches!(scope.kind(), ValueKind::Text | ValueKind::Uuid | ValueKind::I16 | ValueKind::I32 | ValueKind::I64) {
        found.push(format!("has a row scope of {}; the value has to be a text, a UUID or an integer", scope.value().1));
    }
    if !is_identifier(scope.column()) {
        found.push(format!("has a row scope whose column `{}` is no identifier", scope.column()));
    }
    if let Some(setting) = scope.setting().filter(|setting| !is_setting(setting)) {
        found.push(format!(
            "has a row scope with the setting `{setting}`; a setting of the application's own has a dot in it, as in `app.tenant`"
        ));
    }
}

fn check(operation: &Operation, scope: &Scope, found: &mut Vec<String>) {
    let declaration = operation.declaration();
    let (id, name) = scope.value();
    let asked = declaration.asked_scope();
    if let Some(asked) = asked.filter(|asked| asked.id() != id) {
        found.push(format!("asks for Scoped<{}>, but its row scope is a {name}", asked.name()));
    }
    let by_hand = |what: &str, found: &mut Vec<String>| {
        if asked.is_none() {
            found.push(format!(
                "{what}, which no row scope can be added to; take `Scoped<{name}>` as an argument and bind it in the SQL, or say `.unscoped(\"why\")`"
            ));
        }
    };
    match &operation.kind {
        Kind::Selector(selector) => match selector.reads() {
            Reads::ByHand => by_hand("answers what SQL by hand reads", found),
            reads => check_rows(scope, reads, "returns", found),
        },
        Kind::Service(service) => {
            let (target, output) = service.reads();
            match target {
                Some(target) => check_rows(scope, target, "works on", found),
                // Each step is in a scope of its own set, which has to be the same.
                None if declaration.steps().next().is_some() => {}
                None => by_hand("works on no row that a selector found, and writes by hand", found),
            }
            if let Some(output) = output {
                check_rows(scope, output, "answers with", found);
            }
        }
        Kind::Exposed(_) => found.push(
            "is a handler that is not diptych's, which no row scope can be added to; add it apart, with `.expose(…)` on the server"
                .to_owned(),
        ),
    }
    for included in declaration.includes().iter().filter(|included| included.related().unscoped().is_none()) {
        let related = included.related();
        if !related.list().columns().contains(&scope.column()) {
            found.push(format!(
                "includes rows of `{}`, which have no column `{}`; add the field and read it in the SQL, or say `.unscoped(\"why\")` on that list",
                related.name(),
                scope.column()
            ));
        }
    }
    if declaration.reads_apart() {
        by_hand("takes a `Db`, and reads by it", found);
    }
}

fn check_rows(scope: &Scope, reads: Reads, does: &str, found: &mut Vec<String>) {
    let column = scope.column();
    match reads {
        Reads::List { row, columns } if !columns.contains(&column) => found.push(format!(
            "{does} rows of {row}, which have no column `{column}`; add the field and read it in the SQL, or say `.unscoped(\"why\")`"
        )),
        Reads::Row { id, name } if !scope.rows().contains_key(&id) => found.push(format!(
            "{does} a {name}, read by hand; say whose it is with `.row(|row: &{}| row.{column}.clone())` on the row scope, or say `.unscoped(\"why\")`",
            name.rsplit("::").next().unwrap_or(name)
        )),
        _ => {}
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_setting(name: &str) -> bool {
    name.contains('.') && name.split('.').all(is_identifier)
}
