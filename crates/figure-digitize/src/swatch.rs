//! Finds the sample of a line (or the coloured block) that stands left of a name in a legend or a risk table.
//!
//! The strip left of the text is looked at directly, not as connected pieces of ink: samples may be paler than text,
//! broken by dashes, or carry a censor mark.

use crate::color::Srgb;
use crate::ink::InkPage;
use crate::plane::{Plane, Rect};
use crate::words::Word;

/// Widest gap between a sample and its text, in letter heights.
const TEXT_GAP: f64 = 3.0;
/// Widest gap between two dashes of a sample, in letter heights.
const DASH_GAP: f64 = 1.2;
/// Length of a line sample, in letter heights: shorter ones are signs of a text, longer ones axes and rules.
const SAMPLE_LENGTH: std::ops::RangeInclusive<f64> = 1.1..=12.0;
/// Side of a filled block, in letter heights.
const BLOCK_SIDE: std::ops::RangeInclusive<f64> = 0.5..=3.0;
/// Half the height of the strip, in letter heights: enough for a mark on the sample or, where the frame of a legend or its next
/// entry comes close, for the sample alone.
const HALF_STRIPS: [f64; 2] = [0.75, 0.4];
/// How far from the middle of its text a sample runs at most, in letter heights.
const CENTRAL: f64 = 0.5;
/// Contrast that a sample has at least.
pub(crate) const LEAST_CONTRAST: f32 = 0.12;

/// How the dashes of a line follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DashLook {
    /// Share of the line's length that is inked.
    pub(crate) duty: f64,
    /// Length of a dash with the gap behind it, in pixels.
    pub(crate) period: f64,
}

/// A sample of how an arm is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Swatch {
    pub(crate) area: Rect,
    pub(crate) color: Srgb,
    /// The dashes, where the sample is a broken line.
    pub(crate) dashes: Option<DashLook>,
    /// A filled block shows a colour only.
    pub(crate) is_block: bool,
}

/// The sample left of a text, if there is one. Pixels of `curves` are no sample.
pub(crate) fn swatch_left_of(page: &InkPage, text: &Word, curves: Option<&Plane<bool>>) -> Option<Swatch> {
    HALF_STRIPS.iter().find_map(|&half| swatch_in_strip(page, text, half, curves))
}

fn swatch_in_strip(
    page: &InkPage,
    text: &Word,
    half_strip: f64,
    curves: Option<&Plane<bool>>,
) -> Option<Swatch> {
    let height = text.letter_height as f64;
    let middle = text.area.center_y();
    let strip = Rect {
        left: (text.area.left as f64 - (TEXT_GAP + SAMPLE_LENGTH.end() + 1.0) * height).max(0.0) as usize,
        top: (middle - half_strip * height).max(0.0) as usize,
        right: text.area.left.saturating_sub(1),
        bottom: ((middle + half_strip * height).ceil() as usize).min(page.height()),
    };
    // On a scan the ground itself stands out from the page's background.
    let beside = Rect { left: strip.right.saturating_sub((TEXT_GAP * height) as usize), ..strip };
    let ground = usual_contrast(page, &beside);
    let first = first_ink(page, &strip, ground + LEAST_CONTRAST)?;
    if (strip.right - first) as f64 > TEXT_GAP * height {
        return None;
    }
    // What counts as ink is relative to the sample: a band around a line or a key's ground are paler than it.
    let near = Rect { left: (first + 1).saturating_sub(height.ceil() as usize), right: first + 1, ..strip };
    let strongest = strongest_contrast(page, &near);
    let threshold = ground + (0.5 * (strongest - ground)).max(LEAST_CONTRAST);
    let pieces = pieces_leftwards(page, &strip, threshold, DASH_GAP * height);
    // The longest run of pieces that together look like a sample.
    (1..=pieces.len()).rev().find_map(|count| {
        let area = Rect { left: pieces[count - 1].0, right: pieces[0].1, ..strip };
        let gap = (text.area.left - area.right) as f64;
        let before = pieces.get(count).map_or(f64::INFINITY, |piece| (area.left - piece.1) as f64);
        // The letters of another word are no block.
        let is_alone = gap >= 0.3 * height && before >= 0.5 * height;
        sample_in(page, area, threshold, height, curves).filter(|swatch| !swatch.is_block || is_alone)
    })
}

/// The contrast that most of an area has: its ground.
fn usual_contrast(page: &InkPage, area: &Rect) -> f32 {
    let pixels = (area.top..area.bottom).flat_map(|y| (area.left..area.right).map(move |x| (x, y)));
    let mut values: Vec<f32> = pixels.map(|(x, y)| page.contrast.get(x, y)).collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 3).copied().unwrap_or(0.0)
}

