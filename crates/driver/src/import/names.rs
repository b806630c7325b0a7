//! Identifiers, titles and texts of a project file from names that people write.

/// A text as TOML writes it, in quotation marks.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Small letters, digits and hyphens: "Müller-Lüdenscheid 2019" gives `muller-ludenscheid2019`. Blanks before digits go,
/// others become hyphens. `otherwise` where nothing is left.
pub(crate) fn identifier(name: &str, otherwise: &str) -> String {
    let mut id = String::new();
    let mut separated_by = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        let mut buffer = [0; 4];
        let kept = match plain(character) {
            Some(plain) => plain,
            None if character.is_ascii_alphanumeric() || character == '_' => {
                &*character.encode_utf8(&mut buffer)
            }
            None => {
                separated_by.push(character);
                continue;
            }
        };
        // A number that follows a word after a blank is part of it: "Wirth 2021".
        let joins = separated_by.contains(' ')
            && character.is_ascii_digit()
            && id.ends_with(|last: char| last.is_ascii_alphabetic());
        if !joins && !separated_by.is_empty() && !id.is_empty() {
            id.push('-');
        }
        separated_by.clear();
        id.push_str(kept);
    }
    if id.is_empty() { otherwise.to_owned() } else { id }
}

/// A title to print for the short name of an outcome or endpoint.
pub(crate) fn title(name: &str) -> String {
    let known = match name.to_lowercase().as_str() {
        "orr" => "Objective response rate",
        "dcr" => "Disease control rate",
        "cr" => "Complete response rate",
        "os" => "Overall survival",
        "pfs" => "Progression-free survival",
        "dfs" => "Disease-free survival",
        "efs" => "Event-free survival",
        "rfs" => "Relapse-free survival",
        "ttp" => "Time to progression",
        "dor" => "Duration of response",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let mut title = name.replace('_', " ");
    if let Some(first) = title.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// The letter without its accent.
fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'ť' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'æ' => "ae",
        'œ' => "oe",
        _ => return None,
    })
}

/// The name, or the name with the first number from 2 on that makes it new.
pub(crate) fn unique(name: String, is_known: impl Fn(&str) -> bool) -> String {
    if !is_known(&name) {
        return name;
    }
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut new = numbered.filter(|candidate| !is_known(candidate));
    new.next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_what_a_person_would_type() {
        assert_eq!(identifier("Wirth 2021", "x"), "wirth2021");
        assert_eq!(identifier("MRC-1", "x"), "mrc-1");
        assert_eq!(identifier("Müller-Lüdenscheid et al. 2019", "x"), "muller-ludenscheid-et-al2019");
        assert_eq!(identifier("  ALTER 1102  ", "x"), "alter1102");
        assert_eq!(identifier("张三", "trial1"), "trial1");
        assert_eq!(unique("a".to_owned(), |name| name == "a" || name == "a-2"), "a-3");
    }
}
