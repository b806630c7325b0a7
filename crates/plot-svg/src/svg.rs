//! A small SVG writer: shapes and text with escaping, and a record of where every text stands, so that
//! layouts and tests can see whether texts overlap.

use std::fmt::Write;

use crate::Figure;
use crate::text_metrics::{ASCENT, DESCENT, FontWeight, TextMetrics};

/// The fonts that figures ask for. The first three have equal widths.
/// Those behind them have the Chinese, Japanese and Korean characters that the first lack.
const FONT_FAMILY: &str =
    "'Liberation Sans', Arial, Helvetica, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

/// Side of its point on which a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anchor {
    /// The text starts at the point.
    #[default]
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextStyle {
    /// Font size in pixels.
    pub size: f64,
    /// Weight.
    pub weight: FontWeight,
    /// Colour, `#rrggbb`.
    pub color: &'static str,
    /// Side of the point.
    pub anchor: Anchor,
}

impl TextStyle {
    /// Black regular text of a size, to the right of its point.
    pub fn new(size: f64) -> Self {
        Self { size, weight: FontWeight::Regular, color: "#000000", anchor: Anchor::Start }
    }

    /// The same in bold.
    #[must_use]
    pub fn bold(self) -> Self {
        Self { weight: FontWeight::Bold, ..self }
    }

    /// The same in another colour.
    #[must_use]
    pub fn color(self, color: &'static str) -> Self {
        Self { color, ..self }
    }

    /// The same on another side of its point.
    #[must_use]
    pub fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    fn weight_attribute(&self) -> &'static str {
        if self.weight == FontWeight::Bold { r#" font-weight="bold""# } else { "" }
    }

    fn fill_attribute(&self) -> String {
        if self.color == "#000000" { String::new() } else { format!(r#" fill="{}""#, self.color) }
    }

    /// Width of a text in this style.
    pub fn width(&self, text: &str) -> f64 {
        TextMetrics::width(text, self.size, self.weight)
    }

    /// The box that a text takes when its baseline stands at `y`.
    pub fn text_box(&self, x: f64, y: f64, text: &str) -> TextBox {
        let width = self.width(text);
        let left = match self.anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        TextBox {
            left,
            top: y - ASCENT * self.size,
            right: left + width,
            bottom: y + DESCENT * self.size,
            text: text.to_owned(),
        }
    }
}

/// Where a text stands, in pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct TextBox {
    /// Left edge.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Bottom edge.
    pub bottom: f64,
    /// The text.
    pub text: String,
}

impl TextBox {
    /// Whether two boxes share an area.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Colour, `#rrggbb`.
    pub color: &'static str,
    /// Width in pixels.
    pub width: f64,
    /// Dash pattern of SVG; empty for an unbroken line.
    pub dashes: &'static str,
}

impl Stroke {
    /// An unbroken line.
    pub fn solid(color: &'static str, width: f64) -> Self {
        Self { color, width, dashes: "" }
    }

    /// A dashed line.
    pub fn dashed(color: &'static str, width: f64) -> Self {
        Self { color, width, dashes: "4 3" }
    }

