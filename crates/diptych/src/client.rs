//! Calling operations in process, through the same stages as every other surface: for tests, jobs and command lines.

use diptych_pipeline::{Caller, Engine, Surface, Via};
use diptych_spec::{Arguments, Error, IdempotencyKey, Principal, Result};
use serde::{Serialize, de::DeserializeOwned};

/// An in-process caller. Cheap to clone.
///
/// ```no_run
/// # async fn example(server: diptych::Server) -> diptych::Result<()> {
/// use diptych::Principal;
///
/// let ann = Principal::new("tests", "ann", ["invoices:read"])?;
/// let page: serde_json::Value =
///     server.client().as_principal(ann).call("invoices.list", &serde_json::json!({"page_size": 5})).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    engine: Engine,
    principal: Option<Principal>,
    idempotency_key: Option<IdempotencyKey>,
}

impl Client {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, principal: None, idempotency_key: None }
    }

    /// Calls as this principal; without, as nobody.
    #[must_use]
    pub fn as_principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Calls services with this idempotency key: what was called before with the same arguments is not done again, and gives the
    /// answer of then.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// Calls an operation with its arguments by name, and reads its answer. Dropping the future rolls a service back.
    ///
    /// # Errors
    /// Those of the operation, and not found for a name that is not declared.
    pub async fn call<T: DeserializeOwned>(&self, name: &str, arguments: &(impl Serialize + Sync)) -> Result<T> {
        let json = self.call_json(name, &serde_json::to_string(arguments).map_err(Error::internal)?).await?;
        // What the library says of it has the value in it.
        serde_json::from_str(&json).map_err(|_| Error::internal("the answer is not of the type that is asked for"))
    }

    /// The same, with JSON text in and out.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn call_json(&self, name: &str, arguments: &str) -> Result<String> {
        let operation =
            self.engine.operation(name).ok_or_else(|| Error::not_found(format!("there is no operation `{name}`")))?;
        let caller = Caller {
            idempotency_key: self.idempotency_key.clone(),
            ..Caller::new(self.principal.clone(), Via::new(Surface::InProcess))
        };
        let outcome = self.engine.dispatch(operation, Arguments::named(arguments), caller).await?;
        Ok(outcome.json().to_owned())
    }
}
