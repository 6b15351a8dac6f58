//! Words of the contract as enums: one spelling in code, database, API and
//! locale files.

/// Declares an enum whose variants are words of the contract. The word is the
/// JSON value, the database text and the tail of the label's key.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
                 serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        $vis enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every word, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word itself.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a word, if it is one.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl ::store::ToValue for $name {
            const KIND: ::store::Kind = ::store::Kind::Text;
            fn to_value(&self) -> ::store::Value {
                ::store::Value::Text(self.word().to_owned())
            }
        }

        impl ::store::FromValue for $name {
            fn from_value(value: ::store::Value) -> ::store::Result<Self> {
                let word = <String as ::store::FromValue>::from_value(value)?;
                Self::parse(&word).ok_or_else(|| ::store::Error::Shape(format!("{word} is no {}", stringify!($name))))
            }
        }
    };
}
