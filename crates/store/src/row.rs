use crate::{Error, FromValue, Kind, Result, Value};
use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sqlx::{Column, Decode, Row as _, Type, TypeInfo, ValueRef};
use std::sync::Arc;
use uuid::Uuid;

/// One row of a result, alike for both databases.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[Box<str>]>,
    values: Vec<Value>,
}

/// A type that is read from a whole row; see [`from_row!`](crate::from_row!).
pub trait FromRow: Sized {
    /// Reads the row.
    fn from_row(row: &Row) -> Result<Self>;
}

impl Row {
    /// The column of that name.
    pub fn get<T: FromValue>(&self, name: &str) -> Result<T> {
        self.following(&mut 0, name)
    }

    /// The column of that name, looked for from a place on, which is left behind it:
    /// most statements name their columns in the order of the fields.
    #[doc(hidden)]
    pub fn following<T: FromValue>(&self, place: &mut usize, name: &str) -> Result<T> {
        let n = self.columns.len();
        let index = (*place..n)
            .chain(0..n.min(*place))
            .find(|&i| &*self.columns[i] == name)
            .ok_or_else(|| Error::Shape(format!("no column {name}")))?;
        *place = index + 1;
        self.at(index).map_err(|e| Error::Shape(format!("{name}: {e}")))
    }

    /// The column at that place, from 0.
    pub fn at<T: FromValue>(&self, index: usize) -> Result<T> {
        let value = self.values.get(index).ok_or_else(|| Error::Shape(format!("no column {index}")))?;
        T::from_value(value.clone())
    }

    /// Reads the row as a value of `T`.
    pub fn read<T: FromRow>(&self) -> Result<T> {
        T::from_row(self)
    }
}

macro_rules! tuples {
    ($(($($type:ident $index:tt),+))*) => {$(
        impl<$($type: FromValue),+> FromRow for ($($type,)+) {
            fn from_row(row: &Row) -> Result<Self> {
                Ok(($(row.at::<$type>($index)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

/// Implements [`FromRow`] for a struct whose fields are named like the columns:
/// `from_row!(Department { id, name, parent_id });`
#[macro_export]
macro_rules! from_row {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::FromRow for $type {
            fn from_row(row: &$crate::Row) -> $crate::Result<Self> {
                let mut place = 0;
                Ok(Self { $($field: row.following(&mut place, stringify!($field))?),+ })
            }
        }
    };
}

pub(crate) fn from_sqlite(rows: Vec<SqliteRow>) -> Result<Vec<Row>> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let columns: Arc<[Box<str>]> = first.columns().iter().map(|c| c.name().into()).collect();
    rows.iter()
        .map(|row| {
            let values = (0..columns.len()).map(|i| sqlite_value(row.try_get_raw(i)?)).collect::<Result<Vec<_>>>()?;
            Ok(Row { columns: Arc::clone(&columns), values })
        })
        .collect()
}

fn sqlite_value(raw: SqliteValueRef<'_>) -> Result<Value> {
    fn decode<'r, T: Decode<'r, sqlx::Sqlite>>(raw: SqliteValueRef<'r>) -> Result<T> {
        T::decode(raw).map_err(|e| Error::Shape(e.to_string()))
    }
    if raw.is_null() {
        return Ok(Value::Null(Kind::Text));
    }
    let info = raw.type_info().into_owned();
    Ok(match info.name() {
        "INTEGER" | "BOOLEAN" => Value::Int(decode(raw)?),
        "REAL" => Value::Real(decode(raw)?),
        "BLOB" => Value::Blob(decode(raw)?),
        _ => Value::Text(decode(raw)?),
    })
}

pub(crate) fn from_postgres(rows: Vec<PgRow>) -> Result<Vec<Row>> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let columns: Arc<[Box<str>]> = first.columns().iter().map(|c| c.name().into()).collect();
    rows.iter()
        .map(|row| {
            let values = (0..columns.len()).map(|i| postgres_value(row.try_get_raw(i)?)).collect::<Result<Vec<_>>>()?;
            Ok(Row { columns: Arc::clone(&columns), values })
        })
        .collect()
}

fn postgres_value(raw: PgValueRef<'_>) -> Result<Value> {
    fn decode<'r, T: Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>>(raw: PgValueRef<'r>) -> Result<T> {
        T::decode(raw).map_err(|e| Error::Shape(e.to_string()))
    }
    let info = raw.type_info().into_owned();
    let kind = match info.name() {
        "INT8" | "INT4" | "INT2" | "OID" => Kind::Int,
        "FLOAT8" | "FLOAT4" => Kind::Real,
        "BYTEA" => Kind::Blob,
        "UUID" => Kind::Uuid,
        "BOOL" => Kind::Bool,
        "JSONB" | "JSON" => Kind::Json,
        _ => Kind::Text,
    };
    if raw.is_null() {
        return Ok(Value::Null(kind));
    }
    Ok(match (kind, info.name()) {
        (Kind::Int, "INT4") => Value::Int(i64::from(decode::<i32>(raw)?)),
        (Kind::Int, "INT2") => Value::Int(i64::from(decode::<i16>(raw)?)),
        (Kind::Int, _) => Value::Int(decode(raw)?),
        (Kind::Real, _) => Value::Real(decode(raw)?),
        (Kind::Blob, _) => Value::Blob(decode(raw)?),
        (Kind::Uuid, _) => Value::Uuid(decode::<Uuid>(raw)?),
        (Kind::Bool, _) => Value::Bool(decode(raw)?),
        (Kind::Json, _) => Value::Json(decode(raw)?),
        (Kind::Text, _) => Value::Text(decode(raw)?),
    })
}
