//! Several services as one operation: a handler that calls them one after the other.

use super::{
    Calls,
    handle::{ArgumentsOf, NamedService},
    outputs::{Append, Ends},
};
use crate::db::Tx;
use diptych_spec::{Call, FromCall, Handler, Input, InputData, Result, Signature};
use std::{fmt, future::Future, marker::PhantomData};

/// Several services as one operation, in one transaction: the handler of a [`diptych_spec::ServiceSpec`].
///
/// Each step is a service that is declared by itself, and is called as [`Calls`] does it: with its permission, its rules, its target. What a
/// step is called with is made of the input of the chain and of what the steps before it gave back. Where one fails, nothing of any is kept,
/// and the error says which it was.
///
/// ```
/// # use diptych_pipeline::{Calls, Chain, Operations, NamedService, Takes, Tx};
/// # use diptych_spec::{Input, Result, ServiceSpec};
/// # #[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema, validator::Validate)]
/// # struct NewInvoice { number: String }
/// # fn example<create_invoice, send_invoice>() -> Operations
/// # where create_invoice: NamedService<Out = i64> + Takes<NewInvoice>, send_invoice: NamedService<Out = i64> {
/// let issue = Chain::of::<NewInvoice>()
///     .then::<create_invoice, _>(|new, ()| Input(new.clone()))
///     .then::<send_invoice, _>(|_, (id,)| serde_json::json!({"id": id}));
/// Operations::new().add(ServiceSpec::new("invoices.issue", "Create an invoice and send it.", issue))
/// # }
/// ```
#[must_use = "a chain does nothing until it is the handler of a `ServiceSpec::new(name, description, chain)`"]
pub struct Chain<I, S = (), A = LastOutput> {
    steps: S,
    answer: A,
    input: PhantomData<fn() -> I>,
}

impl Chain<()> {
    /// A chain that is called with an `I`.
    pub fn of<I: InputData + Sync>() -> Chain<I> {
        Chain { steps: (), answer: LastOutput, input: PhantomData }
    }
}

impl<I, S: Steps<I>> Chain<I, S> {
    /// Then calls the service `T`, with what `arguments` makes of the input and of what the steps before gave back, which are a tuple: `()`,
    /// `(id,)`, `(id, sent)`.
    pub fn then<T, G>(self, arguments: impl Fn(&I, &S::Outputs) -> G + Send + Sync + 'static) -> Chain<I, Then<I, S, T>>
    where
        T: NamedService<Out: Clone>,
        G: ArgumentsOf<T>,
        S::Outputs: Append<T::Out>,
    {
        let steps = Then {
            before: self.steps,
            arguments: Box::new(move |input, outputs| arguments(input, outputs).into_json()),
            is_input: G::IS_INPUT,
            service: PhantomData,
        };
        Chain { steps, answer: self.answer, input: PhantomData }
    }

    /// Answers with what `answer` makes of the input and of what all steps gave back; without, the answer is what the last one gave back.
    pub fn answer<T, F>(self, answer: F) -> Chain<I, S, Built<F>>
    where
        F: Fn(I, S::Outputs) -> T + Send + Sync + 'static,
    {
        Chain { steps: self.steps, answer: Built(answer), input: PhantomData }
    }
}

/// The steps of a chain.
pub trait Steps<I>: Send + Sync + 'static {
    /// What they give back.
    type Outputs: Send + Sync + 'static;
    /// How many there are.
    #[doc(hidden)]
    const COUNT: u32;
    #[doc(hidden)]
    fn describe(&self, signature: &mut Signature);
    #[doc(hidden)]
    fn run(&self, calls: &Calls, tx: &mut Tx, input: &I) -> impl Future<Output = Result<Self::Outputs>> + Send;
}

impl<I: Sync> Steps<I> for () {
    type Outputs = ();
    const COUNT: u32 = 0;
    fn describe(&self, _: &mut Signature) {}
    async fn run(&self, _: &Calls, _: &mut Tx, _: &I) -> Result<()> {
        Ok(())
    }
}

/// What a step is called with, as JSON.
type Arguments<I, O> = dyn Fn(&I, &O) -> Result<String> + Send + Sync;

/// A step behind others.
pub struct Then<I, P: Steps<I>, S> {
    before: P,
    arguments: Box<Arguments<I, P::Outputs>>,
    is_input: bool,
    service: PhantomData<fn() -> S>,
}

impl<I, P, S> Steps<I> for Then<I, P, S>
where
    I: Sync + 'static,
    P: Steps<I>,
    P::Outputs: Append<S::Out>,
    S: NamedService<Out: Clone>,
{
    type Outputs = <P::Outputs as Append<S::Out>>::All;
    const COUNT: u32 = P::COUNT + 1;

    fn describe(&self, signature: &mut Signature) {
        self.before.describe(signature);
        signature.step(S::NAME, self.is_input);
    }

    async fn run(&self, calls: &Calls, tx: &mut Tx, input: &I) -> Result<Self::Outputs> {
        let outputs = self.before.run(calls, tx, input).await?;
        let arguments = (self.arguments)(input, &outputs);
        let done = async { calls.call_with::<S>(tx, arguments?).await };
        match done.await {
            Ok(output) => Ok(outputs.append(output)),
            Err(error) => Err(error.at_step(Self::COUNT, S::NAME)),
        }
    }
}

/// What a chain answers.
pub trait Answers<I, O>: Send + Sync + 'static {
    /// That.
    type Answer: Send + 'static;
    #[doc(hidden)]
    fn answer(&self, input: I, outputs: O) -> Self::Answer;
}

/// A chain answers what its last step gave back.
#[derive(Debug, Clone, Copy)]
pub struct LastOutput;

impl<I, O: Ends> Answers<I, O> for LastOutput {
    type Answer = O::Last;
    fn answer(&self, _: I, outputs: O) -> O::Last {
        outputs.last()
    }
}

/// A chain answers what this makes.
pub struct Built<F>(F);

impl<I, O, T, F> Answers<I, O> for Built<F>
where
    T: Send + 'static,
    F: Fn(I, O) -> T + Send + Sync + 'static,
{
    type Answer = T;
    fn answer(&self, input: I, outputs: O) -> T {
        (self.0)(input, outputs)
    }
}

impl<I, S, A> Handler for Chain<I, S, A>
where
    I: InputData + Sync,
    S: Steps<I>,
    A: Answers<I, S::Outputs>,
{
    type Connection = Tx;
    type Args = (Input<I>, Calls);
    type Out = A::Answer;

    fn describe(&self, signature: &mut Signature) {
        Input::<I>::describe(signature);
        Calls::describe(signature);
        self.steps.describe(signature);
    }

    async fn extract(&self, call: &mut Call) -> Result<Self::Args> {
        Ok((Input::from_call(call).await?, Calls::from_call(call).await?))
    }

    async fn invoke<'t>(&'t self, tx: &'t mut Tx, (Input(input), calls): Self::Args) -> Result<A::Answer> {
        let outputs = self.steps.run(&calls, tx, &input).await?;
        Ok(self.answer.answer(input, outputs))
    }
}

impl<I, S, A> fmt::Debug for Chain<I, S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("input", &std::any::type_name::<I>()).finish_non_exhaustive()
    }
}

impl<I, P: Steps<I>, S> fmt::Debug for Then<I, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Then").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Built<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Built").finish_non_exhaustive()
    }
}
