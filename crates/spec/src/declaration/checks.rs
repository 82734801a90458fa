//! What can be wrong with a declaration, found when the server is built: each with the operation's name and what to write
//! instead.

use super::{Declaration, OperationKind};
use crate::{Argument, Method, Mistake, Owner, StateMap, schema};

impl Declaration {
    /// Everything that is wrong with it, given the application's state.
    #[must_use]
    pub fn mistakes(&self, state: &StateMap) -> Vec<Mistake> {
        let mut found = self.mistakes.clone();
        found.extend(self.signature.mistakes.iter().cloned());
        if let Err(why) = check_name(&self.name) {
            found.push(why);
        }
        // A chain without one of its own has those of its steps.
        if self.permission.is_none() && self.signature.steps.is_empty() {
            found.push(
                "declares no permission; add `.allow(Scope(\"…\"))`, `.allow(Authenticated)` or, if it is for everybody, `.allow(Anyone)`"
                    .to_owned(),
            );
        }
        found.extend(self.permission.iter().filter_map(|permission| permission.mistake()));
        for needed in self.signature.states.iter().filter(|needed| !state.contains(needed.id())) {
            found.push(needed.without.map_or_else(
                || {
                    format!(
                        "needs State<{0}>, which is not registered; add `.state({0} {{ … }})` to the server",
                        needed.name()
                    )
                },
                str::to_owned,
            ));
        }
        match (&self.signature.instance, &self.target) {
            (Some(wanted), None) if self.kind == OperationKind::Prompt => found.push(format!(
                "asks for Instance<{}>, but a prompt has no target; take the row's id as an `#[arg]` and read the row",
                wanted.name()
            )),
            (Some(wanted), None) => found.push(format!(
                "asks for Instance<{}> but has no target; add `.target(selector)` with a selector that returns `Option<{0}>`",
                wanted.name()
            )),
            (Some(wanted), Some(got)) if wanted.id() != got.id() => found.push(format!(
                "asks for Instance<{}> but its target resolves to {}",
                wanted.name(),
                got.name()
            )),
            _ => {}
        }
        match (&self.signature.instances, &self.targets) {
            (Some(wanted), None) => found.push(format!(
                "asks for Instances<{}> but has no targets; add `.targets(selector)` to a service, with a selector that returns `Select<{0}>`",
                wanted.name()
            )),
            (Some(wanted), Some(got)) if wanted.id() != got.id() => found.push(format!(
                "asks for Instances<{}> but its targets are {}",
                wanted.name(),
                got.name()
            )),
            _ => {}
        }
        found.extend(self.arguments().header_mistakes());
        self.check_routes(&mut found);
        self.check_changes(&mut found);
        self.check_resource(&mut found);
        self.check_task(&mut found);
        self.check_exposure(&mut found);
        self.check_prompt(&mut found);
        self.check_limits(&mut found);
        self.check_idempotency(&mut found);
        self.check_terms(&mut found);
        self.check_responding(&mut found);
        self.check_streaming(&mut found);
        self.check_versioning(&mut found);
        self.check_items(state, &mut found);
        self.check_related(state, &mut found);
        self.check_visibility(&mut found);
        found.into_iter().map(|message| Mistake::new(&*self.name, message)).collect()
    }

    fn check_routes(&self, found: &mut Vec<String>) {
        for route in &self.routes {
            match (self.kind, route.method) {
                (OperationKind::Selector, Method::Get) => {}
                (OperationKind::Selector, method) => {
                    found.push(format!("is a selector and cannot be served under {method}; use GET"));
                }
                (OperationKind::Service, Method::Get) => {
                    found
                        .push("is a service and cannot be served under GET; use POST, PUT, PATCH or DELETE".to_owned());
                }
                (OperationKind::Service, _) => {}
                (OperationKind::Prompt, _) => found.push("is a prompt, which has no route".to_owned()),
            }
            for variable in route.path.variables() {
                self.check_variable(&format!("the route {} {}", route.method, route.path), variable, found);
            }
        }
        if let Some(created) = &self.creates {
            for variable in created.variables() {
                if self.output.get("properties").is_none_or(|properties| properties.get(variable).is_none()) {
                    found.push(format!("`.creates(\"{created}\")` names `{variable}`, which the answer does not have"));
                }
            }
        }
        if self.is_empty() && !matches!(self.status(), 202 | 204 | 205) {
            found.push(format!("answers nothing, which goes under 204, not {}", self.status()));
        }
        if !self.is_empty() && matches!(self.status(), 204 | 205) {
            found.push(format!("answers a value, which cannot go under {}", self.status()));
        }
    }

