//! SHA-256, its hexadecimal form, and constant-time comparison.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Compares without telling by its time where the difference is.
pub fn eq(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
}

/// Bytes as lower-case hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The bytes of hexadecimal text; `None` when it is none.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_comes_back() {
        assert_eq!(hex(&[0, 255, 7]), "00ff07");
        assert_eq!(unhex("00ff07"), Some(vec![0, 255, 7]));
        for wrong in ["0", "0g", "+1", "字节"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}
