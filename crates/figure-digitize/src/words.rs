//! Finds printed words by their shapes: connected pieces of ink of letter size, joined when they stand side by
//! side. Nothing is read here.

use crate::ink::InkPage;
use crate::plane::{Plane, Rect};

/// Letters are at most this share of the page's height.
const TALLEST_LETTER: usize = 18;

/// Height of the tallest letter on a page, in pixels.
pub(crate) fn tallest_letter(page_height: usize) -> usize {
    (page_height / TALLEST_LETTER).max(24)
}

/// A word (or number) on the page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    pub(crate) area: Rect,
    /// Height of its tallest letter.
    pub(crate) letter_height: usize,
}

/// Pieces of ink that touch (also at corners), as their bounding boxes with the number of pixels.
pub(crate) fn connected_pieces(page: &InkPage, region: Rect) -> Vec<(Rect, usize)> {
    let mut seen = Plane::filled(page.width(), page.height(), false);
    let mut pieces = Vec::new();
    let mut stack = Vec::new();
    for y in region.top..region.bottom {
        for x in region.left..region.right {
            if seen.get(x, y) || !page.is_ink(x, y) {
                continue;
            }
            seen.set(x, y, true);
            stack.push((x, y));
            let mut area = Rect { left: x, top: y, right: x + 1, bottom: y + 1 };
            let mut pixels = 0;
            while let Some((px, py)) = stack.pop() {
                pixels += 1;
                area = area.union(&Rect { left: px, top: py, right: px + 1, bottom: py + 1 });
                for ny in py.saturating_sub(1).max(region.top)..(py + 2).min(region.bottom) {
                    for nx in px.saturating_sub(1).max(region.left)..(px + 2).min(region.right) {
                        if !seen.get(nx, ny) && page.is_ink(nx, ny) {
                            seen.set(nx, ny, true);
                            stack.push((nx, ny));
                        }
                    }
                }
            }
            pieces.push((area, pixels));
        }
    }
    pieces
}

/// How far apart, in letter heights, two neighbouring pieces of one word may stand: more than the gap between
/// letters, less than a blank.
const LETTER_GAP: f64 = 0.42;
/// The same for the words of one phrase.
const PHRASE_GAP: f64 = 1.1;
/// Letters up to this height, in pixels, are small print, whose decimal points may be too faint to be ink.
const SMALL_PRINT: f64 = 8.0;
/// By how much wider, in pixels, a gap in small print may be.
const GAP_PX: f64 = 0.8;

/// Width of a figure 1 at most, in letter heights, and by how much farther than other figures it stands from its neighbours.
const NARROW: f64 = 0.3;
const ROOM_OF_ONE: f64 = 0.2;

/// The words in `region`. Pieces taller than `tallest_letter` pixels are no letters.
pub(crate) fn words_in(page: &InkPage, region: Rect, tallest_letter: usize) -> Vec<Word> {
    let pieces = connected_pieces(page, region);
    let letters: Vec<Word> = pieces
        .iter()
        .filter(|piece| !is_frame(piece, &pieces))
        .copied()
        .filter(|(area, pixels)| {
            area.height() <= tallest_letter && area.width() <= 3 * tallest_letter && *pixels >= 1
        })
        .filter(|(area, _)| !is_dash(area, page.height()) && !is_line_sample(page, area))
        .map(|(area, _)| Word { letter_height: area.height(), area })
        .collect();
    let words = join(letters, LETTER_GAP);
    words.into_iter().filter(|word| word.letter_height >= 4).collect()
}

/// Side of the smallest frame around words, in pixels.
const SMALLEST_FRAME: usize = 20;
/// A frame has less than one of this many pixels of its box inked.
const THIN_FRAME: usize = 5;
/// Pieces within a frame, at least.
const FEWEST_FRAMED: usize = 3;

