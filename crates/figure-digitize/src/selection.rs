//! Finds curves whose ink others explain: what antialiasing, compression and crossings make of lines.
//!
//! While curves are sought, each is held against those found before it. The pale fringe of a line, or what two lines mix to
//! where they begin together, may gain more than the lines themselves and come first. So once all are found, every curve
//! must show ink of its own: ink that is neither beside a stronger line of its hue, or lines that mix to its colour, nor on
//! the edge of a band, nor along a frame or grid.

use crate::arms::{TracedCurve, same_hue};
use crate::color::{Srgb, oklab};
use crate::curve_shape::{FAINT, band_edge_columns, is_beside, is_mixture};
use crate::ink::InkPage;
use crate::palette::is_blend;

/// Share of a curve's seen columns that others must explain for it to be none.
const EXPLAINED: usize = 85;
/// Share of them that lines must explain, curves' or full ones: an arm may follow the edge of another one's band.
const BESIDE_LINES: usize = 30;
/// How far the pale ends of dense marks lie from their line: in line widths, and as a share of the plot's height.
const MARK_REACH: (f64, f64) = (3.0, 0.02);
/// Share of a row that is full of other ink where a frame or grid line runs.
const FULL_ROW: f64 = 0.8;
/// How much lighter (Oklab) than a line its fringe is at least.
const LIGHTER: f32 = 0.03;

/// The index of a curve that the others explain, if there is one.
pub(crate) fn explained_by_others(page: &InkPage, curves: &[TracedCurve], grounds: &[Srgb]) -> Option<usize> {
    (0..curves.len()).find(|&index| {
        let curve = &curves[index];
        let others = || (0..curves.len()).filter(move |&other| other != index).map(|other| &curves[other]);
        let is_source = |other: &TracedCurve| {
            is_fringe(curve.color, other.color, grounds)
                || others().any(|third| {
                    third.color != other.color && is_mixture(curve, other, third, page.background)
                })
        };
        let mut sources: Vec<&TracedCurve> = others().filter(|other| is_source(other)).collect();
        // The rest of a fringe may lie beside a line of the same colour.
        sources.extend(curves[..index].iter().filter(|other| other.color == curve.color));
        is_explained(page, curve, &sources)
    })
}

/// How far from a line its ink is expected. Between the ends of its marks there are gaps.
fn reach_beyond(line: &TracedCurve, curve: &TracedCurve) -> f64 {
    let (widths, share) = MARK_REACH;
    if curve.dashed { (widths * line.line_width).max(share * line.coverage.height() as f64) } else { 0.0 }
}

/// True when a colour is what a line's antialiasing or compression makes of its colour: a lighter shade.
fn is_fringe(color: Srgb, line: Srgb, grounds: &[Srgb]) -> bool {
    oklab(color)[0] > oklab(line)[0] + LIGHTER && (same_hue(color, line) || is_blend(color, line, grounds))
}

fn is_explained(page: &InkPage, curve: &TracedCurve, sources: &[&TracedCurve]) -> bool {
    let half = (curve.line_width / 2.0).ceil() as usize;
    let edges = band_edge_columns(page, curve);
    let full = full_rows(curve);
    let (mut seen, mut beside, mut explained) = (0, 0, 0);
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        let mut rows = row.saturating_sub(half)..(row + half + 1).min(curve.coverage.height());
        if !rows.any(|y| curve.coverage.own.get(x, y) >= FAINT) {
            continue;
        }
        let by_line = sources
            .iter()
            .any(|other| is_beside(other, curve.line_width + 2.0 * reach_beyond(other, curve), x, row));
        let by_line = by_line || (row.saturating_sub(half)..=row + half).any(|y| full.contains(&y));
        seen += 1;
        beside += usize::from(by_line);
        explained += usize::from(by_line || edges[index]);
    }
    beside * 100 >= seen * BESIDE_LINES && explained * 100 >= seen * EXPLAINED
}

/// The rows along which other ink than a curve's runs over the whole plot.
fn full_rows(curve: &TracedCurve) -> Vec<usize> {
    let coverage = &curve.coverage;
    let inked = |y: usize| (0..coverage.width()).filter(|&x| coverage.other.get(x, y) >= FAINT).count();
    (0..coverage.height()).filter(|&y| inked(y) as f64 >= FULL_ROW * coverage.width() as f64).collect()
}
