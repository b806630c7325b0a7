//! Figures that stand sideways on their page, as wide ones do: the page is turned until their text runs to the right.

use kmeta_figure_source::vector::{Bounds, Point, Subpath, VectorPage};
use kmeta_trial_data::PageRotation;

use super::text::{TextDirection, direction_of};

/// Two axes have at least this many glyphs of numbers.
const FEWEST_GLYPHS: usize = 6;

/// The page turned so that text of another direction runs to the right, for each direction in which enough numbers
/// run, with how it was turned. The direction of most numbers comes first.
pub(crate) fn turned_pages(page: &VectorPage) -> impl Iterator<Item = (VectorPage, PageRotation)> {
    let mut counted = [(TextDirection::Down, 0), (TextDirection::Left, 0), (TextDirection::Up, 0)];
    for glyph in page.glyphs.iter().filter(|glyph| glyph.visible) {
        let may_be_digit = glyph.text.as_ref().is_none_or(|text| text.contains(|c: char| c.is_ascii_digit()));
        if let Some(entry) = counted.iter_mut().find(|entry| Some(entry.0) == direction_of(glyph))
            && may_be_digit
        {
            entry.1 += 1;
        }
    }
    counted.sort_by_key(|entry| std::cmp::Reverse(entry.1));
    let directions = counted.into_iter().filter(|entry| entry.1 >= FEWEST_GLYPHS);
    directions.map(|(direction, _)| turned(page, direction))
}

/// A quarter turn as the sine and cosine of the angle by which the figure's level lines run downwards on the page.
#[derive(Debug, Clone, Copy)]
struct Turn {
    sine: f64,
    cosine: f64,
    /// Middle of the page and of the upright page; whole pixels, as [`PageRotation`] states them.
    middle: Point,
    upright_middle: Point,
}

impl Turn {
    fn vector(&self, [x, y]: Point) -> Point {
        [x * self.cosine + y * self.sine, y * self.cosine - x * self.sine]
    }

    fn point(&self, [x, y]: Point) -> Point {
        let [across, down] = self.vector([x - self.middle[0], y - self.middle[1]]);
        [across + self.upright_middle[0], down + self.upright_middle[1]]
    }

    fn bounds(&self, bounds: &Bounds) -> Bounds {
        let one = self.point([bounds.left, bounds.top]);
        let other = self.point([bounds.right, bounds.bottom]);
        Bounds {
            left: one[0].min(other[0]),
            top: one[1].min(other[1]),
            right: one[0].max(other[0]),
            bottom: one[1].max(other[1]),
        }
    }

    fn pieces(&self, pieces: &mut [Subpath]) {
        for point in pieces.iter_mut().flat_map(|piece| &mut piece.points) {
            *point = self.point(*point);
        }
    }
}

/// The page turned so that text of a direction runs to the right, with how it was turned.
pub(crate) fn turned(page: &VectorPage, direction: TextDirection) -> (VectorPage, PageRotation) {
    let (degrees, sine, cosine) = match direction {
        TextDirection::Right => (0.0, 0.0, 1.0),
        TextDirection::Down => (90.0, 1.0, 0.0),
        TextDirection::Left => (180.0, 0.0, -1.0),
        TextDirection::Up => (-90.0, -1.0, 0.0),
    };
    let (width, height) = (page.width.round(), page.height.round());
    let (upright_width, upright_height) = if sine == 0.0 { (width, height) } else { (height, width) };
    let turn = Turn {
        sine,
        cosine,
        middle: [width / 2.0, height / 2.0],
        upright_middle: [upright_width / 2.0, upright_height / 2.0],
    };
    let mut upright = VectorPage { images: Vec::new(), ..page.clone() };
    (upright.width, upright.height) =
        if sine == 0.0 { (page.width, page.height) } else { (page.height, page.width) };
    for path in &mut upright.paths {
        turn.pieces(&mut path.subpaths);
        path.clip = turn.bounds(&path.clip);
    }
    for glyph in &mut upright.glyphs {
        glyph.origin = turn.point(glyph.origin);
        glyph.advance = turn.vector(glyph.advance);
        glyph.bounds = turn.bounds(&glyph.bounds);
        turn.pieces(&mut glyph.outline);
    }
    (upright, PageRotation { degrees, width: upright_width as u32, height: upright_height as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sidecar_leads_back_to_the_page() {
        let page = VectorPage {
            format: "pdf".into(),
            page: Some(1),
            width: 300.4,
            height: 200.0,
            pixels_per_inch: 216.0,
            paths: Vec::new(),
            glyphs: Vec::new(),
            images: Vec::new(),
            warnings: Vec::new(),
        };
        for direction in [TextDirection::Down, TextDirection::Left, TextDirection::Up] {
            let (upright, rotation) = turned(&page, direction);
            let sideways = direction != TextDirection::Left;
            assert_eq!(sideways, upright.width < upright.height, "{direction:?}");
            let turn_of = |point: Point| {
                let glyph = VectorPage { paths: vec![path_at(point)], ..page.clone() };
                turned(&glyph, direction).0.paths[0].subpaths[0].points[0]
            };
            for point in [[0.0, 0.0], [120.0, 30.0], [300.4, 200.0]] {
                let [x, y] = turn_of(point);
                let back = rotation.to_page((300, 200), (x, y));
                assert!(
                    (back.0 - point[0]).abs() < 1e-9 && (back.1 - point[1]).abs() < 1e-9,
                    "{direction:?}"
                );
            }
        }
    }

    fn path_at(point: Point) -> kmeta_figure_source::vector::VectorPath {
        kmeta_figure_source::vector::VectorPath {
            subpaths: vec![Subpath { points: vec![point], closed: false, curved: false }],
            fill: None,
            stroke: None,
            clip: Bounds { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 },
        }
    }
}