/// Whether a piece is the frame of a legend rather than a letter: thin, with several others inside it.
fn is_frame((area, pixels): &(Rect, usize), pieces: &[(Rect, usize)]) -> bool {
    if area.width().min(area.height()) < SMALLEST_FRAME || THIN_FRAME * pixels > area.width() * area.height()
    {
        return false;
    }
    let within = |other: &Rect| {
        other.left > area.left
            && other.right < area.right
            && other.top > area.top
            && other.bottom < area.bottom
            && 4 * other.height() >= area.height() / 4
    };
    pieces.iter().filter(|(other, _)| within(other)).take(FEWEST_FRAMED).count() >= FEWEST_FRAMED
}

/// A short horizontal stroke: the tick of a survival axis, which must not become part of the label beside it. The
/// hyphens of a phrase lie between its other letters and are found again with them.
fn is_dash(area: &Rect, page_height: usize) -> bool {
    area.width() >= 2 * area.height() && area.height() <= 2 + page_height / 500
}

/// Share in percent of a line sample's length at either end where there is no mark.
const BARE_END: usize = 15;

/// A straight line across the whole piece, thin in most places: the sample of a line in a legend, with or without a
/// mark on it. Touching digits may share a stroke ("44"), but soon have other ink above or below it at either end.
fn is_line_sample(page: &InkPage, area: &Rect) -> bool {
    let (width, height) = (area.width(), area.height());
    if width < 8 || 2 * width < 3 * height {
        return false;
    }
    let on_row = |y: usize| (area.left..area.right).filter(|&x| page.is_ink(x, y)).count();
    let Some(row) = (area.top..area.bottom).max_by_key(|&y| on_row(y)) else { return false };
    if on_row(row) * 10 < width * 9 {
        return false;
    }
    let inked = |x: usize| (area.top..area.bottom).filter(|&y| page.is_ink(x, y)).count();
    let mut sorted: Vec<usize> = (area.left..area.right).map(inked).collect();
    sorted.sort_unstable();
    let usual = sorted[width / 2];
    let even = sorted.iter().filter(|&&count| count <= usual + 1).count() * 10 >= width * 6;
    // Nothing but the line: all ink of the column is in one run through the row.
    let is_bare = |x: usize| {
        let up = (area.top..=row).rev().take_while(|&y| page.is_ink(x, y)).count();
        let down = (row..area.bottom).take_while(|&y| page.is_ink(x, y)).count();
        up > 0 && up + down == inked(x) + 1 && inked(x) <= usual + 1
    };
    let end = (width * BARE_END).div_ceil(100).max(2);
    let has_ends = (0..end).all(|offset| is_bare(area.left + offset) && is_bare(area.right - 1 - offset));
    even && has_ends
        && (4 * usual <= width)
        && (usual == height || 2 * usual <= height + 1 || usual + 2 >= height)
}

/// Joins words that stand on one line and are a blank apart into phrases.
pub(crate) fn phrases(words: &[Word]) -> Vec<Word> {
    join(words.to_vec(), PHRASE_GAP)
}

/// Joins neighbours until nothing changes; the result is ordered by top, then left.
fn join(pieces: Vec<Word>, gap: f64) -> Vec<Word> {
    let mut words = pieces;
    loop {
        words.sort_by_key(|word| (word.area.left, word.area.top, word.area.right));
        let before = words.len();
        words = join_once(words, gap);
        if words.len() == before {
            break;
        }
    }
    words.sort_by_key(|word| (word.area.top, word.area.left));
    words
}

fn join_once(words: Vec<Word>, gap: f64) -> Vec<Word> {
    let mut joined: Vec<Word> = Vec::with_capacity(words.len());
    for word in words {
        let partner = joined.iter_mut().rev().find(|other| belong_together(other, &word, gap));
        match partner {
            Some(other) => {
                other.letter_height = other.letter_height.max(word.letter_height);
                other.area = other.area.union(&word.area);
            }
            None => joined.push(word),
        }
    }
    joined
}

