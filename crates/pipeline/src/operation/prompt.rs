//! `PromptSpec` → operation. It runs as a selector does.

use super::{Computed, IntoOperation, Kind, Operation, RunSelector, encode, selector, unbox};
use crate::db::{Backend, Conn, Lent, ReadLent};
use crate::scope::Reads;
use diptych_spec::{Call, Cardinality, Declaration, Handler, IntoMessages, Messages, PromptSpec, Result};
use futures_util::future::BoxFuture;
use std::sync::Arc;

struct Prompt<H> {
    declaration: Declaration,
    handler: H,
}

impl<H> IntoOperation for PromptSpec<H>
where
    H: Handler,
    H::Connection: ReadLent,
    H::Out: IntoMessages,
{
    fn into_operation(self) -> Operation {
        let (mut declaration, handler) = self.into_parts();
        declaration.finish::<Messages>(Cardinality::Value);
        Kind::Selector(Arc::new(Prompt { declaration, handler })).into()
    }
}

impl<H> RunSelector for Prompt<H>
where
    H: Handler,
    H::Connection: ReadLent,
    H::Out: IntoMessages,
{
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn backend(&self) -> Option<Backend> {
        <H::Connection as Lent>::BACKEND
    }

    fn reads(&self) -> Reads {
        Reads::ByHand
    }

    fn run<'a>(&'a self, call: &'a mut Call, conn: &'a mut Conn) -> BoxFuture<'a, Result<Computed>> {
        Box::pin(async move {
            let messages = selector::invoke(&self.handler, call, conn).await?.into_messages();
            Ok(Box::new(messages) as Computed)
        })
    }

    fn present(&self, computed: Computed, _: usize) -> Result<Vec<u8>> {
        encode(&self.declaration, &unbox::<Messages>(computed)?)
    }
}
