//! Secrets that can be found again, in whatever form they come out.

use std::collections::BTreeSet;

/// The secret that is told at a place.
pub(super) fn mark(place: &str) -> String {
    format!("Zq7{place}Qx")
}

/// The places whose secrets are in what came out: as they are, percent-encoded, in hexadecimal or in base64.
pub(super) fn found(out: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(out);
    let mut places = plain(&text);
    places.extend(plain(&unescaped(&text)));
    for word in words(&text, |c| c.is_ascii_hexdigit()) {
        let digits: Vec<_> = word.chars().filter_map(|c| c.to_digit(16)).collect();
        for from in 0..2.min(digits.len()) {
            let bytes: Vec<u8> = digits[from..].chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect();
            places.extend(plain(&String::from_utf8_lossy(&bytes)));
        }
    }
    for word in words(&text, |c| c.is_ascii_alphanumeric() || "+/-_".contains(c)) {
        // What comes before a secret shifts it.
        for from in 0..4.min(word.len()) {
            places.extend(plain(&String::from_utf8_lossy(&base64(&word[from..]))));
        }
    }
    places
}

fn plain(text: &str) -> BTreeSet<String> {
    let after = text.match_indices("Zq7").map(|(at, mark)| &text[at + mark.len()..]);
    let places = after.filter_map(|rest| rest.split_once("Qx").map(|(place, _)| place));
    places.filter(|place| place.len() < 20).map(str::to_owned).collect()
}

fn words(text: &str, is_part: impl Fn(char) -> bool) -> Vec<&str> {
    text.split(|c| !is_part(c)).filter(|word| word.len() >= 8).collect()
}

/// `%5A` and `\u005a` as what they stand for.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let digits = match c {
            '%' => rest.get(1..3),
            '\\' if rest[1..].starts_with('u') => rest.get(2..6),
            _ => None,
        };
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        match (code, digits) {
            (Some(code), Some(digits)) => {
                out.push(code);
                rest = &rest[if c == '%' { 1 } else { 2 } + digits.len()..];
            }
            _ => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' | b'-' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for four in text.as_bytes().chunks(4) {
        let bits = four.iter().fold(0, |bits, c| bits << 6 | digit(*c)) << (6 * (4 - four.len()));
        bytes.extend([16, 8, 0].map(|shift| (bits >> shift & 0xff) as u8));
    }
    bytes
}

#[test]
fn a_secret_is_found_in_every_form() {
    for text in [
        "a Zq7hereQx b",
        "%5aq7here%51x",
        r#"{"text":"\u005aq7hereQx"}"#,
        "x 5a713768657265517800",
        "05A7137686572655178",
        // "Zq7hereQx", and with one and two letters before it.
        "WnE3aGVyZVF4",
        "eFpxN2hlcmVReA==",
        "eHhacTdoZXJlUXg",
    ] {
        assert_eq!(found(text.as_bytes()), BTreeSet::from(["here".to_owned()]), "{text}");
    }
    assert!(found(b"Zq7 is not one, nor is Qx").is_empty());
}
