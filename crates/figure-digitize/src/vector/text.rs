//! Joins the glyphs of a page to words, and words to phrases.

use kmeta_figure_source::vector::{Bounds, Point, Subpath, VectorGlyph, VectorPage, VectorPath};
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::PageRotation;

use super::letter_votes::by_most_votes;
use super::outline_reading::read_outlines;
use super::shape_letters::letters_of_shapes;
use super::split_numbers::with_numbers_joined;
use super::turned::turned;

/// Letters are joined over gaps up to this share of the font's height.
const LETTER_GAP: f64 = 0.17;
/// The same for letters known by their outlines alone, whose side bearings are part of the gap.
const OUTLINE_GAP: f64 = 0.3;
/// Height of capitals and digits as a share of their font's.
pub(crate) const CAPITAL: f64 = 0.72;
/// A full stop is at most this high, as a share of the font's height.
pub(crate) const ONE_DOT: f64 = 0.2;
/// Letters overlap by at most this share of the font's height.
pub(crate) const OVERLAP: f64 = 0.6;
/// Words are joined to phrases over gaps up to this share of the font's height.
const PHRASE_GAP: f64 = 0.75;
/// Letters of one line stand on base lines that differ by at most this share of the font's height.
pub(crate) const SAME_LINE: f64 = 0.15;

/// Which way a text runs on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TextDirection {
    /// To the right.
    Right,
    /// Upwards, as titles of vertical axes do.
    Up,
    /// To the left: upside down.
    Left,
    /// Downwards.
    Down,
}

/// A word or a phrase.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TextRun {
    pub(crate) text: String,
    /// Around its ink.
    pub(crate) bounds: Bounds,
    pub(crate) direction: TextDirection,
    /// Where its base line begins and ends, along its direction.
    pub(crate) along: (f64, f64),
    /// The base line's place across the direction, growing from line to line.
    pub(crate) baseline: f64,
    /// Height of the font in pixels.
    pub(crate) size: f64,
    pub(crate) color: [u8; 3],
    /// 1 where the file holds the text, the reader's where an outline was read.
    pub(crate) confidence: f64,
    /// Whether it can be seen on the page.
    pub(crate) visible: bool,
    /// Whether it is one glyph, which may be a mark.
    pub(crate) single: bool,
}

impl TextRun {
    /// Adds the next part of a word.
    pub(crate) fn append(&mut self, next: &Self) {
        self.text.push_str(&next.text);
        self.bounds = self.bounds.union(&next.bounds);
        self.along.1 = next.along.1;
        self.confidence = self.confidence.min(next.confidence);
        self.visible &= next.visible;
        self.single = false;
    }

    /// Column of the middle of the room that the text takes: where software that centres text puts it. The middle of
    /// the ink is off by the bearings of its first and last letter.
    pub(crate) fn center_x(&self) -> f64 {
        match self.direction {
            TextDirection::Right => (self.along.0 + self.along.1) / 2.0,
            TextDirection::Left => -(self.along.0 + self.along.1) / 2.0,
            TextDirection::Up | TextDirection::Down => self.bounds.center_x(),
        }
    }

    /// Row of the middle, in the same sense.
    pub(crate) fn center_y(&self) -> f64 {
        match self.direction {
            TextDirection::Right | TextDirection::Left => self.bounds.center_y(),
            TextDirection::Up => -(self.along.0 + self.along.1) / 2.0,
            TextDirection::Down => (self.along.0 + self.along.1) / 2.0,
        }
    }
}

/// One glyph in the coordinates of its direction.
#[derive(Debug, Clone)]
pub(crate) struct Letter<'p> {
    pub(crate) text: Option<&'p str>,
    pub(crate) outline: Vec<&'p Subpath>,
    pub(crate) along: (f64, f64),
    pub(crate) baseline: f64,
    pub(crate) size: f64,
    pub(crate) bounds: Bounds,
    pub(crate) color: [u8; 3],
    pub(crate) visible: bool,
    pub(crate) direction: TextDirection,
    /// Whether its room is that of its ink: bearings are part of the gaps then.
    pub(crate) bare: bool,
}

