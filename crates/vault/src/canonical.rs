//! A deterministic encoding of rows: each field with its length before it, so
//! that no two different rows have the same bytes.

/// Bytes under construction.
pub struct Canonical(Vec<u8>);

impl Canonical {
    /// Begins with the name and version of the layout.
    pub fn new(layout: &str) -> Self {
        Self(Vec::with_capacity(512)).str(layout)
    }

    /// A text.
    pub fn str(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Bytes.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend((bytes.len() as u64 + 1).to_be_bytes());
        self.0.extend(bytes);
        self
    }

    /// A number.
    pub fn i64(self, n: i64) -> Self {
        self.bytes(&n.to_be_bytes())
    }

    /// A text that may be absent; absent differs from empty.
    pub fn opt_str(mut self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.str(text),
            None => {
                self.0.extend(0_u64.to_be_bytes());
                self
            }
        }
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_rows_have_different_bytes() {
        let row = |a: &str, b: Option<&str>| Canonical::new("t").str(a).opt_str(b).finish();
        assert_ne!(row("ab", Some("c")), row("a", Some("bc")));
        assert_ne!(row("a", None), row("a", Some("")));
        assert_eq!(row("a", Some("b")), row("a", Some("b")));
    }
}
