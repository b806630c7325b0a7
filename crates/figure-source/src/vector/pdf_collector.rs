//! Collects what a PDF page paints, through the interpreter of `hayro`.

use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::hayro_cmap::BfString;
use hayro::hayro_interpret::hayro_syntax::page::Page;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, Paint, SoftMask, StrokeProps, TransformExt, interpret_page,
};
use hayro::kurbo::{Affine, BezPath, PathEl, Rect, Shape};

use super::pdf_images::embedded_image;
use super::{
    Bounds, Flattener, MAXIMUM_POINTS, PaintColor, Point, StrokeStyle, Subpath, VectorGlyph, VectorPage,
    VectorPath,
};
use crate::pdf_guard::{Ending, MAXIMUM_GLYPH_NESTING, Patience, interpreted, stop};

/// Letters within this distance beyond the edge of a page end a word that begins on it, in heights of their font.
const OFF_PAGE: f64 = 2.0;
/// Units of a glyph's own coordinates per height of its font.
const GLYPH_UNITS: f64 = 1000.0;

/// Most calls of the interpreter for one page. Forms that draw each other can multiply without end.
const MAXIMUM_OPERATIONS: usize = 400_000;

/// Collects page `number`. What the interpreter cannot read becomes a warning, not an error.
pub(crate) fn collect_page<'a>(
    page: &'a Page<'a>,
    number: u32,
    pixels_per_inch: f64,
    cache: &InterpreterCache<'a>,
    settings: &InterpreterSettings,
) -> VectorPage {
    let (width, height) = page.render_dimensions();
    let scale = pixels_per_inch / 72.0;
    let size = (f64::from(width) * scale, f64::from(height) * scale);
    let transform = Affine::scale(scale) * page.initial_transform(true).to_kurbo();
    let mut collector = Collector::new(VectorPage::new("pdf", Some(number), size, pixels_per_inch));
    let area = Rect::new(0.0, 0.0, size.0, size.1);
    let ending = interpreted(|| {
        let mut context = Context::new(transform, area, cache, page.xref(), settings.clone());
        interpret_page(page, &mut context, &mut collector);
    });
    let reason = match ending {
        Ending::Whole => return collector.page,
        Ending::TooMuch => "draws more than is read",
        Ending::Fault => "makes the PDF interpreter fail",
    };
    collector.page.warnings.push(format!("page {number} {reason}: it is read up to there"));
    collector.page
}

/// The device that keeps what it is asked to draw. Fields stay consistent at every call, so that what was collected
/// before an unwinding can be used.
struct Collector {
    page: VectorPage,
    clips: Vec<Bounds>,
    opacities: Vec<f32>,
    operations: usize,
    points: usize,
    image_pixels: u64,
    /// Glyphs within which it collects: one of a Type 3 font may show text itself.
    glyph_nesting: u32,
    patience: Patience,
}

impl Collector {
    fn new(page: VectorPage) -> Self {
        let clips = vec![page.bounds()];
        Self {
            page,
            clips,
            opacities: vec![1.0],
            operations: 0,
            points: 0,
            image_pixels: 0,
            glyph_nesting: 0,
            patience: Patience::default(),
        }
    }

    fn clip(&self) -> Bounds {
        self.clips.last().copied().unwrap_or_else(|| self.page.bounds())
    }

    /// Counts a call; ends the interpretation where there are too many.
    fn count(&mut self, points: usize) {
        self.operations += 1;
        self.points += points;
        self.patience.check();
        if self.operations > MAXIMUM_OPERATIONS || self.points > MAXIMUM_POINTS {
            stop();
        }
    }

