//! `app outbox`: messages that were given up are listed, shown, tried again and discarded.

use super::{Output, given, tools::output};
use clap::{Arg, ArgAction, ArgMatches};

/// What is to be done with dead letters; the texts are ids and topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeadMail {
    List(Output),
    Show(String),
    Retry(String),
    /// All, or all of a topic.
    RetryAll(Option<String>),
    Discard(String),
}

pub(super) fn parser() -> clap::Command {
    let id = || Arg::new("id").value_name("ID").help("As `outbox list` prints it");
    let all = Arg::new("all").long("all").action(ArgAction::SetTrue).help("All of them").conflicts_with("id");
    let topic = Arg::new("topic").long("topic").value_name("TOPIC").help("All of this topic");
    let retry = clap::Command::new("retry")
        .about("Let a message be tried again, as often as at first")
        .arg(id().required_unless_present_any(["all", "topic"]))
        .arg(all)
        .arg(topic.conflicts_with_all(["id", "all"]));
    let list = clap::Command::new("list").about("List them, newest first; not what they say").arg(output());
    let one = |name: &'static str, about: &'static str| clap::Command::new(name).about(about).arg(id().required(true));
    clap::Command::new("outbox")
        .about("Messages that were given up: list, show, retry, discard")
        .subcommand_required(true)
        .subcommand(list)
        .subcommand(one("show", "Print what a message says, as JSON"))
        .subcommand(retry)
        .subcommand(one("discard", "Remove a message for good"))
}

pub(super) fn read(matches: &ArgMatches) -> DeadMail {
    let text = |given: &ArgMatches, name: &str| given.get_one::<String>(name).cloned();
    let id = |given: &ArgMatches| text(given, "id").unwrap_or_default();
    match matches.subcommand() {
        Some(("show", one)) => DeadMail::Show(id(one)),
        Some(("discard", one)) => DeadMail::Discard(id(one)),
        Some(("retry", one)) => match text(one, "id") {
            Some(id) => DeadMail::Retry(id),
            None => DeadMail::RetryAll(text(one, "topic")),
        },
        other => DeadMail::List(other.map_or(Output::Table, |(_, list)| given(list, "format", Output::Table))),
    }
}
