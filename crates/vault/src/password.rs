//! Passwords: argon2id, and which ones are refused (OWASP ASVS 5.0, V6.2).

use crate::{Error, Result, random};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use std::sync::LazyLock;

/// Fewer characters are refused.
pub const MIN_CHARS: usize = 10;
/// More characters are refused.
pub const MAX_CHARS: usize = 128;

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// Fewer than [`MIN_CHARS`] characters.
    TooShort,
    /// More than [`MAX_CHARS`] characters.
    TooLong,
    /// Among the first that anybody would try.
    Common,
    /// Holds the user name.
    ContainsName,
}

/// Beginnings that make a long password no better, lower-case.
const COMMON: &[&str] = &[
    "password",
    "qwerty",
    "1qaz2wsx",
    "123456",
    "654321",
    "111111",
    "000000",
    "888888",
    "666666",
    "abc123",
    "iloveyou",
    "5201314",
    "1314520",
    "woaini",
    "zhongguo",
    "admin",
    "letmein",
    "welcome",
    "a123456",
    "qazwsx",
    "passw0rd",
    "p@ssw0rd",
    "buting",
    "guanweihui",
];

/// Hashes with argon2id, 19 MiB, two passes (OWASP); a PHC string. Costs tens of
/// milliseconds on purpose: not on a thread that answers requests.
pub fn hash(password: &str) -> Result<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash: argon2::password_hash::phc::PasswordHash| hash.to_string())
        .map_err(|error| Error::Form(error.to_string()))
}

/// Whether a password is that of a PHC string. A string of another form never is.
pub fn verify(password: &str, phc: &str) -> bool {
    PasswordHash::new(phc).is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Takes as long as [`verify`], so that an unknown user answers no faster.
pub fn dummy_verify(password: &str) {
    static DUMMY: LazyLock<String> = LazyLock::new(|| hash("nobody has this password").unwrap_or_default());
    let _ = verify(password, &DUMMY);
}

/// Whether a new password may be used. Any characters are fine; length is what
/// counts.
pub fn check_policy(password: &str, user_name: &str) -> Result<(), PolicyError> {
    let chars = password.chars().count();
    if chars < MIN_CHARS {
        return Err(PolicyError::TooShort);
    }
    if chars > MAX_CHARS {
        return Err(PolicyError::TooLong);
    }
    let lower = password.to_lowercase();
    if user_name.chars().count() >= 3 && lower.contains(&user_name.to_lowercase()) {
        return Err(PolicyError::ContainsName);
    }
    let mut rest = lower;
    for common in COMMON {
        rest = rest.replace(common, "");
    }
    let distinct: std::collections::BTreeSet<char> = rest.chars().collect();
    if rest.chars().count() < 4 || distinct.len() < 3 {
        return Err(PolicyError::Common);
    }
    Ok(())
}

/// A password for a slip of paper: four groups without look-alike characters.
pub fn generate() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
    let bytes: [u8; 16] = random();
    let chars: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_verify_and_differ() {
        let (a, b) = (hash("河东一号院的门牌").expect("hash"), hash("河东一号院的门牌").expect("hash"));
        assert_ne!(a, b);
        assert!(a.starts_with("$argon2id$"));
        assert!(verify("河东一号院的门牌", &a) && !verify("河东二号院的门牌", &a));
        assert!(!verify("x", "not a hash"));
    }

    #[test]
    fn every_character_counts() {
        let long = "长".repeat(24) + "甲";
        let other = "长".repeat(24) + "乙";
        assert!(!verify(&other, &hash(&long).expect("hash")), "72 bytes are not all");
        assert!(!verify("abcdefghij\0x", &hash("abcdefghij\0y").expect("hash")), "NUL is not the end");
    }

    #[test]
    fn policy() {
        use PolicyError::*;
        for (password, expected) in [
            ("short", Err(TooShort)),
            ("九个汉字也不够长的", Err(TooShort)),
            ("password123456", Err(Common)),
            ("aaaaaaaaaaaaaaa", Err(Common)),
            ("5201314888888", Err(Common)),
            ("zhang.wei-2026!", Err(ContainsName)),
            ("平安街道卫生院的桂花树", Ok(())),
            ("three quiet words", Ok(())),
            ("🧪🧪🧪🧪🧪🧪🧪🧪🧫🧬", Ok(())),
        ] {
            assert_eq!(check_policy(password, "zhang.wei"), expected, "{password}");
        }
        assert_eq!(check_policy(&"长a1".repeat(43), "x"), Err(TooLong));
        assert_eq!(check_policy(&"长a1-".repeat(32), "x"), Ok(()));
    }

    #[test]
    fn generated_passwords_pass() {
        for _ in 0..50 {
            assert_eq!(check_policy(&generate(), "officer"), Ok(()));
        }
    }
}
