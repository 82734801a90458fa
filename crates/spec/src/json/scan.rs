//! The pass over the text.
//!
//! What is open is on a stack, and the names of the members of all open objects lie behind each other in one list, so that
//! nothing is allocated but these two. Two equal names are found when their object closes: by comparing each with each where
//! they are few, by sorting where they are many. Neither hashes, so no choice of names makes it slow.

use super::{JsonFault, JsonLimits};
use crate::schema;

/// With more members than this, names are sorted.
const FEW: usize = 12;
/// A pointer is not told beyond so many bytes.
const POINTER: usize = 512;
/// Of so many objects with a name that is there twice, it is told where.
const MOST_FOUND: usize = 16;

type Step<T = ()> = Result<T, JsonFault>;

pub(super) struct Scan<'j> {
    json: &'j [u8],
    at: usize,
    limits: &'j JsonLimits,
    values: usize,
    open: Vec<Open>,
    names: Vec<Name>,
    /// Names that were written with escapes, as they are meant.
    decoded: Vec<u8>,
    /// Where names are that are there twice.
    found: Vec<String>,
}

/// An array or an object that has not ended.
struct Open {
    is_object: bool,
    /// The place of its first name, and of the first decoded byte of its names.
    names: usize,
    decoded: usize,
    /// The place of the element that is being read.
    index: usize,
}

#[derive(Clone, Copy)]
struct Name {
    start: usize,
    end: usize,
    is_decoded: bool,
}

impl Name {
    fn text<'n>(self, json: &'n [u8], decoded: &'n [u8]) -> &'n [u8] {
        if self.is_decoded { &decoded[self.start..self.end] } else { &json[self.start..self.end] }
    }
}

impl<'j> Scan<'j> {
    pub(super) fn new(json: &'j str, limits: &'j JsonLimits) -> Self {
        let (open, names) = (Vec::with_capacity(8), Vec::with_capacity(16));
        Self { json: json.as_bytes(), at: 0, limits, values: 0, open, names, decoded: Vec::new(), found: Vec::new() }
    }