/// The words of a page. Letters whose text the file does not hold are read from their outlines.
pub(crate) fn words_of(page: &VectorPage, reader: &LabelReader) -> Vec<TextRun> {
    let letters: Vec<Letter<'_>> = page.glyphs.iter().filter_map(letter).collect();
    let mut words = words_from(letters, reader);
    words.extend(slanted_words(&page.glyphs, reader));
    words
}

/// A word that runs slantwise.
struct SlantedWord<'p> {
    glyphs: Vec<&'p VectorGlyph>,
    /// Where the next letter would begin.
    end: Point,
    /// Height of the font in pixels.
    size: f64,
    /// Its direction, of length 1.
    along: Point,
}

impl<'p> SlantedWord<'p> {
    fn begun_by(glyph: &'p VectorGlyph, along: Point) -> Self {
        let mut word = Self { glyphs: Vec::new(), end: glyph.origin, size: 0.0, along };
        word.push(glyph);
        word
    }

    fn push(&mut self, glyph: &'p VectorGlyph) {
        self.end = [glyph.origin[0] + glyph.advance[0], glyph.origin[1] + glyph.advance[1]];
        self.size = self.size.max(size_of_slanted(glyph, self.along));
        self.glyphs.push(glyph);
    }

    fn is_followed_by(&self, glyph: &VectorGlyph) -> bool {
        let step = [glyph.origin[0] - self.end[0], glyph.origin[1] - self.end[1]];
        let share = if glyph.font_size > 0.0 { LETTER_GAP } else { OUTLINE_GAP };
        let same_size = glyph.font_size <= 0.0 || (self.size - glyph.font_size).abs() <= 0.1 * self.size;
        // A comma or a stop hangs on the base line, where the gap is measured.
        step[0].hypot(step[1]) <= share * self.size && same_size
    }

    /// Its outlines, turned level.
    fn levelled(&self) -> Vec<Subpath> {
        let [x, y] = self.along;
        let level = |point: &Point| [point[0] * x + point[1] * y, point[1] * x - point[0] * y];
        let pieces = self.glyphs.iter().flat_map(|glyph| &glyph.outline);
        pieces
            .map(|piece| Subpath { points: piece.points.iter().map(level).collect(), ..piece.clone() })
            .collect()
    }

    fn run(&self, text: String, confidence: f64) -> TextRun {
        let first = self.glyphs[0];
        let mut run = TextRun {
            text,
            bounds: self
                .glyphs
                .iter()
                .map(|glyph| glyph.bounds)
                .reduce(|a, b| a.union(&b))
                .unwrap_or(first.bounds),
            direction: TextDirection::Right,
            along: (0.0, 0.0),
            baseline: 0.0,
            size: self.size,
            color: first.color.on_white(),
            confidence,
            visible: first.visible && first.color.alpha > 0.0,
            single: self.glyphs.len() == 1,
        };
        at_tick(&mut run, if self.along[1] < 0.0 { self.end } else { first.origin }, self.along);
        run
    }
}

/// Height of the font of a slanted letter; of an outline it follows from its ink, as for level ones.
fn size_of_slanted(glyph: &VectorGlyph, [x, y]: Point) -> f64 {
    if glyph.font_size > 0.0 {
        return glyph.font_size;
    }
    let across =
        glyph.outline.iter().flat_map(|piece| &piece.points).map(|point| point[1] * x - point[0] * y);
    let (lowest, highest) = across
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), place| (low.min(place), high.max(place)));
    (highest - lowest).max(0.0) / CAPITAL
}

/// Words that run slantwise, as labels of a time axis do where they are long. Each stands for its tick: upwards ones end
/// there, downwards ones begin there.
fn slanted_words(glyphs: &[VectorGlyph], reader: &LabelReader) -> Vec<TextRun> {
    let mut words: Vec<SlantedWord<'_>> = Vec::new();
    for glyph in glyphs {
        let [x, y] = glyph.advance;
        let length = x.hypot(y);
        let is_print = glyph.text.as_deref().is_none_or(|text| !text.trim().is_empty());
        let has_size = glyph.font_size > 0.0 || !glyph.outline.is_empty();
        if x <= 0.0 || y.abs() < 0.2 * length || y.abs() > 0.98 * length || !is_print || !has_size {
            continue;
        }
        match words.last_mut().filter(|word| word.is_followed_by(glyph)) {
            Some(word) => word.push(glyph),
            None => words.push(SlantedWord::begun_by(glyph, [x / length, y / length])),
        }
    }
    let text_of = |word: &SlantedWord<'_>| -> Option<String> {
        word.glyphs.iter().map(|glyph| glyph.text.as_deref()).collect()
    };
    let levelled: Vec<Vec<Subpath>> =
        words.iter().filter(|word| text_of(word).is_none()).map(SlantedWord::levelled).collect();
    let outlines: Vec<(TextDirection, Vec<&Subpath>)> =
        levelled.iter().map(|pieces| (TextDirection::Right, pieces.iter().collect())).collect();
    let mut readings = read_outlines(reader, &outlines).into_iter();
    words
        .iter()
        .filter_map(|word| match text_of(word) {
            Some(text) => Some(word.run(text, 1.0)),
            None => readings.next().map(|(text, confidence)| word.run(text, confidence)),
        })
        .collect()
}

