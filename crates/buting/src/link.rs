//! Signed links: by one of them somebody without account sees one record and
//! answers it, or a calendar program reads what a person has planned. A link
//! names zone and record and carries a signature, so nothing has to be stored to
//! show it again; raising the record's serial makes old links worthless.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::vault::canonical::Canonical;
use store::vault::keyring::Keyring;
use uuid::Uuid;

/// Bytes of the signature: as hard to guess as a key of 128 bits.
const MAC: usize = 16;

/// What a link opens. A link of one kind never opens another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// The work order of a partner.
    WorkOrder,
    /// A planned visit, for the enterprise.
    Plan,
    /// What a person has planned, for a calendar program.
    Calendar,
}

impl Opens {
    const fn domain(self) -> &'static str {
        match self {
            Self::WorkOrder => "buting.work_order.link.v1",
            Self::Plan => "buting.visit_plan.link.v1",
            Self::Calendar => "buting.calendar.link.v1",
        }
    }
}

fn mac(keys: &Keyring, opens: Opens, zone: Uuid, record: Uuid, serial: i64) -> [u8; MAC] {
    let canonical = Canonical::new(opens.domain()).str(&zone.to_string()).str(&record.to_string()).i64(serial).finish();
    let mut short = [0; MAC];
    short.copy_from_slice(&store::vault::mac::row(keys, &canonical)[..MAC]);
    short
}

/// The token of a record's link.
pub fn token(keys: &Keyring, opens: Opens, zone: Uuid, record: Uuid, serial: i64) -> String {
    let mut bytes = Vec::with_capacity(32 + MAC);
    bytes.extend_from_slice(zone.as_bytes());
    bytes.extend_from_slice(record.as_bytes());
    bytes.extend_from_slice(&mac(keys, opens, zone, record, serial));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Zone and record that a token names; whether it is genuine is only known with
/// the record's serial: see [`genuine`].
pub fn read(token: &str) -> Option<(Uuid, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == 32 + MAC)?;
    Some((Uuid::from_slice(&bytes[..16]).ok()?, Uuid::from_slice(&bytes[16..32]).ok()?))
}

/// Whether a token was made for this record and serial.
pub fn genuine(keys: &Keyring, opens: Opens, token: &str, zone: Uuid, record: Uuid, serial: i64) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
    bytes.len() == 32 + MAC && store::vault::hash::eq(&bytes[32..], &mac(keys, opens, zone, record, serial))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_for_one_record_and_ends_with_its_serial() {
        let keys = Keyring::ephemeral();
        let (zone, order) = (Uuid::now_v7(), Uuid::now_v7());
        let order_of = Opens::WorkOrder;
        let token = token(&keys, order_of, zone, order, 1);
        assert_eq!(read(&token), Some((zone, order)));
        assert!(genuine(&keys, order_of, &token, zone, order, 1));
        assert!(!genuine(&keys, order_of, &token, zone, order, 2), "a withdrawn link");
        assert!(!genuine(&keys, order_of, &token, zone, Uuid::now_v7(), 1), "another order");
        for other in [Opens::Plan, Opens::Calendar] {
            assert!(!genuine(&keys, other, &token, zone, order, 1), "a link of another kind");
        }
        assert!(!genuine(&Keyring::ephemeral(), order_of, &token, zone, order, 1), "another installation");
        let mut altered = token.clone().into_bytes();
        altered[5] = if altered[5] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).expect("ASCII");
        let (zone2, order2) = read(&altered).expect("it still reads");
        assert!(!genuine(&keys, order_of, &altered, zone2, order2, 1));
        for junk in ["", "x", "../../etc", &"A".repeat(4000)] {
            assert_eq!(read(junk), None);
        }
    }
}
