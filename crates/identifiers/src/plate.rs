//! Licence plates (GA 36-2018).

use crate::finding::{Finding, half_width};
use std::fmt;
use std::str::FromStr;

const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/// The plate of a motor vehicle; new-energy plates have eight characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plate(String);

impl Plate {
    /// The plate, without the dot that people write after its second character.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a new-energy plate.
    pub fn is_new_energy(&self) -> bool {
        self.0.chars().count() == 8
    }
}

impl fmt::Display for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn plain(c: char) -> bool {
    c.is_ascii_digit() || (c.is_ascii_uppercase() && c != 'I' && c != 'O')
}

impl FromStr for Plate {
    type Err = Vec<Finding>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plate: String =
            half_width(text).to_uppercase().chars().filter(|c| !matches!(c, '·' | '.' | '•' | '-')).collect();
        let chars: Vec<char> = plate.chars().collect();
        let energy = |c: char| ('A'..='K').contains(&c) && c != 'I';
        let digits = |part: &[char]| part.iter().all(char::is_ascii_digit);
        let place = chars.first().is_some_and(|c| PROVINCES.contains(*c))
            && chars.get(1).is_some_and(|c| c.is_ascii_uppercase() && plain(*c));
        let rest = chars.get(2..).unwrap_or_default();
        let number = match rest.len() {
            5 => rest[..4].iter().all(|c| plain(*c)) && (plain(rest[4]) || "挂学警港澳".contains(rest[4])),
            6 => (energy(rest[0]) && plain(rest[1]) && digits(&rest[2..])) || (digits(&rest[..5]) && energy(rest[5])),
            _ => return Err(vec![Finding::error("plate.length").expected("7")]),
        };
        if place && number { Ok(Self(plate)) } else { Err(vec![Finding::error("plate.character")]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates() {
        for (typed, stored, energy) in [
            ("鲁A·12345", "鲁A12345", false),
            ("鲁a d12345", "鲁AD12345", true),
            ("鲁A12345D", "鲁A12345D", true),
            ("鲁A1234挂", "鲁A1234挂", false),
            ("京A8888警", "京A8888警", false),
        ] {
            let plate: Plate = typed.parse().expect(typed);
            assert_eq!((plate.as_str(), plate.is_new_energy()), (stored, energy));
        }
        for wrong in ["", "A12345", "鲁A1234", "鲁I12345", "鲁A1234O", "鲁AI12345", "台A12345"] {
            assert!(wrong.parse::<Plate>().is_err(), "{wrong}");
        }
    }
}
