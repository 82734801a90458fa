//! A declaration of one input, and calls of it.

use diptych_spec::{Arguments, Call, Deadline, Declaration, Error, Input, ServiceSpec, StateMap};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::{sync::Arc, time::Duration};
use validator::Validate;

pub(crate) fn service<T>() -> Declaration
where
    T: DeserializeOwned + JsonSchema + Validate + Send + 'static,
{
    async fn nothing<T: Send>(_: &mut (), _: Input<T>) -> diptych_spec::Result<()> {
        Ok(())
    }
    ServiceSpec::from_fn("test", nothing::<T>).into_parts().0
}

pub(crate) fn call() -> Call {
    Call::new(None, Arc::new(StateMap::default()), Deadline::after(Duration::from_secs(1)))
}

/// Decodes and validates named arguments.
pub(crate) fn accept<T>(json: &str) -> Result<T, Error>
where
    T: DeserializeOwned + JsonSchema + Validate + Send + 'static,
{
    let declaration = service::<T>();
    let mut call = call();
    declaration.arguments().parse(&Arguments::named(json), &mut call)?;
    declaration.arguments().validate(&call)?;
    Ok(call.take().unwrap())
}

/// `pointer code: detail` of every wrong field.
pub(crate) fn refusals<T>(json: &str) -> Vec<String>
where
    T: DeserializeOwned + JsonSchema + Validate + Send + std::fmt::Debug + 'static,
{
    let error = accept::<T>(json).unwrap_err();
    error.fields().iter().map(|field| format!("{} {}: {}", field.pointer, field.code, field.detail)).collect()
}
