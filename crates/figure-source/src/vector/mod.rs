//! What a vector page holds, before anything is drawn: paths, glyphs and embedded pictures.
//!
//! All coordinates are pixels of the page as [`crate::FigurePage`] draws it (column to the right, row downwards), so
//! that what is read from paths lies over the drawn page. Curves are flattened to straight pieces.

mod pdf_collector;
mod pdf_images;
mod svg_collector;
mod svg_glyph_directions;
mod svg_glyph_names;

pub(crate) use pdf_collector::collect_page as collect_pdf_page;
pub(crate) use pdf_images::picture_samples;
pub(crate) use svg_collector::collect_page as collect_svg_page;
pub(crate) use svg_glyph_names::with_glyph_names;

use image::RgbImage;

/// A point `[column, row]` in pixels.
pub type Point = [f64; 2];

/// A rectangle in pixels with continuous edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Left edge.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Bottom edge.
    pub bottom: f64,
}

impl Bounds {
    /// The smallest rectangle around points; nothing without points or with one that is not finite.
    pub fn around<'a>(points: impl IntoIterator<Item = &'a Point>) -> Option<Self> {
        let mut found: Option<Self> = None;
        for &[x, y] in points {
            if !(x.is_finite() && y.is_finite()) {
                return None;
            }
            let point = Self { left: x, top: y, right: x, bottom: y };
            found = Some(found.map_or(point, |bounds| bounds.union(&point)));
        }
        found
    }

    /// The smallest rectangle around both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// What both have in common; of no width or height where they are apart.
    pub fn intersection(&self, other: &Self) -> Self {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        Self {
            left,
            top,
            right: self.right.min(other.right).max(left),
            bottom: self.bottom.min(other.bottom).max(top),
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// Height in pixels.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Column of the middle.
    pub fn center_x(&self) -> f64 {
        (self.left + self.right) / 2.0
    }

    /// Row of the middle.
    pub fn center_y(&self) -> f64 {
        (self.top + self.bottom) / 2.0
    }

    /// Whether a point lies inside or on an edge.
    pub fn contains(&self, [x, y]: Point) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }

    /// The rectangle with every edge moved outwards.
    pub fn grown(&self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    /// Whether both have a point in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.left <= other.right
            && other.left <= self.right
            && self.top <= other.bottom
            && other.top <= self.bottom
    }
}

/// A colour with opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaintColor {
    /// Red, green and blue in sRGB.
    pub rgb: [u8; 3],
    /// Opacity from 0 to 1.
    pub alpha: f32,
}

impl PaintColor {
    /// The colour as it looks on white.
    pub fn on_white(&self) -> [u8; 3] {
        let alpha = f64::from(self.alpha.clamp(0.0, 1.0));
        self.rgb.map(|channel| (f64::from(channel) * alpha + 255.0 * (1.0 - alpha)).round() as u8)
    }
}

/// One connected piece of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Subpath {
    /// The corners; curves are flattened.
    pub points: Vec<Point>,
    /// Whether the last corner is joined to the first.
    pub closed: bool,
    /// Whether a curve was flattened.
    pub curved: bool,
}

/// How a line is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct StrokeStyle {
    /// Colour.
    pub color: PaintColor,
    /// Width in pixels.
    pub width: f64,
    /// Lengths of dashes and gaps in pixels; empty for an unbroken line.
    pub dashes: Vec<f64>,
}

/// A path as it was painted.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorPath {
    /// Its pieces.
    pub subpaths: Vec<Subpath>,
    /// Colour of its inside.
    pub fill: Option<PaintColor>,
    /// How its outline is drawn.
    pub stroke: Option<StrokeStyle>,
    /// What lies outside is not seen.
    pub clip: Bounds,
}

/// A glyph as it was painted.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorGlyph {
    /// Its text, where the file says it.
    pub text: Option<String>,
    /// Where its base line begins.
    pub origin: Point,
    /// From the origin to that of the next glyph.
    pub advance: Point,
    /// Height of the font in pixels.
    pub font_size: f64,
    /// Around its ink, or around its room where it has none.
    pub bounds: Bounds,
    /// Colour.
    pub color: PaintColor,
    /// False for text that can be searched but is not seen, as behind scanned pages.
    pub visible: bool,
    /// The outline, where the text or its height is not known otherwise.
    pub outline: Vec<Subpath>,
}

/// A picture embedded in a page.
#[derive(Debug, Clone)]
pub struct EmbeddedImage {
    /// Its own samples over white, upright as on the page.
    pub samples: RgbImage,
    /// Where it stands on the page.
    pub bounds: Bounds,
}

/// A page of a vector file.
#[derive(Debug, Clone)]
pub struct VectorPage {
    /// File format, `pdf` or `svg`.
    pub format: String,
    /// Page, counted from 1, where pages exist.
    pub page: Option<u32>,
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    /// Resolution of the pixels.
    pub pixels_per_inch: f64,
    /// Paths, in the order in which they were painted.
    pub paths: Vec<VectorPath>,
    /// Glyphs, in the order in which they were painted.
    pub glyphs: Vec<VectorGlyph>,
    /// Embedded pictures that are large enough to be figures.
    pub images: Vec<EmbeddedImage>,
    /// What could not be read, in sentences.
    pub warnings: Vec<String>,
}

