//! Host and port, as `Host` and `Origin` name them (RFC 3986, section 3.2).

use std::net::{Ipv4Addr, Ipv6Addr};

/// `localhost:8000`, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    text: &'a str,
    host: &'a str,
}

impl<'a> Authority<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok() && !port.starts_with('+');
        let host = match text.rsplit_once(':') {
            Some((host, port)) if is_port(port) && (!host.contains(':') || host.ends_with(']')) => host,
            _ => text,
        };
        Self { text, host }
    }

    /// That of a page's origin: a scheme, and nothing behind the port (RFC 6454, section 6.2).
    pub(crate) fn of_origin(origin: &'a str) -> Option<Self> {
        let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))?;
        let is_plain = !page.is_empty() && !page.contains(['/', '?', '#', '@', '\\', ' ']);
        is_plain.then(|| Self::new(page))
    }

    /// Whether it names this machine: no name that somebody else could point here.
    pub(crate) fn is_loopback(self) -> bool {
        match self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(v6) => v6.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback()),
            None => {
                self.host.eq_ignore_ascii_case("localhost")
                    || self.host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
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
            "[[::1]]",
            "::1",
            "[127.0.0.1]",
            "127.0.0.1]",
            "[::1",
            "[::1%25lo]:80",
            "[::ffff:127.0.0.1]",
            "127.1",
            "0177.0.0.1",
            "2130706433",
            "localhost:80:80",
            "localhost:99999",
            "localhost:+80",
            " localhost",
            "localhost\t",
        ] {
            assert!(!Authority::new(name).is_loopback(), "{name}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for (origin, host) in [
            ("http://a.example", Some("a.example")),
            ("https://a.example:8443", Some("a.example")),
            ("https://[::1]:1", Some("[::1]")),
            ("null", None),
            ("", None),
            ("http://", None),
            ("HTTP://a.example", None),
            ("file://localhost", None),
            ("chrome-extension://localhost", None),
            ("http://localhost/", None),
            ("http://localhost?x", None),
            ("http://localhost#x", None),
            ("http://user@localhost", None),
            ("http://localhost\\.evil.example", None),
            ("http://localhost http://evil.example", None),
        ] {
            assert_eq!(Authority::of_origin(origin).map(|page| page.host), host, "{origin}");
        }
    }
}