    fn color(&self, paint: &Paint<'_>) -> PaintColor {
        let opacity = self.opacities.last().copied().unwrap_or(1.0);
        match paint {
            Paint::Color(color) => {
                let [red, green, blue, alpha] = color.to_rgba().to_rgba8();
                PaintColor { rgb: [red, green, blue], alpha: f32::from(alpha) / 255.0 * opacity }
            }
            // A hatching or a gradient has no one colour; it is kept as a pale grey area.
            Paint::Pattern(_) => PaintColor { rgb: [128; 3], alpha: 0.5 * opacity },
        }
    }

    fn stroke(&self, props: &DrawProps<'_>, stroke: &StrokeProps) -> StrokeStyle {
        let scale = props.transform.determinant().abs().sqrt();
        StrokeStyle {
            color: self.color(&props.paint),
            width: f64::from(stroke.line_width) * scale,
            dashes: dashes(stroke.dash_array.iter().map(|&length| f64::from(length) * scale)),
        }
    }

    fn add_path(&mut self, subpaths: Vec<Subpath>, props: &DrawProps<'_>, mode: &DrawMode) {
        let (fill, stroke) = match mode {
            DrawMode::Fill(_) => (Some(self.color(&props.paint)), None),
            DrawMode::Stroke(stroke) => (None, Some(self.stroke(props, stroke))),
            DrawMode::FillAndStroke(_, stroke) => {
                (Some(self.color(&props.paint)), Some(self.stroke(props, stroke)))
            }
            DrawMode::Invisible => return,
        };
        if !subpaths.is_empty() {
            self.page.paths.push(VectorPath { subpaths, fill, stroke, clip: self.clip() });
        }
    }

    fn add_glyph<'a>(&mut self, glyph: &Glyph<'a>, placed: Affine, props: &DrawProps<'a>, mode: &DrawMode) {
        let transform = props.transform * placed;
        let text = glyph.as_unicode().map(|text| match text {
            BfString::Char(one) => one.to_string(),
            BfString::String(several) => several,
        });
        // Private-use and control characters name no letter.
        let text = text.filter(|text| !text.is_empty() && text.chars().all(is_readable));
        let (outline, advance) = match glyph {
            Glyph::Outline(outline) => {
                (flatten(&outline.outline(), transform), outline.advance_width().map(f64::from))
            }
            Glyph::Type3(type3) => {
                self.count(0);
                if self.glyph_nesting >= MAXIMUM_GLYPH_NESTING {
                    stop();
                }
                let mut inner =
                    Collector::new(VectorPage::new("pdf", None, (self.page.width, self.page.height), 0.0));
                inner.operations = self.operations;
                inner.glyph_nesting = self.glyph_nesting + 1;
                inner.patience = self.patience;
                inner.clips = vec![self.page.bounds().grown(self.page.width + self.page.height)];
                type3.interpret(&mut inner, props.transform, placed, &props.paint);
                self.operations = inner.operations;
                let outline = inner.page.paths.into_iter().flat_map(|path| path.subpaths).collect();
                (outline, type3.advance_width().map(f64::from))
            }
        };
        let points = outline.iter().map(|subpath: &Subpath| subpath.points.len()).sum();
        self.count(points);
        let origin = at(transform, 0.0, 0.0);
        let end = at(transform, advance.unwrap_or(GLYPH_UNITS / 2.0), 0.0);
        let top = at(transform, 0.0, GLYPH_UNITS);
        let font_size = (top[0] - origin[0]).hypot(top[1] - origin[1]);
        let room = [
            origin,
            end,
            at(transform, 0.0, 0.7 * GLYPH_UNITS),
            at(transform, advance.unwrap_or(500.0), 0.7 * GLYPH_UNITS),
        ];
        let Some(bounds) = Bounds::around(outline.iter().flat_map(|subpath| &subpath.points))
            .or_else(|| Bounds::around(&room))
        else {
            return;
        };
        if !(font_size.is_finite() && Bounds::around(&[origin, end]).is_some()) {
            return;
        }
        // A number that runs off the page is one number, of which the file holds the rest.
        let page = self.page.bounds();
        let seen = if self.clip() == page { page.grown(OFF_PAGE * font_size) } else { self.clip() };
        if !bounds.overlaps(&seen) {
            return;
        }
        self.page.glyphs.push(VectorGlyph {
            outline: if text.is_some() { Vec::new() } else { outline },
            text,
            origin,
            advance: [end[0] - origin[0], end[1] - origin[1]],
            font_size,
            bounds,
            color: self.color(&props.paint),
            visible: !matches!(mode, DrawMode::Invisible),
        });
    }
}

