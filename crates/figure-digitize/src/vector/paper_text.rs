//! The caption of a figure and the text of its page, with the statistics that they state.

use kmeta_figure_source::vector::Bounds;
use kmeta_trial_data::{Panel, PaperStatement, PaperText, PixelBox, ReadText, StatementPlace, TextRole};

use super::risk_table::pixel_box;
use super::text::{TextDirection, TextRun};
use crate::printed_statistics::statistics_of_sentence;

/// Lines of one paragraph are at most this many heights of the font apart.
const LINE_DISTANCE: f64 = 1.75;
/// Print of one paragraph differs in height by at most this share.
const SAME_SIZE: f64 = 0.15;
/// Blanks of justified lines are up to this many heights of the font wide; gutters between columns are wider.
const WIDEST_BLANK: f64 = 1.0;
/// A paragraph has at least this many letters.
const FEWEST_LETTERS: usize = 15;
/// A caption stands at most this share of the page's height from its panels.
const CAPTION_REACH: f64 = 0.25;
/// Most statements that are kept of a page.
const MOST_STATEMENTS: usize = 200;

/// A paragraph of running text.
#[derive(Debug, Clone)]
struct Paragraph {
    lines: Vec<TextRun>,
    bounds: Bounds,
}

impl Paragraph {
    /// Its text, with words that were divided at the ends of lines put together.
    fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let divided = text.ends_with('-') && line.text.starts_with(|c: char| c.is_lowercase());
            if divided {
                text.pop();
            } else if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&line.text);
        }
        text
    }

    fn is_caption(&self) -> bool {
        let start: String = self.lines[0].text.chars().take(16).collect::<String>().to_lowercase();
        let rest = start.strip_prefix("figure").or_else(|| start.strip_prefix("fig"));
        rest.is_some_and(|rest| {
            rest.trim_start_matches(['.', ' ', ':', 's']).starts_with(|c: char| c.is_ascii_digit())
        })
    }
}

/// The text around the panels of a page; nothing where there is none.
pub(crate) fn text_beside(
    phrases: &[TextRun],
    panels: &[Panel],
    page: Option<u32>,
    page_bounds: &Bounds,
) -> Option<PaperText> {
    let areas: Vec<Bounds> = panels.iter().map(|panel| bounds_of(&panel.plot_area)).collect();
    let own = |phrase: &TextRun| {
        let middle = [phrase.bounds.center_x(), phrase.bounds.center_y()];
        areas.iter().any(|area| area.contains(middle))
    };
    let free: Vec<&TextRun> = phrases
        .iter()
        .filter(|phrase| phrase.direction == TextDirection::Right && phrase.size > 0.0 && !own(phrase))
        .collect();
    let paragraphs = paragraphs_of(&lines_of(&free));
    let all = areas.iter().copied().reduce(|one, other| one.union(&other))?;
    let reach = CAPTION_REACH * page_bounds.height();
    let distance = |paragraph: &Paragraph| {
        let below = paragraph.bounds.top - all.bottom;
        let above = all.top - paragraph.bounds.bottom;
        // A caption stands below its figure more often than above it.
        if below >= 0.0 { below } else { 1.5 * above.max(0.0) }
    };
    let caption = paragraphs
        .iter()
        .enumerate()
        .filter(|(_, paragraph)| paragraph.is_caption() && distance(paragraph) <= reach)
        .min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))
        .map(|(index, _)| index);
    let names: Vec<&str> = panels
        .first()
        .map_or_else(Vec::new, |panel| panel.arms.iter().map(|arm| arm.label.as_str()).collect());
    let mut statements = Vec::new();
    for (index, paragraph) in paragraphs.iter().enumerate() {
        let place = if caption == Some(index) { StatementPlace::Caption } else { StatementPlace::Text };
        for sentence in sentences_of(&paragraph.text()) {
            let text = ReadText {
                text: sentence.to_owned(),
                confidence: paragraph.lines.iter().map(|line| line.confidence).fold(1.0, f64::min),
                location: pixel_box(&paragraph.bounds),
                role: TextRole::Other,
            };
            let found = statistics_of_sentence(&text, &names);
            statements.extend(found.into_iter().map(|statistic| PaperStatement { place, statistic }));
        }
    }
    statements.truncate(MOST_STATEMENTS);
    let caption = caption.map_or_else(String::new, |index| paragraphs[index].text());
    (!caption.is_empty() || !statements.is_empty()).then_some(PaperText { page, caption, statements })
}

fn bounds_of(area: &PixelBox) -> Bounds {
    Bounds { left: area.left, top: area.top, right: area.right, bottom: area.bottom }
}

