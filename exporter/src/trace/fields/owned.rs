//! Values that tests make up.

use super::FieldValue;

/// A value of one's own.
#[derive(Clone, Debug)]
pub(crate) enum Owned {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Owned {
    pub(crate) fn value(&self) -> FieldValue<'_> {
        match self {
            Self::Bool(value) => FieldValue::Bool(*value),
            Self::Int(value) => FieldValue::Int(*value),
            Self::Double(value) => FieldValue::Double(*value),
            Self::Text(text) => FieldValue::Text(text),
            Self::Bytes(bytes) => FieldValue::Bytes(bytes),
        }
    }
}