impl VectorPage {
    /// The whole page.
    pub fn bounds(&self) -> Bounds {
        Bounds { left: 0.0, top: 0.0, right: self.width, bottom: self.height }
    }

    /// An empty page.
    pub(crate) fn new(format: &str, page: Option<u32>, size: (f64, f64), pixels_per_inch: f64) -> Self {
        Self {
            format: format.to_owned(),
            page,
            width: size.0,
            height: size.1,
            pixels_per_inch,
            paths: Vec::new(),
            glyphs: Vec::new(),
            images: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// Most points of all paths and outlines of a page; a page with more is read in part, with a warning.
pub(crate) const MAXIMUM_POINTS: usize = 4_000_000;

/// Flattens an outline of moves, lines and curves.
#[derive(Debug, Default)]
pub(crate) struct Flattener {
    subpaths: Vec<Subpath>,
    current: Option<Subpath>,
}

/// Straight pieces per curve: a circle of two points' radius is followed to a hundredth of a pixel.
const PIECES_PER_CURVE: usize = 8;

impl Flattener {
    pub(crate) fn move_to(&mut self, point: Point) {
        self.end();
        self.current = Some(Subpath { points: vec![point], closed: false, curved: false });
    }

    pub(crate) fn line_to(&mut self, point: Point) {
        match &mut self.current {
            Some(subpath) => subpath.points.push(point),
            None => self.move_to(point),
        }
    }

    pub(crate) fn quadratic_to(&mut self, control: Point, end: Point) {
        let start = self.position(control);
        let third = |a: f64, b: f64| a + 2.0 / 3.0 * (b - a);
        let first = [third(start[0], control[0]), third(start[1], control[1])];
        let second = [third(end[0], control[0]), third(end[1], control[1])];
        self.cubic_to(first, second, end);
    }

    pub(crate) fn cubic_to(&mut self, first: Point, second: Point, end: Point) {
        let start = self.position(first);
        let Some(subpath) = &mut self.current else { return };
        subpath.curved = true;
        for piece in 1..=PIECES_PER_CURVE {
            let t = piece as f64 / PIECES_PER_CURVE as f64;
            let u = 1.0 - t;
            let at = |i: usize| {
                u * u * u * start[i]
                    + 3.0 * u * u * t * first[i]
                    + 3.0 * u * t * t * second[i]
                    + t * t * t * end[i]
            };
            subpath.points.push([at(0), at(1)]);
        }
    }

    pub(crate) fn close(&mut self) {
        if let Some(subpath) = &mut self.current {
            subpath.closed = true;
            let start = subpath.points[0];
            self.end();
            // What follows without a move begins where the closed piece did.
            self.current = Some(Subpath { points: vec![start], closed: false, curved: false });
        }
    }

    /// Where the pen is; a curve without a move before it begins at `fallback`.
    fn position(&mut self, fallback: Point) -> Point {
        let at = self.current.as_ref().and_then(|subpath| subpath.points.last()).copied();
        match at {
            Some(point) => point,
            None => {
                self.move_to(fallback);
                fallback
            }
        }
    }

    fn end(&mut self) {
        if let Some(subpath) = self.current.take()
            && (subpath.points.len() > 1 || subpath.closed)
            && subpath.points.iter().flatten().all(|value| value.is_finite())
        {
            self.subpaths.push(subpath);
        }
    }

    /// The pieces; pieces of one point and pieces that are not finite are left out.
    pub(crate) fn finish(mut self) -> Vec<Subpath> {
        self.end();
        self.subpaths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_piece_and_what_follows_it() {
        let mut path = Flattener::default();
        path.move_to([0.0, 0.0]);
        path.line_to([2.0, 0.0]);
        path.line_to([2.0, 2.0]);
        path.close();
        path.line_to([5.0, 5.0]);
        let pieces = path.finish();
        assert_eq!(pieces.len(), 2);
        assert!(pieces[0].closed);
        assert_eq!(pieces[1].points, [[0.0, 0.0], [5.0, 5.0]]);
    }

    #[test]
    fn what_is_not_finite_is_left_out() {
        let mut path = Flattener::default();
        path.move_to([0.0, 0.0]);
        path.line_to([f64::NAN, 1.0]);
        assert!(path.finish().is_empty());
        assert_eq!(Bounds::around(&[[f64::INFINITY, 0.0]]), None);
    }

    #[test]
    fn rectangles_apart_have_no_common_area() {
        let one = Bounds { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };
        let other = Bounds { left: 3.0, top: 0.0, right: 4.0, bottom: 1.0 };
        assert_eq!(one.intersection(&other).width(), 0.0);
        assert!(!one.overlaps(&other));
    }
}
