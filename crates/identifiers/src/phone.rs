//! Telephone numbers of China.

use crate::finding::{Finding, half_width};
use std::fmt;

/// A telephone number: mobile, landline, or a service number such as 12345.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone(String);

impl Phone {
    /// `139****0018`; a landline keeps its area code and last two digits.
    pub fn masked(&self) -> String {
        mask(&self.0)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Masks a stored number for those who need not call.
pub fn mask(number: &str) -> String {
    let chars: Vec<char> = number.chars().collect();
    let (head, tail) = match chars.len() {
        11.. => (3, 4),
        7..11 => (3, 2),
        _ => (1, 1),
    };
    if chars.len() <= head + tail {
        return "*".repeat(chars.len());
    }
    let hidden = chars.len() - head - tail;
    chars[..head]
        .iter()
        .copied()
        .chain(std::iter::repeat_n('*', hidden))
        .chain(chars[chars.len() - tail..].iter().copied())
        .collect()
}

/// Reads a number: spaces, full-width digits and +86 are forgiven.
pub fn parse(text: &str) -> Result<Phone, Vec<Finding>> {
    let plain = half_width(text);
    let plain = plain.strip_prefix("+86").or_else(|| plain.strip_prefix("0086")).unwrap_or(&plain);
    let digits: String = plain.chars().filter(char::is_ascii_digit).collect();
    if plain.chars().any(|c| !c.is_ascii_digit() && !matches!(c, '-' | '(' | ')')) {
        return Err(vec![Finding::error("phone.character")]);
    }
    let bytes = digits.as_bytes();
    let mobile = bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1]);
    let service = (bytes.len() == 10 && (digits.starts_with("400") || digits.starts_with("800")))
        || (bytes.len() == 5 && bytes[0] == b'1');
    if mobile || service {
        return Ok(Phone(digits));
    }
    let parts: Vec<&str> =
        plain.trim_matches(['(', ')']).split(['-', ')', '(']).filter(|part| !part.is_empty()).collect();
    let (area, number, extension) = match parts[..] {
        [all] if bytes.first() == Some(&b'0') && (10..=12).contains(&all.len()) => {
            // Beijing, Shanghai and a few others have three digits.
            let cut = if matches!(bytes.get(1), Some(b'1' | b'2')) { 3 } else { 4 };
            (&all[..cut], &all[cut..], "")
        }
        [area, number] => (area, number, ""),
        [area, number, extension] => (area, number, extension),
        _ => return Err(vec![Finding::error("phone.form")]),
    };
    let holds = area.starts_with('0')
        && (3..=4).contains(&area.len())
        && (7..=8).contains(&number.len())
        && extension.len() <= 6;
    if !holds {
        return Err(vec![Finding::error("phone.form")]);
    }
    let extension = if extension.is_empty() { String::new() } else { format!("-{extension}") };
    Ok(Phone(format!("{area}-{number}{extension}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (typed, stored) in [
            ("139 0000 0001", "13900000001"),
            ("１３９０００００００１", "13900000001"),
            ("+86 13900000001", "13900000001"),
            ("0531-87900000", "0531-87900000"),
            ("(0531)87900000", "0531-87900000"),
            ("053187900000", "0531-87900000"),
            ("010-62000000-8001", "010-62000000-8001"),
            ("400-800-1234", "4008001234"),
            ("12345", "12345"),
        ] {
            assert_eq!(parse(typed).expect(typed).to_string(), stored);
        }
        for wrong in ["", "1390000000", "12900000001", "电话13900000001", "0531-1234", "139000000011"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn masks() {
        assert_eq!(mask("13900000018"), "139****0018");
        assert_eq!(mask("0531-87900000"), "053******0000");
        assert_eq!(mask("12"), "**");
    }
}
