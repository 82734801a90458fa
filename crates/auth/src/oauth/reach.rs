//! Which addresses an issuer may make this server connect to.
//!
//! What an issuer publishes names further URLs, and the names in URLs are resolved by somebody else. So every address is judged
//! after it was looked up, and the connection goes to the address that was judged.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};
use url::{Host, Url};

/// How far requests for one issuer go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Public addresses.
    Public,
    /// Public ones and this machine: for an issuer that is on this machine itself.
    Machine,
    /// Private networks too.
    Private,
}

impl Reach {
    /// Whether a URL may be requested: its scheme, and its host where that is an address already.
    pub(super) fn admits_url(self, url: &Url) -> bool {
        let secure = match (url.scheme(), self) {
            ("https", _) | ("http", Self::Private) => true,
            ("http", Self::Machine) => is_loopback(url),
            _ => false,
        };
        let host = match url.host() {
            Some(Host::Domain(name)) => !name.is_empty(),
            Some(Host::Ipv4(address)) => self.admits(address.into()),
            Some(Host::Ipv6(address)) => self.admits(address.into()),
            None => false,
        };
        secure && host && url.username().is_empty() && url.password().is_none()
    }

    fn admits(self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => self.admits_v4(address),
            IpAddr::V6(address) => self.admits_v6(address),
        }
    }

    fn admits_v4(self, address: Ipv4Addr) -> bool {
        let [a, b, c, _] = address.octets();
        // The agents of Azure and Alibaba Cloud, which are on no link-local address.
        let is_metadata = matches!(address.octets(), [168, 63, 129, 16] | [100, 100, 100, 200]);
        let never = is_metadata
            || address.is_link_local()
            || address.is_multicast()
            || address.is_broadcast()
            || address.is_documentation()
            || a == 0
            || a >= 240
            || (a == 192 && b == 0 && c == 0)
            || (a == 192 && b == 88 && c == 99)
            || (a == 198 && (b == 18 || b == 19));
        let is_private = address.is_private() || (a == 100 && (64..128).contains(&b));
        !never
            && match self {
                Self::Public => !address.is_loopback() && !is_private,
                Self::Machine => !is_private,
                Self::Private => true,
            }
    }

    fn admits_v6(self, address: Ipv6Addr) -> bool {
        let segments = address.segments();
        // Addresses that a translator turns into one of IPv4 (RFC 6052, 3056, 4380): nobody here knows into which network.
        let is_translated = segments[..2] == [0x64, 0xff9b] || segments[0] == 0x2002 || segments[..2] == [0x2001, 0];
        if address.is_loopback() {
            return self != Self::Public;
        }
        if address.is_unique_local() {
            // The metadata of AWS.
            return self == Self::Private && segments[..2] != [0xfd00, 0x0ec2];
        }
        // 2000::/3 is all that is given out as public.
        segments[0] & 0xe000 == 0x2000 && !is_translated && segments[..2] != [0x2001, 0x0db8]
    }
}

/// Whether a URL leads to this machine, by what it says.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Looks names up, and gives the client no address but those within reach.
impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let admitted: Vec<_> = found.iter().copied().filter(|address| reach.admits(address.ip())).collect();
            if admitted.is_empty() {
                return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "no address within reach").into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_within_reach_of_a_public_issuer() {
        // Address, and from which reach on.
        const ADDRESSES: &[(&str, [bool; 3])] = &[
            ("1.1.1.1", [true, true, true]),
            ("172.32.0.1", [true, true, true]),
            ("2606:4700:4700::1111", [true, true, true]),
            ("127.0.0.1", [false, true, true]),
            ("127.8.8.8", [false, true, true]),
            ("::1", [false, true, true]),
            ("::ffff:127.0.0.1", [false, true, true]),
            ("10.0.0.1", [false, false, true]),
            ("172.16.0.1", [false, false, true]),
            ("192.168.1.1", [false, false, true]),
            ("100.64.0.1", [false, false, true]),
            ("::ffff:10.0.0.1", [false, false, true]),
            ("fd12::1", [false, false, true]),
            ("169.254.169.254", [false, false, false]),
            ("::ffff:169.254.169.254", [false, false, false]),
            ("fe80::1", [false, false, false]),
            ("fd00:ec2::254", [false, false, false]),
            ("100.100.100.200", [false, false, false]),
            ("168.63.129.16", [false, false, false]),
            ("0.0.0.0", [false, false, false]),
            ("0.1.2.3", [false, false, false]),
            ("::", [false, false, false]),
            ("::127.0.0.1", [false, false, false]),
            ("224.0.0.1", [false, false, false]),
            ("255.255.255.255", [false, false, false]),
            ("192.0.2.1", [false, false, false]),
            ("198.18.0.1", [false, false, false]),
            ("240.0.0.1", [false, false, false]),
            ("ff02::1", [false, false, false]),
            ("64:ff9b::7f00:1", [false, false, false]),
            ("2002:7f00:1::", [false, false, false]),
            ("2001:db8::1", [false, false, false]),
        ];
        for (address, expected) in ADDRESSES {
            let parsed: IpAddr = address.parse().unwrap();
            let admitted = [Reach::Public, Reach::Machine, Reach::Private].map(|reach| reach.admits(parsed));
            assert_eq!(admitted, *expected, "{address}");
        }
    }

    #[test]
    fn urls_are_judged_before_any_look_up() {
        const URLS: &[(&str, [bool; 3])] = &[
            ("https://id.example.com/keys", [true, true, true]),
            ("http://id.example.com/keys", [false, false, true]),
            ("http://localhost:9000/keys", [false, true, true]),
            ("http://127.0.0.1:9000/keys", [false, true, true]),
            ("http://[::1]/keys", [false, true, true]),
            // Other ways to write the same addresses.
            ("https://2130706433/", [false, true, true]),
            ("https://0x7f.1/", [false, true, true]),
            ("https://[::ffff:a00:1]/", [false, false, true]),
            ("http://169.254.169.254/latest", [false, false, false]),
            ("https://user:secret@id.example.com/", [false, false, false]),
            ("file:///etc/passwd", [false, false, false]),
            ("ftp://id.example.com/", [false, false, false]),
        ];
        for (url, expected) in URLS {
            let parsed = Url::parse(url).unwrap();
            let admitted = [Reach::Public, Reach::Machine, Reach::Private].map(|reach| reach.admits_url(&parsed));
            assert_eq!(admitted, *expected, "{url}");
        }
    }
}