/// Sets a slanted word to the column of its tick: above the middle of its last or first letter.
fn at_tick(word: &mut TextRun, base: Point, [x, y]: Point) {
    // The middle of the letters' height lies across the direction of the base line.
    let half = 0.36 * word.size;
    let column = base[0] + y * half;
    word.along = (column - 0.25 * word.size, column + 0.25 * word.size);
    word.baseline = base[1] - x * half;
}

/// Words that are drawn as plain filled shapes, for a page on which text is nothing else. Shapes that make no words to the
/// right may make words upwards.
pub(crate) fn words_of_shapes(page: &VectorPage, reader: &LabelReader) -> Vec<TextRun> {
    let tallest = page.pixels_per_inch * 0.35;
    let mut words = words_from(letters_of_shapes(&page.paths, tallest), reader);
    let known: Vec<Bounds> = words.iter().filter(|word| !word.single).map(|word| word.bounds).collect();
    let is_free = |path: &&VectorPath| {
        let around = Bounds::around(path.subpaths.iter().flat_map(|subpath| &subpath.points));
        around.is_some_and(|area| known.iter().all(|word| !word.contains([area.center_x(), area.center_y()])))
    };
    let rest: Vec<VectorPath> = page.paths.iter().filter(is_free).cloned().collect();
    let rest = VectorPage {
        format: page.format.clone(),
        page: page.page,
        width: page.width,
        height: page.height,
        pixels_per_inch: page.pixels_per_inch,
        paths: rest,
        glyphs: Vec::new(),
        images: Vec::new(),
        warnings: Vec::new(),
    };
    let (turned, rotation) = turned(&rest, TextDirection::Up);
    let upwards: Vec<TextRun> = words_from(letters_of_shapes(&turned.paths, tallest), reader)
        .into_iter()
        .filter(|word| !word.single)
        .map(|word| upward(word, page, &rotation))
        .collect();
    words.retain(|word| {
        let middle = [word.bounds.center_x(), word.bounds.center_y()];
        !(word.single && upwards.iter().any(|run| run.bounds.contains(middle)))
    });
    words.extend(upwards);
    words
}

/// A word of the page that was turned so that upward text runs to the right, where it stands on the page.
fn upward(mut word: TextRun, page: &VectorPage, rotation: &PageRotation) -> TextRun {
    let size = (page.width.round() as u32, page.height.round() as u32);
    let on_page = |point: (f64, f64)| {
        let (x, y) = rotation.to_page(size, point);
        [x, y]
    };
    let corners =
        [on_page((word.bounds.left, word.bounds.top)), on_page((word.bounds.right, word.bounds.bottom))];
    word.bounds = Bounds::around(&corners).unwrap_or(word.bounds);
    let (begin, end) = (on_page((word.along.0, word.baseline)), on_page((word.along.1, word.baseline)));
    word.along = (-begin[1], -end[1]);
    word.baseline = begin[0];
    word.direction = TextDirection::Up;
    word
}

/// Which way a glyph runs; nothing for a slanted one.
pub(crate) fn direction_of(glyph: &VectorGlyph) -> Option<TextDirection> {
    let [x, y] = glyph.advance;
    if x.abs().min(y.abs()) > 0.05 * x.abs().max(y.abs()) {
        return None;
    }
    Some(match (x.abs() >= y.abs(), x >= 0.0, y >= 0.0) {
        (true, true, _) => TextDirection::Right,
        (true, false, _) => TextDirection::Left,
        (false, _, false) => TextDirection::Up,
        (false, _, true) => TextDirection::Down,
    })
}

