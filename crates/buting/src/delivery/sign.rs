//! Signatures by which a receiver knows who sent it: Standard Webhooks
//! (<https://www.standardwebhooks.com>), the robots of DingTalk and of Feishu.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What the text of a key begins with (Standard Webhooks).
const PREFIX: &str = "whsec_";
/// Bytes of a new key; the specification asks for 24 to 64.
const KEY_BYTES: usize = 24;

/// HMAC-SHA256 in base64. A key of any length is taken.
fn hmac(key: &[u8], parts: &[&[u8]]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

/// A new key as the receiver is given it.
pub fn new_key() -> Option<String> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// `webhook-signature`: one signature for each key, while a key is changed two. None when
/// a key is no key.
pub fn webhook(keys: &[&str], id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    let seconds = seconds.to_string();
    let signed = keys.iter().map(|key| {
        let key = STANDARD.decode(key.strip_prefix(PREFIX)?).ok().filter(|key| !key.is_empty())?;
        let made = hmac(&key, &[id.as_bytes(), b".", seconds.as_bytes(), b".", body])?;
        Some(format!("v1,{made}"))
    });
    let all: Vec<String> = signed.collect::<Option<_>>()?;
    (!all.is_empty()).then(|| all.join(" "))
}

/// `sign` of DingTalk's robot: the key signs time (milliseconds) and itself.
pub fn dingtalk(key: &str, ms: i64) -> Option<String> {
    hmac(key.as_bytes(), &[ms.to_string().as_bytes(), b"\n", key.as_bytes()])
}

/// `sign` of Feishu's robot: time (seconds) and key are the key, and sign nothing.
pub fn feishu(key: &str, seconds: i64) -> Option<String> {
    hmac(format!("{seconds}\n{key}").as_bytes(), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that the libraries of Standard Webhooks are tested with.
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn webhooks_are_signed_as_the_standard_says() {
        let (id, seconds, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        let signed = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(webhook(&[KEY], id, seconds, body).as_deref(), Some(signed));
        let other = new_key().expect("a key");
        let both = webhook(&[other.as_str(), KEY], id, seconds, body).expect("two signatures");
        assert_eq!(both.split(' ').count(), 2);
        assert!(both.ends_with(signed), "the former key still signs");
        for junk in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_*"] {
            assert_eq!(webhook(&[junk], id, seconds, body), None, "{junk}");
        }
        assert_eq!(webhook(&[], id, seconds, body), None);
    }

    /// Computed with Python's hmac module.
    #[test]
    fn robots_are_signed_as_their_makers_say() {
        for (key, ms, sign) in DINGTALK {
            assert_eq!(dingtalk(key, *ms).as_deref(), Some(*sign));
        }
        for (key, seconds, sign) in FEISHU {
            assert_eq!(feishu(key, *seconds).as_deref(), Some(*sign));
        }
    }

    const DINGTALK: &[(&str, i64, &str)] = &[
        (
            "SECdemo0000000000000000000000000000000000000000000000000000000000",
            1_795_485_600_000,
            "8xfJKy1S8bCylc4HQe7g5Wy8YlI9EWnMczD4tpCcgYE=",
        ),
        ("this is secret", 1_577_262_236_757, "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="),
    ];
    const FEISHU: &[(&str, i64, &str)] = &[
        ("demo", 1_795_485_600, "lyE1WvFPvLq7NaPEiE2d43T+zP2OOKXRjssOg0vyAmM="),
        ("xxxxxxxxxxxxxxxxxxxxxx", 1_599_360_473, "pop+YJJ3ubW2ahK1CGdwEQWh34nS3p2B17YLX2VbRi4="),
    ];
}