    fn check_changes(&self, found: &mut Vec<String>) {
        for uri in &self.changes {
            for variable in uri.variables() {
                let answered = self.output.get("properties").is_some_and(|fields| fields.get(variable).is_some());
                if !answered && self.arguments().argument(variable).is_none() {
                    found.push(format!(
                        "`.changes(\"{uri}\")` names `{variable}`, which is neither a field of the answer nor an argument"
                    ));
                }
            }
        }
    }

    fn check_resource(&self, found: &mut Vec<String>) {
        let Some(uri) = &self.resource else { return };
        if self.kind == OperationKind::Service {
            found.push("is a service and cannot be a resource; only a selector can be read by URI".to_owned());
        }
        if uri.as_str().split_once("://").is_none_or(|(scheme, _)| scheme.is_empty() || scheme.contains('{')) {
            found.push(format!("the resource `{uri}` has no scheme; write it as `scheme://…`"));
        }
        for variable in uri.variables() {
            let place = format!("the resource {uri}");
            match self.arguments().argument(variable) {
                _ if !uri.in_query(variable) => self.check_variable(&place, variable, found),
                Some(argument) if uri.is_repeated(variable) && !argument.repeated => {
                    found.push(format!("{place} has `{variable}`, which is given once; write it without `*`"));
                }
                Some(_) => {}
                None => found.push(format!("{place} has `{variable}`, but no argument has that name")),
            }
        }
        let missing = |name: &str| !uri.variables().any(|variable| variable == name);
        for argument in self.arguments().arguments().iter().filter(|a| a.required && missing(&a.name)) {
            found.push(format!(
                "the resource {uri} leaves out `{}`, which is required; put it in the URI",
                argument.name
            ));
        }
    }

    /// What a prompt is given is text (MCP, server/prompts, PromptArgument).
    fn check_prompt(&self, found: &mut Vec<String>) {
        if self.kind != OperationKind::Prompt {
            return;
        }
        let arguments = self.arguments();
        if arguments.arguments().iter().any(|argument| argument.owner == Owner::Input) {
            found.push("takes an `Input`, but a prompt is given single values; write an `#[arg]` for each".to_owned());
        }
        let defs = arguments.definitions();
        let structured = |a: &&Argument| a.owner == Owner::Arg && !schema::is_one_text(&a.schema, &defs);
        for argument in arguments.arguments().iter().filter(structured) {
            found.push(format!(
                "takes `{}`, which cannot be written as one text, all that a prompt can be given; take a string, a number, a `bool` or an enum without fields",
                argument.name
            ));
        }
    }

    fn check_variable(&self, place: &str, variable: &str, found: &mut Vec<String>) {
        match self.arguments().argument(variable) {
            Some(argument) if argument.owner == Owner::Arg && !argument.repeated => {}
            Some(_) => found.push(format!("{place} has `{{{variable}}}`, which has to be a single `#[arg]`")),
            None => found.push(format!("{place} has `{{{variable}}}`, but no `#[arg]` has that name")),
        }
    }
}

/// A name that every MCP client accepts (specification, server/tools, Tool Names).
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        return Err("the name has to be 1 to 64 characters of A-Z, a-z, 0-9, `_`, `-` and `.`".to_owned());
    }
    Ok(())
}
