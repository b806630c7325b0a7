//! Finds by how much a scanned page is turned, and turns it upright.
//!
//! The edges of all ink are projected along slightly turned rows and columns. At the right angle each axis line falls into one
//! bin, and the sum of squares over the bins is largest (Postl 1986, the classic criterion of deskewing).

use image::{Rgb, RgbImage};
use kmeta_trial_data::PageRotation;

use crate::ink::InkPage;

/// Largest angle that is looked for, in degrees.
const LARGEST_ANGLE: f64 = 3.0;
/// Steps of the search, each finer than the one before, in degrees.
const STEPS: [f64; 3] = [0.1, 0.02, 0.005];
/// Smaller angles stay: over the length of an axis they are a pixel or two.
const SMALLEST_ANGLE: f64 = 0.1;
/// The turned projection must be sharper than the upright one by this factor.
const LEAST_GAIN: f64 = 1.1;
/// Difference of neighbouring pixels that makes an edge.
const EDGE_CONTRAST: f32 = 0.07;
/// Stronger edges count no more: a pale grid must not vanish beside black letters.
const STRONGEST_EDGE: f32 = 0.4;
/// Most edge pixels that are projected; of more, every n-th is taken.
const MOST_PIXELS: usize = 60_000;

/// The angle in degrees by which lines run downwards to the right, when the page is turned noticeably.
pub(crate) fn skew_of(page: &InkPage) -> Option<f64> {
    let edges = [edge_points(page, true), edge_points(page, false)];
    if edges.iter().all(Vec::is_empty) {
        return None;
    }
    let sharpness = |degrees: f64| sharpness(&edges, (page.width(), page.height()), degrees);
    let mut best = (sharpness(0.0), 0.0);
    let upright = best.0;
    let mut span = LARGEST_ANGLE;
    for step in STEPS {
        let center = best.1;
        let count = (span / step).round() as i32;
        for index in -count..=count {
            let degrees = center + f64::from(index) * step;
            let value = sharpness(degrees);
            if value > best.0 {
                best = (value, degrees);
            }
        }
        span = step;
    }
    (best.1.abs() >= SMALLEST_ANGLE && best.0 >= LEAST_GAIN * upright).then_some(best.1)
}

/// A pixel that differs from its neighbour.
#[derive(Debug, Clone, Copy)]
struct Edge {
    x: f64,
    y: f64,
    /// The difference.
    strength: f64,
}

/// Pixels that differ from the one above (or from the one to the left): the edges of lines, without the insides
/// of filled areas.
fn edge_points(page: &InkPage, horizontal: bool) -> Vec<Edge> {
    let strength = |x: usize, y: usize| {
        let before = if horizontal { page.contrast.get(x, y - 1) } else { page.contrast.get(x - 1, y) };
        (page.contrast.get(x, y) - before).abs().min(STRONGEST_EDGE)
    };
    let all = (1..page.height()).flat_map(|y| (1..page.width()).map(move |x| (x, y)));
    let edges: Vec<Edge> = all
        .map(|(x, y)| Edge { x: x as f64, y: y as f64, strength: f64::from(strength(x, y)) })
        .filter(|edge| edge.strength >= f64::from(EDGE_CONTRAST))
        .collect();
    let every = edges.len() / MOST_PIXELS + 1;
    edges.into_iter().step_by(every).collect()
}

/// Sum of squares of the horizontal edges in rows, and of the vertical ones in columns, that are turned by an
/// angle.
fn sharpness(edges: &[Vec<Edge>; 2], (width, height): (usize, usize), degrees: f64) -> f64 {
    let slope = degrees.to_radians().tan();
    let room = (width.max(height) as f64 * slope.abs()).ceil() as usize + 1;
    let mut rows = vec![0.0_f64; height + 2 * room];
    let mut columns = vec![0.0_f64; width + 2 * room];
    for edge in &edges[0] {
        rows[(edge.y - edge.x * slope + room as f64) as usize] += edge.strength;
    }
    for edge in &edges[1] {
        columns[(edge.x + edge.y * slope + room as f64) as usize] += edge.strength;
    }
    rows.iter().chain(&columns).map(|count| count * count).sum()
}

/// The page turned by `-degrees` about its centre, on a canvas that holds all of it, with the rotation that
/// leads back. Pixels beyond the page's edge repeat it.
pub(crate) fn upright(image: &RgbImage, degrees: f64) -> (RgbImage, PageRotation) {
    let (width, height) = (f64::from(image.width()), f64::from(image.height()));
    let (sine, cosine) = (degrees.to_radians().sin().abs(), degrees.to_radians().cos().abs());
    // A quarter turn changes sides; its cosine is a rounding error away from 0.
    let side = |length: f64| (length - 1e-6).ceil() as u32;
    let rotation = PageRotation {
        degrees,
        width: side(width * cosine + height * sine),
        height: side(width * sine + height * cosine),
    };
    let turned = RgbImage::from_fn(rotation.width, rotation.height, |x, y| {
        let (sx, sy) =
            rotation.to_page((image.width(), image.height()), (f64::from(x) + 0.5, f64::from(y) + 0.5));
        sample(image, sx - 0.5, sy - 0.5)
    });
    (turned, rotation)
}

/// The image at a point between its pixels, by cubic convolution (Keys 1981), which keeps thin lines sharp.
fn sample(image: &RgbImage, x: f64, y: f64) -> Rgb<u8> {
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = (weights(x - left), weights(y - top));
    let at = |value: f64, offset: usize, length: u32| {
        (value + offset as f64 - 1.0).clamp(0.0, f64::from(length - 1)) as u32
    };
    let mut sum = [0.0_f64; 3];
    for (j, row_weight) in down.iter().enumerate() {
        for (i, column_weight) in across.iter().enumerate() {
            let pixel = image.get_pixel(at(left, i, image.width()), at(top, j, image.height()));
            for (total, channel) in sum.iter_mut().zip(pixel.0) {
                *total += row_weight * column_weight * f64::from(channel);
            }
        }
    }
    Rgb(sum.map(|value| value.round().clamp(0.0, 255.0) as u8))
}

/// Weights of the four neighbours of a point (Keys 1981, a = -1/2).
fn weights(t: f64) -> [f64; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [-0.5 * t + t2 - 0.5 * t3, 1.0 - 2.5 * t2 + 1.5 * t3, 0.5 * t + 2.0 * t2 - 1.5 * t3, -0.5 * t2 + 0.5 * t3]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two axis lines, turned by an angle.
    fn turned_axes(degrees: f64) -> RgbImage {
        let mut image = RgbImage::from_pixel(500, 400, Rgb([255, 255, 255]));
        let slope = degrees.to_radians().tan();
        for i in 0..400_u32 {
            let along = f64::from(i);
            image.put_pixel(60 + i, (340.0 + along * slope) as u32, Rgb([0, 0, 0]));
            if i < 320 {
                image.put_pixel((60.0 + along * slope) as u32, 340 - i, Rgb([0, 0, 0]));
            }
        }
        image
    }

    #[test]
    fn the_angle_is_found_and_undone() {
        for degrees in [-1.7, -0.4, 0.9, 2.0] {
            let image = turned_axes(degrees);
            let found = skew_of(&InkPage::new(&image)).unwrap();
            assert!((found - degrees).abs() < 0.08, "{found} for {degrees}");
            let (straight, _) = upright(&image, found);
            assert_eq!(skew_of(&InkPage::new(&straight)), None);
        }
        assert_eq!(skew_of(&InkPage::new(&turned_axes(0.0))), None);
    }
}
