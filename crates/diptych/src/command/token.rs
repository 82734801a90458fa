//! `app token`: a token of the local issuer.

use super::span::{self, DAY, HOUR};
use clap::{Arg, ArgAction, ArgMatches};
use std::time::Duration;

/// What a token is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedToken {
    pub(crate) subject: String,
    /// None for all that there are.
    pub(crate) scopes: Vec<String>,
    pub(crate) audience: Option<String>,
    pub(crate) expires: Duration,
}

/// The longest that a token is good, in seconds.
const MOST: u64 = 365 * DAY;

pub(super) fn parser() -> clap::Command {
    let option = |name: &'static str| Arg::new(name).long(name);
    clap::Command::new("token")
        .about("A token of the local issuer, for this machine")
        .arg(Arg::new("subject").value_name("USER").required(true).help("who the token is for"))
        .arg(
            option("scope")
                .value_name("SCOPE")
                .action(ArgAction::Append)
                .help("what it allows; may be repeated; without, everything"),
        )
        .arg(option("audience").value_name("URL").help("the endpoint it is for; without, the server's own /mcp"))
        .arg(
            option("expires")
                .value_name("TIME")
                .value_parser(duration)
                .help("how long it is good: 90s, 15m, 1h (the default), 7d"),
        )
}

pub(super) fn read(matches: &ArgMatches) -> WantedToken {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let scopes = matches.get_many::<String>("scope").into_iter().flatten();
    WantedToken {
        subject: text("subject").unwrap_or_default(),
        scopes: scopes
            .flat_map(|scope| scope.split(' '))
            .map(str::to_owned)
            .filter(|scope| !scope.is_empty())
            .collect(),
        audience: text("audience"),
        expires: super::given(matches, "expires", Duration::from_secs(HOUR)),
    }
}

/// `90s`, `15m`, `1h`, `7d`.
fn duration(text: &str) -> Result<Duration, String> {
    let span = span::read(text, &[('s', 1), ('m', 60), ('h', HOUR), ('d', DAY)], MOST);
    span.ok_or_else(|| "write a number and a unit, such as 90s, 15m, 1h or 7d; a year at most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("1h", Some(3600)),
            ("365d", Some(MOST)),
            ("366d", None),
            ("0s", None),
        ] {
            assert_eq!(duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
        for text in ["", "1", "h", "-1h", "1 h", "1w", "1é", "99999999999999999999s", "9999999999999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