    fn attributes(&self) -> String {
        let dashes = if self.dashes.is_empty() {
            String::new()
        } else {
            format!(r#" stroke-dasharray="{}""#, self.dashes)
        };
        format!(r#" stroke="{}" stroke-width="{}"{dashes}"#, self.color, number(self.width))
    }
}

/// An SVG drawing under construction.
#[derive(Debug, Clone, Default)]
pub struct Svg {
    body: String,
    texts: Vec<TextBox>,
}

impl Svg {
    /// An empty drawing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where every text stands so far.
    pub fn texts(&self) -> &[TextBox] {
        &self.texts
    }

    /// Whether a text box would touch a text that is already there.
    pub fn is_taken(&self, place: &TextBox) -> bool {
        self.texts.iter().any(|text| text.overlaps(place))
    }

    /// Writes a text with its baseline at `y`.
    pub fn text(&mut self, x: f64, y: f64, text: &str, style: &TextStyle) {
        self.text_with(x, y, text, style, "");
    }

    /// Writes a text with a white rim, so that lines behind it do not run into the letters.
    pub fn text_over_lines(&mut self, x: f64, y: f64, text: &str, style: &TextStyle) {
        let rim = r##" stroke="#ffffff" stroke-width="3" stroke-linejoin="round" paint-order="stroke""##;
        self.text_with(x, y, text, style, rim);
    }

    fn text_with(&mut self, x: f64, y: f64, text: &str, style: &TextStyle, rim: &str) {
        if text.trim().is_empty() {
            return;
        }
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let (weight, fill) = (style.weight_attribute(), style.fill_attribute());
        self.element(&format!(
            r#"<text x="{}" y="{}" font-size="{}"{weight}{anchor}{fill}{rim}>{}</text>"#,
            number(x),
            number(y),
            number(style.size),
            escape(text)
        ));
        self.texts.push(style.text_box(x, y, text));
    }

    /// Writes lines of text below each other, the first with its baseline at `y`; returns the baseline that a
    /// further line would have.
    pub fn lines(&mut self, x: f64, y: f64, lines: &[String], line_height: f64, style: &TextStyle) -> f64 {
        let mut baseline = y;
        for line in lines {
            self.text(x, baseline, line, style);
            baseline += line_height;
        }
        baseline
    }

    /// Writes a text upwards, centred on `y`, its baseline at `x`.
    pub fn vertical_text(&mut self, x: f64, y: f64, text: &str, style: &TextStyle) {
        self.element(&format!(
            r#"<text transform="translate({} {}) rotate(-90)" font-size="{}"{} text-anchor="middle"{}>{}</text>"#,
            number(x),
            number(y),
            number(style.size),
            style.weight_attribute(),
            style.fill_attribute(),
            escape(text)
        ));
        let half = style.width(text) / 2.0;
        self.texts.push(TextBox {
            left: x - ASCENT * style.size,
            top: y - half,
            right: x + DESCENT * style.size,
            bottom: y + half,
            text: text.to_owned(),
        });
    }

    /// Draws a straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &Stroke) {
        self.element(&format!(
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}"{}/>"#,
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1),
            stroke.attributes()
        ));
    }

    /// Draws lines from point to point.
    pub fn polyline(&mut self, points: &[(f64, f64)], stroke: &Stroke) {
        if points.len() < 2 {
            return;
        }
        self.element(&format!(
            r#"<polyline points="{}" fill="none" stroke-linejoin="round"{}/>"#,
            point_list(points),
            stroke.attributes()
        ));
    }

    /// Fills a polygon, with an outline when a stroke is given.
    pub fn polygon(&mut self, points: &[(f64, f64)], fill: &str, opacity: f64, stroke: Option<&Stroke>) {
        if points.len() < 3 {
            return;
        }
        let opacity =
            if opacity < 1.0 { format!(r#" fill-opacity="{}""#, number(opacity)) } else { String::new() };
        let outline = stroke.map_or(String::new(), Stroke::attributes);
        self.element(&format!(
            r#"<polygon points="{}" fill="{fill}"{opacity}{outline}/>"#,
            point_list(points)
        ));
    }

    /// Fills a rectangle with a colour that lets through what is below it.
    pub fn shade(&mut self, left: f64, top: f64, width: f64, height: f64, fill: &str, opacity: f64) {
        self.element(&format!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" fill="{fill}" fill-opacity="{}"/>"#,
            number(left),
            number(top),
            number(width),
            number(height),
            number(opacity)
        ));
    }

    /// Draws a rectangle with an outline.
    pub fn framed(
        &mut self,
        (left, top): (f64, f64),
        (width, height): (f64, f64),
        fill: &str,
        stroke: &Stroke,
    ) {
        self.element(&format!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" fill="{fill}"{}/>"#,
            number(left),
            number(top),
            number(width),
            number(height),
            stroke.attributes()
        ));
    }

