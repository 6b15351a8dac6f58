use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The identifier cannot be what it says it is.
    Error,
    /// Doubtful, but real papers hold such.
    Warning,
}

/// A language for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    Zh,
    /// English.
    En,
}

/// Something that does not hold in an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable code, such as `uscc.check_digit`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The place of the character, from 1, where one can be named.
    pub position: Option<usize>,
    /// What would hold there; for look-alikes the whole suggestion.
    pub expected: Option<String>,
}

impl Finding {
    pub(crate) fn error(code: &'static str) -> Self {
        Self { code, severity: Severity::Error, position: None, expected: None }
    }

    pub(crate) fn at(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// What is wrong, in words.
    pub fn message(&self, language: Language) -> String {
        let (zh, en) = match self.code.split('.').nth(1).unwrap_or_default() {
            "length" => ("位数不对", "the length is wrong"),
            "character" => ("含有不该出现的字符", "a character cannot occur here"),
            "check_digit" => ("校验位不符，请核对原件", "the check digit does not fit; compare with the document"),
            "organisation_check" => ("主体标识码的校验位不符", "the check digit of the organisation part does not fit"),
            "birth_date" => ("出生日期不存在", "there is no such date of birth"),
            _ => ("格式不对", "the form is wrong"),
        };
        match language {
            Language::Zh => {
                let place = self.position.map(|n| format!("第{n}位：")).unwrap_or_default();
                let hint = self.expected.as_ref().map(|e| format!("（应为 {e}？）")).unwrap_or_default();
                format!("{place}{zh}{hint}")
            }
            Language::En => {
                let place = self.position.map(|n| format!("character {n}: ")).unwrap_or_default();
                let hint = self.expected.as_ref().map(|e| format!(" (perhaps {e})")).unwrap_or_default();
                format!("{place}{en}{hint}")
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Language::En))
    }
}

/// Full-width letters, digits and signs as their half-width twins; without the
/// spaces around and inside.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '—' | '–' => '-',
            c => c,
        })
        .filter(|c| !c.is_whitespace() && *c != '\u{3000}' && *c != '\u{feff}' && *c != '\u{200b}')
        .collect()
}