fn first_ink(page: &InkPage, strip: &Rect, threshold: f32) -> Option<usize> {
    (strip.left..strip.right).rev().find(|&x| has_ink(page, strip, x, threshold))
}

fn has_ink(page: &InkPage, strip: &Rect, x: usize, threshold: f32) -> bool {
    (strip.top..strip.bottom).any(|y| page.contrast.get(x, y) >= threshold)
}

fn strongest_contrast(page: &InkPage, area: &Rect) -> f32 {
    let pixels = (area.top..area.bottom).flat_map(|y| (area.left..area.right).map(move |x| (x, y)));
    pixels.map(|(x, y)| page.contrast.get(x, y)).fold(0.0, f32::max)
}

/// A vertical line that goes on above and below the strip: the frame of a legend or a table.
fn is_rule(page: &InkPage, strip: &Rect, x: usize, threshold: f32) -> bool {
    let reach = strip.height() / 2;
    (strip.top.saturating_sub(reach)..strip.top)
        .chain(strip.bottom..(strip.bottom + reach).min(page.height()))
        .all(|y| page.contrast.get(x, y) >= threshold)
        && (strip.top..strip.bottom).all(|y| page.contrast.get(x, y) >= threshold)
}

/// Columns with ink, as runs from right to left, up to the first wide gap or a frame.
fn pieces_leftwards(page: &InkPage, strip: &Rect, threshold: f32, widest_gap: f64) -> Vec<(usize, usize)> {
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for x in (strip.left..strip.right).rev().filter(|&x| has_ink(page, strip, x, threshold)) {
        if is_rule(page, strip, x, 0.5 * threshold) {
            break;
        }
        match pieces.last_mut() {
            Some(piece) if piece.0 == x + 1 => piece.0 = x,
            Some(piece) if (piece.0 - x) as f64 > widest_gap => break,
            _ => pieces.push((x, x + 1)),
        }
    }
    pieces
}

/// The sample that the ink of an area is, if it has the shape of one.
fn sample_in(
    page: &InkPage,
    area: Rect,
    threshold: f32,
    height: f64,
    curves: Option<&Plane<bool>>,
) -> Option<Swatch> {
    let length = area.width() as f64;
    let inked = |x: usize, y: usize| page.contrast.get(x, y) >= threshold;
    let columns: Vec<usize> =
        (area.left..area.right).filter(|&x| (area.top..area.bottom).any(|y| inked(x, y))).collect();
    let on_row = |y: usize| columns.iter().filter(|&&x| inked(x, y)).count();
    // The line runs through the middle of the text; what lies above or below it is a frame or another entry.
    let middle = (area.top + area.bottom) as f64 / 2.0;
    let is_central = |y: &usize| (*y as f64 + 0.5 - middle).abs() <= CENTRAL * height;
    let row =
        (area.top..area.bottom).filter(is_central).max_by_key(|&y| (on_row(y), std::cmp::Reverse(y)))?;
    let line: Vec<usize> = columns.iter().copied().filter(|&x| inked(x, row)).collect();
    if line.len() * 5 < columns.len() * 4 {
        return None;
    }
    // A straight line keeps its thickness over most of its length; a mark in its middle does not count.
    let thickness = |x: usize| {
        let up = (area.top..row).rev().take_while(|&y| inked(x, y)).count();
        let down = (row..area.bottom).take_while(|&y| inked(x, y)).count();
        up + down
    };
    let mut sorted: Vec<usize> = line.iter().map(|&x| thickness(x)).collect();
    sorted.sort_unstable();
    let usual = sorted[sorted.len() / 2];
    let even = sorted.iter().filter(|&&t| t <= usual + 1).count() * 10 >= sorted.len() * 6;
    let blocked = line.iter().filter(|&&x| curves.is_some_and(|curves| curves.get(x, row))).count();
    if blocked * 5 > line.len() * 2 {
        return None;
    }
    let is_line = SAMPLE_LENGTH.contains(&(length / height))
        && even
        && usual as f64 <= (0.5 * height).max(3.0)
        && usual * 2 <= area.width();
    let fills = line.iter().filter(|&&x| thickness(x) + 2 >= usual).count() * 10 >= area.width() * 9;
    let is_block = !is_line
        && BLOCK_SIDE.contains(&(length / height))
        && (usual as f64) >= BLOCK_SIDE.start() * height
        && fills
        && line.len() == area.width();
    if !is_line && !is_block {
        return None;
    }
    let dashes = if is_line { dash_look(area.left, area.right, 2, |x| inked(x, row)) } else { None };
    let (top, bottom) = (row.saturating_sub(usual), (row + usual).min(page.height()));
    let color = color_of_line(page, &line, (top.max(area.top), bottom.min(area.bottom).max(row + 1)));
    Some(Swatch { area, color, dashes, is_block })
}