/// Two pieces belong together when they share a line and the gap between them is small, or when one stands
/// closely above the other (the dot of an i, the bars of an equals sign).
fn belong_together(a: &Word, b: &Word, gap: f64) -> bool {
    let height = a.letter_height.max(b.letter_height) as f64;
    let horizontal_gap = b.area.left as f64 - a.area.right as f64;
    let horizontal_overlap = a.area.right.min(b.area.right) as f64 - a.area.left.max(b.area.left) as f64;
    let vertical_overlap = a.area.bottom.min(b.area.bottom) as f64 - a.area.top.max(b.area.top) as f64;
    let smaller = a.area.height().min(b.area.height()) as f64;
    let narrower = a.area.width().min(b.area.width()) as f64;
    let faint = if height <= SMALL_PRINT { GAP_PX } else { 0.0 };
    // A figure 1 is narrower than the room that it stands in.
    let room =
        if narrower <= NARROW * height && smaller >= 0.85 * height { ROOM_OF_ONE * height } else { 0.0 };
    let near = horizontal_gap <= gap * height + faint + room;
    // A comma hangs below the line.
    let hangs = smaller <= 0.6 * height && vertical_overlap >= 0.15 * smaller && vertical_overlap >= 1.0;
    let side_by_side = near && (vertical_overlap >= 0.5 * smaller || hangs);
    let stacked = horizontal_overlap >= 0.5 * narrower
        && -vertical_overlap <= 0.3 * height
        && a.area.union(&b.area).height() as f64 <= 1.35 * height.max(6.0)
        && smaller < 0.6 * height.max(6.0);
    side_by_side || stacked
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    fn page_with(boxes: &[(u32, u32, u32, u32)]) -> InkPage {
        let mut image = RgbImage::from_pixel(200, 60, Rgb([255, 255, 255]));
        for &(left, top, right, bottom) in boxes {
            for y in top..bottom {
                for x in left..right {
                    image.put_pixel(x, y, Rgb([0, 0, 0]));
                }
            }
        }
        InkPage::new(&image)
    }

    #[test]
    fn digits_join_and_columns_stay_apart() {
        let page = page_with(&[(10, 10, 16, 20), (18, 10, 24, 20), (80, 10, 86, 20)]);
        let words = words_in(&page, Rect { left: 0, top: 0, right: 200, bottom: 60 }, 30);
        assert_eq!(words.len(), 2);
        assert_eq!(words[0].area, Rect { left: 10, top: 10, right: 24, bottom: 20 });
    }

    #[test]
    fn a_narrow_one_belongs_to_its_number() {
        let page = page_with(&[(10, 10, 13, 30), (24, 10, 27, 30), (34, 10, 44, 30)]);
        let words = words_in(&page, Rect { left: 0, top: 0, right: 200, bottom: 60 }, 30);
        assert_eq!(words.len(), 1);
    }

    #[test]
    fn a_line_sample_with_a_mark_is_no_part_of_the_name_behind_it() {
        let page = page_with(&[(10, 14, 34, 16), (21, 10, 23, 20), (37, 10, 43, 20), (45, 10, 51, 20)]);
        let words = words_in(&page, Rect { left: 0, top: 0, right: 200, bottom: 60 }, 30);
        assert_eq!(words.len(), 1);
        assert_eq!(words[0].area.left, 37);
    }

    #[test]
    fn digits_that_share_a_stroke_are_no_line_sample() {
        // "44": slanted strokes, bars that touch, and stems.
        let mut boxes = vec![(10, 20, 28, 21)];
        for left in [10, 19] {
            boxes.extend((0..6).map(|step| (left + step, 19 - 2 * step, left + step + 1, 21 - 2 * step)));
            boxes.push((left + 6, 9, left + 7, 24));
        }
        let page = page_with(&boxes);
        let words = words_in(&page, Rect { left: 0, top: 0, right: 200, bottom: 60 }, 30);
        assert_eq!(words.len(), 1);
    }

    #[test]
    fn a_decimal_point_belongs_to_its_number() {
        let page = page_with(&[(10, 10, 16, 20), (18, 18, 20, 20), (22, 10, 28, 20)]);
        let words = words_in(&page, Rect { left: 0, top: 0, right: 200, bottom: 60 }, 30);
        assert_eq!(words.len(), 1);
        assert_eq!(words[0].area.right, 28);
    }
}