/// Phrases joined to lines over the wide blanks of justified print.
fn lines_of(phrases: &[&TextRun]) -> Vec<TextRun> {
    let mut sorted: Vec<&TextRun> = phrases.to_vec();
    sorted.sort_by(|a, b| a.baseline.total_cmp(&b.baseline).then(a.along.0.total_cmp(&b.along.0)));
    let mut lines: Vec<TextRun> = Vec::new();
    for phrase in sorted {
        let size = phrase.size;
        let same_line = lines.iter_mut().rev().take(40).find(|line| {
            let gap = phrase.along.0 - line.along.1;
            (phrase.baseline - line.baseline).abs() <= 0.2 * size
                && (0.0..=WIDEST_BLANK * size).contains(&gap)
        });
        match same_line {
            Some(line) => {
                line.text.push(' ');
                line.text.push_str(&phrase.text);
                line.bounds = line.bounds.union(&phrase.bounds);
                line.along.1 = phrase.along.1;
                line.confidence = line.confidence.min(phrase.confidence);
            }
            None => lines.push(phrase.clone()),
        }
    }
    lines
}

/// Lines below each other in one print and column.
fn paragraphs_of(lines: &[TextRun]) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    for line in lines {
        let above = paragraphs.iter_mut().rev().take(60).find(|paragraph| {
            let last = &paragraph.lines[paragraph.lines.len() - 1];
            let distance = line.baseline - last.baseline;
            let common = line.bounds.right.min(last.bounds.right) - line.bounds.left.max(last.bounds.left);
            let narrower = line.bounds.width().min(last.bounds.width());
            (line.size - last.size).abs() <= SAME_SIZE * last.size
                && distance > 0.2 * last.size
                && distance <= LINE_DISTANCE * last.size
                && common >= 0.3 * narrower
        });
        match above {
            // A caption begins a paragraph of its own.
            Some(paragraph)
                if !(Paragraph { lines: vec![line.clone()], bounds: line.bounds }).is_caption() =>
            {
                paragraph.bounds = paragraph.bounds.union(&line.bounds);
                paragraph.lines.push(line.clone());
            }
            _ => paragraphs.push(Paragraph { lines: vec![line.clone()], bounds: line.bounds }),
        }
    }
    let letters = |paragraph: &Paragraph| {
        paragraph
            .lines
            .iter()
            .map(|line| line.text.chars().filter(|c| c.is_alphabetic()).count())
            .sum::<usize>()
    };
    paragraphs.retain(|paragraph| letters(paragraph) >= FEWEST_LETTERS);
    paragraphs
}

/// Splits a text at the ends of sentences: a stop, a blank, and a capital letter.
fn sentences_of(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (index, _) in text.match_indices(['.', '?', '!', ';']) {
        let (before, after) = (&text[start..index], &text[index + 1..]);
        let word = before.rsplit([' ', '(']).next().unwrap_or("");
        let shortened = text[index..].starts_with('.')
            && (matches!(word.to_lowercase().as_str(), "vs" | "fig" | "no" | "al" | "e.g" | "i.e" | "ca")
                || word.chars().count() == 1 && word.starts_with(char::is_alphabetic));
        let mut following = after.chars();
        let ends = following.next().is_some_and(char::is_whitespace)
            && following
                .next()
                .is_some_and(|c| c.is_uppercase() || c == '(' || text[index..].starts_with(';'));
        if ends && !shortened {
            sentences.push(text[start..=index].trim());
            start = index + 1;
        }
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, left: f64, baseline: f64) -> TextRun {
        let width = 5.0 * text.chars().count() as f64;
        TextRun {
            text: text.to_owned(),
            bounds: Bounds { left, top: baseline - 8.0, right: left + width, bottom: baseline + 2.0 },
            direction: TextDirection::Right,
            along: (left, left + width),
            baseline,
            size: 10.0,
            color: [0; 3],
            confidence: 1.0,
            visible: true,
            single: false,
        }
    }

    #[test]
    fn columns_are_read_one_by_one_and_divided_words_joined() {
        let lines = [
            line("Patients were random-", 0.0, 100.0),
            line("The other column says", 200.0, 100.0),
            line("ized to one of two arms", 0.0, 112.0),
            line("something else here", 200.0, 112.0),
        ];
        let phrases: Vec<&TextRun> = lines.iter().collect();
        let texts: Vec<String> = paragraphs_of(&lines_of(&phrases)).iter().map(Paragraph::text).collect();
        assert_eq!(
            texts,
            ["Patients were randomized to one of two arms", "The other column says something else here"]
        );
    }

    #[test]
    fn sentences_end_at_stops_before_capitals() {
        let text = "Median was 10.6 months (Fig. 2). The hazard ratio was 0.70 vs. 0.8; P = 0.02.";
        assert_eq!(
            sentences_of(text),
            ["Median was 10.6 months (Fig. 2).", "The hazard ratio was 0.70 vs. 0.8;", "P = 0.02."]
        );
    }
}
