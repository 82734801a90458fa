//! On which terms a service runs: as a task, on how many targets, in which transaction.

use super::{Clock, Invoice, mistakes, nothing, row_by_id, rows, text};
use diptych::{
    AnswerValue, Anyone, Backend, Conn, Instance, Instances, Operations, PageNumber, Result, Retry, SelectorSpec,
    ServiceSpec, Task, TaskStart, Tx,
};
use diptych_spec::Args;
use schemars::JsonSchema;
use serde::Deserialize;

#[tokio::test]
async fn tasks_that_cannot_be_are_noticed() {
    let seconds = std::time::Duration::from_secs;
    let starts = async |_: &mut Conn, _: TaskStart| -> Result<AnswerValue<u8>> { Ok(AnswerValue(1)) };
    let operations = Operations::new()
        .add(SelectorSpec::from_fn("starts", starts).allow(Anyone))
        .add(SelectorSpec::from_fn("hidden", text).allow(Anyone).tool(false).task(Task::optional()))
        .add(ServiceSpec::from_fn("long", nothing).allow(Anyone).task(Task::optional().ttl(seconds(60))))
        .add(ServiceSpec::from_fn("never", nothing).allow(Anyone).task(Task::required().poll_interval(seconds(0))));
    let expected = [
        "starts: takes a TaskStart but is no task; add `.task(Task::optional())`, or leave the argument out",
        "hidden: is no tool, and only calls of tools become tasks; leave out `.task(…)` or `.tool(false)`",
        "long: `.task(…)` may run for 600s but is kept for 60s only; make `.ttl` longer than `.max_run`",
        "never: `.task(…)` has a `.poll_interval` of less than a millisecond; give it a longer one",
    ];
    assert_eq!(mistakes(Backend::Sqlite, operations).await, expected);
}

#[derive(Deserialize, JsonSchema)]
struct Dry {
    #[expect(dead_code, reason = "only declared")]
    dry_run: bool,
}

#[tokio::test]
async fn terms_that_cannot_be_are_noticed() {
    let (milli, seconds) = (std::time::Duration::from_millis, std::time::Duration::from_secs);
    let service = |name: &'static str| ServiceSpec::from_fn(name, nothing).allow(Anyone);
    let taken = async |_: &mut Tx, _: Args<Dry>| -> Result<()> { Ok(()) };
    let by_target = async |_: &mut Conn, _: Args<Dry>| -> Result<Option<Invoice>> { Ok(None) };
    let operations = Operations::new()
        .add(service("never").retry(Retry::times(0)))
        .add(service("always").retry(Retry::times(11)))
        .add(service("slow").retry(Retry::times(1).longest_pause(seconds(61))))
        .add(service("short").retry(Retry::times(1).pause(seconds(2))))
        .add(service("good").retry(Retry::times(10).pause(milli(0))).dry_run(true).dry_run(true))
        .add(ServiceSpec::from_fn("off", taken).allow(Anyone).dry_run(true).dry_run(false))
        .add(ServiceSpec::from_fn("taken", taken).allow(Anyone).dry_run(true))
        .add(service("target").dry_run(true).target(SelectorSpec::from_fn("row", by_target)));
    let expected = [
        "never: is run again 0 times; write `Retry::times(…)` with 1 to 10",
        "always: is run again 11 times; write `Retry::times(…)` with 1 to 10",
        "slow: pauses for up to 61s before it is run again; make `.longest_pause` 60s at most",
        "short: pauses for up to 2s before it is run again, which is more than the longest pause, 1s; make `.longest_pause` longer than `.pause`",
        "taken: the argument `dry_run` is declared twice, by an `#[arg]` and by the dry run; every argument has one name on every surface, so rename one",
        "target: the argument `dry_run` is declared twice, by an `#[arg]` and by the dry run; every argument has one name on every surface, so rename one",
    ];
    assert_eq!(mistakes(Backend::Sqlite, operations).await, expected);
}

async fn wants_rows(_: &mut Tx, _: Instances<crate::counter::Stored>) -> Result<()> {
    Ok(())
}
async fn wants_row(_: &mut Tx, _: Instance<crate::counter::Stored>) -> Result<()> {
    Ok(())
}
async fn wants_clocks(_: &mut Tx, _: Instances<Clock>) -> Result<()> {
    Ok(())
}
async fn wants_them_twice(_: &mut Tx, _: Instances<Clock>, _: Instances<Clock>) -> Result<()> {
    Ok(())
}

#[tokio::test]
async fn of_sets_of_targets() {
    let list = || SelectorSpec::from_fn("rows", rows);
    let operations = Operations::new()
        .add(ServiceSpec::from_fn("none", wants_rows).allow(Anyone))
        .add(ServiceSpec::from_fn("other", wants_clocks).allow(Anyone).targets(list()))
        .add(ServiceSpec::from_fn("twice", wants_them_twice).allow(Anyone).targets(list()))
        .add(ServiceSpec::from_fn("one", wants_row).allow(Anyone).targets(list()))
        .add(ServiceSpec::from_fn("set", wants_rows).allow(Anyone).target(SelectorSpec::from_fn("row", row_by_id)))
        .add(ServiceSpec::from_fn("paged", wants_rows).allow(Anyone).targets(list().paginate(PageNumber::default())))
        .add(ServiceSpec::from_fn("unique", wants_rows).allow(Anyone).targets(list().unique("uuid")))
        .add(ServiceSpec::from_fn("good", wants_rows).allow(Anyone).targets(list()));
    let found = mistakes(Backend::Sqlite, operations).await;
    let expected = [
        "none: asks for Instances<it::counter::Stored> but has no targets; add `.targets(selector)` to a service, with a selector that returns `Select<it::counter::Stored>`",
        "other: asks for Instances<it::mistakes::Clock> but its targets are it::counter::Stored",
        "twice: Instances<it::mistakes::Clock> is asked for twice, or of two types",
        "twice: asks for Instances<it::mistakes::Clock> but its targets are it::counter::Stored",
        "one: asks for Instance<it::counter::Stored> but has no target; add `.target(selector)` with a selector that returns `Option<it::counter::Stored>`",
        "set: asks for Instances<it::counter::Stored> but has no targets; add `.targets(selector)` to a service, with a selector that returns `Select<it::counter::Stored>`",
        "paged: works on a whole list, locked in an order of its own: leave `.order_by` and `.paginate` out of its `.targets(…)`",
        "unique: an ordered list needs a unique column, so that no row is shown twice; the row has no `uuid`: name one of id, n with `.unique(\"…\")`",
    ];
    assert_eq!(found, expected);
}
