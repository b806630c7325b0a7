//! Reads figures from the paths and glyphs of a page instead of its pixels.
//!
//! The way of a page through this module:
//!
//! 1. `text`: glyphs to words and phrases; `outline_reading` reads what is drawn as outlines, `split_numbers` joins their parts;
//! 2. `lines`: what is stroked, as it is seen; `axes`: rows and columns of numbers with their tick marks;
//! 3. `chains`: curves from whatever pieces the software made of them; `arms`: which of them are arms;
//! 4. `marks`: censor marks; `legend`, `risk_table`, `titles`: names and numbers;
//! 5. `panel` puts a panel together; `paper_text` reads what the page says beside it.

mod arms;
mod axes;
mod chains;
mod legend;
mod letter_votes;
mod level_arms;
mod lines;
mod marks;
mod outline_reading;
mod panel;
mod paper_text;
mod risk_table;
mod shape_letters;
mod sheets;
mod split_numbers;
mod text;
mod titles;
mod turned;
mod whole_events;

use kmeta_figure_source::vector::{Bounds, VectorPage};
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureSource, Finding, Verdict};

use self::axes::{FoundAxes, find_axes};
use self::lines::{Line, straights, stroked_lines};
use self::panel::{PanelPage, read_panel};
use self::paper_text::text_beside;
use self::sheets::Sheets;
use self::text::{TextRun, phrases_of, words_of, words_of_shapes};
use self::turned::turned_pages;
use crate::verdict;

/// What was found on a vector page.
#[derive(Debug)]
pub struct VectorReading {
    /// The figure of all panels that are drawn with paths; nothing when there is none.
    pub figure: Option<DigitizedFigure>,
    /// Axes without a curve: another kind of figure, or one whose curve is a picture. In pixels of the page.
    pub axes_without_curve: Vec<Bounds>,
}

/// Reads the Kaplan-Meier panels that are drawn with paths on a page. Never fails: a page without any yields none.
/// Where none stands upright, the page is turned.
pub fn digitize_vector(page: &VectorPage, source: FigureSource, reader: &LabelReader) -> VectorReading {
    let upright = read_upright(page, source.clone(), reader);
    if upright.figure.is_some() || !upright.axes_without_curve.is_empty() {
        return upright;
    }
    for (turned, rotation) in turned_pages(page) {
        let mut reading = read_upright(&turned, source.clone(), reader);
        if let Some(figure) = &mut reading.figure {
            figure.rotation = Some(rotation);
            return reading;
        }
    }
    upright
}

fn read_upright(page: &VectorPage, source: FigureSource, reader: &LabelReader) -> VectorReading {
    let lines = stroked_lines(&page.paths, &Sheets::of(&page.paths, &page.bounds()));
    let (level, upright) = straights(&lines, &page.paths);
    let mut words = words_of(page, reader);
    let mut found = find_axes(&words, &level, &upright);
    if found.is_empty()
        && !words.iter().any(|word| word.visible && word.text.chars().any(|c| c.is_ascii_digit()))
    {
        // All print may be outlines without any reference to a font.
        words.extend(words_of_shapes(page, reader));
        found = find_axes(&words, &level, &upright);
    }
    let phrases = phrases_of(&words);
    read_panels(page, source, &found, &lines, &words, &phrases)
}

fn read_panels(
    page: &VectorPage,
    source: FigureSource,
    found: &[FoundAxes],
    lines: &[Line],
    words: &[TextRun],
    phrases: &[TextRun],
) -> VectorReading {
    let place = source.file.clone();
    let mut figure = DigitizedFigure {
        format_version: 1,
        generator: concat!("kmeta ", env!("CARGO_PKG_VERSION")).to_owned(),
        source,
        rotation: None,
        verdict: Verdict::Refused,
        checks: Vec::new(),
        panels: Vec::new(),
        paper: None,
        findings: Vec::new(),
        overrides: None,
        automatic: None,
        doubts: Vec::new(),
    };
    let mut axes_without_curve = Vec::new();
    for (index, axes) in found.iter().enumerate() {
        let territory = territory(found, index, &page.bounds());
        let content = PanelPage { page, lines, words, phrases, territory };
        match read_panel(&content, axes, figure.panels.len()) {
            Some(read) => {
                figure.checks.extend(verdict::checks_of(&read.panel, &read.first_levels, None));
                figure.findings.extend(read.findings);
                figure.panels.push(read.panel);
            }
            None => axes_without_curve.push(axes.area),
        }
    }
    for warning in &page.warnings {
        figure.findings.push(Finding::warning("page-read-in-part", place.clone(), warning.clone()));
    }
    if figure.panels.is_empty() {
        return VectorReading { figure: None, axes_without_curve };
    }
    figure.verdict = verdict::verdict_of(&figure.checks);
    figure.paper = text_beside(phrases, &figure.panels, page.page, &page.bounds());
    VectorReading { figure: Some(figure), axes_without_curve }
}

/// The part of the page that belongs to a panel: up to its neighbours' labels.
fn territory(found: &[FoundAxes], index: usize, page: &Bounds) -> Bounds {
    let own = &found[index];
    let mut area = *page;
    for (_, other) in found.iter().enumerate().filter(|(other, _)| *other != index) {
        let beside = other.area.top < own.area.bottom && own.area.top < other.area.bottom;
        if beside && other.area.left >= own.area.right {
            // Labels of a survival axis and its title stand left of it.
            area.right = area.right.min((other.y.labels.left - 2.0 * other.y.size).max(own.area.right));
        } else if beside && other.area.right <= own.area.left {
            area.left = area.left.max(other.area.right.min(own.y.labels.left - 2.0 * own.y.size));
        } else if other.area.top >= own.area.bottom {
            let gap = other.area.top - own.area.bottom;
            area.bottom = area.bottom.min(own.area.bottom + 0.85 * gap);
        } else if other.area.bottom <= own.area.top {
            let gap = own.area.top - other.area.bottom;
            area.top = area.top.max(other.area.bottom + 0.85 * gap);
        }
    }
    area
}
