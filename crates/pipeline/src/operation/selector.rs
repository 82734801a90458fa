//! `SelectorSpec` → operation.

use super::{
    Computed, IntoOperation, Kind, Operation, RunSelector,
    affordances::Affordances,
    encode,
    include::{Dress, Loaders, dressed},
    no_list,
    pick::Only,
    unbox, wrong_backend,
};
use crate::{
    db::{Backend, Conn, Lent, ReadLent, Record, Sink},
    scope::Reads,
    select::{Listed, Select, Shown, keyset_page, numbered_page, pour, run},
};
use diptych_spec::{
    ACTIONS, Answer, AnswerValue, Call, Cardinality, Declaration, Error, Handler, Includes, Items, KeysetPage, Page,
    PageRequest, Pagination, Picked, Presenter, Result, SelectorSpec,
};
use futures_util::future::BoxFuture;
use serde::Serialize;
use std::{future::Future, marker::PhantomData, sync::Arc};

/// How each kind of answer is fetched and shown.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a selector returns",
    label = "not a selector's answer",
    note = "a selector returns `Result<Select<Row>>` (a list), `Result<Option<Row>>` (one row, 404 when `None`) or `Result<AnswerValue<T>>` (any other value; `#[selector]` adds the `AnswerValue` itself)"
)]
pub trait Deliver<V: Presenter<Self::Item>>: Answer {
    #[doc(hidden)]
    type Fetched: Send + 'static;
    #[doc(hidden)]
    fn describe(declaration: &mut Declaration);
    #[doc(hidden)]
    fn reads() -> Reads;
    #[doc(hidden)]
    fn fetch(
        self,
        declaration: &Declaration,
        call: &mut Call,
        conn: &mut Conn,
    ) -> impl Future<Output = Result<Self::Fetched>> + Send;
    /// The rows that others can belong to.
    #[doc(hidden)]
    fn rows(fetched: &Self::Fetched) -> &[Self::Item];
    #[doc(hidden)]
    fn pour(self, _: &Declaration, _: &mut Call, _: &mut Conn, _: &Sink) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sized,
    {
        async { Err(no_list()) }
    }
    #[doc(hidden)]
    fn show(fetched: Self::Fetched, dress: &Dress, declaration: &Declaration, max_bytes: usize) -> Result<Vec<u8>>;
}

impl<T: Send + 'static, V: Presenter<T>> Deliver<V> for AnswerValue<T> {
    type Fetched = T;
    fn describe(declaration: &mut Declaration) {
        declaration.finish::<V::View>(Cardinality::Value);
    }
    fn reads() -> Reads {
        Reads::ByHand
    }
    async fn fetch(self, _: &Declaration, _: &mut Call, conn: &mut Conn) -> Result<T> {
        if conn.shows(&self.0) { Ok(self.0) } else { Err(Error::no_such_row()) }
    }
    fn rows(_: &T) -> &[T] {
        &[]
    }
    fn show(fetched: T, _: &Dress, declaration: &Declaration, _: usize) -> Result<Vec<u8>> {
        encode(declaration, &V::present(fetched))
    }
}

impl<T: Send + 'static, V: Presenter<T>> Deliver<V> for Option<T> {
    type Fetched = Self;
    fn describe(declaration: &mut Declaration) {
        declaration.finish::<V::View>(Cardinality::Row);
    }
    fn reads() -> Reads {
        Reads::row::<T>()
    }
    async fn fetch(self, declaration: &Declaration, call: &mut Call, conn: &mut Conn) -> Result<Self> {
        let shown = self.filter(|row| conn.shows(row) && declaration.shows(call.principal(), row));
        if shown.is_none() && !declaration.allows_none() {
            return Err(Error::no_such_row());
        }
        Ok(shown)
    }
    fn rows(fetched: &Self) -> &[T] {
        fetched.as_slice()
    }
    fn show(fetched: Self, dress: &Dress, declaration: &Declaration, max_bytes: usize) -> Result<Vec<u8>> {
        if !dress.attached.is_empty() {
            return encode(
                declaration,
                &dressed(fetched.into_iter().map(V::present), &dress.attached, max_bytes)?.pop(),
            );
        }
        encode(declaration, &fetched.map(V::present))
    }
}

impl<T: Record, V: Presenter<T>> Deliver<V> for Select<T> {
    type Fetched = Listed<T>;
    fn describe(declaration: &mut Declaration) {
        match declaration.list().page() {
            Some(Pagination::PageNumber(_)) => declaration.finish::<Page<V::View>>(Cardinality::List),
            Some(Pagination::Keyset(_)) => declaration.finish::<KeysetPage<V::View>>(Cardinality::List),
            None => declaration.finish::<Items<V::View>>(Cardinality::List),
        }
        declaration.finish_list(T::COLUMNS, T::NULLABLE);
        declaration.finish_fields(T::COLUMNS, T::ON_DEMAND);
    }
    fn reads() -> Reads {
        Reads::list::<T>(T::COLUMNS)
    }
    async fn fetch(self, declaration: &Declaration, call: &mut Call, conn: &mut Conn) -> Result<Listed<T>> {
        run(self, declaration, call, conn).await
    }
    fn rows(fetched: &Listed<T>) -> &[T] {
        &fetched.rows
    }
    async fn pour(self, declaration: &Declaration, call: &mut Call, conn: &mut Conn, sink: &Sink) -> Result<()> {
        pour::<T, V>(self, declaration, call, conn, sink).await
    }
    fn show(fetched: Listed<T>, dress: &Dress, declaration: &Declaration, max_bytes: usize) -> Result<Vec<u8>> {
        let views = fetched.rows.into_iter().map(V::present);
        let Dress { attached, fields } = dress;
        let only = |fields: &Picked| {
            let fields = fields.clone();
            move |view| Only { view, fields: fields.clone() }
        };
        let items = match (fields, attached.is_empty()) {
            (None, true) => return listed(views.collect(), fetched.shown, declaration, max_bytes),
            (Some(fields), true) => {
                return listed(views.map(only(fields)).collect(), fetched.shown, declaration, max_bytes);
            }
            (None, false) => dressed(views, attached, max_bytes)?,
            (Some(fields), false) => dressed(views.map(only(fields)), attached, max_bytes)?,
        };
        listed(items, fetched.shown, declaration, max_bytes)
    }
}

