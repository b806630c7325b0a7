//! Reads the words in and around a plot: legend entries, labels beside the curves, and lines with statistics.

use kmeta_label_reader::{CharacterSet, LabelReader, ReadLabel};
use kmeta_trial_data::{ReadText, RiskRow, TextRole};

use crate::arms::TracedCurve;
use crate::axis_labels::read_text;
use crate::color::Srgb;
use crate::ink::InkPage;
use crate::mark_ink::is_hue;
use crate::plane::{Plane, Rect};
use crate::reading::read_words;
use crate::risk::ink_color;
use crate::swatch::{Swatch, swatch_left_of};
use crate::words::{Word, phrases};

/// Readings less certain than this are no text.
const LEAST_CONFIDENCE: f64 = 0.25;
/// As many phrases are read, the widest for their height first: names and statistics are wide, dashes and marks are not.
const MOST_PHRASES: usize = 60;

/// The [`MOST_PHRASES`] widest for their height of some phrases, in their order.
fn widest<T>(mut found: Vec<T>, phrase_of: impl Fn(&T) -> &Word) -> Vec<T> {
    if found.len() <= MOST_PHRASES {
        return found;
    }
    let shape = |item: &T| phrase_of(item).area.width() as f64 / phrase_of(item).letter_height.max(1) as f64;
    let mut shapes: Vec<f64> = found.iter().map(shape).collect();
    shapes.sort_by(|a, b| b.total_cmp(a));
    let least = shapes[MOST_PHRASES - 1];
    let mut room = MOST_PHRASES - shapes.iter().filter(|&&shape| shape > least).count();
    found.retain(|item| {
        let is_last = shape(item) == least && room > 0;
        room -= usize::from(is_last);
        is_last || shape(item) > least
    });
    found
}

/// A phrase in or around a plot.
#[derive(Debug, Clone)]
pub(crate) struct PlotText {
    pub(crate) text: ReadText,
    pub(crate) area: Rect,
    pub(crate) letter_height: usize,
    /// Colour of its letters.
    pub(crate) ink: Srgb,
    /// The sample of a line left of it: it is a legend entry.
    pub(crate) swatch: Option<Swatch>,
}

/// What was read inside a plot before its curves were known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Printed {
    /// Each phrase with its words and its reading.
    phrases: Vec<(Rect, Vec<Rect>, ReadLabel)>,
}

/// Readings of at least this confidence, and of this many letters and digits, are texts and no curves.
const CERTAIN_TEXT: f64 = 0.5;
const LETTERS_OF_A_TEXT: usize = 3;

impl Printed {
    /// The boxes of the words that are certainly text.
    pub(crate) fn words(&self) -> Vec<Rect> {
        let certain = self.phrases.iter().filter(|(_, _, reading)| {
            reading.confidence >= CERTAIN_TEXT
                && reading.text.chars().filter(|c| c.is_alphanumeric()).count() >= LETTERS_OF_A_TEXT
        });
        certain.flat_map(|(_, words, _)| words.iter().copied()).collect()
    }

    fn reading_of(&self, area: Rect) -> Option<&ReadLabel> {
        self.phrases.iter().find(|(phrase, _, _)| *phrase == area).map(|(_, _, reading)| reading)
    }
}

/// Reads the phrases inside a plot that may be texts.
pub(crate) fn read_printed(page: &InkPage, reader: &LabelReader, words: &[Word], plot: Rect) -> Printed {
    let inside = |word: &&Word| plot.contains(word.area.center_x(), word.area.center_y());
    let inner: Vec<Word> = words.iter().filter(inside).cloned().collect();
    let is_wide = |phrase: &Word| phrase.area.width() as f64 >= 1.5 * phrase.letter_height as f64;
    let wide: Vec<Word> = phrases(&inner).into_iter().filter(is_wide).collect();
    let found: Vec<Rect> = widest(wide, |phrase| phrase).into_iter().map(|phrase| phrase.area).collect();
    let readings = read_words(page, reader, &found, CharacterSet::Any);
    let words_of = |area: &Rect| {
        let within = |word: &&Word| area.contains(word.area.center_x(), word.area.center_y());
        inner.iter().filter(within).map(|word| word.area).collect()
    };
    let phrases = found.into_iter().zip(readings).map(|(area, reading)| (area, words_of(&area), reading));
    Printed { phrases: phrases.collect() }
}

