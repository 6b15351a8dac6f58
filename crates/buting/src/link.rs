//! Signed links: by one of them somebody without account sees one record and
//! answers it, or a calendar program reads what a person has planned. A link
//! names zone and record and carries a signature, so nothing has to be stored to
//! show it again; raising the record's serial makes old links worthless.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Serialize;
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
    /// The record of a visit, for the enterprise.
    Visit,
    /// The answer to an appeal, for the enterprise to confirm and rate.
    Confirm,
    /// Whether an issued document is genuine, for whoever holds it.
    Document,
}

/// What an officer hands on, so that somebody without account can answer a record.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Handed {
    /// The path of the page on this site.
    pub href: String,
    /// The code that opens it at `/record` together with the number of the record.
    pub code: String,
}

/// Link and code of a record; `page` is the page that its token opens.
pub fn handed(keys: &Keyring, opens: Opens, page: &str, zone: Uuid, record: Uuid, serial: i64) -> Handed {
    let token = token(keys, opens, zone, record, serial);
    Handed { href: format!("{page}/{token}"), code: code(keys, opens, zone, record, serial) }
}

impl Opens {
    const fn domain(self) -> &'static str {
        match self {
            Self::WorkOrder => "buting.work_order.link.v1",
            Self::Plan => "buting.visit_plan.link.v1",
            Self::Calendar => "buting.calendar.link.v1",
            Self::Visit => "buting.visit.link.v1",
            Self::Confirm => "buting.appeal_confirm.link.v1",
            Self::Document => "buting.document.link.v1",
        }
    }
}

fn mac(keys: &Keyring, opens: Opens, zone: Uuid, record: Uuid, serial: i64) -> [u8; MAC] {
    signed(keys, opens.domain(), zone, record, serial)
}

fn signed(keys: &Keyring, domain: &str, zone: Uuid, record: Uuid, serial: i64) -> [u8; MAC] {
    let canonical = Canonical::new(domain).str(&zone.to_string()).str(&record.to_string()).i64(serial).finish();
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

/// Letters and digits that nobody takes for one another (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a code: 40 bits, more than anybody tries through a web page.
const CODE: usize = 8;

/// The code of a record, for who has a sheet of paper and no link: `7K2M-9QXD`. It
/// opens the record together with its number.
pub fn code(keys: &Keyring, opens: Opens, zone: Uuid, record: Uuid, serial: i64) -> String {
    let domain = format!("{}.code", opens.domain());
    let mac = signed(keys, &domain, zone, record, serial);
    let bits = mac[..5].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let letter = |n: usize| char::from(LETTERS[(bits >> (5 * (CODE - 1 - n)) & 31) as usize]);
    let all: String = (0..CODE).map(letter).collect();
    format!("{}-{}", &all[..4], &all[4..])
}

/// Whether a code, as somebody typed it, is that of the record.
pub fn opened_by(keys: &Keyring, opens: Opens, typed: &str, zone: Uuid, record: Uuid, serial: i64) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
        letters
            .map(|c| match c {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            })
            .collect()
    };
    let code = plain(&code(keys, opens, zone, record, serial));
    store::vault::hash::eq(code.as_bytes(), plain(typed).as_bytes())
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
    fn a_code_is_typed_as_people_type() {
        let keys = Keyring::ephemeral();
        let (zone, visit) = (Uuid::now_v7(), Uuid::now_v7());
        let code = code(&keys, Opens::Visit, zone, visit, 1);
        assert_eq!(code.len(), 9, "{code}");
        let opened = |typed: &str, serial| opened_by(&keys, Opens::Visit, typed, zone, visit, serial);
        for typed in
            [code.clone(), code.to_lowercase(), code.replace('-', " "), code.replace('0', "o").replace('1', "l")]
        {
            assert!(opened(&typed, 1), "{typed}");
        }
        assert!(!opened(&code, 2), "a withdrawn code");
        for typed in ["", "0000-0000", &code[..8]] {
            assert!(!opened(typed, 1), "{typed}");
        }
        assert!(!opened_by(&keys, Opens::Plan, &code, zone, visit, 1), "a code of another kind");
    }

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
        for other in [Opens::Plan, Opens::Calendar, Opens::Visit, Opens::Confirm, Opens::Document] {
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
