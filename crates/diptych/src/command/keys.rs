//! `app keys`: API keys are created, listed and revoked.

use super::{
    Output, given,
    span::{self, DAY, HOUR},
    tools::output,
};
use clap::{Arg, ArgAction, ArgMatches};
use std::time::Duration;

/// What is to be done with keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keys {
    Create(WantedKey, Output),
    List(Output),
    Revoke(String),
}

/// A key that is to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedKey {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) operations: Vec<String>,
    /// How long it is good; none for ever.
    pub(crate) lasts: Option<Duration>,
}

/// 90 days.
const USUAL: Option<Duration> = Some(Duration::from_secs(90 * DAY));

pub(super) fn parser() -> clap::Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let create = clap::Command::new("create")
        .about("Create a key and print it, this once")
        .arg(option("name", "NAME", "The service account that calls with it").required(true))
        .arg(option("scope", "SCOPE", "What it may be used for; may be repeated").action(ArgAction::Append))
        .arg(
            option("operation", "NAME", "The only operation it is good for; may be repeated").action(ArgAction::Append),
        )
        .arg(option("expires", "SPAN", "How long it is good: 90d (the default), 12h, 30m, or never").value_parser(span))
        .arg(option("label", "TEXT", "What it is for, in words"))
        .arg(output());
    let list = clap::Command::new("list").about("List the keys, newest first; never their secrets").arg(output());
    let revoke = clap::Command::new("revoke")
        .about("Refuse a key from now on")
        .arg(Arg::new("id").value_name("ID").required(true).help("As `keys list` prints it"));
    clap::Command::new("keys")
        .about("API keys: create, list, revoke")
        .subcommand_required(true)
        .subcommand(create)
        .subcommand(list)
        .subcommand(revoke)
}

pub(super) fn read(matches: &ArgMatches) -> Keys {
    let text = |given: &ArgMatches, name: &str| given.get_one::<String>(name).cloned().unwrap_or_default();
    let all = |given: &ArgMatches, name: &str| given.get_many(name).into_iter().flatten().cloned().collect();
    match matches.subcommand() {
        Some(("create", one)) => {
            let wanted = WantedKey {
                name: text(one, "name"),
                label: text(one, "label"),
                scopes: all(one, "scope"),
                operations: all(one, "operation"),
                lasts: given(one, "expires", USUAL),
            };
            Keys::Create(wanted, given(one, "format", Output::Table))
        }
        Some(("revoke", one)) => Keys::Revoke(text(one, "id")),
        other => Keys::List(other.map_or(Output::Table, |(_, list)| given(list, "format", Output::Table))),
    }
}

/// `90d`, `12h`, `30m`, `never`.
fn span(text: &str) -> Result<Option<Duration>, String> {
    if text == "never" {
        return Ok(None);
    }
    // Not so far that no calendar goes there.
    let span = span::read(text, &[('m', 60), ('h', HOUR), ('d', DAY), ('w', 7 * DAY)], 1000 * 365 * DAY);
    span.map(Some).ok_or_else(|| "write a number and `m`, `h`, `d` or `w`, such as 90d, or `never`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        let hours = |hours: u64| Ok(Some(Duration::from_secs(hours * 60 * 60)));
        for (text, read) in [("90d", hours(90 * 24)), ("12h", hours(12)), ("2w", hours(14 * 24)), ("never", Ok(None))] {
            assert_eq!(span(text), read, "{text}");
        }
        for wrong in ["", "d", "0d", "-1d", "90", "90 d", "1y", "99999999999999999999d", "99999999999w", "Never"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
