//! The link by which a partner without account sees one work order and answers
//! it. It names zone and order and carries a signature, so nothing has to be
//! stored to show it again; raising the order's serial makes old links worthless.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::vault::canonical::Canonical;
use store::vault::keyring::Keyring;
use uuid::Uuid;

/// Bytes of the signature: as hard to guess as a key of 128 bits.
const MAC: usize = 16;

fn mac(keys: &Keyring, zone: Uuid, order: Uuid, serial: i64) -> [u8; MAC] {
    let canonical =
        Canonical::new("buting.work_order.link.v1").str(&zone.to_string()).str(&order.to_string()).i64(serial).finish();
    let mut short = [0; MAC];
    short.copy_from_slice(&store::vault::mac::row(keys, &canonical)[..MAC]);
    short
}

/// The token of a work order's link.
pub fn token(keys: &Keyring, zone: Uuid, order: Uuid, serial: i64) -> String {
    let mut bytes = Vec::with_capacity(32 + MAC);
    bytes.extend_from_slice(zone.as_bytes());
    bytes.extend_from_slice(order.as_bytes());
    bytes.extend_from_slice(&mac(keys, zone, order, serial));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Zone and order that a token names; whether it is genuine is only known with
/// the order's serial: see [`genuine`].
pub fn read(token: &str) -> Option<(Uuid, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == 32 + MAC)?;
    Some((Uuid::from_slice(&bytes[..16]).ok()?, Uuid::from_slice(&bytes[16..32]).ok()?))
}

/// Whether a token was made for this order and serial.
pub fn genuine(keys: &Keyring, token: &str, zone: Uuid, order: Uuid, serial: i64) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
    bytes.len() == 32 + MAC && store::vault::hash::eq(&bytes[32..], &mac(keys, zone, order, serial))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_for_one_order_and_ends_with_its_serial() {
        let keys = Keyring::ephemeral();
        let (zone, order) = (Uuid::now_v7(), Uuid::now_v7());
        let token = token(&keys, zone, order, 1);
        assert_eq!(read(&token), Some((zone, order)));
        assert!(genuine(&keys, &token, zone, order, 1));
        assert!(!genuine(&keys, &token, zone, order, 2), "a withdrawn link");
        assert!(!genuine(&keys, &token, zone, Uuid::now_v7(), 1), "another order");
        assert!(!genuine(&Keyring::ephemeral(), &token, zone, order, 1), "another installation");
        let mut altered = token.clone().into_bytes();
        altered[5] = if altered[5] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).expect("ASCII");
        let (zone2, order2) = read(&altered).expect("it still reads");
        assert!(!genuine(&keys, &altered, zone2, order2, 1));
        for junk in ["", "x", "../../etc", &"A".repeat(4000)] {
            assert_eq!(read(junk), None);
        }
    }
}
