//! Reads text that is drawn as outlines: each word is drawn by itself, large and clean, and read like a picture.

use image::{GrayImage, Luma, imageops};
use kmeta_figure_source::vector::{Bounds, Subpath};
use kmeta_label_reader::{CharacterSet, LabelReader};

use super::text::TextDirection;

/// Height in pixels that a word is drawn with.
const WORD_HEIGHT: f64 = 34.0;
/// White border around a word, as a share of its height: what the recognizer was trained with.
const BORDER: f64 = 0.2;
/// Widest drawing of a word.
const WIDEST: f64 = 1600.0;
/// Samples per pixel along each direction.
const SAMPLES: usize = 3;

/// Text and confidence of each word.
pub(crate) fn read_outlines(
    reader: &LabelReader,
    words: &[(TextDirection, Vec<&Subpath>)],
) -> Vec<(String, f64)> {
    let crops: Vec<GrayImage> = words.iter().map(|(direction, outline)| draw(*direction, outline)).collect();
    if crops.is_empty() {
        return Vec::new();
    }
    match reader.read_as(&crops, CharacterSet::Any) {
        Ok(readings) => readings.into_iter().map(|reading| (reading.text, reading.confidence)).collect(),
        Err(_) => vec![(String::new(), 0.0); words.len()],
    }
}

/// The word in black on white, level.
fn draw(direction: TextDirection, outline: &[&Subpath]) -> GrayImage {
    let Some(bounds) = Bounds::around(outline.iter().flat_map(|subpath| &subpath.points)) else {
        return GrayImage::from_pixel(8, 8, Luma([255]));
    };
    let upright = matches!(direction, TextDirection::Right | TextDirection::Left);
    let height = if upright { bounds.height() } else { bounds.width() };
    let length = if upright { bounds.width() } else { bounds.height() };
    // A full stop or a minus sign is not blown up to the height of a letter.
    let scale =
        (WORD_HEIGHT / height.max(0.3 * length.min(WORD_HEIGHT)).max(1e-3)).min(WIDEST / length.max(1e-3));
    let margin = WORD_HEIGHT * BORDER;
    let size = |extent: f64| ((extent * scale + 2.0 * margin).ceil() as u32).clamp(8, 2000);
    let (width, rows) = (size(bounds.width()), size(bounds.height()));
    let mut image = GrayImage::from_pixel(width, rows, Luma([255]));
    let edges = edges_of(outline, &bounds, scale, margin);
    let mut coverage = vec![0_u32; width as usize];
    for row in 0..rows {
        coverage.fill(0);
        for sample in 0..SAMPLES {
            let y = f64::from(row) + (sample as f64 + 0.5) / SAMPLES as f64;
            add_line(&edges, y, &mut coverage);
        }
        let full = (SAMPLES * SAMPLES) as u32;
        for (column, &covered) in coverage.iter().enumerate() {
            let level = 255 - (255 * covered.min(full) / full) as u8;
            image.put_pixel(column as u32, row, Luma([level]));
        }
    }
    match direction {
        TextDirection::Right => image,
        TextDirection::Left => imageops::rotate180(&image),
        TextDirection::Up => imageops::rotate90(&image),
        TextDirection::Down => imageops::rotate270(&image),
    }
}

/// An edge as upper end, lower end and whether it runs downwards.
struct Edge {
    from: [f64; 2],
    to: [f64; 2],
    winding: i32,
}

fn edges_of(outline: &[&Subpath], bounds: &Bounds, scale: f64, margin: f64) -> Vec<Edge> {
    let place = |[x, y]: [f64; 2]| [(x - bounds.left) * scale + margin, (y - bounds.top) * scale + margin];
    outline
        .iter()
        .flat_map(|subpath| {
            let points = &subpath.points;
            (0..points.len()).map(move |index| (points[index], points[(index + 1) % points.len()]))
        })
        .map(|(from, to)| (place(from), place(to)))
        .filter(|(from, to)| from[1] != to[1])
        .map(|(from, to)| {
            if from[1] < to[1] {
                Edge { from, to, winding: 1 }
            } else {
                Edge { from: to, to: from, winding: -1 }
            }
        })
        .collect()
}

/// Counts the samples of one line that lie inside, by the nonzero rule.
fn add_line(edges: &[Edge], y: f64, coverage: &mut [u32]) {
    let mut crossings: Vec<(f64, i32)> = edges
        .iter()
        .filter(|edge| edge.from[1] <= y && y < edge.to[1])
        .map(|edge| {
            let share = (y - edge.from[1]) / (edge.to[1] - edge.from[1]);
            (edge.from[0] + share * (edge.to[0] - edge.from[0]), edge.winding)
        })
        .collect();
    crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut winding = 0;
    for pair in crossings.windows(2) {
        winding += pair[0].1;
        if winding == 0 {
            continue;
        }
        let first = (pair[0].0 * SAMPLES as f64).ceil().max(0.0) as usize;
        let last = (pair[1].0 * SAMPLES as f64).ceil().max(0.0) as usize;
        for sample in first..last.min(coverage.len() * SAMPLES) {
            coverage[sample / SAMPLES] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_is_drawn_black_on_white() {
        let square = Subpath {
            points: vec![[10.0, 10.0], [20.0, 10.0], [20.0, 20.0], [10.0, 20.0]],
            closed: true,
            curved: false,
        };
        let image = draw(TextDirection::Right, &[&square]);
        let (width, height) = image.dimensions();
        assert_eq!(image.get_pixel(width / 2, height / 2).0, [0]);
        assert_eq!(image.get_pixel(1, 1).0, [255]);
    }
}
