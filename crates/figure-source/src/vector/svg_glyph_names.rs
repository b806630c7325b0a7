//! Letters that an SVG draws as outlines by reference.
//!
//! Matplotlib writes a text as `<!-- Months -->` followed by a group of `<use xlink:href="#DejaVuSans-4b"/>`, one for
//! each letter; cairo and MuPDF number the outlines of a font (`#glyph-0-3`) and do not say what they are. References
//! are given identifiers before `usvg` resolves them, which keeps identifiers of groups and forgets what they referred
//! to.

use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};

/// What an inserted identifier begins with. No drawing program writes it.
const MARK: &str = "kmeta-letter-";

/// The file with an identifier on every reference to a letter's outline; unchanged when there are none or when the
/// file cannot be parsed, so that its reader reports why.
pub(crate) fn with_glyph_names(svg: &str) -> String {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(svg, options) else { return svg.to_owned() };
    // Place and length of what is replaced, and by what.
    let mut changes: Vec<(usize, usize, String)> = Vec::new();
    let mut fonts: Vec<&str> = Vec::new();
    for group in document.descendants().filter(Node::is_element) {
        let uses: Vec<Node<'_, '_>> =
            group.children().filter(|node| node.tag_name().name() == "use").collect();
        if uses.is_empty() {
            continue;
        }
        let text = text_of(group, &uses);
        for (index, node) in uses.iter().enumerate() {
            let Some(target) = target_of(node).filter(|target| is_outline_of_letter(target)) else {
                continue;
            };
            let code = text.as_ref().map_or(String::new(), |text| format!("{:x}", u32::from(text[index])));
            let font = number_of(font_of(target), &mut fonts);
            let start = node.range().start;
            let identifier = format!(" id=\"{MARK}{code}-{font}-{start}\"");
            // Inkscape gives references identifiers of its own, which nothing refers to.
            if let Some(own) = node.attribute_node("id") {
                changes.push((own.range().start, own.range().len(), identifier));
            } else if let Some(length) =
                // Behind `<use`, which may carry a prefix.
                svg[start..].find(|c: char| c.is_whitespace() || c == '/' || c == '>')
            {
                changes.push((start + length, 0, identifier));
            }
        }
    }
    changes.sort();
    let mut named = String::with_capacity(svg.len() + 32 * changes.len());
    let mut copied = 0;
    for (position, replaced, text) in changes {
        named.push_str(&svg[copied..position]);
        named.push_str(&text);
        copied = position + replaced;
    }
    named.push_str(&svg[copied..]);
    named
}

fn target_of<'a>(node: &Node<'a, '_>) -> Option<&'a str> {
    let href = node.attribute("href").or_else(|| node.attribute(("http://www.w3.org/1999/xlink", "href")));
    href.and_then(|href| href.strip_prefix('#'))
}

/// Outlines of letters are numbered within their font: `glyph-0-3`, `glyph0-3`, `font_1_23`, `DejaVuSans-4b`.
fn is_outline_of_letter(target: &str) -> bool {
    let numbered = target.strip_prefix("glyph").or_else(|| target.strip_prefix("font")).is_some_and(|rest| {
        rest.chars().any(|c| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    });
    let of_matplotlib = target.rsplit_once('-').is_some_and(|(font, code)| {
        font.starts_with(|c: char| c.is_ascii_uppercase())
            && (1..=6).contains(&code.len())
            && code.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
    });
    numbered || of_matplotlib
}

/// The name of a letter's font: all but the number of the letter.
fn font_of(target: &str) -> &str {
    target.rsplit_once(['-', '_']).map_or(target, |(font, _)| font)
}

/// The place of a name among those met before; a new one is added.
fn number_of<'a>(name: &'a str, names: &mut Vec<&'a str>) -> usize {
    names.iter().position(|known| *known == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    })
}

/// The letters of a group of references, by the comment before the group or before its first reference. Nothing where
/// the comment has another number of letters: formulas are written in it as their source.
fn text_of(group: Node<'_, '_>, uses: &[Node<'_, '_>]) -> Option<Vec<char>> {
    let before = |node: Node<'_, '_>| {
        node.prev_siblings()
            .skip(1)
            .take_while(|other| !other.is_element() || other.tag_name().name() == "defs")
            .find_map(|other| if other.is_comment() { other.text().map(str::to_owned) } else { None })
    };
    let comment = before(uses[0]).or_else(|| before(group))?;
    // One blank on either side is the comment's own.
    let inner = comment.strip_prefix(' ').unwrap_or(&comment);
    let inner = inner.strip_suffix(' ').unwrap_or(inner);
    let letters: Vec<char> = inner.chars().collect();
    let without_blanks: Vec<char> =
        letters.iter().copied().filter(|letter| !letter.is_whitespace()).collect();
    [letters, without_blanks].into_iter().find(|letters| letters.len() == uses.len())
}

/// A letter that is drawn by reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedOutline {
    /// Its text, where the file says it.
    pub(crate) text: Option<String>,
    /// Number of its font within the file.
    pub(crate) font: usize,
}

/// What an identifier of a group says; nothing when it is no letter.
pub(crate) fn named_outline(id: &str) -> Option<NamedOutline> {
    let mut parts = id.strip_prefix(MARK)?.split('-');
    let (code, font) = (parts.next()?, parts.next()?);
    let letter = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
    Some(NamedOutline { text: letter.map(String::from), font: font.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">"#;

    #[test]
    fn letters_of_matplotlib_are_named_by_the_comment_before_them() {
        let svg = format!(
            r##"{HEAD}<g id="text_1"><!-- 0.5 --><g><defs/><use xlink:href="#DejaVuSans-13"/><use xlink:href="#DejaVuSans-11"/><use xlink:href="#DejaVuSans-18"/></g></g><use xlink:href="#m123abc"/></svg>"##
        );
        let named = with_glyph_names(&svg);
        let codes: Vec<&str> =
            named.split("kmeta-letter-").skip(1).filter_map(|rest| rest.split('-').next()).collect();
        assert_eq!(codes, ["30", "2e", "35"]);
        let letter = NamedOutline { text: Some("K".to_owned()), font: 2 };
        assert_eq!(named_outline("kmeta-letter-4b-2-70"), Some(letter));
    }

    #[test]
    fn an_identifier_that_a_program_gave_a_reference_is_replaced() {
        let svg = format!(
            r##"{HEAD}<use id="use12" xlink:href="#glyph0-3" x="1"/><use xlink:href="#glyph1-3" id='use13'/></svg>"##
        );
        let named = with_glyph_names(&svg);
        assert!(!named.contains("use12") && !named.contains("use13"), "{named}");
        assert!(named.contains("kmeta-letter--0-") && named.contains("kmeta-letter--1-"), "{named}");
        assert!(Document::parse(&named).is_ok(), "{named}");
    }

    #[test]
    fn outlines_without_a_comment_are_letters_without_a_name() {
        let svg = format!(r##"{HEAD}<g><use href="#glyph-0-3"/></g></svg>"##);
        assert!(with_glyph_names(&svg).contains("id=\"kmeta-letter--0-"));
        assert_eq!(named_outline("kmeta-letter--1-7"), Some(NamedOutline { text: None, font: 1 }));
        assert_eq!(named_outline("axes_1"), None);
        assert_eq!(with_glyph_names("<svg"), "<svg");
    }
}
