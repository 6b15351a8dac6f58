//! Random tokens. Only their digest is stored.

use crate::hash::{hex, sha256};
use crate::random;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Without 0/O, 1/I/L and U.
const CODE: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
const API_PREFIX: &str = "bt_";
const API_BODY: usize = 40;
const API_CHECK: usize = 6;

/// A token of 256 bits: its text, shown once, and the digest to store.
pub fn new(prefix: &str) -> (String, [u8; 32]) {
    let bytes: [u8; 32] = random();
    let token = format!("{prefix}{}", hex(&bytes));
    let digest = digest(&token);
    (token, digest)
}

/// The digest under which a token is stored.
pub fn digest(token: &str) -> [u8; 32] {
    sha256(token.as_bytes())
}

/// An API token: `bt_`, 40 characters, and a check of 6, so that a mistyped one
/// is refused without a look at the database.
pub fn api() -> (String, [u8; 32]) {
    let mut body = String::with_capacity(API_BODY);
    while body.len() < API_BODY {
        let bytes: [u8; 64] = random();
        // 248 = 4 × 62: larger bytes would make some characters likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        body.extend(fair.take(API_BODY - body.len()).map(|byte| char::from(BASE62[usize::from(byte % 62)])));
    }
    let token = format!("{API_PREFIX}{body}{}", check(&body));
    let digest = digest(&token);
    (token, digest)
}

/// Whether a text has the form and the check of an API token.
pub fn looks_like_api(token: &str) -> bool {
    let Some(rest) = token.strip_prefix(API_PREFIX) else { return false };
    rest.len() == API_BODY + API_CHECK
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && check(&rest[..API_BODY]) == rest[API_BODY..]
}

fn check(body: &str) -> String {
    sha256(body.as_bytes())[..API_CHECK].iter().map(|byte| char::from(BASE62[usize::from(byte % 62)])).collect()
}

/// A short code for people to type: `XXXX-XXXX`, about 39 bits. Use it only with
/// a limit on attempts and an end.
pub fn code() -> String {
    let bytes: [u8; 8] = random();
    let chars: String = bytes.iter().map(|byte| char::from(CODE[usize::from(*byte) % CODE.len()])).collect();
    format!("{}-{}", &chars[..4], &chars[4..])
}

/// The digest of a code, however it was typed: case, spaces and hyphens do not
/// count, and look-alikes are read as what the alphabet has.
pub fn code_digest(code: &str) -> [u8; 32] {
    let plain: String = code
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| match c.to_ascii_uppercase() {
            'O' | '0' => 'Q',
            'I' | '1' | 'L' => 'J',
            'U' => 'V',
            c => c,
        })
        .collect();
    sha256(plain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_api_token_is_known() {
        let (token, stored) = api();
        assert!(looks_like_api(&token));
        assert_eq!(digest(&token), stored);
        for i in 3..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[i] = if altered[i] == b'a' { b'b' } else { b'a' };
            let altered = String::from_utf8(altered).expect("ASCII");
            assert!(altered == token || !looks_like_api(&altered) || i >= 3 + API_BODY, "{altered}");
        }
        for text in ["", "bt_", "null", "eyJhbGciOiJub25lIn0.e30.", &"A".repeat(4000)] {
            assert!(!looks_like_api(text));
        }
    }

    #[test]
    fn codes_forgive_how_they_are_typed() {
        let code = code();
        assert_eq!(code.len(), 9);
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(code_digest(&typed), code_digest(&code));
    }
}
