//! What can be wrong with a declaration of many items, found when the server is built.

use super::Bulk;
use crate::{Declaration, Form, Mistake, OperationKind, StateMap};

/// The most items of a call.
const MOST: usize = 10_000;

/// The most items that have a savepoint each.
const MOST_SAVEPOINTS: usize = 1_000;

impl Declaration {
    /// Everything that is wrong with what it says of its items.
    pub(crate) fn check_items(&self, state: &StateMap, found: &mut Vec<String>) {
        if self.signature.takes_many && self.kind != OperationKind::Service {
            found.push("takes `Many`, which only a service can: its items are the body of a request".to_owned());
        }
        let Some(bulk) = &self.bulk else { return };
        bulk.check_bounds(found);
        match &bulk.item {
            None if bulk.is_per_item => found.push(
                "takes all items at once, as `Many`, so that none of them can fail alone; write `.bulk(…)`, or a function of one item"
                    .to_owned(),
            ),
            None => {}
            Some(item) => item.check_item(bulk, self, state, found),
        }
    }

    fn check_item(&self, bulk: &Bulk, call: &Self, state: &StateMap, found: &mut Vec<String>) {
        let mine = self.mistakes(state);
        for message in mine.iter().map(Mistake::message) {
            if !found.iter().any(|known| known == message) {
                found.push(message.to_owned());
            }
        }
        let place = if bulk.is_per_item { ".per_item(…)" } else { ".bulk(…)" };
        if self.arguments().arguments().is_empty() {
            found.push(format!("takes no arguments, so that its items would say nothing; leave out `{place}`"));
        }
        if self.asks() {
            found.push(format!(
                "asks the caller, and an answer would be for all of its items; leave out `{place}` or the question"
            ));
        }
        if self.signature.begins_task {
            found.push(format!(
                "says where its task begins, but with `{place}` it runs once for each item; leave out `TaskStart`"
            ));
        }
        if self.signature.responds {
            found.push(format!(
                "says what is in the head of the response, and with `{place}` many would; leave out `{place}` or the `ResponseHead`"
            ));
        }
        if self.steps().next().is_some() {
            found.push(format!("is made of steps, and with `{place}` of lists of these; leave out `{place}`"));
        }
        if self.hides_fields() {
            found.push(format!(
                "hides fields, which an answer in a list would show; leave out `{place}`, or show another view with `.present::<…>()`"
            ));
        }
        if self.targets.is_some() {
            found.push(format!(
                "works on a set of rows, and with `{place}` on a list of sets; leave out one of `.targets(…)` and `{place}`"
            ));
        }
        if self.form() != Form::Json {
            found.push(format!("answers something that is not JSON, which cannot be in a list; leave out `{place}`"));
        }
        if let Some(created) = self.creates().filter(|_| !bulk.is_per_item) {
            found.push(format!(
                "creates many, and a `Location` is one path; leave out `.creates(\"{created}\")`, or write `.status(201)`"
            ));
        }
        if self.status.is_some() && bulk.is_per_item {
            found.push("answers with a status for each item, under 207; leave out `.status(…)`".to_owned());
        }
        let variables = call.routes().iter().flat_map(|route| route.path.variables().map(move |name| (route, name)));
        for (route, name) in variables.filter(|(_, name)| self.arguments().argument(name).is_some()) {
            found.push(format!(
                "the route {} {} has `{{{name}}}`, which each of its items has for itself; take it out of the path",
                route.method, route.path
            ));
        }
    }
}

impl Bulk {
    fn check_bounds(&self, found: &mut Vec<String>) {
        let most = if self.is_per_item { MOST_SAVEPOINTS } else { MOST };
        if self.least > self.most || self.most == 0 {
            found.push(format!(
                "takes {} to {} items, which no list has; write the fewest and the most, as in `1..=100`",
                self.least, self.most
            ));
        } else if self.most > most {
            found.push(format!("takes up to {} items; the most in one call are {most}", self.most));
        }
    }
}
