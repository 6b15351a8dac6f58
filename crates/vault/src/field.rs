//! Encryption of single values: a data key per owner, wrapped under the
//! installation's key, AES-256-GCM with the place of the value as associated
//! data, so that a value moved elsewhere does not open.

use crate::keyring::Keyring;
use crate::{Error, Result, random};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use std::fmt;
use zeroize::Zeroizing;

/// Names the cipher in the first byte of what was sealed.
const AES_256_GCM: u8 = 1;
const NONCE: usize = 12;

/// A key for the values of one owner.
pub struct DataKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl DataKey {
    /// A new key.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random()))
    }

    /// The key as it is stored: under the present key-encryption key, whose
    /// number stands in front.
    pub fn wrap(&self, keys: &Keyring) -> Vec<u8> {
        let (number, wrapping) = keys.wrapping_key().unwrap_or((0, &[0; 32]));
        let mut out = number.to_be_bytes().to_vec();
        out.extend(seal(wrapping, "data-key", &*self.0));
        out
    }

    /// Opens a stored key.
    pub fn unwrap(keys: &Keyring, wrapped: &[u8]) -> Result<Self> {
        let (number, sealed) = wrapped.split_first_chunk::<4>().ok_or(Error::Sealed)?;
        let wrapping = keys.field_key(u32::from_be_bytes(*number)).ok_or(Error::Sealed)?;
        let plain = Zeroizing::new(open(wrapping, "data-key", sealed)?);
        Ok(Self(Zeroizing::new(plain.as_slice().try_into().map_err(|_| Error::Sealed)?)))
    }

    /// Seals a value for its place (`table.column:row`).
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        seal(&self.0, place, plain)
    }

    /// Opens a value at its place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        open(&self.0, place, sealed)
    }
}

fn seal(key: &[u8; 32], place: &str, plain: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE] = random();
    let cipher = Aes256Gcm::new(key.into());
    let payload = Payload { msg: plain, aad: place.as_bytes() };
    #[expect(clippy::expect_used, reason = "fails only above 64 GiB")]
    let sealed = cipher.encrypt(&Nonce::from(nonce), payload).expect("a value is smaller than 64 GiB");
    let mut out = vec![AES_256_GCM];
    out.extend(nonce);
    out.extend(sealed);
    out
}

fn open(key: &[u8; 32], place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
    let (suite, rest) = sealed.split_first().ok_or(Error::Sealed)?;
    let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(Error::Sealed)?;
    if *suite != AES_256_GCM {
        return Err(Error::Sealed);
    }
    let payload = Payload { msg: body, aad: place.as_bytes() };
    Aes256Gcm::new(key.into()).decrypt(&Nonce::from(*nonce), payload).map_err(|_| Error::Sealed)
}

/// A keyed digest of a normalised value, to look it up without storing it.
pub fn blind_index(keys: &Keyring, normalised: &str) -> [u8; 32] {
    crate::mac::hmac(&keys.derived("blind-index"), normalised.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_only_at_its_place() {
        let key = DataKey::generate();
        let sealed = key.seal("person.phone:1", b"13900000001");
        assert_eq!(key.open("person.phone:1", &sealed).expect("opens"), b"13900000001");
        assert!(key.open("person.phone:2", &sealed).is_err());
        assert!(DataKey::generate().open("person.phone:1", &sealed).is_err());
        for i in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert!(key.open("person.phone:1", &altered).is_err(), "byte {i}");
        }
    }

    #[test]
    fn keys_survive_rotation() {
        let dir = std::env::temp_dir().join(format!("vault-{}", std::process::id()));
        let mut keys = Keyring::open_or_create(&dir).expect("keys");
        let key = DataKey::generate();
        let before = key.wrap(&keys);
        let index = blind_index(&keys, "x");
        keys.rotate_field_key().expect("a new key");
        let after = key.wrap(&keys);
        assert_ne!(before[..4], after[..4]);
        let again = Keyring::open_or_create(&dir).expect("keys");
        for wrapped in [before, after] {
            let opened = DataKey::unwrap(&again, &wrapped).expect("opens");
            assert_eq!(opened.open("p", &key.seal("p", b"v")).expect("opens"), b"v");
        }
        assert_eq!(blind_index(&again, "x"), index);
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}
