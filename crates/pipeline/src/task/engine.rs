//! What an engine does with tasks.

use super::{NewTask, TaskState};
use crate::{Engine, Operation, dispatch::would_begin};
use diptych_spec::{Arguments, Error, Result};

impl Engine {
    /// Stores a call as a task, for a worker of this or another process. A call that may not be made, or whose arguments
    /// are wrong, is refused and not stored.
    ///
    /// # Errors
    /// Those of the stages before the function runs that need no row; `too_many_tasks` when the caller has as many as are
    /// allowed; those of the database.
    pub async fn create_task(&self, operation: &Operation, new: NewTask<'_>) -> Result<TaskState> {
        let arguments = Arguments::named(new.arguments).from_a_model();
        would_begin(self, operation, &arguments, new.principal.cloned())?;
        let tasks = self.tasks().ok_or_else(|| Error::internal("no operation is a task"))?;
        tasks.create(operation, new).await
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
