//! How wide a text is, measured with the fonts that this crate carries.

use std::sync::OnceLock;

use ttf_parser::Face;

/// Liberation Sans, regular (SIL Open Font License 1.1).
pub(crate) const REGULAR_FONT: &[u8] = include_bytes!("../fonts/LiberationSans-Regular.ttf");
/// Liberation Sans, bold.
pub(crate) const BOLD_FONT: &[u8] = include_bytes!("../fonts/LiberationSans-Bold.ttf");
/// The family name in both files.
pub(crate) const FAMILY: &str = "Liberation Sans";

/// Widest character of scripts that the fonts lack (Chinese, Japanese, Korean are one em wide).
const MISSING_GLYPH_EM: f64 = 1.0;

/// Part of the font size above the baseline that a line of text takes, accents included.
pub(crate) const ASCENT: f64 = 0.9;
/// Part of the font size below the baseline.
pub(crate) const DESCENT: f64 = 0.22;

/// Weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FontWeight {
    /// Regular.
    #[default]
    Regular,
    /// Bold.
    Bold,
}

/// Widths of texts in Liberation Sans, which are those of Arial and Helvetica.
///
/// ```
/// use kmeta_plot_svg::{FontWeight, TextMetrics};
/// // Every digit of Arial is 0.556 em wide.
/// assert!((TextMetrics::width("0123", 10.0, FontWeight::Regular) - 22.24).abs() < 0.01);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TextMetrics;

impl TextMetrics {
    /// Width of `text` at `size` pixels. Characters that the fonts lack count as one em wide, which no
    /// common script exceeds.
    pub fn width(text: &str, size: f64, weight: FontWeight) -> f64 {
        let em: f64 = text.chars().map(|character| advance(character, weight)).sum();
        em * size
    }

    /// Breaks `text` at spaces into lines at most `width` wide. A word that is wider stands alone on its line
    /// and is broken between characters.
    pub fn wrap(text: &str, width: f64, size: f64, weight: FontWeight) -> Vec<String> {
        let fits = |line: &str| Self::width(line, size, weight) <= width;
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for character in word.chars() {
                let mut longer = line.clone();
                longer.push(character);
                if !line.is_empty() && !fits(&longer) {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(character);
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// Advance of a character in em.
fn advance(character: char, weight: FontWeight) -> f64 {
    let face = face(weight);
    let units = face.map_or(1.0, |face| f64::from(face.units_per_em()));
    face.and_then(|face| face.glyph_index(character).and_then(|glyph| face.glyph_hor_advance(glyph)))
        .map_or(MISSING_GLYPH_EM, |advance| f64::from(advance) / units)
}

fn face(weight: FontWeight) -> Option<&'static Face<'static>> {
    static REGULAR: OnceLock<Option<Face<'static>>> = OnceLock::new();
    static BOLD: OnceLock<Option<Face<'static>>> = OnceLock::new();
    let (cell, bytes) = match weight {
        FontWeight::Regular => (&REGULAR, REGULAR_FONT),
        FontWeight::Bold => (&BOLD, BOLD_FONT),
    };
    cell.get_or_init(|| Face::parse(bytes, 0).ok()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_arial() {
        // Adobe's Helvetica metrics: "A" 667, "i" 222, bold "A" 722 thousandths of an em.
        for (text, weight, width) in [
            ("A", FontWeight::Regular, 0.667),
            ("i", FontWeight::Regular, 0.222),
            ("A", FontWeight::Bold, 0.722),
        ] {
            assert!((TextMetrics::width(text, 1.0, weight) - width).abs() < 1e-3, "{text}");
        }
        assert_eq!(TextMetrics::width("试验", 10.0, FontWeight::Regular), 20.0);
    }

    #[test]
    fn wrapped_lines_fit_and_keep_every_word() {
        let text = "Multi-centre randomised Donaudampfschifffahrtsgesellschaft of étude préliminaire";
        for width in [40.0, 90.0, 1000.0] {
            let lines = TextMetrics::wrap(text, width, 10.0, FontWeight::Regular);
            assert!(
                lines.iter().all(|line| TextMetrics::width(line, 10.0, FontWeight::Regular) <= width),
                "{lines:?}"
            );
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(letters(&lines.concat()), letters(text));
        }
        assert_eq!(TextMetrics::wrap("", 10.0, 10.0, FontWeight::Regular), [""]);
    }
}