fn letter(glyph: &VectorGlyph) -> Option<Letter<'_>> {
    let [x, y] = glyph.advance;
    // Slanted text is neither a tick label that is looked for nor a number at risk.
    let direction = direction_of(glyph)?;
    let [ox, oy] = glyph.origin;
    let (start, length, baseline) = match direction {
        TextDirection::Right => (ox, x, oy),
        TextDirection::Left => (-ox, -x, -oy),
        TextDirection::Up => (-oy, -y, ox),
        TextDirection::Down => (oy, y, -ox),
    };
    let upright = matches!(direction, TextDirection::Right | TextDirection::Left);
    // An outline says how high it is; a small letter is about 0.52 of its font, a capital 0.72.
    let ink = if upright { glyph.bounds.height() } else { glyph.bounds.width() };
    let size = if glyph.font_size > 0.0 { glyph.font_size } else { ink / CAPITAL };
    // The math italic fonts of TeX hold a full stop where others hold a colon; it has one dot.
    let is_one_dot = glyph.text.as_deref() == Some(":") && ink < ONE_DOT * size;
    Some(Letter {
        text: if is_one_dot { Some(".") } else { glyph.text.as_deref() },
        outline: glyph.outline.iter().collect(),
        along: (start, start + length),
        baseline,
        size,
        bounds: glyph.bounds,
        color: glyph.color.on_white(),
        visible: glyph.visible && glyph.color.alpha > 0.0,
        direction,
        bare: glyph.font_size <= 0.0,
    })
}