/// Reads the phrases of a panel's `words` that stand inside the plot or have a line sample beside them. Words in
/// `excluded` areas (tick labels, titles, risk table) are left out.
pub(crate) fn read_plot_texts(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    plot: Rect,
    curve_pixels: &Plane<bool>,
    excluded: &[Rect],
    printed: &Printed,
) -> Vec<PlotText> {
    let free: Vec<Word> = words
        .iter()
        .filter(|word| !excluded.iter().any(|area| area.contains(word.area.center_x(), word.area.center_y())))
        .filter(|word| !touches(curve_pixels, &word.area))
        .cloned()
        .collect();
    let mut found: Vec<(Word, Option<Swatch>)> = Vec::new();
    let entries = |phrase| entries_in(page, phrase, &free, curve_pixels);
    for (phrase, swatch) in phrases(&free).into_iter().flat_map(entries) {
        let inside = plot.contains(phrase.area.center_x(), phrase.area.center_y());
        let wide = phrase.area.width() as f64 >= 0.8 * phrase.letter_height as f64;
        // One letter beside a sample is a name.
        if swatch.is_some() || (wide && inside) {
            found.push((phrase, swatch));
        }
    }
    let mut found = widest(found, |(phrase, _)| phrase);
    // A dash of one entry's sample may itself look like a short word.
    let samples: Vec<Rect> =
        found.iter().filter_map(|(_, swatch)| swatch.map(|swatch| swatch.area)).collect();
    let within = |area: &Rect, phrase: &Rect| area.left <= phrase.left && phrase.right <= area.right + 2;
    found.retain(|(phrase, _)| {
        !samples.iter().any(|area| area.overlaps(&phrase.area) && within(area, &phrase.area))
    });
    let areas: Vec<Rect> = found
        .iter()
        .map(|(phrase, _)| phrase.area)
        .filter(|&area| printed.reading_of(area).is_none())
        .collect();
    let mut unread = read_words(page, reader, &areas, CharacterSet::Any).into_iter();
    let readings: Vec<ReadLabel> = found
        .iter()
        .filter_map(|(phrase, _)| printed.reading_of(phrase.area).cloned().or_else(|| unread.next()))
        .collect();
    found
        .into_iter()
        .zip(readings)
        .filter(|(_, reading)| reading.confidence >= LEAST_CONFIDENCE)
        .filter(|(_, reading)| reading.text.chars().any(char::is_alphanumeric))
        .map(|((phrase, swatch), reading)| {
            let role = if swatch.is_some() { TextRole::Legend } else { TextRole::Other };
            PlotText {
                text: read_text(reading.text.trim().to_owned(), reading.confidence, phrase.area, role),
                area: phrase.area,
                letter_height: phrase.letter_height,
                ink: ink_color(page, phrase.area),
                swatch,
            }
        })
        .collect()
}

/// Leaves out single signs beside what looks like a sample that stand in line with no longer entry of the legend, or with no
/// other sign where none is longer, and in no row of the table: marks on curves read as digits and letters.
pub(crate) fn without_marks(texts: Vec<PlotText>, rows: &[RiskRow]) -> Vec<PlotText> {
    let signs = |text: &PlotText| text.text.text.trim().chars().count();
    let entries: Vec<(usize, Rect)> =
        texts.iter().filter_map(|text| Some((signs(text), text.swatch?.area))).collect();
    let longest = entries.iter().map(|(signs, _)| *signs).max().unwrap_or(0);
    let is_mark = |text: &PlotText| {
        let Some(sample) = text.swatch.map(|swatch| swatch.area) else { return false };
        let near = |a: usize, b: usize| a.abs_diff(b) <= text.letter_height;
        let is_in_line = |(signs, other): &(usize, Rect)| {
            *other != sample
                && (*signs > 1 || longest == 1)
                && (near(other.left, sample.left)
                    || near(other.top + other.bottom, sample.top + sample.bottom))
        };
        signs(text) == 1
            && !rows.iter().any(|row| row.label.trim() == text.text.text.trim())
            && !entries.iter().any(is_in_line)
    };
    let marks: Vec<bool> = texts.iter().map(is_mark).collect();
    texts.into_iter().zip(marks).filter(|(_, is_mark)| !is_mark).map(|(text, _)| text).collect()
}

/// Height of dashes and dots, as a share of that of letters.
const FLAT: f64 = 0.35;
/// Height of a sample with a mark, as a share of that of letters, and its least length in its own heights.
const LOW: f64 = 0.8;
const LONG: f64 = 2.5;

