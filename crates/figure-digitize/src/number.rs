//! Turns the printed form of a number into its value.

/// The value of a printed number: percent signs and blanks are ignored; a middle dot or a comma may be the
/// decimal sign, and a comma before exactly three digits groups thousands ("1,000"), except after a lone zero.
///
/// Returns nothing when the text is no number.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let cleaned: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '%')
        .map(|c| match c {
            '\u{b7}' | '\u{2219}' | '\u{22c5}' => '.',
            '\u{2212}' | '\u{2013}' => '-',
            // A letter where only digits can stand.
            'O' | 'o' => '0',
            'l' | 'I' | '|' => '1',
            other => other,
        })
        .collect();
    // A tick mark that touches its label reads as a dash behind the number.
    let cleaned = cleaned.trim_end_matches('-').to_owned();
    let plain = match cleaned.split_once(',') {
        Some((whole, rest)) if !rest.contains(',') => {
            let groups_thousands = rest.len() == 3 && whole != "0" && !whole.is_empty();
            if groups_thousands { format!("{whole}{rest}") } else { format!("{whole}.{rest}") }
        }
        Some(_) => cleaned.replace(',', ""),
        None => cleaned,
    };
    let is_numeric = !plain.is_empty()
        && plain.chars().any(|c| c.is_ascii_digit())
        && plain.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
    if !is_numeric {
        return None;
    }
    plain.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A count of patients: digits only, with an optional thousands comma; what follows in brackets (a number
/// censored) is left out.
pub(crate) fn parse_count(text: &str) -> Option<u32> {
    let before_bracket = text.split('(').next().unwrap_or(text);
    let value = parse_number(before_bracket)?;
    (value >= 0.0 && value.fract() == 0.0 && value <= 1e7).then_some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_forms() {
        let cases = [
            ("0.25", Some(0.25)),
            (".2", Some(0.2)),
            ("100%", Some(100.0)),
            ("0\u{b7}5", Some(0.5)),
            ("0,5", Some(0.5)),
            ("1,000", Some(1000.0)),
            ("0,125", Some(0.125)),
            ("12", Some(12.0)),
            ("75%-", Some(75.0)),
            ("abc", None),
            ("", None),
            (".", None),
            ("1-2", None),
        ];
        for (text, value) in cases {
            assert_eq!(parse_number(text), value, "{text}");
        }
        assert_eq!(parse_count("53 (12)"), Some(53));
        assert_eq!(parse_count("1.5"), None);
    }
}