fn words_from(mut letters: Vec<Letter<'_>>, reader: &LabelReader) -> Vec<TextRun> {
    letters.sort_by(|a, b| a.direction.cmp(&b.direction).then(a.baseline.total_cmp(&b.baseline)));
    let mut words: Vec<Vec<Letter<'_>>> = Vec::new();
    let mut line: Vec<Letter<'_>> = Vec::new();
    for letter in letters {
        let continues = line.last().is_some_and(|last| {
            last.direction == letter.direction
                && letter.baseline - last.baseline <= SAME_LINE * last.size.max(letter.size)
        });
        if !continues {
            split_line(std::mem::take(&mut line), &mut words);
        }
        line.push(letter);
    }
    split_line(line, &mut words);
    let unread: Vec<&[Letter<'_>]> = words
        .iter()
        .filter(|word| word.iter().all(|letter| letter.text.is_none()))
        .map(Vec::as_slice)
        .collect();
    let outlines: Vec<(TextDirection, Vec<&Subpath>)> = unread
        .iter()
        .map(|word| {
            (word[0].direction, word.iter().flat_map(|letter| letter.outline.iter().copied()).collect())
        })
        .collect();
    let mut readings = by_most_votes(&unread, read_outlines(reader, &outlines)).into_iter();
    let read: Vec<TextRun> = words
        .iter()
        .map(|word| {
            let unread = word.iter().all(|letter| letter.text.is_none());
            run_of(word, if unread { readings.next() } else { None })
        })
        .collect();
    let mut runs = with_numbers_joined(&words, read);
    runs.retain(|run| !run.text.is_empty());
    runs
}

/// Splits the letters of one line at blanks and gaps.
fn split_line<'p>(mut line: Vec<Letter<'p>>, words: &mut Vec<Vec<Letter<'p>>>) {
    line.sort_by(|a, b| a.along.0.total_cmp(&b.along.0));
    let mut word: Vec<Letter<'p>> = Vec::new();
    let mut end = f64::NEG_INFINITY;
    for letter in line {
        if letter.text.is_some_and(|text| text.trim().is_empty()) {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let size = word.iter().map(|other| other.size).fold(letter.size, f64::max);
        let share = if letter.text.is_none() || letter.bare { OUTLINE_GAP } else { LETTER_GAP };
        let gap = letter.along.0 - end;
        // The same letter drawn twice in its place makes heavy print.
        if word.last().is_some_and(|last| {
            last.text == letter.text
                && last.text.is_some()
                && (last.along.0 - letter.along.0).abs() <= 0.1 * size
        }) {
            continue;
        }
        if !word.is_empty() && !(-OVERLAP * size..=share * size).contains(&gap) {
            words.push(std::mem::take(&mut word));
        }
        end = letter.along.1;
        word.push(letter);
    }
    words.extend((!word.is_empty()).then_some(word));
}

fn run_of(word: &[Letter<'_>], reading: Option<(String, f64)>) -> TextRun {
    let first = &word[0];
    let bounds = word.iter().map(|letter| letter.bounds).reduce(|a, b| a.union(&b)).unwrap_or(first.bounds);
    let (text, confidence) = reading
        .unwrap_or_else(|| (word.iter().map(|letter| letter.text.unwrap_or("\u{fffd}")).collect(), 1.0));
    TextRun {
        text: expand_ligatures(text.trim()),
        bounds,
        direction: first.direction,
        along: (first.along.0, word[word.len() - 1].along.1),
        baseline: first.baseline,
        size: word.iter().map(|letter| letter.size).fold(0.0, f64::max),
        color: first.color,
        confidence,
        visible: word.iter().all(|letter| letter.visible),
        single: word.len() == 1,
    }
}

/// Ghostscript writes the letters of some ligatures with their two bytes exchanged: U+7400 U+6900 for "ti". Beside Latin
/// letters they are put right.
fn with_bytes_in_order(text: &str) -> String {
    let letter = |c: char| {
        let code = u32::from(c);
        let high = char::from_u32(code >> 8).filter(char::is_ascii_alphabetic);
        high.filter(|_| code & 0xff == 0)
    };
    if !text.chars().any(|c| letter(c).is_some()) || !text.chars().any(|c| c.is_ascii_alphabetic()) {
        return text.to_owned();
    }
    text.chars().map(|c| letter(c).unwrap_or(c)).collect()
}

fn expand_ligatures(text: &str) -> String {
    with_bytes_in_order(text)
        .replace('\u{fb00}', "ff")
        .replace('\u{fb01}', "fi")
        .replace('\u{fb02}', "fl")
        .replace('\u{fb03}', "ffi")
        .replace('\u{fb04}', "ffl")
        .replace('\u{ad}', "-")
        .replace('\u{a0}', " ")
}

/// Joins words that follow each other on a line into phrases, in reading order.
pub(crate) fn phrases_of(words: &[TextRun]) -> Vec<TextRun> {
    let mut sorted: Vec<&TextRun> = words.iter().collect();
    sorted.sort_by(|a, b| a.direction.cmp(&b.direction).then(a.baseline.total_cmp(&b.baseline)));
    let mut lines: Vec<Vec<&TextRun>> = Vec::new();
    for word in sorted {
        match lines.last_mut() {
            Some(line)
                if line[0].direction == word.direction
                    && word.baseline - line[line.len() - 1].baseline
                        <= SAME_LINE * line[0].size.max(word.size) =>
            {
                line.push(word);
            }
            _ => lines.push(vec![word]),
        }
    }
    let mut phrases: Vec<TextRun> = Vec::new();
    for mut line in lines {
        line.sort_by(|a, b| a.along.0.total_cmp(&b.along.0));
        let mut current: Option<TextRun> = None;
        for word in line {
            match &mut current {
                Some(phrase) if joins(phrase, word) => {
                    phrase.text.push(' ');
                    phrase.text.push_str(&word.text);
                    phrase.bounds = phrase.bounds.union(&word.bounds);
                    phrase.along.1 = word.along.1;
                    phrase.size = phrase.size.max(word.size);
                    phrase.confidence = phrase.confidence.min(word.confidence);
                    phrase.single = false;
                }
                _ => phrases.extend(current.replace(word.clone())),
            }
        }
        phrases.extend(current);
    }
    phrases
}

fn joins(phrase: &TextRun, word: &TextRun) -> bool {
    let gap = word.along.0 - phrase.along.1;
    gap <= PHRASE_GAP * phrase.size.max(word.size) && phrase.visible == word.visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ligatures_are_spelled_out() {
        assert_eq!(expand_ligatures("e\u{fb03}cacy"), "efficacy");
        assert_eq!(expand_ligatures("Zan\u{7400}\u{6900}nib"), "Zantinib");
        assert_eq!(expand_ligatures("\u{7400}"), "\u{7400}");
    }
}
