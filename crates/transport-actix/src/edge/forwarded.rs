//! Whom a proxy forwards for: `X-Forwarded-For`, or `Forwarded` (RFC 7239).
//!
//! Everybody can send these fields, so that only what a proxy of our own has added to them is believed. Each adds at the end whom it
//! was reached by: read from there, the first address that is none of our proxies is the client, and what is before it is the client's
//! own invention, which is never looked at.

use crate::settings::{ForwardedBy, HttpSettings};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How many addresses are looked at: more than proxies are in a row.
const MOST: usize = 32;

/// The proxies that are believed.
#[derive(Debug, Clone)]
pub(crate) struct Proxies {
    networks: Vec<IpNet>,
    by: ForwardedBy,
}

impl Proxies {
    /// Those of the settings, and what is wrong with the others, which are not believed.
    pub(crate) fn of(settings: &HttpSettings) -> (Self, Vec<String>) {
        let mut mistakes = Vec::new();
        let mut networks = Vec::new();
        for text in &settings.trusted_proxies {
            match network(text) {
                Some(network) if network.prefix_len() > 0 => networks.push(network),
                Some(_) => mistakes.push(format!(
                    "trusts `{text}`, which is every address there is, so that callers could say who they are; name the networks of the proxies"
                )),
                None => mistakes.push(format!(
                    "trusts the proxy `{text}`, which is no address; write it as `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.1`"
                )),
            }
        }
        (Self { networks, by: settings.forwarded_by }, mistakes)
    }

    /// Whether this is one of them.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The field that they write.
    pub(crate) fn field(&self) -> &'static str {
        match self.by {
            ForwardedBy::XForwardedFor => "x-forwarded-for",
            ForwardedBy::Forwarded => "forwarded",
        }
    }

    /// The client, as `peer`, which is one of them, and the proxies before it say. Several lines are one list (RFC 9110, section 5.3).
    /// Where an entry says nothing, the walk ends at the last proxy that was named.
    pub(crate) fn client<'l>(&self, peer: IpAddr, lines: impl Iterator<Item = &'l [u8]>) -> IpAddr {
        let lines: Vec<_> = lines.collect();
        let entries = lines.into_iter().rev().flat_map(|line| self.entries(line));
        let mut last = peer;
        for entry in entries.take(MOST) {
            let Some(address) = self.address(entry) else { return last };
            last = address;
            if !self.has(address) {
                return address;
            }
        }
        last
    }

    /// The entries of a line, from its end.
    fn entries<'l>(&self, line: &'l [u8]) -> impl Iterator<Item = &'l [u8]> + use<'l> {
        let quotes = self.by == ForwardedBy::Forwarded;
        let mut rest = Some(line);
        std::iter::from_fn(move || {
            let line = rest?;
            // From the end, what a client began to quote cannot swallow what a proxy added.
            let mut quoted = false;
            let comma = line.iter().rposition(|byte| {
                quoted ^= quotes && *byte == b'"';
                *byte == b',' && !quoted
            });
            rest = comma.map(|at| &line[..at]);
            Some(comma.map_or(line, |at| &line[at + 1..]))
        })
    }

    fn address(&self, entry: &[u8]) -> Option<IpAddr> {
        let entry = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
        match self.by {
            ForwardedBy::XForwardedFor => node(entry),
            ForwardedBy::Forwarded => forwarded_for(entry),
        }
    }
}

/// The `for` of a forwarded-element (RFC 7239, section 4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(';') {
        let (name, value) = pair.split_once('=')?;
        if name.trim_matches([' ', '\t']).eq_ignore_ascii_case("for") {
            // A parameter is there once.
            if found.replace(value).is_some() {
                return None;
            }
        }
    }
    let value = found?.trim_matches([' ', '\t']);
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        // Only a quoted value may have a colon (section 4, Note), which many proxies do not know.
        None => value,
    };
    node(value)
}

/// An address, with or without a port (RFC 7239, section 6). `unknown` and hidden names are none.
fn node(text: &str) -> Option<IpAddr> {
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let address = if let Some(bracketed) = text.strip_prefix('[') {
        let (address, rest) = bracketed.split_once(']')?;
        let port = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        IpAddr::V6(address.parse::<Ipv6Addr>().ok().filter(|_| port)?)
    } else if let Some((address, port)) = text.split_once(':').filter(|(_, rest)| !rest.contains(':')) {
        IpAddr::V4(address.parse::<Ipv4Addr>().ok().filter(|_| is_port(port))?)
    } else {
        text.parse().ok()?
    };
    Some(address.to_canonical())
}

/// A network, or one address.
fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    let mapped = match network {
        IpNet::V6(network) if network.prefix_len() >= 96 => {
            network.addr().to_ipv4_mapped().map(|address| (address, network))
        }
        _ => None,
    };
    match mapped {
        Some((address, mapped)) => Ipv4Net::new(address, mapped.prefix_len() - 96).ok().map(IpNet::V4),
        None => Some(network),
    }
}

#[cfg(test)]
#[path = "forwarded/tests.rs"]
mod tests;
