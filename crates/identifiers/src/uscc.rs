use crate::finding::{Finding, half_width};
use std::fmt;
use std::str::FromStr;

/// The 31 characters in order of value (GB 32100-2015).
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// 3^i mod 31.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/// Weights of the organisation code (GB 11714).
const ORGANISATION: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// A unified social credit code (统一社会信用代码, GB 32100-2015): 18 characters,
/// normalised and with a check digit that fits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uscc(String);

fn value(character: u8) -> Option<u32> {
    ALPHABET.iter().position(|c| *c == character).and_then(|n| u32::try_from(n).ok())
}

fn check(body: &[u8]) -> Option<u8> {
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(c, w)| value(*c).map(|v| v * w)).sum::<Option<u32>>()?;
    // A remainder of 0 gives 31, whose character is that of 0.
    ALPHABET.get(((31 - sum % 31) % 31) as usize).copied()
}

/// The look-alike that the alphabet has, for suggestions only.
fn look_alike(c: char) -> Option<char> {
    match c {
        'O' => Some('0'),
        'I' => Some('1'),
        'S' => Some('5'),
        'Z' => Some('2'),
        'V' => Some('U'),
        _ => None,
    }
}

impl Uscc {
    /// Trims, half-widths and upper-cases; changes no character for another.
    pub fn normalise(text: &str) -> String {
        half_width(text).to_uppercase()
    }

    /// Completes 17 characters with their check digit.
    pub fn complete(body: &str) -> Option<Self> {
        let body = Self::normalise(body);
        if body.len() != 17 {
            return None;
        }
        let digit = check(body.as_bytes())?;
        Some(Self(format!("{body}{}", char::from(digit))))
    }

    /// Everything that does not hold; empty when it does.
    pub fn findings(text: &str) -> Vec<Finding> {
        let code = Self::normalise(text);
        let length = code.chars().count();
        if length != 18 {
            return vec![Finding::error("uscc.length").expected("18")];
        }
        let mut findings = Vec::new();
        for (i, c) in code.chars().enumerate() {
            let fits = match i {
                1..8 => c.is_ascii_digit(),
                _ => u8::try_from(c).ok().and_then(value).is_some(),
            };
            if !fits {
                let mut finding = Finding::error("uscc.character").at(i + 1);
                if let Some(twin) = look_alike(c) {
                    finding = finding.expected(twin);
                }
                findings.push(finding);
            }
        }
        if findings.is_empty() {
            let (body, last) = code.as_bytes().split_at(17);
            match check(body) {
                Some(digit) if digit == last[0] => {}
                Some(digit) => {
                    findings.push(Finding::error("uscc.check_digit").at(18).expected(char::from(digit)));
                }
                None => findings.push(Finding::error("uscc.character")),
            }
        }
        findings
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The organisation code (characters 9–17) and whether its own check fits
    /// (GB 11714). Old papers exist in which it does not.
    pub fn organisation_code(&self) -> (&str, bool) {
        let part = &self.0[8..17];
        let digit = |c: u8| char::from(c).to_digit(36).unwrap_or_default();
        let sum: u32 = part.bytes().zip(ORGANISATION).map(|(c, w)| digit(c) * w).sum();
        let expected = match 11 - sum % 11 {
            10 => 'X',
            11 => '0',
            n => char::from_digit(n, 10).unwrap_or('0'),
        };
        (part, part.ends_with(expected))
    }

    /// The region at the time of registration; never a reason to refuse.
    pub fn region(&self) -> &str {
        &self.0[2..8]
    }
}

impl FromStr for Uscc {
    type Err = Vec<Finding>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let findings = Self::findings(text);
        if findings.is_empty() { Ok(Self(Self::normalise(text))) } else { Err(findings) }
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn public_codes() {
        for good in [
            "91370000588768482Y",
            "91110000600037341L",
            "91371100MA3TA2E083",
            "91370303MAKEJDBW7N",
            "91370781MA3DKU6R4Q",
            // The remainder is 0.
            "913701000000000020",
        ] {
            let code: Uscc = good.parse().expect(good);
            if good != "913701000000000020" {
                assert!(code.organisation_code().1, "{good}");
            }
        }
        // The first is the standard's own example of a wrong code.
        for bad in ["91350100M000100Y4Z", "91371402MADP1E1K8T", "91310115MA1H8R7C6D"] {
            assert!(bad.parse::<Uscc>().is_err(), "{bad}");
        }
        assert_eq!(Uscc::complete("91350100M000100Y4").expect("completes").as_str(), "91350100M000100Y43");
    }

    #[test]
    fn the_first_character_may_be_a_letter() {
        let code = Uscc::complete("N2370113MF0000013").expect("completes");
        assert!(code.as_str().parse::<Uscc>().is_ok());
        for first in ["A1", "N9", "Y1"] {
            assert!(Uscc::complete(&format!("{first}370113MF0000013")).is_some());
        }
    }

    #[test]
    fn look_alikes_are_suggested_and_not_changed() {
        let findings = "9137OOOO588768482Y".parse::<Uscc>().expect_err("refused");
        assert_eq!(findings.len(), 4);
        assert_eq!((findings[0].position, findings[0].expected.as_deref()), (Some(5), Some("0")));
        assert!(findings[0].message(crate::Language::Zh).contains("第5位"));
        let short = Uscc::findings("370100200012345");
        assert_eq!(short[0].code, "uscc.length");
    }

    proptest! {
        #[test]
        fn every_substitution_is_found(i in 0_usize..17, c in 0_usize..31) {
            let good = "91370000588768482Y";
            let mut bytes = good.as_bytes().to_vec();
            prop_assume!(bytes[i] != ALPHABET[c]);
            bytes[i] = ALPHABET[c];
            let altered = String::from_utf8(bytes).expect("ASCII");
            prop_assert!(altered.parse::<Uscc>().is_err());
        }

        #[test]
        fn completed_codes_hold(body in "9[1-3][0-9]{6}[0-9A-HJ-NPQRTUWXY]{9}") {
            let code = Uscc::complete(&body).expect("completes");
            prop_assert_eq!(code.as_str().parse::<Uscc>(), Ok(code.clone()));
            prop_assert_eq!(Uscc::normalise(&Uscc::normalise(&body)), Uscc::normalise(&body));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            let _ = Uscc::findings(&text);
        }
    }
}
