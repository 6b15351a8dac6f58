//! The second factor: time-based codes (RFC 6238) and recovery codes.

use crate::{Error, Result, random, token};
use totp_rs::{Builder, Secret, Totp};

/// Codes of one step before and after are taken too.
const SKEW: u16 = 1;

fn totp(secret: &[u8], account: &str) -> Result<Totp> {
    Builder::new()
        .with_secret(Secret::from(secret.to_vec()))
        .with_skew(SKEW)
        .with_issuer(Some("不停 Buting"))
        .with_account_name(account.replace(':', " "))
        .build()
        .map_err(|error| Error::Form(error.to_string()))
}

/// A new secret of 160 bits.
pub fn secret() -> [u8; 20] {
    random()
}

/// The secret as people type it into an app.
pub fn base32(secret: &[u8]) -> String {
    Secret::from(secret.to_vec()).to_base32()
}

/// The address that an app reads from a QR code.
pub fn uri(secret: &[u8], account: &str) -> Result<String> {
    totp(secret, account)?.to_url().map_err(|error| Error::Form(error.to_string()))
}

/// Whether a code holds at that time (seconds). Answers its step, which must be
/// stored: a code of that step or an earlier one is a replay and is refused.
pub fn verify(secret: &[u8], code: &str, now: u64, last_step: Option<u64>) -> Option<u64> {
    let step = totp(secret, "x").ok()?.check(code, now)?;
    last_step.is_none_or(|last| step > last).then_some(step)
}

/// The code at a time (seconds), for tests.
pub fn code_at(secret: &[u8], now: u64) -> Result<String> {
    totp(secret, "x").map(|totp| totp.generate(now).to_string())
}

/// Recovery codes, shown once, and their digests to store.
pub fn recovery_codes(n: usize) -> Vec<(String, [u8; 32])> {
    (0..n)
        .map(|_| {
            let code = token::code();
            let digest = token::code_digest(&code);
            (code, digest)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once_and_near_its_time() {
        let secret = secret();
        let now = 1_800_000_000;
        let code = code_at(&secret, now).expect("a code");
        let step = verify(&secret, &code, now, None).expect("holds");
        assert_eq!(verify(&secret, &code, now + 29, None), Some(step));
        assert_eq!(verify(&secret, &code, now, Some(step)), None, "a replay");
        assert_eq!(verify(&secret, &code, now + 120, None), None, "too late");
        assert_eq!(verify(&secret, "abcdef", now, None), None);
        assert!(uri(&secret, "officer@main").expect("a uri").starts_with("otpauth://totp/"));
    }
}
