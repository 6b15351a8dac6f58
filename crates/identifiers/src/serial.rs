use crate::finding::{Finding, Severity, half_width};
use std::fmt;
use std::str::FromStr;

/// An investment project code (GB/T 40058-2021): `2603-141124-89-05-346948`, or
/// the older form `2020-330327-48-01-167360` without check digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectCode {
    code: String,
    /// A check digit that does not fit; a warning, since the rule was inferred.
    pub warning: Option<Finding>,
}

impl ProjectCode {
    /// The code with its hyphens.
    pub fn as_str(&self) -> &str {
        &self.code
    }
}

/// ISO 7064 MOD 11,10 over digits.
fn mod_11_10(digits: impl Iterator<Item = u32>) -> u32 {
    let p = digits.fold(10, |p, digit| {
        let s = (p + digit) % 10;
        (if s == 0 { 10 } else { s }) * 2 % 11
    });
    (11 - p) % 10
}

impl FromStr for ProjectCode {
    type Err = Vec<Finding>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code = half_width(text);
        let groups: Vec<&str> = code.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        if lengths != [4, 6, 2, 2, 6] {
            return Err(vec![Finding::error("project.length").expected("2603-141124-89-05-346948")]);
        }
        if let Some(i) = code.chars().position(|c| !c.is_ascii_digit() && c != '-') {
            return Err(vec![Finding::error("project.character").at(i + 1)]);
        }
        // Before the standard the first group was the year.
        let old = matches!(groups[0], "2013" | "2014" | "2015" | "2016" | "2017" | "2018" | "2019" | "2020");
        let digits: Vec<u32> = code.chars().filter_map(|c| c.to_digit(10)).collect();
        let expected = mod_11_10(digits[..19].iter().copied());
        let warning = (!old && digits[19] != expected).then(|| Finding {
            severity: Severity::Warning,
            ..Finding::error("project.check_digit").at(24).expected(expected.to_string())
        });
        Ok(Self { code, warning })
    }
}

impl fmt::Display for ProjectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

/// A parcel number: UPU S10 (`EA473124829CN`), or a domestic one, which has no
/// public check and is taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelNumber(String);

impl ParcelNumber {
    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn s10_check(serial: &[u8]) -> u32 {
    let sum: u32 = serial.iter().zip([8, 6, 4, 2, 3, 5, 9, 7]).map(|(c, w)| u32::from(c - b'0') * w).sum();
    match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        n => n,
    }
}

impl FromStr for ParcelNumber {
    type Err = Vec<Finding>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = half_width(text).to_uppercase();
        let bytes = number.as_bytes();
        if !(10..=20).contains(&bytes.len()) {
            return Err(vec![Finding::error("parcel.length").expected("13")]);
        }
        if let Some(i) = bytes.iter().position(|c| !c.is_ascii_alphanumeric()) {
            return Err(vec![Finding::error("parcel.character").at(i + 1)]);
        }
        let letters = |part: &[u8]| part.iter().all(u8::is_ascii_uppercase);
        let s10 = bytes.len() == 13
            && letters(&bytes[..2])
            && letters(&bytes[11..])
            && bytes[2..11].iter().all(u8::is_ascii_digit);
        if s10 {
            let expected = s10_check(&bytes[2..10]);
            if u32::from(bytes[10] - b'0') != expected {
                return Err(vec![Finding::error("parcel.check_digit").at(11).expected(expected.to_string())]);
            }
        }
        Ok(Self(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_codes() {
        for good in ["2603-141124-89-05-346948", "2411-130202-89-01-637015", "2509-140602-89-05-864976"] {
            assert_eq!(good.parse::<ProjectCode>().expect(good).warning, None, "{good}");
        }
        let odd: ProjectCode = "2603-141124-89-05-346949".parse().expect("taken");
        assert_eq!(odd.warning.expect("warned").expected.as_deref(), Some("8"));
        assert_eq!("2020-330327-48-01-167360".parse::<ProjectCode>().expect("old").warning, None);
        assert!("2603-141124-89-05".parse::<ProjectCode>().is_err());
        assert!("26O3-141124-89-05-346948".parse::<ProjectCode>().is_err());
    }

    #[test]
    fn parcel_numbers() {
        for serial in ["473124829", "873324826", "000000014", "999999995", "000000990", "000000005", "545554533"] {
            assert!(format!("EA{serial}CN").parse::<ParcelNumber>().is_ok(), "{serial}");
        }
        assert!("EA473124828CN".parse::<ParcelNumber>().is_err());
        assert!("1234567890123".parse::<ParcelNumber>().is_ok(), "domestic numbers are taken as they are");
        assert!("EA47312482".parse::<ParcelNumber>().is_ok());
        assert!("短".parse::<ParcelNumber>().is_err());
    }
}