    pub(super) fn run(mut self) -> Step {
        loop {
            if self.value()? {
                continue;
            }
            // A value has ended; and with it, what it is the last of.
            loop {
                self.space();
                let Some(open) = self.open.last_mut() else {
                    if self.at < self.json.len() {
                        return self.syntax();
                    }
                    return if self.found.is_empty() { Ok(()) } else { Err(JsonFault::Twice(self.found)) };
                };
                let is_object = open.is_object;
                match (self.json.get(self.at), is_object) {
                    (Some(b','), true) => {
                        self.at += 1;
                        self.name()?;
                        break;
                    }
                    (Some(b','), false) => {
                        open.index += 1;
                        self.at += 1;
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => self.close()?,
                    _ => return self.syntax(),
                }
            }
        }
    }

    /// Reads a value, or the beginning of one; says whether another value has to follow.
    fn value(&mut self) -> Step<bool> {
        self.space();
        self.values += 1;
        if self.values > self.limits.values {
            return Err(JsonFault::Values(self.limits.values));
        }
        match self.json.get(self.at) {
            Some(b'"') => self.string().map(|_| false),
            Some(b'{') => self.enter(true),
            Some(b'[') => self.enter(false),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => self.syntax(),
        }
    }

    fn enter(&mut self, is_object: bool) -> Step<bool> {
        if self.open.len() >= self.limits.depth {
            return Err(JsonFault::Depth(self.limits.depth));
        }
        self.open.push(Open { is_object, names: self.names.len(), decoded: self.decoded.len(), index: 0 });
        self.at += 1;
        self.space();
        match (self.json.get(self.at), is_object) {
            (Some(b'}'), true) | (Some(b']'), false) => self.close().map(|()| false),
            (_, true) => self.name().map(|()| true),
            (_, false) => Ok(true),
        }
    }

    /// Ends what is open, at its bracket.
    fn close(&mut self) -> Step {
        self.at += 1;
        let Some(open) = self.open.pop() else { return self.syntax() };
        if open.is_object {
            if self.found.len() < MOST_FOUND
                && let Some(twice) = self.twice(open.names)
            {
                let pointer = self.pointer(&open, twice);
                self.found.push(pointer);
            }
            self.names.truncate(open.names);
            self.decoded.truncate(open.decoded);
        }
        Ok(())
    }

    /// A name that is there twice, from this place on.
    fn twice(&mut self, first: usize) -> Option<Name> {
        let Self { json, decoded, names, .. } = self;
        let names = &mut names[first..];
        let text = |name: &Name| name.text(json, decoded);
        if names.len() <= FEW {
            let pair = |(at, name): (usize, &Name)| names[..at].iter().any(|other| text(other) == text(name));
            return names.iter().enumerate().find(|&each| pair(each)).map(|(_, name)| *name);
        }
        names.sort_unstable_by(|one, other| {
            text(one).len().cmp(&text(other).len()).then_with(|| text(one).cmp(text(other)))
        });
        names.windows(2).find(|pair| text(&pair[0]) == text(&pair[1])).map(|pair| pair[1])
    }

    /// Where a member of the object is that has just been closed.
    fn pointer(&self, closed: &Open, name: Name) -> String {
        let mut pointer = String::new();
        let mut token = |token: &str| {
            pointer.push('/');
            pointer.push_str(&schema::escape(token));
        };
        let text = |name: Name| String::from_utf8_lossy(name.text(self.json, &self.decoded)).into_owned();
        for (at, open) in self.open.iter().enumerate() {
            // The names of an object end where those of what it holds begin.
            let inner = self.open.get(at + 1).unwrap_or(closed);
            match open.is_object {
                true => token(&text(self.names[inner.names - 1])),
                false => token(&open.index.to_string()),
            }
        }
        token(&text(name));
        if pointer.len() > POINTER {
            pointer.truncate(pointer.floor_char_boundary(POINTER));
            pointer.push('…');
        }
        pointer
    }

    /// The name of a member, and the colon.
    fn name(&mut self) -> Step {
        self.space();
        if self.json.get(self.at) != Some(&b'"') {
            return self.syntax();
        }
        let (start, has_escapes) = (self.at + 1, self.string()?);
        let end = self.at - 1;
        if end - start > self.limits.name {
            return Err(JsonFault::Name(self.limits.name));
        }
        let name = if has_escapes { self.decode(start, end) } else { Name { start, end, is_decoded: false } };
        self.names.push(name);
        self.space();
        self.word(b":").map(drop)
    }

    /// A name with escapes, as it is meant. They have been checked.
    fn decode(&mut self, start: usize, end: usize) -> Name {
        let from = self.decoded.len();
        // With its quotes it is a JSON string.
        let text = serde_json::from_slice::<String>(&self.json[start - 1..=end]).unwrap_or_default();
        self.decoded.extend_from_slice(text.as_bytes());
        Name { start: from, end: self.decoded.len(), is_decoded: true }
    }

    /// From the quote to behind the other; says whether there are escapes.
    fn string(&mut self) -> Step<bool> {
        self.at += 1;
        let mut has_escapes = false;
        loop {
            self.at += plain(&self.json[self.at..]);
            match self.json.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(has_escapes);
                }
                Some(b'\\') => {
                    has_escapes = true;
                    self.escape()?;
                }
                _ => return self.syntax(),
            }
        }
    }

    fn escape(&mut self) -> Step {
        match self.json.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => match (self.unit(self.at), self.unit(self.at + 6)) {
                (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => {
                    self.at += 12;
                    Ok(())
                }
                (Some(0xD800..0xE000) | None, _) => self.syntax(),
                (Some(_), _) => {
                    self.at += 6;
                    Ok(())
                }
            },
            _ => self.syntax(),
        }
    }

    /// The UTF-16 unit of `\uXXXX`.
    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.json.get(at..at + 6)?.strip_prefix(b"\\u")?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    }

    fn number(&mut self) -> Step {
        let start = self.at;
        self.at += usize::from(self.json[start] == b'-');
        match self.json.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.json.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.json.get(self.at), Some(b'e' | b'E'));
        if has_exponent {
            self.at += 1;
            self.at += usize::from(matches!(self.json.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        let too_long = self.at - start > self.limits.number;
        if too_long || (has_exponent || self.at - start > 300) && !self.is_finite(start) {
            return Err(JsonFault::Number(self.limits.number));
        }
        Ok(())
    }

    fn is_finite(&self, start: usize) -> bool {
        let number = str::from_utf8(&self.json[start..self.at]).ok().and_then(|text| text.parse::<f64>().ok());
        number.is_some_and(f64::is_finite)
    }

    fn digits(&mut self) -> Step {
        let count = self.json[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { self.syntax() } else { Ok(()) }
    }

    /// A literal; nothing has to follow it.
    fn word(&mut self, word: &[u8]) -> Step<bool> {
        if !self.json[self.at..].starts_with(word) {
            return self.syntax();
        }
        self.at += word.len();
        Ok(false)
    }

    fn space(&mut self) {
        while matches!(self.json.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn syntax<T>(&self) -> Step<T> {
        let before = &self.json[..self.at.min(self.json.len())];
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        Err(JsonFault::Syntax { line, column: before.len() - start + 1 })
    }
}

/// How many bytes are of a string and nothing else: no quote, no backslash, no control character. Eight at a time.
fn plain(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGHS: u64 = ONES << 7;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    let (words, _) = text.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        // A byte below 0x20 underflows; one above 0x7F does not count.
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let special = has_zero(word ^ (ONES * u64::from(b'"'))) | has_zero(word ^ (ONES * u64::from(b'\\'))) | control;
        if special != 0 {
            // What is set below the first is right; only above it can a borrow have been passed on.
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + text[at..].iter().take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\').count()
}
