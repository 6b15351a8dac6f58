//! Message authentication of ledger rows.

use crate::keyring::Keyring;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(crate) fn hmac(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "an HMAC takes keys of any length")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any key fits");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// The MAC of a row under the installation's ledger key.
pub fn row(keys: &Keyring, canonical: &[u8]) -> [u8; 32] {
    hmac(keys.mac_key(), canonical)
}

/// Whether a MAC is that of the row.
pub fn verify(keys: &Keyring, canonical: &[u8], mac: &[u8]) -> bool {
    crate::hash::eq(&row(keys, canonical), mac)
}
