//! How a [`Patch`] tells a field that was left out from one that is null.
//!
//! serde's derive makes a field that is missing from a deserializer which answers `deserialize_option` with none, as null is
//! answered too, and everything else with the error "missing field". So an `Option` cannot tell the two, and a `Patch` asks for
//! anything: only for a missing field that fails before there was a value to look at.

use super::Patch;
use serde::de::{
    Deserialize, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
    value::{
        BorrowedBytesDeserializer, BorrowedStrDeserializer, EnumAccessDeserializer, MapAccessDeserializer,
        SeqAccessDeserializer,
    },
};
use std::{cell::Cell, fmt, marker::PhantomData};

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seen = Cell::new(false);
        match deserializer.deserialize_any(Given { seen: &seen, value: PhantomData }) {
            // The words are those of serde; with others, a field that is missing is an error, never null.
            Err(error) if !seen.get() && error.to_string().starts_with("missing field") => Ok(Self::Absent),
            done => done,
        }
    }
}

/// Whatever was given, handed on to `T`.
struct Given<'s, T> {
    seen: &'s Cell<bool>,
    value: PhantomData<T>,
}

impl<T> Given<'_, T> {
    fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<Patch<T>, D::Error>
    where
        T: Deserialize<'de>,
    {
        self.seen.set(true);
        T::deserialize(deserializer).map(Patch::Set)
    }
}

macro_rules! hand_on {
    ($($visit:ident($ty:ty)),* $(,)?) => {$(
        fn $visit<E: Error>(self, value: $ty) -> Result<Patch<T>, E> {
            self.read(value.into_deserializer())
        }
    )*};
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Given<'_, T> {
    type Value = Patch<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Patch<T>, E> {
        self.seen.set(true);
        Ok(Patch::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Patch<T>, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Patch<T>, D::Error> {
        self.read(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Patch<T>, D::Error> {
        self.read(deserializer)
    }

    hand_on! {
        visit_bool(bool), visit_i8(i8), visit_i16(i16), visit_i32(i32), visit_i64(i64), visit_i128(i128), visit_u8(u8),
        visit_u16(u16), visit_u32(u32), visit_u64(u64), visit_u128(u128), visit_f32(f32), visit_f64(f64), visit_char(char),
        visit_str(&str), visit_string(String), visit_bytes(&[u8]),
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Patch<T>, E> {
        self.read(BorrowedStrDeserializer::new(value))
    }

    fn visit_borrowed_bytes<E: Error>(self, value: &'de [u8]) -> Result<Patch<T>, E> {
        self.read(BorrowedBytesDeserializer::new(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Patch<T>, A::Error> {
        self.read(SeqAccessDeserializer::new(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Patch<T>, A::Error> {
        self.read(MapAccessDeserializer::new(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<Patch<T>, A::Error> {
        self.read(EnumAccessDeserializer::new(variant))
    }
}
