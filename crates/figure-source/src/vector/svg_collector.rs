//! Collects what an SVG paints, from the tree of `usvg`, in which units, styles and references are resolved.

use resvg::tiny_skia::{PathSegment, Point as SkiaPoint, Transform};
use resvg::usvg::{Fill, Group, Image, ImageKind, Node, Paint, Path, Stroke, Text, Tree};
use ttf_parser::{Face, GlyphId};

use super::svg_glyph_directions::{PlacedOutline, directions_of_fonts};
use super::svg_glyph_names::{NamedOutline, named_outline};
use super::{
    Bounds, EmbeddedImage, Flattener, MAXIMUM_POINTS, PaintColor, Point, StrokeStyle, Subpath, VectorGlyph,
    VectorPage, VectorPath,
};
use crate::raster;

/// A picture narrower or lower than this, in inches, holds no figure that could be read.
const SMALLEST_INCHES: (f64, f64) = (1.2, 0.8);

/// Collects the page. `font` is the one that all text is laid out with.
pub(crate) fn collect_page(tree: &Tree, pixels_per_inch: f64, scale: f64, font: &[u8]) -> VectorPage {
    let size = (f64::from(tree.size().width()) * scale, f64::from(tree.size().height()) * scale);
    let page = VectorPage::new("svg", None, size, pixels_per_inch);
    let mut collector = Collector {
        clip: page.bounds(),
        page,
        scale,
        opacity: 1.0,
        letter: None,
        outlined: Vec::new(),
        face: Face::parse(font, 0).ok(),
        points: 0,
    };
    collector.group(tree.root());
    collector.set_outlined_letters();
    if collector.points > MAXIMUM_POINTS {
        collector.page.warnings.push("the file draws more than is read: it is read in part".into());
    }
    collector.page
}

struct Collector<'f> {
    page: VectorPage,
    scale: f64,
    clip: Bounds,
    opacity: f32,
    /// The letter whose outline is being drawn.
    letter: Option<NamedOutline>,
    /// Letters among the page's glyphs that were drawn as outlines, without room and direction so far.
    outlined: Vec<PlacedOutline>,
    face: Option<Face<'f>>,
    points: usize,
}

