//! The last look at an answer: no number in it may be NaN or infinite.

use std::fmt::{Display, Write};

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::PoolError;

/// Hands the answer on when every number in it is finite, and else names the first that is not, as in
/// `heterogeneity.h_interval.upper`.
pub(crate) fn finite_answer<T: Serialize>(analysis: &str, answer: T) -> Result<T, PoolError> {
    let Err(NotFinite(value)) = answer.serialize(&mut Walk { path: None }) else { return Ok(answer) };
    // Only a walk that will end at a fault takes the time to write down where it is.
    let mut walk = Walk { path: Some(String::new()) };
    let _ = answer.serialize(&mut walk);
    let part = walk.path.unwrap_or_default();
    Err(PoolError::NotFinite { analysis: analysis.to_owned(), part, value })
}

/// Visits every number of a value, and on request knows where it is.
struct Walk {
    path: Option<String>,
}

/// The number that ended the walk.
#[derive(Debug)]
struct NotFinite(f64);

impl Display for NotFinite {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} is not a finite number", self.0)
    }
}

impl std::error::Error for NotFinite {}

impl serde::ser::Error for NotFinite {
    /// No type of this crate refuses to be serialized.
    fn custom<T: Display>(_: T) -> Self {
        Self(f64::NAN)
    }
}

impl Walk {
    fn number(&mut self, value: f64) -> Result<(), NotFinite> {
        if value.is_finite() { Ok(()) } else { Err(NotFinite(value)) }
    }

    /// Visits a part; the path keeps its name when the walk ends there.
    fn part<T: Serialize + ?Sized>(&mut self, name: impl Display, value: &T) -> Result<(), NotFinite> {
        let Some(path) = &mut self.path else { return value.serialize(self) };
        let before = path.len();
        // Writing to a string cannot fail.
        let _ = write!(path, "{}{name}", if before == 0 { "" } else { "." });
        value.serialize(&mut *self)?;
        if let Some(path) = &mut self.path {
            path.truncate(before);
        }
        Ok(())
    }
}

/// The elements of a sequence or the values of a map, counted from 0.
struct Elements<'a> {
    walk: &'a mut Walk,
    next: usize,
}

impl Elements<'_> {
    fn visit<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotFinite> {
        self.next += 1;
        self.walk.part(self.next - 1, value)
    }
}

macro_rules! nothing_to_check {
    ($($method:ident: $kind:ty),* $(,)?) => {
        $(fn $method(self, _: $kind) -> Result<Self::Ok, Self::Error> {
            Ok(Default::default())
        })*
    };
}

impl<'a> Serializer for &'a mut Walk {
    type Ok = ();
    type Error = NotFinite;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Elements<'a>;
    type SerializeMap = Elements<'a>;
    type SerializeStruct = &'a mut Walk;
    type SerializeStructVariant = &'a mut Walk;

    nothing_to_check! {
        serialize_bool: bool, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_unit_struct: &'static str,
    }

    fn serialize_f32(self, value: f32) -> Result<(), NotFinite> {
        self.number(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), NotFinite> {
        self.number(value)
    }

    fn serialize_none(self) -> Result<(), NotFinite> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotFinite> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), NotFinite> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), NotFinite> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotFinite> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotFinite> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, NotFinite> {
        Ok(Elements { walk: self, next: 0 })
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements<'a>, NotFinite> {
        Ok(Elements { walk: self, next: 0 })
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements<'a>, NotFinite> {
        Ok(Elements { walk: self, next: 0 })
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Elements<'a>, NotFinite> {
        Ok(Elements { walk: self, next: 0 })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Elements<'a>, NotFinite> {
        Ok(Elements { walk: self, next: 0 })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, NotFinite> {
        Ok(self)
    }
}

macro_rules! visits_elements {
    ($($kind:ident: $method:ident),*) => {
        $(impl $kind for Elements<'_> {
            type Ok = ();
            type Error = NotFinite;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotFinite> {
                self.visit(value)
            }
            fn end(self) -> Result<(), NotFinite> {
                Ok(())
            }
        })*
    };
}

visits_elements! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
}

macro_rules! visits_fields {
    ($($kind:ident),*) => {
        $(impl $kind for &mut Walk {
            type Ok = ();
            type Error = NotFinite;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), NotFinite> {
                self.part(name, value)
            }
            fn end(self) -> Result<(), NotFinite> {
                Ok(())
            }
        })*
    };
}

visits_fields! { SerializeStruct, SerializeStructVariant }

impl SerializeMap for Elements<'_> {
    type Ok = ();
    type Error = NotFinite;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), NotFinite> {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotFinite> {
        self.visit(value)
    }

    fn end(self) -> Result<(), NotFinite> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmeta_trial_data::{Heterogeneity, Interval};

    #[test]
    fn the_first_number_that_is_not_finite_is_named() {
        let interval = |upper| Some(Interval { lower: 1.0, upper });
        let sound = Heterogeneity { h_interval: interval(2.0), ..Heterogeneity::default() };
        assert!(finite_answer("an analysis", sound.clone()).is_ok());
        let unsound = Heterogeneity { h_interval: interval(f64::INFINITY), ..sound.clone() };
        assert_eq!(
            finite_answer("an analysis", vec![sound, unsound]).unwrap_err(),
            PoolError::NotFinite {
                analysis: "an analysis".to_owned(),
                part: "1.h_interval.upper".to_owned(),
                value: f64::INFINITY
            }
        );
    }
}
