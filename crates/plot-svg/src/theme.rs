//! How all figures of a study look.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::palette;
use crate::{Figure, FigureFormat};

/// The look of all figures of a study, the section `[theme]` of a project file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Theme {
    /// Size of the text of tables and axis titles, in CSS pixels (12 px are 9 pt); all else grows with it.
    pub font_size: f64,
    /// Width of figures in CSS pixels (96 to an inch); each kind's own when left out. Forest plots become wider than
    /// this when their columns need it.
    pub width: Option<f64>,
    /// The colours.
    pub palette: Palette,
    /// The layout of forest plots.
    pub layout: ForestLayout,
    /// The formats in which figures are written.
    pub formats: Vec<FigureFormat>,
    /// Resolution of PNG and TIFF, in dots per inch.
    pub dpi: f64,
    /// TrueType files with the characters that Liberation Sans lacks (for example Chinese), beside the project file.
    pub fonts: Vec<String>,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            font_size: USUAL_SIZE,
            width: None,
            palette: Palette::default(),
            layout: ForestLayout::default(),
            formats: vec![FigureFormat::Svg, FigureFormat::Png],
            dpi: 192.0,
            fonts: Vec::new(),
        }
    }
}

/// Size of text that figures are laid out with.
const USUAL_SIZE: f64 = 12.0;

/// The colours of figures. All of them keep apart for people with colour blindness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Palette {
    /// Dark blue and vermilion; arms after Okabe & Ito (2008).
    #[default]
    BlueVermilion,
    /// Greys only, for journals that print in black; arms keep apart by lightness.
    Grey,
    /// Teal and plum, as dark as the first.
    TealPlum,
}

/// Layouts of forest plots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForestLayout {
    /// Counts left, effect and weights right of the drawing, statistics below.
    #[default]
    Plain,
    /// Review Manager 5: all columns left of the drawing, black diamonds, intervals as "[a, b]", tests printed below the
    /// studies they belong to.
    Revman5,
    /// JAMA: "Source", "(a-b)", p values without their leading zero, no tau-squared, dark-blue squares and light-blue
    /// diamonds.
    Jama,
    /// BMJ: "(a to b)", "Test for heterogeneity", p values with two decimals, a wider drawing.
    Bmj,
}

impl Theme {
    /// Whether it is the usual look, which files need not state.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// The width to lay a figure out with, so that it is as wide as asked once the text has its size.
    pub fn layout_width(&self) -> Option<f64> {
        self.width.filter(|width| width.is_finite() && *width > 0.0).map(|width| width / self.magnification())
    }

    /// How many times larger than laid out figures are drawn.
    fn magnification(&self) -> f64 {
        let usable = self.font_size.is_finite() && self.font_size > 0.0;
        if usable { (self.font_size / USUAL_SIZE).clamp(0.25, 8.0) } else { 1.0 }
    }

    /// A figure in the theme's colours and size of text.
    #[must_use]
    pub fn apply(&self, figure: Figure) -> Figure {
        let factor = self.magnification();
        let Figure { mut svg, alt_text, width, height, mut texts } = figure;
        for (from, to) in self.palette.replaced() {
            // Texts hold no bare quotation mark, so only attributes can match.
            svg = svg.replace(&format!("\"{from}\""), &format!("\"{to}\""));
        }
        if factor == 1.0 {
            return Figure { svg, alt_text, width, height, texts };
        }
        let (wider, higher) = ((width * factor).round(), (height * factor).round());
        let size = |width: f64, height: f64| format!(r#"width="{width}" height="{height}" viewBox"#);
        svg = svg.replacen(&size(width, height), &size(wider, higher), 1);
        for place in &mut texts {
            place.left *= factor;
            place.top *= factor;
            place.right *= factor;
            place.bottom *= factor;
        }
        Figure { svg, alt_text, width: wider, height: higher, texts }
    }
}

impl Palette {
    /// Colours that take the place of others.
    fn replaced(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::BlueVermilion => &[],
            Self::Grey => &palette::GREY,
            Self::TealPlum => &palette::TEAL_PLUM,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Svg, TextStyle};

    fn figure() -> Figure {
        let mut svg = Svg::new();
        svg.rectangle(0.0, 0.0, 5.0, 5.0, palette::BLUE);
        svg.text(10.0, 20.0, &format!("the text \"{}\"", palette::BLUE), &TextStyle::new(10.0));
        svg.finish(200.0, 30.0, "t", String::new())
    }

    #[test]
    fn palettes_change_colours_and_no_text() {
        let grey = Theme { palette: Palette::Grey, ..Theme::default() }.apply(figure());
        assert!(!grey.svg.contains(&format!("fill=\"{}\"", palette::BLUE)));
        assert!(grey.svg.contains(&format!("&quot;{}&quot;", palette::BLUE)));
    }

    #[test]
    fn palettes_keep_colours_apart() {
        for palette in [Palette::Grey, Palette::TealPlum] {
            let arms = palette::ARMS.map(|color| {
                palette.replaced().iter().find(|(from, _)| *from == color).map_or(color, |(_, to)| to)
            });
            let mut distinct = arms.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), arms.len(), "{palette:?}");
        }
    }

    #[test]
    fn larger_text_keeps_the_width_asked_for() {
        let theme = Theme { font_size: 18.0, width: Some(300.0), ..Theme::default() };
        assert_eq!(theme.layout_width(), Some(200.0));
        let figure = theme.apply(figure());
        assert_eq!((figure.width, figure.height), (300.0, 45.0));
        assert!(figure.svg.contains(r#"width="300" height="45" viewBox="0 0 200 30""#), "{}", figure.svg);
        assert_eq!(figure.texts[0].left, 15.0);
        let png = figure.to_png(1.0).unwrap();
        assert_eq!(resvg::tiny_skia::Pixmap::decode_png(&png).unwrap().width(), 300);
        let wrong = Theme { font_size: f64::NAN, width: Some(-1.0), ..Theme::default() };
        assert_eq!(wrong.layout_width(), None);
    }
}
