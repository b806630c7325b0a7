//! Finds curves whose ink others explain: what antialiasing, compression and crossings make of lines.
//!
//! While curves are sought, each is held against those found before it. The pale fringe of a line, or what two lines mix to
//! where they begin together, may gain more than the lines themselves and come first. So once all are found, every curve
//! must show ink of its own: ink that is neither beside a stronger line of its hue, or lines that mix to its colour, nor on
//! the edge of a band.

use crate::arms::{TracedCurve, same_hue};
use crate::color::{Srgb, contrast, oklab};
use crate::curve_shape::{FAINT, band_edge_columns, is_beside, is_mixture};
use crate::ink::InkPage;
use crate::palette::is_blend;

/// Share of a curve's seen columns that others must explain for it to be none.
const EXPLAINED: usize = 85;
/// Share of them that lines must explain: an arm may follow the edge of another one's band.
const BESIDE_LINES: usize = 30;
/// How far the pale ends of dense marks lie from their line: in line widths, and as a share of the plot's height.
const MARK_REACH: (f64, f64) = (3.0, 0.02);
/// How much lighter (Oklab) than a line its fringe is at least, and from where on its hue says nothing: compression and small
/// palettes change that of the palest pixels.
const LIGHTER: f32 = 0.03;
const MUCH_LIGHTER: f32 = 0.15;
/// Contrast to the ground of such pixels.
const PALE: f32 = 0.4;

/// The index of a curve that the others explain, if there is one.
pub(crate) fn explained_by_others(page: &InkPage, curves: &[TracedCurve], grounds: &[Srgb]) -> Option<usize> {
    (0..curves.len()).find(|&index| {
        let curve = &curves[index];
        let others: Vec<&TracedCurve> =
            curves.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other).collect();
        let fringe_of = others.iter().copied().filter(|other| is_fringe(curve.color, other.color, grounds));
        let mut sources: Vec<Source<'_>> = fringe_of.map(Source::Line).collect();
        for (position, one) in others.iter().enumerate() {
            let mixed = |other: &&&TracedCurve| {
                is_mixture(curve, one, other, page.background)
                    || is_mixture(curve, other, one, page.background)
            };
            sources.extend(others[position + 1..].iter().filter(mixed).map(|other| Source::Both(one, other)));
        }
        if sources.is_empty() {
            return false;
        }
        // The rest of a fringe may lie beside a line of the same colour.
        let same_color = curves[..index].iter().filter(|other| other.color == curve.color);
        sources.extend(same_color.map(Source::Line));
        is_explained(page, curve, &sources)
    })
}

/// What may have made a curve's ink: a line, or two lines where they run together.
#[derive(Clone, Copy)]
enum Source<'a> {
    Line(&'a TracedCurve),
    Both(&'a TracedCurve, &'a TracedCurve),
}

impl Source<'_> {
    fn explains(self, curve: &TracedCurve, x: usize, row: usize) -> bool {
        let beside =
            |line: &TracedCurve| is_beside(line, curve.line_width + 2.0 * reach_beyond(line, curve), x, row);
        match self {
            Source::Line(line) => beside(line),
            Source::Both(one, other) => beside(one) && beside(other),
        }
    }
}

/// How far from a line its ink is expected. Between the ends of its marks there are gaps.
fn reach_beyond(line: &TracedCurve, curve: &TracedCurve) -> f64 {
    let (widths, share) = MARK_REACH;
    if curve.dashed { (widths * line.line_width).max(share * line.coverage.height() as f64) } else { 0.0 }
}

/// True when a colour is what a line's antialiasing or compression makes of its colour: a lighter shade.
fn is_fringe(color: Srgb, line: Srgb, grounds: &[Srgb]) -> bool {
    let lighter = oklab(color)[0] - oklab(line)[0];
    let is_pale = grounds.iter().any(|&ground| contrast(color, ground) < PALE);
    (lighter > MUCH_LIGHTER && is_pale)
        || (lighter > LIGHTER && (same_hue(color, line) || is_blend(color, line, grounds)))
}

fn is_explained(page: &InkPage, curve: &TracedCurve, sources: &[Source<'_>]) -> bool {
    let half = (curve.line_width / 2.0).ceil() as usize;
    let edges = band_edge_columns(page, curve);
    let (mut seen, mut beside, mut explained) = (0, 0, 0);
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        if curve.coverage.own.strongest_near(x, row, half) < FAINT {
            continue;
        }
        let by_line = sources.iter().any(|source| source.explains(curve, x, row));
        seen += 1;
        beside += usize::from(by_line);
        explained += usize::from(by_line || edges[index]);
    }
    beside * 100 >= seen * BESIDE_LINES && explained * 100 >= seen * EXPLAINED
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::coverage::PlotInk;
    use crate::plane::Rect;
    use crate::trace::Path;

    const WHITE: Srgb = [1.0; 3];
    const RED: Srgb = [0.8, 0.1, 0.1];
    const PINK: Srgb = [0.92, 0.6, 0.6];

    /// Curves along rows in their colours, two pixels wide, and the page that shows them.
    fn drawn(lines: &[(Srgb, &dyn Fn(usize) -> usize)]) -> (InkPage, Vec<TracedCurve>) {
        let mut image = RgbImage::from_pixel(200, 100, Rgb([255; 3]));
        for (color, row) in lines {
            for x in 0..200 {
                for y in row(x)..row(x) + 2 {
                    image.put_pixel(x as u32, y as u32, Rgb(color.map(|channel| (channel * 255.0) as u8)));
                }
            }
        }
        let page = InkPage::new(&image);
        let area = Rect { left: 0, top: 0, right: 200, bottom: 100 };
        let plot = PlotInk::of(&page, area, &[WHITE], &[]);
        let curve = |(color, row): &(Srgb, &dyn Fn(usize) -> usize)| TracedCurve {
            color: *color,
            dashed: false,
            line_width: 2.0,
            path: Path {
                start: 0,
                rows: (0..200).map(row).collect(),
                score: 100.0,
                on_ink: 1.0,
                on_bare: 0.0,
            },
            coverage: plot.coverage_by(*color, &[WHITE]),
            marks: None,
        };
        let curves = lines.iter().map(curve).collect();
        (page, curves)
    }

    #[test]
    fn the_fringe_of_a_line_is_explained_and_the_line_is_not() {
        let (page, curves) = drawn(&[(PINK, &|x| 12 + x / 4), (RED, &|x| 10 + x / 4)]);
        assert_eq!(explained_by_others(&page, &curves, &[WHITE]), Some(0));
        assert_eq!(explained_by_others(&page, &curves[1..], &[WHITE]), None);
    }

    #[test]
    fn a_lighter_arm_that_leaves_the_darker_one_is_an_arm() {
        let (page, curves) = drawn(&[(PINK, &|x| 12 + x / 8), (RED, &|x| 10 + x / 4)]);
        assert_eq!(explained_by_others(&page, &curves, &[WHITE]), None);
    }
}
