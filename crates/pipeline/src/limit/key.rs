//! What a limit counts by: the key of one counter.

use crate::{Caller, Surface};
use diptych_spec::{By, Limit, Principal};
use std::{fmt, net::IpAddr};

/// The key of one counter. Two calls have the same key when they are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LimitKey<'a> {
    limit: &'a str,
    operation: Option<&'a str>,
    who: Option<Who<'a>>,
    network: Option<Option<Network>>,
    mount: Option<(Surface, &'a str)>,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who<'a> {
    Principal { issuer: &'a str, subject: &'a str },
    Anonymous(Option<Network>),
}

/// What an address is counted as.
///
/// One client has a whole /64 of IPv6 to choose addresses from (RFC 6177, section 2), so that is one; an IPv4 address is itself,
/// also when it is written as an IPv6 address (RFC 4291, section 2.5.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// An address.
    V4(u32),
    /// The first 64 bits of an address.
    V6(u64),
}

impl Network {
    /// That of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

impl<'a> LimitKey<'a> {
    /// The counter of this limit for a call of this operation.
    pub(super) fn of(limit: &Limit, id: &'a str, operation: &'a str, caller: &'a Caller) -> Self {
        let network = caller.via.address.map(Network::of);
        let by = |by, key: Option<_>| key.filter(|()| limit.counts_by(by));
        let there = Some(());
        let who = |principal: Option<&'a Principal>| match principal {
            Some(principal) => Who::Principal { issuer: principal.issuer(), subject: principal.subject() },
            None => Who::Anonymous(network),
        };
        Self {
            limit: id,
            operation: by(By::Operation, there).map(|()| operation),
            who: by(By::Principal, there).map(|()| who(caller.principal.as_ref())),
            network: by(By::Address, there).map(|()| network),
            mount: by(By::Mount, there).map(|()| (caller.via.surface, &*caller.via.mount)),
        }
    }
}

/// For stores that keep keys as text: no two keys have the same, whatever is in them.
impl fmt::Display for LimitKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |f: &mut fmt::Formatter<'_>, name, text: &str| write!(f, ";{name}={}:{text}", text.len());
        f.write_str(self.limit)?;
        if let Some(operation) = self.operation {
            text(f, "operation", operation)?;
        }
        match self.who {
            Some(Who::Principal { issuer, subject }) => {
                text(f, "issuer", issuer)?;
                text(f, "subject", subject)?;
            }
            Some(Who::Anonymous(network)) => write!(f, ";anonymous={}", Shown(network))?,
            None => {}
        }
        if let Some(network) = self.network {
            write!(f, ";address={}", Shown(network))?;
        }
        if let Some((surface, mount)) = self.mount {
            write!(f, ";surface={}", surface.as_str())?;
            text(f, "mount", mount)?;
        }
        Ok(())
    }
}

struct Shown(Option<Network>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Network::V4(bits)) => write!(f, "{}", std::net::Ipv4Addr::from_bits(bits)),
            Some(Network::V6(bits)) => write!(f, "{}/64", std::net::Ipv6Addr::from_bits(u128::from(bits) << 64)),
            None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Via;
    use std::collections::HashSet;

    #[test]
    fn an_address_is_counted_as_its_network() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("::1", "::2", true),
            ("0.0.0.1", "::1", false),
        ] {
            assert_eq!(network(one) == network(other), same, "{one} {other}");
        }
    }

    #[test]
    fn what_is_counted_apart_has_keys_apart() {
        let who = |issuer, subject| Some(Principal::new(issuer, subject, [""; 0]).unwrap());
        let via = |surface, mount: &str, address: Option<&str>| Via {
            mount: mount.into(),
            ..Via::new(surface).with_address(address.map(|text| text.parse().unwrap()))
        };
        let callers = [
            Caller::new(None, via(Surface::Rest, "", Some("192.0.2.1"))),
            Caller::new(None, via(Surface::Rest, "", Some("2001:db8::1"))),
            Caller::new(None, via(Surface::InProcess, "", None)),
            Caller::new(who("a", "bc"), via(Surface::Rest, "", Some("192.0.2.1"))),
            Caller::new(who("ab", "c"), via(Surface::Mcp, "", Some("192.0.2.1"))),
            Caller::new(who("ab", "c;subject=1:d"), via(Surface::Mcp, "/mcp/admin", Some("192.0.2.1"))),
        ];
        let all = Limit::per_minute(1).by(By::Principal).by(By::Address).by(By::Operation).by(By::Mount);
        let key = |limit: &Limit, caller: usize| LimitKey::of(limit, "l", "o", &callers[caller]).to_string();
        let texts: HashSet<_> = (0..callers.len()).map(|caller| key(&all, caller)).collect();
        assert_eq!(texts.len(), callers.len());
        let expected =
            "l;operation=1:o;issuer=2:ab;subject=13:c;subject=1:d;address=192.0.2.1;surface=mcp;mount=10:/mcp/admin";
        assert_eq!(key(&all, 5), expected);
        assert_eq!(key(&Limit::per_minute(1), 1), "l;anonymous=2001:db8::/64");
        assert_eq!(key(&Limit::per_minute(1).by(By::Address), 2), "l;address=none");
        for caller in 0..callers.len() {
            assert_eq!(key(&Limit::per_minute(1).by(By::Everyone), caller), "l");
        }
    }
}