/// The entries of a legend that stand in one phrase: a coloured sample with a tall mark stands as close to names, and is as high,
/// as words are.
fn entries_in(
    page: &InkPage,
    phrase: Word,
    words: &[Word],
    curve_pixels: &Plane<bool>,
) -> Vec<(Word, Option<Swatch>)> {
    let parts = parts_of(&phrase, words);
    let sample_at = |index: usize| {
        let next = Word { area: parts.get(index + 1)?.area, letter_height: phrase.letter_height };
        let sample = swatch_left_of(page, &next, Some(curve_pixels))?;
        let is_part = sample.area.left.abs_diff(parts[index].area.left) <= 2
            && sample.area.right.abs_diff(parts[index].area.right) <= 2;
        (is_part && !sample.is_block && is_hue(sample.color)).then_some(sample)
    };
    let samples: Vec<(usize, Swatch)> =
        (0..parts.len()).filter_map(|index| Some((index, sample_at(index)?))).collect();
    let Some(&(first, _)) = samples.first() else {
        return vec![with_sample(page, phrase, words, curve_pixels)];
    };
    let joined = |parts: &[&Word]| {
        let area = parts.iter().map(|part| part.area).reduce(|a, b| a.union(&b))?;
        Some(Word { area, letter_height: parts.iter().map(|part| part.letter_height).max()? })
    };
    let before = joined(&parts[..first]).map(|phrase| with_sample(page, phrase, words, curve_pixels));
    let ends = samples[1..].iter().map(|(index, _)| *index).chain([parts.len()]);
    let entries = samples
        .iter()
        .zip(ends)
        .filter_map(|(&(index, sample), end)| Some((joined(&parts[index + 1..end])?, Some(sample))));
    before.into_iter().chain(entries).collect()
}

/// The words of a phrase, from left to right.
fn parts_of<'a>(phrase: &Word, words: &'a [Word]) -> Vec<&'a Word> {
    let inside = |word: &&Word| phrase.area.contains(word.area.center_x(), word.area.center_y());
    let mut parts: Vec<&Word> = words.iter().filter(inside).collect();
    parts.sort_by_key(|word| word.area.left);
    parts
}

/// A phrase with the sample left of it. The dashes, dots or marks of a sample may stand as close to its name as words do: then
/// they are no part of the phrase.
fn with_sample(
    page: &InkPage,
    phrase: Word,
    words: &[Word],
    curve_pixels: &Plane<bool>,
) -> (Word, Option<Swatch>) {
    let sample_of = |phrase: &Word| swatch_left_of(page, phrase, Some(curve_pixels));
    let parts = parts_of(&phrase, words);
    let rest_from = |first: usize| {
        let area = parts[first..].iter().map(|word| word.area).reduce(|a, b| a.union(&b))?;
        let name = Word { area, letter_height: parts[first..].iter().map(|word| word.letter_height).max()? };
        let sample = sample_of(&name).filter(|sample| sample.area.left <= parts[0].area.left + 2)?;
        Some((name, Some(sample)))
    };
    let is_flat = |word: &&&Word| word.letter_height as f64 <= FLAT * phrase.letter_height as f64;
    let flat = parts.iter().take_while(is_flat).count();
    if let Some(found) = (flat > 0).then(|| rest_from(flat)).flatten() {
        return found;
    }
    let whole = sample_of(&phrase);
    // A line with a mark on it is low and long.
    let is_sample = |word: &Word| {
        word.letter_height as f64 <= LOW * phrase.letter_height as f64
            && word.area.width() as f64 >= LONG * word.area.height() as f64
    };
    let behind = whole.is_none() && parts.len() > 1 && is_sample(parts[0]);
    behind.then(|| rest_from(1)).flatten().unwrap_or((phrase, whole))
}

/// Whether a marked pixel lies within an area.
fn touches(marked: &Plane<bool>, area: &Rect) -> bool {
    (area.top..area.bottom).any(|y| (area.left..area.right).any(|x| marked.get(x, y)))
}