/// The usual colour of a line: of each column the pixel that stands out most, of all columns the median, which a mark
/// in another colour does not move.
fn color_of_line(page: &InkPage, columns: &[usize], (top, bottom): (usize, usize)) -> Srgb {
    let strongest = |x: usize| {
        (top..bottom)
            .map(|y| (page.contrast.get(x, y), page.colors.get(x, y)))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(page.background, |pixel| pixel.1)
    };
    let colors: Vec<Srgb> = columns.iter().map(|&x| strongest(x)).collect();
    let median = |channel: usize| {
        let mut values: Vec<f32> = colors.iter().map(|color| color[channel]).collect();
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    };
    [median(0), median(1), median(2)]
}

/// A line with ink on more than this share of its length is unbroken: noise of a scan leaves gaps as well.
const BROKEN: f64 = 0.87;

/// The dashes between two columns, or nothing for an unbroken line or fewer dashes than `fewest`.
pub(crate) fn dash_look(
    from: usize,
    to: usize,
    fewest: usize,
    inked: impl Fn(usize) -> bool,
) -> Option<DashLook> {
    let count = (from..to).filter(|&x| inked(x)).count();
    let starts = (from..to).filter(|&x| inked(x) && (x == from || !inked(x - 1))).count();
    let duty = count as f64 / (to - from).max(1) as f64;
    // The gap behind the last dash is not part of the extent.
    let last = (from..to).rev().take_while(|&x| inked(x)).count();
    let period = (to - from - last) as f64 / starts.saturating_sub(1).max(1) as f64;
    (duty < BROKEN && starts >= fewest).then_some(DashLook { duty, period })
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    /// A page with a text of 60 x 10 pixels at column 250 and, left of it, what `draw` paints.
    fn found(draw: impl Fn(&mut RgbImage)) -> Option<Swatch> {
        let mut image = RgbImage::from_pixel(350, 40, Rgb([255, 255, 255]));
        draw(&mut image);
        let text = Word { area: Rect { left: 250, top: 15, right: 310, bottom: 25 }, letter_height: 10 };
        swatch_left_of(&InkPage::new(&image), &text, None)
    }

    fn line(image: &mut RgbImage, columns: impl Iterator<Item = u32>, color: [u8; 3]) {
        for x in columns {
            image.put_pixel(x, 20, Rgb(color));
        }
    }

    #[test]
    fn a_pale_thin_line_with_a_black_mark_is_a_sample() {
        let swatch = found(|image| {
            line(image, 210..240, [250, 240, 150]);
            for y in 16..25 {
                image.put_pixel(225, y, Rgb([0, 0, 0]));
            }
        });
        let swatch = swatch.unwrap();
        assert_eq!((swatch.area.left, swatch.area.right, swatch.dashes), (210, 240, None));
        assert!((swatch.color[2] - 150.0 / 255.0).abs() < 0.01);
    }

    #[test]
    fn the_frame_of_a_legend_close_above_hides_no_sample() {
        let swatch = found(|image| {
            line(image, 210..240, [200, 30, 30]);
            for x in 200..330 {
                image.put_pixel(x, 14, Rgb([0, 0, 0]));
            }
        });
        assert!(swatch.is_some_and(|swatch| swatch.color[0] > 0.7 && swatch.color[1] < 0.2));
    }

    #[test]
    fn dashes_are_one_sample() {
        let swatch = found(|image| line(image, (210..240).filter(|x| x % 6 < 4), [0, 0, 0])).unwrap();
        let dashes = swatch.dashes.unwrap();
        assert!((dashes.period - 6.0).abs() < 0.5 && (dashes.duty - 0.67).abs() < 0.05, "{dashes:?}");
    }

    #[test]
    fn rules_letters_and_empty_paper_are_none() {
        assert_eq!(found(|image| line(image, 0..240, [0, 0, 0])), None);
        assert_eq!(found(|image| line(image, 234..240, [0, 0, 0])), None);
        assert_eq!(found(|_| ()), None);
        let word = |image: &mut RgbImage| {
            for x in (210..240).filter(|x| x % 5 < 2) {
                (15..25).for_each(|y| image.put_pixel(x, y, Rgb([0, 0, 0])));
            }
        };
        assert_eq!(found(word), None);
    }

    #[test]
    fn a_filled_block_shows_a_color() {
        let block = |image: &mut RgbImage| {
            for x in 235..245 {
                (15..25).for_each(|y| image.put_pixel(x, y, Rgb([200, 30, 30])));
            }
        };
        assert!(found(block).unwrap().is_block);
    }
}