fn listed<View: Serialize>(
    items: Vec<View>,
    shown: Shown,
    declaration: &Declaration,
    max_bytes: usize,
) -> Result<Vec<u8>> {
    match shown {
        Shown::Number(PageRequest { page, page_size }, total) => {
            numbered_page(&Page { items, total, page, page_size }, declaration, max_bytes)
        }
        Shown::Keyset(ends) => keyset_page(items, ends, declaration, max_bytes),
        Shown::All => encode(declaration, &Items { items }),
    }
}

/// Runs a function that reads.
pub(super) async fn invoke<H: Handler>(handler: &H, call: &mut Call, conn: &mut Conn) -> Result<H::Out>
where
    H::Connection: ReadLent,
{
    let args = handler.extract(call).await?;
    let lent = <H::Connection as ReadLent>::lend_read(conn).ok_or_else(wrong_backend)?;
    let answer = handler.invoke(lent, args).await;
    conn.settle();
    answer
}

struct Selector<H: Handler, V>
where
    H::Out: Answer,
{
    declaration: Declaration,
    handler: H,
    loaders: Loaders<<H::Out as Answer>::Item>,
    affordances: Affordances,
    presenter: PhantomData<fn() -> V>,
}

impl<H, V> IntoOperation for SelectorSpec<H, V>
where
    H: Handler,
    H::Connection: ReadLent,
    H::Out: Answer + Deliver<V>,
    V: Presenter<<H::Out as Answer>::Item>,
{
    fn into_operation(self) -> Operation {
        let (mut declaration, handler) = self.into_parts();
        <H::Out as Deliver<V>>::describe(&mut declaration);
        let loaders = Loaders::of(&mut declaration);
        let (affordances, presenter) = (Affordances::default(), PhantomData);
        Kind::Selector(Arc::new(Selector::<H, V> { declaration, handler, loaders, affordances, presenter })).into()
    }
}

impl<H, V> RunSelector for Selector<H, V>
where
    H: Handler,
    H::Connection: ReadLent,
    H::Out: Answer + Deliver<V>,
    V: Presenter<<H::Out as Answer>::Item>,
{
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn backend(&self) -> Option<Backend> {
        <H::Connection as Lent>::BACKEND.or_else(|| self.loaders.backend())
    }

    fn reads(&self) -> Reads {
        <H::Out as Deliver<V>>::reads()
    }

    fn run<'a>(&'a self, call: &'a mut Call, conn: &'a mut Conn) -> BoxFuture<'a, Result<Computed>> {
        Box::pin(async move {
            let answer = invoke(&self.handler, call, conn).await?;
            let fetched = answer.fetch(&self.declaration, call, conn).await?;
            let Includes(asked) = call.take().unwrap_or_default();
            let fields = call.take::<Option<Picked>>().flatten();
            let mut attached = Vec::new();
            for place in asked {
                let included = self.declaration.includes().get(place).zip(self.loaders.get(place));
                let (included, loader) = included.ok_or_else(|| Error::internal("what is included is not there"))?;
                let loading = loader.load(<H::Out as Deliver<V>>::rows(&fetched), included, call, conn);
                attached.push((included.name(), loading.await?));
            }
            // Who picks fields gets those.
            if fields.is_none() {
                let rows = <H::Out as Deliver<V>>::rows(&fetched);
                let actions = self.affordances.of_rows(&self.declaration, rows, call.principal())?;
                attached.extend(actions.map(|actions| (ACTIONS, actions)));
            }
            Ok(Box::new((fetched, Dress { attached, fields })) as Computed)
        })
    }

    fn pour<'a>(&'a self, call: &'a mut Call, conn: &'a mut Conn, sink: &'a Sink) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let answer = invoke(&self.handler, call, conn).await?;
            answer.pour(&self.declaration, call, conn, sink).await
        })
    }

    fn present(&self, computed: Computed, max_bytes: usize) -> Result<Vec<u8>> {
        let (fetched, dress) = unbox::<(<H::Out as Deliver<V>>::Fetched, Dress)>(computed)?;
        <H::Out as Deliver<V>>::show(fetched, &dress, &self.declaration, max_bytes)
    }

    fn link(&self, find: &dyn Fn(&str) -> Option<Operation>) {
        self.affordances.link(self.declaration.affordances(), find);
    }
}
