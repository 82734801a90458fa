//! Host and port, as `Host` and `Origin` name them (RFC 3986, section 3.2).

use std::net::IpAddr;

/// `localhost:8000`, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    text: &'a str,
    host: &'a str,
}

impl<'a> Authority<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let host = match text.rsplit_once(':') {
            Some((host, digits)) if port(digits) && (!host.contains(':') || host.ends_with(']')) => host,
            _ => text,
        };
        Self { text, host }
    }

    /// Whether it names this machine: no name that somebody else could point here.
    pub(crate) fn is_loopback(self) -> bool {
        let ip = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host.eq_ignore_ascii_case("localhost") || ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether it is what `name` says, which may leave out the port.
    pub(crate) fn is(self, name: &str) -> bool {
        self.text.eq_ignore_ascii_case(name) || self.host.eq_ignore_ascii_case(name)
    }

    /// Whether both are the same host and port.
    pub(crate) fn same(self, other: Self) -> bool {
        self.text.eq_ignore_ascii_case(other.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_its_imitations() {
        for name in ["localhost", "LocalHost:80", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:1"] {
            assert!(Authority::new(name).is_loopback(), "{name}");
        }
        for name in [
            "",
            "localhost.",
            "localhost.evil.example",
            "evil.example",
            "localhost:80@evil.example",
            "evil.example@localhost",
            "127.0.0.1.evil.example",
            "127.0.0.1:x",
            "[::2]",
            "0.0.0.0",
            "[::]:80",
            "[::1].evil.example",
        ] {
            assert!(!Authority::new(name).is_loopback(), "{name}");
        }
    }
}
