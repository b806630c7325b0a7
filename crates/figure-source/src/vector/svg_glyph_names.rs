//! Letters that an SVG draws as outlines by reference.
//!
//! Matplotlib writes `<use xlink:href="#DejaVuSans-4b"/>`, whose name ends with the letter's code point; cairo and
//! MuPDF number the outlines of a font (`#glyph-0-3`). References are given identifiers before `usvg` resolves them, which keeps
//! identifiers of groups and forgets what they referred to.

use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};

/// What an inserted identifier begins with. No drawing program writes it.
const MARK: &str = "kmeta-letter-";

/// The file with an identifier on every reference to a letter's outline; unchanged when there are none or when the
/// file cannot be parsed, so that its reader reports why.
pub(crate) fn with_glyph_names(svg: &str) -> String {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(svg, options) else { return svg.to_owned() };
    let mut insertions: Vec<(usize, String)> = Vec::new();
    for (index, node) in document.descendants().filter(|node| node.tag_name().name() == "use").enumerate() {
        let href = node.attribute("href").or_else(|| node.attribute(("http://www.w3.org/1999/xlink", "href")));
        let Some(target) = href.and_then(|href| href.strip_prefix('#')) else { continue };
        if node.attribute("id").is_some() {
            continue;
        }
        if let Some(letter) = letter_of(target) {
            // Behind `<use`, which may carry a prefix.
            let start = node.range().start;
            let name_ends = svg[start..].find(|c: char| c.is_whitespace() || c == '/' || c == '>');
            if let Some(length) = name_ends {
                insertions.push((start + length, format!(" id=\"{MARK}{letter}-{index}\"")));
            }
        } else if is_symbol_of_letter(target, &node) {
            let start = node.range().start;
            if let Some(length) = svg[start..].find(|c: char| c.is_whitespace() || c == '/' || c == '>') {
                insertions.push((start + length, format!(" id=\"{MARK}-{index}\"")));
            }
        }
    }
    let mut named = String::with_capacity(svg.len() + 32 * insertions.len());
    let mut copied = 0;
    for (position, text) in insertions {
        named.push_str(&svg[copied..position]);
        named.push_str(&text);
        copied = position;
    }
    named.push_str(&svg[copied..]);
    named
}

/// The code point, as hexadecimal digits, of an outline named FONT-CODE as matplotlib does.
fn letter_of(target: &str) -> Option<String> {
    let (font, code) = target.rsplit_once('-')?;
    let is_code = (2..=6).contains(&code.len()) && code.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase());
    let is_font = font.starts_with(|c: char| c.is_ascii_uppercase()) && !font.contains(char::is_whitespace);
    let letter = u32::from_str_radix(code, 16).ok().and_then(char::from_u32)?;
    (is_code && is_font && !letter.is_control()).then(|| code.to_owned())
}

/// Numbered outlines of a font: `glyph-0-3`, `glyph0-3`, `font_1_23`.
fn is_symbol_of_letter(target: &str, _: &Node<'_, '_>) -> bool {
    let rest = target.strip_prefix("glyph").or_else(|| target.strip_prefix("font"));
    rest.is_some_and(|rest| {
        rest.chars().any(|c| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    })
}

/// What an identifier of a group says: nothing when it is no letter, and for a letter its text where that is known.
pub(crate) fn glyph_name(id: &str) -> Option<Option<String>> {
    let rest = id.strip_prefix(MARK)?;
    let (code, _) = rest.rsplit_once('-')?;
    let letter = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
    Some(letter.map(String::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_matplotlib_are_named() {
        let svg = r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><use xlink:href="#DejaVuSans-4b" x="1"/><use xlink:href="#m123abc"/></svg>"##;
        let named = with_glyph_names(svg);
        assert!(named.contains("<use id=\"kmeta-letter-4b-0\" xlink:href"), "{named}");
        assert_eq!(glyph_name("kmeta-letter-4b-0"), Some(Some("K".to_owned())));
        assert_eq!(glyph_name("kmeta-letter--7"), Some(None));
        assert_eq!(glyph_name("axes_1"), None);
        assert_eq!(named.matches("kmeta-letter").count(), 1);
    }

    #[test]
    fn numbered_outlines_are_letters_without_a_name() {
        let svg = r##"<svg xmlns="http://www.w3.org/2000/svg"><use href="#glyph-0-3"/></svg>"##;
        assert!(with_glyph_names(svg).contains("kmeta-letter--0"));
        assert_eq!(with_glyph_names("<svg"), "<svg");
    }
}