    /// Fills a rectangle.
    pub fn rectangle(&mut self, left: f64, top: f64, width: f64, height: f64, fill: &str) {
        self.element(&format!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" fill="{fill}"/>"#,
            number(left),
            number(top),
            number(width),
            number(height)
        ));
    }

    /// Draws a circle that lets through what is below it, without an outline.
    pub fn disc(&mut self, center: (f64, f64), radius: f64, fill: &str, opacity: f64) {
        let opacity =
            if opacity < 1.0 { format!(r#" fill-opacity="{}""#, number(opacity)) } else { String::new() };
        self.element(&format!(
            r#"<circle cx="{}" cy="{}" r="{}" fill="{fill}"{opacity}/>"#,
            number(center.0),
            number(center.1),
            number(radius)
        ));
    }

    /// Draws a circle, filled, with an outline.
    pub fn circle(&mut self, center: (f64, f64), radius: f64, fill: &str, stroke: &Stroke) {
        self.element(&format!(
            r#"<circle cx="{}" cy="{}" r="{}" fill="{fill}"{}/>"#,
            number(center.0),
            number(center.1),
            number(radius),
            stroke.attributes()
        ));
    }

    /// The finished figure. The white ground keeps it readable on dark pages.
    pub fn finish(self, width: f64, height: f64, title: &str, alt_text: String) -> Figure {
        let (width, height) = (width.ceil(), height.ceil());
        let svg = format!(
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" "#,
                r#"role="img" aria-label="{label}" font-family="{family}">"#,
                "\n<title>{title}</title>\n",
                r##"<rect width="{w}" height="{h}" fill="#ffffff"/>"##,
                "\n{body}</svg>\n"
            ),
            w = width,
            h = height,
            label = escape(&alt_text),
            family = FONT_FAMILY,
            title = escape(title),
            body = self.body
        );
        Figure { svg, alt_text, width, height, texts: self.texts }
    }

    fn element(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

fn point_list(points: &[(f64, f64)]) -> String {
    let mut list = String::with_capacity(points.len() * 14);
    for (index, point) in points.iter().enumerate() {
        let space = if index == 0 { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(list, "{space}{},{}", number(point.0), number(point.1));
    }
    list
}

/// A coordinate to a hundredth of a pixel.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text as XML content or attribute. Control characters, which XML forbids, become spaces.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {
                escaped.push(' ')
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_its_place_recorded() {
        let mut svg = Svg::new();
        svg.text(10.0, 20.0, "a<b & \"c\"\u{1}", &TextStyle::new(10.0).anchor(Anchor::End));
        assert_eq!(svg.texts()[0].right, 10.0);
        let figure = svg.finish(50.0, 30.0, "<script>", "alt \"text\"".to_owned());
        assert!(figure.svg.contains("a&lt;b &amp; &quot;c&quot; </text>"), "{}", figure.svg);
        assert!(figure.svg.contains("<title>&lt;script&gt;</title>"));
        assert!(figure.svg.contains(r#"aria-label="alt &quot;text&quot;""#));
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!(number(-0.001), "0");
        assert_eq!(number(12.50), "12.5");
        assert_eq!(number(1.0 / 3.0), "0.33");
    }

    #[test]
    fn a_figure_becomes_a_png_with_text_in_it() {
        let mut svg = Svg::new();
        svg.text(5.0, 20.0, "Étude", &TextStyle::new(16.0));
        let with_text = svg.finish(80.0, 30.0, "t", String::new()).to_png(1.0).unwrap();
        let without = Svg::new().finish(80.0, 30.0, "t", String::new()).to_png(1.0).unwrap();
        assert!(with_text.starts_with(b"\x89PNG"));
        assert!(with_text.len() > without.len() + 100, "no text was drawn");
        assert!(Svg::new().finish(80.0, 30.0, "t", String::new()).to_png(0.0).is_err());
    }
}
