//! The limits of tasks.

use std::time::Duration;

/// How tasks are worked on, and how many are kept. Operations say themselves how long a task is kept and may run.
#[derive(Debug, Clone)]
pub struct TaskSettings {
    /// How many tasks this process works on at a time; 4. With 0 it only takes them, for other processes to work on.
    pub workers: usize,
    /// For how long a worker that is not heard of keeps its task; 30 seconds. Then another takes it over. The clocks of all
    /// processes have to agree to much less than that.
    pub lease: Duration,
    /// How often a worker that has nothing to do looks for tasks of other processes; every 5 seconds. Its own it hears of.
    pub poll: Duration,
    /// How many unfinished tasks a caller may have; 100.
    pub max_open: u32,
    /// How many tasks are kept for a caller, with the finished ones; 1,000.
    pub max_kept: u32,
    /// How much is kept of the tasks of a caller, in bytes of arguments, answers and results; 64 MiB. With as much there is no new task;
    /// what has begun is finished.
    pub max_kept_bytes: u64,
    /// The longest arguments of a task, and the longest answers to its questions, in bytes of JSON; 256 KiB.
    pub max_argument_bytes: usize,
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self {
            workers: 4,
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(5),
            max_open: 100,
            max_kept: 1000,
            max_kept_bytes: 64 * 1024 * 1024,
            max_argument_bytes: 256 * 1024,
        }
    }
}
