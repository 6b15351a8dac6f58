use crate::{Error, Result};
use uuid::Uuid;

/// A value on its way into or out of the database, alike for both dialects.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL. The kind tells PostgreSQL the type of the parameter.
    Null(Kind),
    /// 64-bit integer; also every time, as UTC milliseconds.
    Int(i64),
    /// 64-bit floating point.
    Real(f64),
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// A key. Sixteen bytes in SQLite, `uuid` in PostgreSQL.
    Uuid(Uuid),
    /// Truth. 0 or 1 in SQLite, `boolean` in PostgreSQL.
    Bool(bool),
    /// A document. Text in SQLite, `jsonb` in PostgreSQL.
    Json(serde_json::Value),
}

/// The type of a [`Value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each names the variant of Value")]
pub enum Kind {
    Int,
    Real,
    Text,
    Blob,
    Uuid,
    Bool,
    Json,
}

/// A Rust type that can be bound to a statement.
pub trait ToValue {
    /// The kind that a NULL of this type has.
    const KIND: Kind;
    /// The value to bind.
    fn to_value(&self) -> Value;
}

/// A Rust type that can be read from a column.
pub trait FromValue: Sized {
    /// Reads the value; [`Error::Shape`] when it is of another kind.
    fn from_value(value: Value) -> Result<Self>;
}

macro_rules! plain {
    ($($type:ty => $kind:ident, $to:expr, $from:pat => $out:expr;)*) => {$(
        impl ToValue for $type {
            const KIND: Kind = Kind::$kind;
            fn to_value(&self) -> Value {
                let to: fn(&$type) -> Value = $to;
                to(self)
            }
        }
        impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self> {
                match value {
                    $from => $out,
                    other => Err(Error::Shape(format!("{} from {other:?}", stringify!($type)))),
                }
            }
        }
    )*};
}

fn narrow<T: TryFrom<i64>>(n: i64) -> Result<T> {
    T::try_from(n).map_err(|_| Error::Shape(format!("{n} out of range")))
}

plain! {
    i64 => Int, |v| Value::Int(*v), Value::Int(n) => Ok(n);
    i32 => Int, |v| Value::Int(i64::from(*v)), Value::Int(n) => narrow(n);
    u32 => Int, |v| Value::Int(i64::from(*v)), Value::Int(n) => narrow(n);
    usize => Int, |v| Value::Int(i64::try_from(*v).unwrap_or(i64::MAX)), Value::Int(n) => narrow(n);
    f64 => Real, |v| Value::Real(*v), Value::Real(n) => Ok(n);
    String => Text, |v| Value::Text(v.clone()), Value::Text(s) => Ok(s);
    Vec<u8> => Blob, |v| Value::Blob(v.clone()), Value::Blob(b) => Ok(b);
}

impl ToValue for bool {
    const KIND: Kind = Kind::Bool;
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Bool(b) => Ok(b),
            Value::Int(n) => Ok(n != 0),
            other => Err(Error::Shape(format!("bool from {other:?}"))),
        }
    }
}

impl ToValue for Uuid {
    const KIND: Kind = Kind::Uuid;
    fn to_value(&self) -> Value {
        Value::Uuid(*self)
    }
}

impl FromValue for Uuid {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Uuid(u) => Ok(u),
            Value::Blob(bytes) => Uuid::from_slice(&bytes).map_err(|e| Error::Shape(format!("uuid: {e}"))),
            other => Err(Error::Shape(format!("uuid from {other:?}"))),
        }
    }
}

impl ToValue for serde_json::Value {
    const KIND: Kind = Kind::Json;
    fn to_value(&self) -> Value {
        Value::Json(self.clone())
    }
}

impl FromValue for serde_json::Value {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Json(json) => Ok(json),
            Value::Text(text) => serde_json::from_str(&text).map_err(|e| Error::Shape(format!("json: {e}"))),
            other => Err(Error::Shape(format!("json from {other:?}"))),
        }
    }
}

impl FromValue for [u8; 32] {
    fn from_value(value: Value) -> Result<Self> {
        let bytes = Vec::<u8>::from_value(value)?;
        bytes.try_into().map_err(|b: Vec<u8>| Error::Shape(format!("{} bytes, not 32", b.len())))
    }
}

impl ToValue for [u8; 32] {
    const KIND: Kind = Kind::Blob;
    fn to_value(&self) -> Value {
        Value::Blob(self.to_vec())
    }
}

impl ToValue for str {
    const KIND: Kind = Kind::Text;
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl ToValue for [u8] {
    const KIND: Kind = Kind::Blob;
    fn to_value(&self) -> Value {
        Value::Blob(self.to_vec())
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    const KIND: Kind = T::KIND;
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    const KIND: Kind = T::KIND;
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null(T::KIND), T::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Null(_) => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self> {
        Ok(value)
    }
}

impl ToValue for Value {
    const KIND: Kind = Kind::Text;
    fn to_value(&self) -> Value {
        self.clone()
    }
}
