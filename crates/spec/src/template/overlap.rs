//! Which of two templates comes first where a URI fits both, and whether anything says so.
//!
//! Segment by segment from the left, a literal comes before a variable. Where the paths are alike, the query that asks for
//! more comes first. Two templates that share a URI and are ordered by neither are ambiguous.

use super::{Field, Part, Template, Value, matching::takes};
use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;

const LITERAL: u8 = 0;
const PARTLY: u8 = 1;
const SEGMENT: u8 = 2;
const SEVERAL: u8 = 3;
const NO_SEGMENT: u8 = 4;
const OPTIONAL: u8 = 5;

/// How literal each segment is.
pub(super) fn rank(path: &[Part]) -> Vec<u8> {
    let mut ranks = vec![None];
    for part in path {
        match part {
            Part::Literal(text) => {
                for (at, segment) in text.split('/').enumerate() {
                    if at > 0 {
                        ranks.push(None);
                    }
                    let last = ranks.last_mut();
                    if let Some(rank) = last.filter(|_| !segment.is_empty()) {
                        *rank = Some(rank.map_or(LITERAL, |rank: u8| if rank == SEGMENT { PARTLY } else { rank }));
                    }
                }
            }
            Part::Optional => ranks.push(Some(OPTIONAL)),
            Part::Variable { several, .. } => {
                if let Some(rank) = ranks.last_mut() {
                    *rank = Some(match (several, *rank) {
                        (true, _) => SEVERAL,
                        (false, None) => SEGMENT,
                        (false, Some(LITERAL)) => PARTLY,
                        (false, Some(rank)) => rank,
                    });
                }
            }
        }
    }
    ranks.into_iter().map(|rank| rank.unwrap_or(LITERAL)).collect()
}

impl Template {
    /// Which of two templates that match the same URI comes first: `Less` is this one. A literal comes before a variable,
    /// the leftmost segment that differs decides; then what asks for more in the query, and for what fewer may be missing.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        self.path_precedence(other).then_with(|| self.weight().cmp(&other.weight()))
    }

    /// Whether some URI fits both and nothing says which comes first.
    #[must_use]
    pub fn is_ambiguous_with(&self, other: &Self) -> bool {
        let alike =
            || self.path.len() == other.path.len() && self.path.iter().zip(&other.path).all(|(a, b)| a.is_like(b));
        self.path_precedence(other).is_eq()
            && self.paths_meet(other)
            && self.queries_meet(other)
            && !(alike() && (self.asks_more(other) ^ other.asks_more(self)))
    }

    fn path_precedence(&self, other: &Self) -> Ordering {
        let length = self.rank.len().max(other.rank.len());
        let padded =
            |rank: &[u8]| -> Vec<u8> { (0..length).map(|at| rank.get(at).copied().unwrap_or(NO_SEGMENT)).collect() };
        padded(&self.rank).cmp(&padded(&other.rank))
    }

    fn weight(&self) -> (Reverse<usize>, Reverse<usize>, usize, usize) {
        let literal = self.query.iter().filter(|field| matches!(field.value, Value::Literal(_))).count();
        let needed = self.query.iter().filter(|field| field.is_needed()).count();
        let repeated = |field: &&Field| matches!(field.value, Value::Variable { repeated: true, .. });
        (Reverse(literal), Reverse(needed), self.query.len(), self.query.iter().filter(repeated).count())
    }

    /// Whether every query of this one is one of the other's.
    fn asks_more(&self, other: &Self) -> bool {
        let known = self.query.iter().all(|field| other.field(&field.name).is_some());
        known
            && other.query.iter().all(|theirs| match self.field(&theirs.name) {
                None => !theirs.is_needed(),
                Some(ours) => match (&ours.value, &theirs.value) {
                    (Value::Literal(ours), Value::Literal(theirs)) => ours == theirs,
                    (Value::Variable { .. }, Value::Literal(_)) => false,
                    (Value::Literal(_), Value::Variable { .. }) => true,
                    (Value::Variable { repeated: true, .. }, Value::Variable { repeated: false, .. }) => false,
                    (Value::Variable { .. }, Value::Variable { .. }) => ours.is_needed() || !theirs.is_needed(),
                },
            })
    }

    /// Whether some query fits both.
    fn queries_meet(&self, other: &Self) -> bool {
        let fits = |one: &Self, other: &Self| {
            one.query.iter().filter(|field| field.is_needed()).all(|needed| match other.field(&needed.name) {
                None => false,
                Some(theirs) => match (&needed.value, &theirs.value) {
                    (Value::Literal(ours), Value::Literal(theirs)) => ours == theirs,
                    _ => true,
                },
            })
        };
        fits(self, other) && fits(other, self)
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.query.iter().find(|field| field.name == name)
    }

    /// Whether some path fits both: both are read at once, byte by byte, along every way through them.
    fn paths_meet(&self, other: &Self) -> bool {
        let (one, other) = (steps(&self.path), steps(&other.path));
        let mut seen = HashSet::new();
        let mut open = vec![(0, 0)];
        while let Some((a, b)) = open.pop() {
            if !seen.insert((a, b)) {
                continue;
            }
            if (a, b) == (one.len(), other.len()) {
                return true;
            }
            open.extend(one.get(a).into_iter().flat_map(|step| step.silent(a)).map(|to| (to, b)));
            open.extend(other.get(b).into_iter().flat_map(|step| step.silent(b)).map(|to| (a, to)));
            if let (Some(x), Some(y)) = (one.get(a), other.get(b))
                && x.meets(y)
            {
                open.push((x.after(a), y.after(b)));
            }
        }
        false
    }
}

impl Field {
    fn is_needed(&self) -> bool {
        !matches!(self.value, Value::Variable { required: false, .. })
    }
}

impl Part {
    /// The same but for the name of a variable.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Variable { several: a, .. }, Self::Variable { several: b, .. }) => a == b,
            (one, other) => one == other,
        }
    }
}

/// A path as a machine that reads a byte at a time.
#[derive(Debug, Clone, Copy)]
enum Step {
    Byte(u8),
    /// One byte of a variable.
    One(bool),
    /// Any number more.
    More(bool),
    /// Goes on here or there.
    Skip(usize),
}

fn steps(path: &[Part]) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path {
        match part {
            Part::Literal(text) => steps.extend(text.bytes().map(Step::Byte)),
            Part::Optional => steps.extend([Step::Skip(steps.len() + 4), Step::Byte(b'/')]),
            Part::Variable { several, .. } => steps.extend([Step::One(*several), Step::More(*several)]),
        }
    }
    steps
}

impl Step {
    /// Where it goes without reading.
    fn silent(self, at: usize) -> Vec<usize> {
        match self {
            Self::Byte(_) | Self::One(_) => Vec::new(),
            Self::More(_) => vec![at + 1],
            Self::Skip(to) => vec![at + 1, to],
        }
    }

    /// Where it goes after reading.
    fn after(self, at: usize) -> usize {
        if matches!(self, Self::More(_)) { at } else { at + 1 }
    }

    /// Whether there is a byte that both read.
    fn meets(self, other: &Self) -> bool {
        match (self, *other) {
            (Self::Skip(_), _) | (_, Self::Skip(_)) => false,
            (Self::Byte(a), Self::Byte(b)) => a == b,
            (Self::Byte(byte), Self::One(several) | Self::More(several))
            | (Self::One(several) | Self::More(several), Self::Byte(byte)) => takes(several, byte),
            _ => true,
        }
    }
}
