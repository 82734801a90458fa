//! `app scopes`: whose rows each operation works on.

use super::{Output, given, tools};
use clap::ArgMatches;

pub(super) fn parser() -> clap::Command {
    clap::Command::new("scopes").about("Whose rows each operation works on").arg(tools::output())
}

pub(super) fn read(matches: &ArgMatches) -> Output {
    given(matches, "format", Output::Table)
}