impl Collector<'_> {
    fn group(&mut self, group: &Group) {
        let (clip, opacity, letter) = (self.clip, self.opacity, self.letter.clone());
        if let Some(path) = group.clip_path() {
            let place = group.abs_transform().pre_concat(path.transform());
            self.clip = match self.bounds_of(path.root(), place) {
                Some(area) => clip.intersection(&area),
                None => Bounds { right: clip.left, bottom: clip.top, ..clip },
            };
        }
        self.opacity *= group.opacity().get();
        if let Some(letter) = named_outline(group.id()) {
            self.letter = Some(letter);
        }
        for node in group.children() {
            if self.points > MAXIMUM_POINTS {
                break;
            }
            match node {
                Node::Group(inner) => self.group(inner),
                Node::Path(path) => self.path(path),
                Node::Image(image) => self.image(image),
                Node::Text(text) => self.text(text),
            }
        }
        (self.clip, self.opacity, self.letter) = (clip, opacity, letter);
    }

    /// The rectangle around all shapes of a clip path.
    fn bounds_of(&self, group: &Group, place: Transform) -> Option<Bounds> {
        group
            .children()
            .iter()
            .filter_map(|node| match node {
                Node::Group(inner) => self.bounds_of(inner, place),
                Node::Path(path) => {
                    let pieces = self.flatten(path.data().segments(), place.pre_concat(path.abs_transform()));
                    Bounds::around(pieces.iter().flat_map(|piece| &piece.points))
                }
                Node::Image(_) | Node::Text(_) => None,
            })
            .reduce(|a, b| a.union(&b))
    }

    fn flatten(&self, segments: impl Iterator<Item = PathSegment>, place: Transform) -> Vec<Subpath> {
        let mut flattener = Flattener::default();
        let at = |point: SkiaPoint| self.place(place, point.x, point.y);
        for segment in segments {
            match segment {
                PathSegment::MoveTo(point) => flattener.move_to(at(point)),
                PathSegment::LineTo(point) => flattener.line_to(at(point)),
                PathSegment::QuadTo(control, end) => flattener.quadratic_to(at(control), at(end)),
                PathSegment::CubicTo(first, second, end) => {
                    flattener.cubic_to(at(first), at(second), at(end))
                }
                PathSegment::Close => flattener.close(),
            }
        }
        flattener.finish()
    }

    /// A point on the page; in double precision, so that only the file's own numbers are rounded.
    fn place(&self, transform: Transform, x: f32, y: f32) -> Point {
        let (x, y) = (f64::from(x), f64::from(y));
        let [sx, kx, tx] = [transform.sx, transform.kx, transform.tx].map(f64::from);
        let [ky, sy, ty] = [transform.ky, transform.sy, transform.ty].map(f64::from);
        [(sx * x + kx * y + tx) * self.scale, (ky * x + sy * y + ty) * self.scale]
    }

    fn path(&mut self, path: &Path) {
        let transform = path.abs_transform();
        if !path.is_visible() {
            return;
        }
        let subpaths = self.flatten(path.data().segments(), transform);
        self.points += subpaths.iter().map(|subpath| subpath.points.len()).sum::<usize>();
        let Some(bounds) = Bounds::around(subpaths.iter().flat_map(|subpath| &subpath.points)) else {
            return;
        };
        let fill = path.fill().map(|fill| self.fill(fill));
        if let (Some(letter), Some(color)) = (&self.letter, fill) {
            let origin = self.place(transform, 0.0, 0.0);
            self.outlined.push(PlacedOutline {
                glyph: self.page.glyphs.len(),
                font: letter.font,
                origin,
                height: bounds.width().max(bounds.height()),
                turn: [f64::from(transform.sx), f64::from(transform.ky)],
            });
            self.page.glyphs.push(VectorGlyph {
                text: letter.text.clone(),
                origin,
                advance: [0.0; 2],
                font_size: 0.0,
                bounds,
                color,
                visible: true,
                outline: subpaths,
            });
            return;
        }
        let stroke = path.stroke().map(|stroke| self.stroke(stroke, transform));
        self.page.paths.push(VectorPath { subpaths, fill, stroke, clip: self.clip });
    }

    /// Sets room and direction of the letters drawn as outlines, once those of a font are known together.
    fn set_outlined_letters(&mut self) {
        let directions = directions_of_fonts(&self.outlined);
        for (letter, direction) in self.outlined.iter().zip(directions) {
            let glyph = &mut self.page.glyphs[letter.glyph];
            set_along(glyph, direction);
            // Only of a slanted letter the ink says how high it is.
            if glyph.text.is_some() && direction.contains(&0.0) {
                glyph.outline.clear();
            }
        }
    }

    fn fill(&self, fill: &Fill) -> PaintColor {
        self.color(fill.paint(), fill.opacity().get())
    }

    fn color(&self, paint: &Paint, opacity: f32) -> PaintColor {
        match paint {
            Paint::Color(color) => {
                PaintColor { rgb: [color.red, color.green, color.blue], alpha: opacity * self.opacity }
            }
            // A hatching or a gradient has no one colour; it is kept as a pale grey area.
            _ => PaintColor { rgb: [128; 3], alpha: 0.5 * opacity * self.opacity },
        }
    }

    fn stroke(&self, stroke: &Stroke, transform: Transform) -> StrokeStyle {
        let [sx, kx, ky, sy] = [transform.sx, transform.kx, transform.ky, transform.sy].map(f64::from);
        let scale = (sx * sy - kx * ky).abs().sqrt() * self.scale;
        let dashes =
            stroke.dasharray().unwrap_or_default().iter().map(|&length| f64::from(length) * scale).collect();
        StrokeStyle {
            color: self.color(stroke.paint(), stroke.opacity().get()),
            width: f64::from(stroke.width().get()) * scale,
            dashes,
        }
    }

    fn text(&mut self, text: &Text) {
        let outer = text.abs_transform();
        for span in text.layouted().iter().filter(|span| span.visible) {
            let Some(fill) = &span.fill else { continue };
            let color = self.fill(fill);
            for glyph in &span.positioned_glyphs {
                self.points += 1;
                let transform = outer.pre_concat(glyph.outline_transform());
                if let Some(glyph) =
                    self.laid_out(u16::try_from(glyph.id.0).unwrap_or(0), &glyph.text, transform, color)
                {
                    self.page.glyphs.push(glyph);
                }
            }
        }
    }

    fn laid_out(&self, id: u16, text: &str, transform: Transform, color: PaintColor) -> Option<VectorGlyph> {
        let face = self.face.as_ref()?;
        let units = f32::from(face.units_per_em());
        let width = f32::from(face.glyph_hor_advance(GlyphId(id)).unwrap_or(face.units_per_em() / 2));
        let origin = self.place(transform, 0.0, 0.0);
        let end = self.place(transform, width, 0.0);
        let top = self.place(transform, 0.0, units);
        let (left, bottom, right, upper) = match face.glyph_bounding_box(GlyphId(id)) {
            Some(ink) => {
                (f32::from(ink.x_min), f32::from(ink.y_min), f32::from(ink.x_max), f32::from(ink.y_max))
            }
            None => (0.0, 0.0, width, 0.7 * units),
        };
        let corners = [(left, bottom), (right, bottom), (left, upper), (right, upper)];
        let bounds = Bounds::around(&corners.map(|(x, y)| self.place(transform, x, y)))?;
        Some(VectorGlyph {
            text: Some(text.to_owned()),
            origin,
            advance: [end[0] - origin[0], end[1] - origin[1]],
            font_size: (top[0] - origin[0]).hypot(top[1] - origin[1]),
            bounds,
            color,
            visible: true,
            outline: Vec::new(),
        })
    }

    fn image(&mut self, image: &Image) {
        let size = image.size();
        let corners = [(0.0, 0.0), (size.width(), 0.0), (0.0, size.height()), (size.width(), size.height())];
        let transform = image.abs_transform();
        let Some(bounds) = Bounds::around(&corners.map(|(x, y)| self.place(transform, x, y))) else { return };
        let seen = bounds.intersection(&self.clip);
        let ppi = self.page.pixels_per_inch;
        if !image.is_visible()
            || seen.width() < SMALLEST_INCHES.0 * ppi
            || seen.height() < SMALLEST_INCHES.1 * ppi
            || transform.kx != 0.0
            || transform.ky != 0.0
        {
            return;
        }
        let (data, format) = match image.kind() {
            ImageKind::PNG(data) => (data, image::ImageFormat::Png),
            ImageKind::JPEG(data) => (data, image::ImageFormat::Jpeg),
            ImageKind::GIF(data) => (data, image::ImageFormat::Gif),
            ImageKind::WEBP(data) => (data, image::ImageFormat::WebP),
            ImageKind::SVG(_) => return,
        };
        match raster::read_page(data, format) {
            Ok(page) => self.page.images.push(EmbeddedImage { samples: page.image, bounds }),
            Err(error) => self.page.warnings.push(format!("an embedded picture: {error}")),
        }
    }
}

/// Gives a letter its room along a direction: that of its ink. The height of the font is not known; it stays zero and
/// follows from the ink.
fn set_along(glyph: &mut VectorGlyph, [x, y]: Point) {
    let [from_x, from_y] = glyph.origin;
    let along = glyph.outline.iter().flat_map(|piece| &piece.points);
    let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
    for point in along {
        let place = (point[0] - from_x) * x + (point[1] - from_y) * y;
        (first, last) = (first.min(place), last.max(place));
    }
    glyph.origin = [from_x + first * x, from_y + first * y];
    glyph.advance = [(last - first) * x, (last - first) * y];
}