/// Whether a character of a font's table can be one that a person reads.
fn is_readable(character: char) -> bool {
    !character.is_control() && character != '\u{fffd}' && !('\u{e000}'..='\u{f8ff}').contains(&character)
}

/// Dashes that leave gaps; a list of zeros or of dashes without gaps is an unbroken line.
fn dashes(lengths: impl Iterator<Item = f64>) -> Vec<f64> {
    let lengths: Vec<f64> = lengths.collect();
    let is_valid = lengths.iter().all(|length| length.is_finite() && *length >= 0.0);
    let gaps: f64 = lengths.iter().skip(1).step_by(2).sum();
    let single = lengths.len() == 1 && lengths[0] > 0.0;
    if is_valid && (gaps > 0.0 || single) { lengths } else { Vec::new() }
}

fn at(transform: Affine, x: f64, y: f64) -> Point {
    let point = transform * hayro::kurbo::Point::new(x, y);
    [point.x, point.y]
}

fn flatten(path: &BezPath, transform: Affine) -> Vec<Subpath> {
    let mut flattener = Flattener::default();
    let place = |point: hayro::kurbo::Point| {
        let point = transform * point;
        [point.x, point.y]
    };
    for element in path.elements() {
        match *element {
            PathEl::MoveTo(point) => flattener.move_to(place(point)),
            PathEl::LineTo(point) => flattener.line_to(place(point)),
            PathEl::QuadTo(control, end) => flattener.quadratic_to(place(control), place(end)),
            PathEl::CurveTo(first, second, end) => {
                flattener.cubic_to(place(first), place(second), place(end))
            }
            PathEl::ClosePath => flattener.close(),
        }
    }
    flattener.finish()
}

impl<'a> Device<'a> for Collector {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.count(path.elements().len());
        let subpaths = flatten(path, props.transform);
        self.add_path(subpaths, &props, draw_mode);
    }

    fn push_clip_path(&mut self, clip_path: &ClipPath) {
        self.count(0);
        let area = clip_path.path.bounding_box();
        let area = Bounds { left: area.x0, top: area.y0, right: area.x1, bottom: area.y1 };
        let clip = self.clip();
        self.clips.push(if clip_path.path.elements().is_empty() {
            Bounds { right: clip.left, bottom: clip.top, ..clip }
        } else {
            clip.intersection(&area)
        });
    }

    fn pop_clip(&mut self) {
        if self.clips.len() > 1 {
            self.clips.pop();
        }
    }

    fn push_transparency_group(&mut self, opacity: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.count(0);
        let outer = self.opacities.last().copied().unwrap_or(1.0);
        self.opacities.push(outer * opacity);
    }

    fn pop_transparency_group(&mut self) {
        if self.opacities.len() > 1 {
            self.opacities.pop();
        }
    }

    fn draw_glyph_run(&mut self, glyph_run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, draw_mode: &DrawMode) {
        for glyph in glyph_run.glyphs() {
            self.add_glyph(glyph, glyph.transform(), &props, draw_mode);
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.count(0);
        let clip = self.clip();
        match embedded_image(
            &image,
            props.transform,
            &clip,
            self.page.pixels_per_inch,
            &mut self.image_pixels,
        ) {
            Ok(Some(image)) => self.page.images.push(image),
            Ok(None) => {}
            Err(reason) if self.page.warnings.contains(&reason) => {}
            Err(reason) => self.page.warnings.push(reason),
        }
    }
}
