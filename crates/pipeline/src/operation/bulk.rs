//! A service of one item, run for each item of a call: all of them or none, or each behind a savepoint of its own.

use super::{Computed, RunService, unbox};
use crate::{
    db::{Backend, Tx},
    nested::Frame,
    scope::Reads,
    stage::item,
};
use diptych_spec::{Call, Declaration, DryRun, Error, ItemCalls, Result};
use futures_util::future::BoxFuture;
use serde::Serialize;
use std::sync::Arc;

/// A service of one item, called with many.
pub(super) struct Bulk {
    /// Of the call.
    declaration: Declaration,
    /// Of each item.
    one: Arc<dyn RunService>,
}

impl Bulk {
    pub(super) fn new(declaration: Declaration, one: Arc<dyn RunService>) -> Self {
        Self { declaration, one }
    }

    /// Every item, or none: the first that fails is the error of the call, and names itself.
    async fn all(&self, items: Vec<Result<Call>>, tx: &mut Tx, max_bytes: usize) -> Result<Vec<u8>> {
        let mut answer = Answer::begin(max_bytes);
        for (index, call) in items.into_iter().enumerate() {
            let done = item::one(&*self.one, call?, true, tx, max_bytes).await;
            answer.add(&done.map_err(|error| error.at_item(index))?)?;
        }
        if self.declaration.is_empty() { Ok(b"null".to_vec()) } else { Ok(answer.end("{\"items\":[")) }
    }

    /// Each item for itself: one that fails undoes what it did, and is answered with its problem.
    async fn each(&self, items: Vec<Result<Call>>, tx: &mut Tx, max_bytes: usize) -> Result<Vec<u8>> {
        let declaration = self.one.declaration();
        let mut answer = Answer::begin(max_bytes);
        let mut failed = 0;
        let count = items.len();
        for (index, call) in items.into_iter().enumerate() {
            let done = match call.and_then(|call| self.checked(call)) {
                Ok(call) => {
                    let is_valid = !declaration.has_target();
                    tx.savepoint(async |tx| item::one(&*self.one, call, is_valid, tx, max_bytes).await).await
                }
                Err(error) => Err(error),
            };
            match done {
                Ok(_) if declaration.is_empty() => {
                    answer.add(format!("{{\"index\":{index},\"status\":{}}}", declaration.status()).as_bytes())?;
                }
                Ok(value) => {
                    let head = format!("{{\"index\":{index},\"status\":{},\"value\":", declaration.status());
                    answer.add(&[head.as_bytes(), &value, b"}"].concat())?;
                }
                Err(error) if error.kind().is_of_the_call() => return Err(error),
                Err(error) => {
                    failed += 1;
                    let status = error.kind().status();
                    let problem = serde_json::to_vec(&Failed { index, status, problem: error.problem() });
                    answer.add(&problem.map_err(Error::internal)?)?;
                }
            }
        }
        Ok(answer.end(&format!("{{\"succeeded\":{},\"failed\":{failed},\"items\":[", count - failed)))
    }

    /// What stage 2 looks at, of one item. Without a target its rules, too: what breaks them needs no savepoint.
    fn checked(&self, call: Call) -> Result<Call> {
        let declaration = self.one.declaration();
        declaration.check_expected(&call)?;
        if !declaration.has_target() {
            declaration.arguments().validate(&call)?;
        }
        Ok(call)
    }
}

impl RunService for Bulk {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn backend(&self) -> Option<Backend> {
        self.one.backend()
    }

    fn reads(&self) -> (Option<Reads>, Option<Reads>) {
        self.one.reads()
    }

    fn resolve<'a>(&'a self, _: &'a mut Call, _: &'a mut Tx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn run<'a>(&'a self, call: &'a mut Call, tx: &'a mut Tx, max_bytes: usize) -> BoxFuture<'a, Result<Computed>> {
        Box::pin(async move {
            let ItemCalls(mut items) = call.take().ok_or_else(|| Error::internal("there are no items in the call"))?;
            if let Some(frame) = call.get::<Arc<Frame>>() {
                items.iter_mut().flatten().for_each(|item| item.put(Arc::clone(frame)));
            }
            if let Some(scope) = &tx.scope {
                items.iter_mut().flatten().for_each(|item| scope.give(item));
            }
            if let Some(tried) = call.get::<DryRun>().copied() {
                items.iter_mut().flatten().for_each(|item| item.put(tried));
            }
            let answer = match self.declaration.is_per_item() {
                true => self.each(items, tx, max_bytes).await?,
                false => self.all(items, tx, max_bytes).await?,
            };
            Ok(Box::new(answer) as Computed)
        })
    }

    fn present<'a>(&'a self, computed: Computed, _: &'a mut Tx) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move { unbox::<Vec<u8>>(computed) })
    }
}

/// An item that was not done.
#[derive(Serialize)]
struct Failed<'e> {
    index: usize,
    status: u16,
    problem: diptych_spec::Problem<'e>,
}

/// The answers of items, as they come. They are measured as they do, so that what is not sent is not kept either.
struct Answer {
    items: Vec<u8>,
    max_bytes: usize,
}

impl Answer {
    fn begin(max_bytes: usize) -> Self {
        Self { items: Vec::new(), max_bytes }
    }

    fn add(&mut self, item: &[u8]) -> Result<()> {
        if self.items.len().saturating_add(item.len()) > self.max_bytes {
            let detail = format!("the answer is longer than {} bytes; send fewer items in one call", self.max_bytes);
            return Err(Error::result_too_large(detail));
        }
        if !self.items.is_empty() {
            self.items.push(b',');
        }
        self.items.extend_from_slice(item);
        Ok(())
    }

    fn end(self, head: &str) -> Vec<u8> {
        [head.as_bytes(), &self.items, b"]}"].concat()
    }
}
