//! What a service sees of those that run at the same time.

/// How much of what others commit meanwhile a service sees, declared with `.isolation(…)`.
///
/// On SQLite only one service writes at a time, so every one of them is serializable there, whatever it declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Isolation {
    /// Each statement sees what was committed before it.
    #[default]
    ReadCommitted,
    /// All statements see what was committed before the first. A change of a row that somebody else changed meanwhile is
    /// refused with `serialization`; on MySQL, and on MariaDB without `innodb_snapshot_isolation`, it is made.
    RepeatableRead,
    /// As if one service ran after the other. What could not have happened then is refused with `serialization`, at COMMIT as
    /// well.
    Serializable,
}
