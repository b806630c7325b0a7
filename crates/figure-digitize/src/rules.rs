//! Takes out ruled lines that run through print: the frame of a table, or the axis and the frame of a plot where numbers
//! stand on them. What they touch would be no word otherwise.

use crate::ink::InkPage;
use crate::plane::Plane;

/// A vertical line is longer than this in letter heights: no letter is, nor two lines of print that touch.
const LEAST_HEIGHT: f64 = 2.5;
/// The same of a horizontal line: longer than the sample of a line in a legend.
const LEAST_WIDTH: f64 = 14.0;
/// Widest line, in letter heights.
const WIDEST: f64 = 0.5;

/// The page without its ruled lines, or nothing where it has none. The strokes of letters that cross a line stay whole.
pub(crate) fn without_rules(page: &InkPage, letter_height: usize) -> Option<InkPage> {
    let height = letter_height.max(4) as f64;
    let size = (page.width(), page.height());
    let vertical = ruled(size, LEAST_HEIGHT * height, WIDEST * height, |x, y| page.is_ink(x, y));
    // The same with columns and rows exchanged.
    let horizontal = ruled((size.1, size.0), LEAST_WIDTH * height, WIDEST * height, |y, x| page.is_ink(x, y));
    let is_rule = |x: usize, y: usize| vertical.get(x, y) || horizontal.get(y, x);
    let is_print = |x: usize, y: usize| x < size.0 && y < size.1 && page.is_ink(x, y) && !is_rule(x, y);
    let mut clean: Option<InkPage> = None;
    for y in 0..size.1 {
        for x in (0..size.0).filter(|&x| is_rule(x, y)) {
            let left = (0..x).rev().find(|&x| !is_rule(x, y));
            let above = (0..y).rev().find(|&y| !is_rule(x, y));
            let right = (x..size.0).find(|&x| !is_rule(x, y));
            let below = (y..size.1).find(|&y| !is_rule(x, y));
            let printed = |one: Option<(usize, usize)>| one.is_some_and(|(x, y)| is_print(x, y));
            let across = printed(left.map(|x| (x, y))) && printed(right.map(|x| (x, y)));
            let down = printed(above.map(|y| (x, y))) && printed(below.map(|y| (x, y)));
            let is_crossed = (vertical.get(x, y) && across) || (horizontal.get(y, x) && down);
            if !is_crossed {
                clean.get_or_insert_with(|| page.clone()).empty(x, y);
            }
        }
    }
    clean
}

/// Marks runs of ink down the columns of at least `length`, where at most `widest` of them stand side by side.
fn ruled(
    (width, height): (usize, usize),
    length: f64,
    widest: f64,
    ink: impl Fn(usize, usize) -> bool,
) -> Plane<bool> {
    let mut marked = Plane::filled(width, height, false);
    for x in 0..width {
        let mut start = 0;
        for y in 0..=height {
            if y < height && ink(x, y) {
                continue;
            }
            if (y - start) as f64 >= length {
                (start..y).for_each(|y| marked.set(x, y, true));
            }
            start = y + 1;
        }
    }
    for y in 0..height {
        let mut start = 0;
        for x in 0..=width {
            if x < width && marked.get(x, y) {
                continue;
            }
            if (x - start) as f64 > widest.max(3.0) {
                (start..x).for_each(|x| marked.set(x, y, false));
            }
            start = x + 1;
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    #[test]
    fn a_frame_goes_and_the_strokes_across_it_stay() {
        let mut image = RgbImage::from_pixel(60, 60, Rgb([255; 3]));
        for y in 5..55 {
            image.put_pixel(30, y, Rgb([0; 3]));
        }
        for x in 26..36 {
            image.put_pixel(x, 20, Rgb([0; 3]));
        }
        let clean = without_rules(&InkPage::new(&image), 10).unwrap();
        assert!(!clean.is_ink(30, 10) && !clean.is_ink(30, 40));
        assert!((26..36).all(|x| clean.is_ink(x, 20)));
        assert!(without_rules(&clean, 10).is_none());
    }
}
