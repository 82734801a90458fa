//! What is believed of what is forwarded, and what is not.

use super::*;

fn proxies(by: ForwardedBy, trusted: &[&str]) -> Proxies {
    let trusted_proxies = trusted.iter().map(|&text| text.to_owned()).collect();
    let (proxies, mistakes) =
        Proxies::of(&HttpSettings { trusted_proxies, forwarded_by: by, ..HttpSettings::default() });
    assert!(mistakes.is_empty(), "{mistakes:?}");
    proxies
}

/// Who a request is from, when the connection is from `peer`: as `address::of` has it.
fn client(proxies: &Proxies, peer: &str, lines: &[&str]) -> String {
    let peer: IpAddr = peer.parse::<IpAddr>().unwrap().to_canonical();
    match proxies.has(peer) {
        true => proxies.client(peer, lines.iter().map(|line| line.as_bytes())).to_string(),
        false => peer.to_string(),
    }
}

#[test]
fn x_forwarded_for_is_counted_from_the_right() {
    let proxies = proxies(ForwardedBy::XForwardedFor, &["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.200"]);
    for (what, peer, lines, expected) in [
        ("nobody forwards", "198.51.100.1", &[][..], "198.51.100.1"),
        ("a stranger forges", "198.51.100.1", &["203.0.113.7"], "198.51.100.1"),
        ("a stranger forges a proxy", "198.51.100.1", &["203.0.113.7, 10.0.0.1"], "198.51.100.1"),
        ("a proxy says nothing", "10.0.0.1", &[], "10.0.0.1"),
        ("a proxy says nothing at length", "10.0.0.1", &[""], "10.0.0.1"),
        ("a proxy forwards", "10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
        ("a single trusted address", "192.0.2.200", &["203.0.113.7"], "203.0.113.7"),
        ("its neighbour is a stranger", "192.0.2.201", &["203.0.113.7"], "192.0.2.201"),
        ("the client forged the left", "10.0.0.1", &["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        ("the client forged a lot", "10.0.0.1", &["127.0.0.1, 10.0.0.5, 203.0.113.7"], "203.0.113.7"),
        ("two proxies", "10.0.0.1", &["203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("two proxies, a forged left", "10.0.0.1", &["1.1.1.1, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("lines are one list", "10.0.0.1", &["1.1.1.1", "203.0.113.7", "10.0.0.2"], "203.0.113.7"),
        ("lines of several", "10.0.0.1", &["1.1.1.1, 203.0.113.7", "10.0.0.3, 10.0.0.2"], "203.0.113.7"),
        ("all are proxies: a client of the inside", "10.0.0.1", &["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        ("no spaces", "10.0.0.1", &["1.1.1.1,203.0.113.7,10.0.0.2"], "203.0.113.7"),
        ("many spaces", "10.0.0.1", &["  203.0.113.7 \t,  10.0.0.2  "], "203.0.113.7"),
        ("a port", "10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
        ("IPv6", "10.0.0.1", &["2001:db8::7"], "2001:db8::7"),
        ("IPv6 in brackets", "10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
        ("IPv6 with a port", "10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
        ("a proxy on IPv6", "2001:db8:1::1", &["203.0.113.7"], "203.0.113.7"),
        ("IPv4 as IPv6", "10.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7"),
        ("a peer as IPv6", "::ffff:10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
        ("a stranger as IPv6", "::ffff:198.51.100.1", &["203.0.113.7"], "198.51.100.1"),
        ("not an address", "10.0.0.1", &["evil"], "10.0.0.1"),
        ("unknown", "10.0.0.1", &["203.0.113.7, unknown"], "10.0.0.1"),
        ("broken on the left", "10.0.0.1", &["evil, 203.0.113.7"], "203.0.113.7"),
        ("broken behind a proxy", "10.0.0.1", &["203.0.113.7, evil, 10.0.0.2"], "10.0.0.2"),
        ("an empty entry", "10.0.0.1", &["203.0.113.7, "], "10.0.0.1"),
        ("too large a number", "10.0.0.1", &["203.0.113.777"], "10.0.0.1"),
        ("octal", "10.0.0.1", &["0313.0.0161.07"], "10.0.0.1"),
        ("a port that is none", "10.0.0.1", &["203.0.113.7:x"], "10.0.0.1"),
        ("a port that is empty", "10.0.0.1", &["203.0.113.7:"], "10.0.0.1"),
        ("half a bracket", "10.0.0.1", &["[2001:db8::7"], "10.0.0.1"),
        ("something after the bracket", "10.0.0.1", &["[2001:db8::7]x"], "10.0.0.1"),
        ("a zone", "10.0.0.1", &["fe80::1%eth0"], "10.0.0.1"),
        ("a quote means nothing here", "10.0.0.1", &["\"1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        ("not text", "10.0.0.1", &["203.0.113.7, \u{fc}"], "10.0.0.1"),
    ] {
        assert_eq!(client(&proxies, peer, lines), expected, "{what}");
    }
    let endless = vec!["10.0.0.2"; 10_000].join(", ");
    assert_eq!(client(&proxies, "10.0.0.1", &["203.0.113.7", &endless]), "10.0.0.2", "so many are not looked at");
    let nobody = self::proxies(ForwardedBy::XForwardedFor, &[]);
    assert_eq!(client(&nobody, "127.0.0.1", &["203.0.113.7"]), "127.0.0.1", "without proxies nobody is believed");
}

#[test]
fn forwarded_is_read_as_rfc_7239_writes_it() {
    let proxies = proxies(ForwardedBy::Forwarded, &["10.0.0.0/8"]);
    for (what, lines, expected) in [
        ("plain", &["for=203.0.113.7"][..], "203.0.113.7"),
        ("any case, other parameters", &["By=10.0.0.1;FOR=203.0.113.7;proto=https;host=a.example"], "203.0.113.7"),
        ("quoted", &["for=\"203.0.113.7\""], "203.0.113.7"),
        ("quoted with a port", &["for=\"203.0.113.7:47011\""], "203.0.113.7"),
        ("IPv6", &["for=\"[2001:db8:cafe::17]\""], "2001:db8:cafe::17"),
        ("IPv6 with a port", &["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
        ("a list", &["for=1.1.1.1, for=203.0.113.7;by=10.0.0.2, for=10.0.0.2"], "203.0.113.7"),
        ("lines", &["for=1.1.1.1", "for=203.0.113.7", "for=10.0.0.2"], "203.0.113.7"),
        ("a comma in quotes", &["for=1.1.1.1, for=203.0.113.7;host=\"a, for=9.9.9.9\""], "203.0.113.7"),
        ("a client's open quote", &["for=\"1.1.1.1, for=203.0.113.7"], "203.0.113.7"),
        ("a client's open quote before quotes", &["for=\"x, for=\"[2001:db8::7]\""], "2001:db8::7"),
        ("unknown", &["for=203.0.113.7, for=unknown"], "10.0.0.1"),
        ("hidden", &["for=_SEVKISEK"], "10.0.0.1"),
        ("twice", &["for=1.1.1.1;for=203.0.113.7"], "10.0.0.1"),
        ("without for", &["for=203.0.113.7, proto=https"], "10.0.0.1"),
        ("not a pair", &["203.0.113.7"], "10.0.0.1"),
        ("half a quote", &["for=\"203.0.113.7"], "10.0.0.1"),
        ("an escape", &["for=\"203.0.113.\\7\""], "10.0.0.1"),
        ("empty", &["for="], "10.0.0.1"),
    ] {
        assert_eq!(client(&proxies, "10.0.0.1", lines), expected, "{what}");
        assert_eq!(client(&proxies, "198.51.100.1", lines), "198.51.100.1", "{what}, by a stranger");
    }
}

#[test]
fn proxies_are_networks_and_addresses() {
    let trusted_proxies =
        ["10.0.0.0/8", "::ffff:192.0.2.0/120", "fd00::/8", "proxy.example", "10.0.0.0/33", "0.0.0.0/0", "::/0", ""];
    let settings =
        HttpSettings { trusted_proxies: trusted_proxies.map(str::to_owned).to_vec(), ..HttpSettings::default() };
    let (proxies, mistakes) = Proxies::of(&settings);
    for (address, trusted) in [
        ("10.255.0.1", true),
        ("11.0.0.1", false),
        ("192.0.2.9", true),
        ("192.0.3.9", false),
        ("fd12::1", true),
        ("fe80::1", false),
    ] {
        assert_eq!(proxies.has(address.parse().unwrap()), trusted, "{address}");
    }
    assert_eq!(mistakes.len(), 5, "{mistakes:#?}");
    assert!(
        mistakes[0].contains("`proxy.example`, which is no address") && mistakes[2].contains("every address"),
        "{mistakes:#?}"
    );
}
