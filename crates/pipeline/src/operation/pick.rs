//! Views with some of their fields: the others are not even written.

use diptych_spec::Picked;
use serde::{
    Serialize, Serializer,
    ser::{Error, Impossible, SerializeMap, SerializeStruct},
};

/// A view of which only the fields that were picked are written.
pub(super) struct Only<View> {
    pub(super) view: View,
    pub(super) fields: Picked,
}

impl<View: Serialize> Serialize for Only<View> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view.serialize(Pick { serializer, fields: &self.fields })
    }
}

struct Pick<'f, S> {
    serializer: S,
    fields: &'f Picked,
}

/// The members of an object.
struct Members<'f, M> {
    map: M,
    fields: &'f Picked,
    /// Whether the member whose name was given is one of them.
    is_picked: bool,
}

fn no_object<T, E: Error>() -> Result<T, E> {
    Err(E::custom("a row that fields are picked of is no object"))
}

macro_rules! no_objects {
    ($($name:ident: $ty:ty),* $(,)?) => {$(
        fn $name(self, _: $ty) -> Result<Self::Ok, Self::Error> {
            no_object()
        }
    )*};
}

impl<'f, S: Serializer> Serializer for Pick<'f, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Members<'f, S::SerializeMap>;
    type SerializeStruct = Members<'f, S::SerializeMap>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    no_objects! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32,
        serialize_f64: f64, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        no_object()
    }
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        no_object()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<S::Ok, S::Error> {
        no_object()
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        no_object()
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        no_object()
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, S::Error> {
        no_object()
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        no_object()
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        no_object()
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        no_object()
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Ok(Members { map: self.serializer.serialize_map(None)?, fields: self.fields, is_picked: false })
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.serialize_map(None)
    }
}

impl<M: SerializeMap> SerializeStruct for Members<'_, M> {
    type Ok = M::Ok;
    type Error = M::Error;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        if self.fields.has(name) { self.map.serialize_entry(name, value) } else { Ok(()) }
    }
    fn end(self) -> Result<M::Ok, M::Error> {
        self.map.end()
    }
}

/// Of a struct with a flattened field.
impl<M: SerializeMap> SerializeMap for Members<'_, M> {
    type Ok = M::Ok;
    type Error = M::Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), M::Error> {
        let text = serde_json::to_value(name).map_err(M::Error::custom)?;
        self.is_picked = text.as_str().is_some_and(|name| self.fields.has(name));
        if self.is_picked { self.map.serialize_key(name) } else { Ok(()) }
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), M::Error> {
        if self.is_picked { self.map.serialize_value(value) } else { Ok(()) }
    }
    fn end(self) -> Result<M::Ok, M::Error> {
        self.map.end()
    }
}
