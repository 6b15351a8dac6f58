use crate::finding::{Finding, half_width};
use std::fmt;
use std::str::FromStr;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: &[u8; 11] = b"10X98765432";

/// A resident ID number (GB 11643-1999). Store it only where the law asks for it,
/// encrypted; [`fmt::Debug`] and [`ResidentId::masked`] never show it whole.
#[derive(Clone, PartialEq, Eq)]
pub struct ResidentId(String);

impl ResidentId {
    /// The whole number, for encryption.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `370113********0018`.
    pub fn masked(&self) -> String {
        format!("{}********{}", &self.0[..6], &self.0[14..])
    }
}

impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResidentId(…)")
    }
}

impl FromStr for ResidentId {
    type Err = Vec<Finding>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = half_width(text).to_uppercase();
        if id.chars().count() != 18 {
            return Err(vec![Finding::error("resident.length").expected("18")]);
        }
        let wrong = id.chars().enumerate().find(|(i, c)| !(c.is_ascii_digit() || (*i == 17 && *c == 'X')));
        if let Some((i, _)) = wrong {
            return Err(vec![Finding::error("resident.character").at(i + 1)]);
        }
        let number = |range: std::ops::Range<usize>| id[range].parse::<u32>().unwrap_or_default();
        if !exists(number(6..10), number(10..12), number(12..14)) {
            return Err(vec![Finding::error("resident.birth_date").at(7)]);
        }
        let sum: u32 = id.bytes().zip(WEIGHTS).map(|(c, w)| u32::from(c - b'0') * w).sum();
        let expected = char::from(CHECK[(sum % 11) as usize]);
        if !id.ends_with(expected) {
            return Err(vec![Finding::error("resident.check_digit").at(18).expected(expected)]);
        }
        Ok(Self(id))
    }
}

fn exists(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1800..2200).contains(&year) && (1..=last).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_the_standard() {
        for good in ["11010519491231002X", "440524188001010014", "11010519491231002x"] {
            assert!(good.parse::<ResidentId>().is_ok(), "{good}");
        }
        for (bad, code) in [
            ("110105194912310021", "resident.check_digit"),
            ("11010519490231002X", "resident.birth_date"),
            ("1101051949123100", "resident.length"),
            ("1101O519491231002X", "resident.character"),
        ] {
            assert_eq!(bad.parse::<ResidentId>().expect_err("refused")[0].code, code, "{bad}");
        }
        let id: ResidentId = "11010519491231002X".parse().expect("holds");
        assert_eq!(id.masked(), "110105********002X");
        assert!(!format!("{id:?}").contains("1949"));
    }
}
