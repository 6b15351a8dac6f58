//! Signed heads of the ledger's tree.

use crate::canonical::Canonical;
use crate::hash::{hex, unhex};
use crate::keyring::{Keyring, PublicKeys, key_id};
use crate::merkle::Hash;
use ed25519_dalek::{Signature, Signer};

/// The state of a zone's tree at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// The zone's key.
    pub zone: String,
    /// Rows in the tree.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// When it was signed, in UTC milliseconds.
    pub at_ms: i64,
}

/// Who signed a head, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// The id of the signing key.
    pub key_id: String,
    /// The Ed25519 signature over the canonical bytes of the head.
    pub signature: [u8; 64],
}

const TITLE: &str = "buting ledger head v1";

impl TreeHead {
    fn canonical(&self) -> Vec<u8> {
        Canonical::new("buting.head.v1")
            .str(&self.zone)
            .i64(self.size as i64)
            .bytes(&self.root)
            .i64(self.at_ms)
            .finish()
    }

    /// Signs the head with the present key.
    pub fn sign(&self, keys: &Keyring) -> SignedHead {
        let key = keys.signing_key();
        SignedHead { key_id: key_id(&key.verifying_key()), signature: key.sign(&self.canonical()).to_bytes() }
    }

    /// Whether one of the keys signed this head.
    pub fn verify(&self, signed: &SignedHead, keys: &PublicKeys) -> bool {
        let signature = Signature::from_bytes(&signed.signature);
        keys.get(&signed.key_id).is_some_and(|key| key.verify_strict(&self.canonical(), &signature).is_ok())
    }

    /// A few lines of text, to be kept outside.
    pub fn to_text(&self, signed: &SignedHead) -> String {
        format!(
            "{TITLE}\nzone {}\nsize {}\nroot {}\nat {}\nkey {}\nsignature {}\n",
            self.zone,
            self.size,
            hex(&self.root),
            self.at_ms,
            signed.key_id,
            hex(&signed.signature)
        )
    }

    /// Reads what [`TreeHead::to_text`] wrote; a file may hold several.
    pub fn from_text(text: &str) -> Option<Vec<(Self, SignedHead)>> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() || !lines.len().is_multiple_of(7) {
            return None;
        }
        lines.chunks(7).map(one).collect()
    }
}

fn one(lines: &[&str]) -> Option<(TreeHead, SignedHead)> {
    let [TITLE, zone, size, root, at, key, signature] = lines else { return None };
    let head = TreeHead {
        zone: zone.strip_prefix("zone ")?.to_owned(),
        size: size.strip_prefix("size ")?.parse().ok()?,
        root: array(root.strip_prefix("root ")?)?,
        at_ms: at.strip_prefix("at ")?.parse().ok()?,
    };
    let signed = SignedHead {
        key_id: key.strip_prefix("key ")?.to_owned(),
        signature: array(signature.strip_prefix("signature ")?)?,
    };
    Some((head, signed))
}

fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_survives_text_and_shows_alteration() {
        let keys = Keyring::ephemeral();
        let head = TreeHead { zone: "z".into(), size: 3, root: [7; 32], at_ms: 5 };
        let signed = head.sign(&keys);
        let (read, read_signed) = TreeHead::from_text(&head.to_text(&signed)).expect("reads").remove(0);
        assert_eq!((&read, &read_signed), (&head, &signed));
        assert!(read.verify(&read_signed, keys.public_keys()));
        let altered = TreeHead { size: 4, ..head };
        assert!(!altered.verify(&signed, keys.public_keys()));
        assert!(!read.verify(&signed, Keyring::ephemeral().public_keys()));
        assert!(TreeHead::from_text("nonsense").is_none());
    }
}