/// Marks the pixels near traced curves: they are no line samples and no letters.
pub(crate) fn pixels_of_curves(page: &InkPage, curves: &[TracedCurve]) -> Plane<bool> {
    let mut near = Plane::filled(page.width(), page.height(), false);
    for curve in curves {
        let area = curve.coverage.area;
        let reach = curve.line_width.ceil() as usize + 1;
        let mut before = curve.path.rows.first().copied().unwrap_or(0);
        for (index, &row) in curve.path.rows.iter().enumerate() {
            let x = (area.left + curve.path.start + index).min(page.width() - 1);
            // The printed curve may fall or rise.
            let (first, last) = (area.top + before.min(row), area.top + before.max(row));
            for y in first.saturating_sub(reach)..(last + reach + 1).min(page.height()) {
                near.set(x, y, true);
            }
            before = row;
        }
    }
    near
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    #[test]
    fn the_dots_of_a_sample_are_no_part_of_the_name_beside_them() {
        let mut image = RgbImage::from_pixel(300, 60, Rgb([255; 3]));
        let word = |left: usize, right: usize, top: usize, bottom: usize| Word {
            area: Rect { left, top, right, bottom },
            letter_height: bottom - top,
        };
        let dots: Vec<Word> = (0..7).map(|dot| word(40 + 8 * dot, 43 + 8 * dot, 29, 32)).collect();
        for dot in &dots {
            for y in dot.area.top..dot.area.bottom {
                (dot.area.left..dot.area.right)
                    .for_each(|x| image.put_pixel(x as u32, y as u32, Rgb([0; 3])));
            }
        }
        let name = word(104, 180, 20, 40);
        let phrase = Word { area: name.area.union(&dots[0].area), letter_height: 20 };
        let words = [dots, vec![name.clone()]].concat();
        let page = InkPage::new(&image);
        let (found, sample) = with_sample(&page, phrase, &words, &Plane::filled(300, 60, false));
        assert_eq!(found.area, name.area);
        assert!(sample.is_some_and(|sample| sample.dashes.is_some() && sample.area.left == 40));
    }

    fn plot_text(text: &str, left: usize, sample: Option<Rect>) -> PlotText {
        let area = Rect { left, top: 100, right: left + 10 * text.len(), bottom: 120 };
        let swatch = |area| Swatch { area, color: [0.0; 3], dashes: None, is_block: false };
        PlotText {
            text: read_text(text.to_owned(), 1.0, area, TextRole::Legend),
            area,
            letter_height: 20,
            ink: [0.0; 3],
            swatch: sample.map(swatch),
        }
    }

    #[test]
    fn marks_on_curves_are_no_entries_of_a_legend() {
        let at = |left: usize, top: usize| Some(Rect { left, top, right: left + 40, bottom: top + 20 });
        let texts = vec![
            plot_text("Placebo", 150, at(100, 100)),
            plot_text("Verulimab", 150, at(100, 140)),
            plot_text("7", 400, at(340, 300)),
            plot_text("9", 420, at(340, 380)),
        ];
        let names =
            |texts: Vec<PlotText>| -> Vec<String> { texts.into_iter().map(|text| text.text.text).collect() };
        assert_eq!(names(without_marks(texts.clone(), &[])), ["Placebo", "Verulimab"]);
        let row = RiskRow { label: "9".to_owned(), arm: None, counts: Vec::new(), cells: Vec::new() };
        assert_eq!(names(without_marks(texts, &[row])), ["Placebo", "Verulimab", "9"]);
        let letters = vec![plot_text("A", 150, at(100, 100)), plot_text("B", 150, at(100, 140))];
        assert_eq!(names(without_marks(letters, &[])), ["A", "B"]);
    }

    #[test]
    fn wide_phrases_are_read_before_marks() {
        let word = |width: usize| Word {
            area: Rect { left: 0, top: 0, right: width, bottom: 20 },
            letter_height: 20,
        };
        let phrases: Vec<Word> = (0..100).map(|_| word(20)).chain([word(200)]).collect();
        let kept = widest(phrases, |phrase| phrase);
        assert_eq!(kept.len(), MOST_PHRASES);
        assert!(kept.iter().any(|phrase| phrase.area.width() == 200));
    }

    #[test]
    fn entries_beside_each_other_with_tall_marks_are_told_apart() {
        let mut image = RgbImage::from_pixel(500, 60, Rgb([255; 3]));
        let word = |left: usize, right: usize| Word {
            area: Rect { left, top: 20, right, bottom: 40 },
            letter_height: 20,
        };
        let mut words = Vec::new();
        for left in [20, 220] {
            for offset in 0..30 {
                image.put_pixel(left + offset, 30, Rgb([200, 30, 30]));
                image.put_pixel(left + 15, 16 + offset.min(28), Rgb([200, 30, 30]));
            }
            words.push(word(left as usize, left as usize + 30));
            words.push(word(left as usize + 40, left as usize + 160));
        }
        let phrase = Word { area: words[0].area.union(&words[3].area), letter_height: 20 };
        let page = InkPage::new(&image);
        let entries = entries_in(&page, phrase, &words, &Plane::filled(500, 60, false));
        let areas: Vec<Rect> = entries.iter().map(|(name, _)| name.area).collect();
        assert_eq!(areas, [words[1].area, words[3].area]);
        assert!(entries.iter().all(|(_, sample)| sample.is_some()));
    }
}
