//! What an engine does with tasks.

use super::{NewTask, TaskState};
use crate::{Engine, Operation, dispatch::would_begin, report};
use diptych_spec::{Arguments, Error, JsonLimits, Result};

impl Engine {
    /// Stores a call as a task, for a worker of this or another process. A call that may not be made, or whose arguments
    /// are wrong, is refused and not stored. It is counted by its limits here, once, however often the task is then run.
    ///
    /// # Errors
    /// Those of the stages before the function runs that need no row; `too_many_tasks` when the caller has as many as are
    /// allowed; those of the database.
    pub async fn create_task(&self, operation: &Operation, new: NewTask<'_>) -> Result<TaskState> {
        let (arguments, caller) = (stored(new.arguments), new.caller);
        let created = async {
            would_begin(self, operation, &arguments, caller).await?;
            let tasks = self.tasks().ok_or_else(|| Error::internal("no operation is a task"))?;
            tasks.create(operation, new).await
        };
        let created = created.await.map_err(|error| report::error(operation.declaration(), error));
        created.inspect_err(|error| self.note_refusal(operation, caller, error))
    }

    /// Begins to work on tasks, on the runtime that this is called on. Once is enough.
    pub fn work_on_tasks(&self) {
        if let Some(tasks) = self.tasks() {
            tasks.work(self.downgrade());
        }
    }

    /// Takes no more tasks, rolls back those that run here, and gives them back for other processes to work on.
    pub async fn stop_tasks(&self) {
        if let Some(tasks) = self.tasks() {
            tasks.stop().await;
        }
    }
}

/// Arguments that were within the limits of the server when they came.
pub(super) fn stored(arguments: &str) -> Arguments<'_> {
    Arguments::named(arguments).from_a_model().limited(JsonLimits::NONE)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use crate::{Caller, Engine, NewTask, Operations, Surface, Tx, Via, db::Db};
    use diptych_spec::{Anyone, Result, ServiceSpec, Task};

    async fn import(_: &mut Tx) -> Result<()> {
        Ok(())
    }

    #[tokio::test]
    async fn why_a_task_was_not_stored_is_in_the_log() {
        let file = std::env::temp_dir().join(format!("diptych-task-{}.db", uuid::Uuid::new_v4().simple()));
        let db = Db::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let import = ServiceSpec::from_fn("import", import).allow(Anyone).task(Task::optional());
        let engine = Engine::builder(db).operations(Operations::new().add(import)).build().unwrap();
        let caller = Caller::new(None, Via::new(Surface::InProcess));
        let new = NewTask { caller: &caller, arguments: "{}", capabilities: &[], answers: Default::default() };
        // There is no table.
        let error = engine.create_task(&engine.operations()[0], new).await.unwrap_err();
        assert_eq!((error.code(), error.error_id().is_some()), ("internal", true));
        engine.db().close().await;
        std::fs::remove_file(file).unwrap();
    }
}
