//! `app tools`: what each tool costs a conversation.

use super::given;
use clap::{Arg, ArgMatches, builder::PossibleValuesParser, builder::TypedValueParser as _};

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Table,
    Json,
}

pub(super) fn parser() -> clap::Command {
    clap::Command::new("tools").about("What each tool costs a conversation, in bytes and tokens").arg(output())
}

/// How it is printed.
pub(super) fn output() -> Arg {
    let output = PossibleValuesParser::new(["table", "json"]).map(|name| match &*name {
        "json" => Output::Json,
        _ => Output::Table,
    });
    Arg::new("format").long("format").value_name("FORMAT").value_parser(output).help("table (the default) or json")
}

pub(super) fn read(matches: &ArgMatches) -> Output {
    given(matches, "format", Output::Table)
}
