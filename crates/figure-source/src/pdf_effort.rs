//! How much work it would be to draw a page of a PDF, before any of it is done. A small file can ask for hours: forms
//! that draw forms, patterns of tiny tiles, dashes without number, pictures drawn again and again.

use std::collections::HashSet;

use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::pattern::{Pattern, TilingPattern};
use hayro::hayro_interpret::util::x_y_advances;
use hayro::hayro_interpret::{
    BlendMode, CacheKey, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask,
    StrokeProps,
};
use hayro::kurbo::{Affine, BezPath, PathEl, Point, Rect};

use crate::pdf_guard::{MAXIMUM_GLYPH_NESTING, Patience, stop};
use crate::vector::picture_samples;

/// Most work that is begun, in pixels touched: about three seconds of one core. A figure of 20 000 elements needs a
/// hundredth of it.
const MAXIMUM_EFFORT: f64 = 3e9;

/// Work of one call of the interpreter, in pixels touched.
const CALL: f64 = 3000.0;

/// Work of one piece of a path.
const PIECE: f64 = 300.0;

/// Work of one scan line that an edge crosses.
const EDGE_ROW: f64 = 15.0;

/// Work of one dash beyond the pieces.
const DASH: f64 = 500.0;

/// Work of one sample of a picture: unpacked, coloured and scaled.
const SAMPLE: f64 = 40.0;

/// Work of one pixel of a gradient.
const GRADIENT_PIXEL: f64 = 60.0;

/// A device that counts what it would be to draw.
#[derive(Debug)]
pub(crate) struct Effort {
    page: Rect,
    pixels: f64,
    /// Of them, those painted.
    painted: f64,
    /// What had been painted when each open group began.
    groups: Vec<f64>,
    patience: Patience,
    /// Soft masks are drawn once for a page.
    masks: HashSet<u128>,
    /// Glyphs within which work is counted.
    glyph_nesting: u32,
}

impl Effort {
    /// A count for a page of `width` times `height` pixels.
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self {
            page: Rect::new(0.0, 0.0, width, height),
            pixels: width * height,
            painted: 0.0,
            groups: Vec::new(),
            patience: Patience::default(),
            masks: HashSet::new(),
            glyph_nesting: 0,
        }
    }

    /// Adds work; stops the interpretation where it is too much.
    fn add(&mut self, pixels: f64) {
        self.pixels += pixels;
        self.patience.check();
        if self.pixels.is_nan() || self.pixels > MAXIMUM_EFFORT {
            stop();
        }
    }

    /// Pixels of the page within a rectangle. A line has no area of its own, but touches pixels along its way.
    fn area(&self, bounds: Rect) -> f64 {
        let seen = bounds.intersect(self.page);
        seen.width().max(1.0) * seen.height().max(1.0)
    }

    fn path(&mut self, path: &BezPath, props: &DrawProps<'_>, stroke: Option<&StrokeProps>) {
        let (across, down) = x_y_advances(&props.transform);
        let scale = across.length().max(down.length());
        let mut bounds = props.transform.transform_rect_bbox(path.control_box());
        if let Some(stroke) = stroke {
            let half = scale * f64::from(stroke.line_width) / 2.0;
            bounds = bounds.inflate(half, half);
            let period: f64 = stroke.dash_array.iter().map(|&length| f64::from(length.abs())).sum();
            if period > 0.0 {
                self.add(DASH * length_of(path) / period);
            }
        }
        self.outline(path, props.transform);
        self.paint(self.area(bounds));
    }

    fn paint(&mut self, pixels: f64) {
        self.painted += pixels;
        self.add(pixels);
    }

    /// Work of the edges of a path.
    fn outline(&mut self, path: &BezPath, transform: Affine) {
        let (top, bottom) = (self.page.y0, self.page.y1);
        let mut last = top;
        let mut rows = 0.0;
        for element in path.elements() {
            let points: &[Point] = match element {
                PathEl::MoveTo(start) => {
                    last = (transform * *start).y.clamp(top, bottom);
                    &[]
                }
                PathEl::LineTo(end) => &[*end],
                PathEl::QuadTo(control, end) => &[*control, *end],
                PathEl::CurveTo(first, second, end) => &[*first, *second, *end],
                PathEl::ClosePath => &[],
            };
            for point in points {
                let row = (transform * *point).y.clamp(top, bottom);
                rows += (row - last).abs();
                last = row;
            }
        }
        self.add(PIECE * path.elements().len() as f64 + EDGE_ROW * rows);
    }

    fn draw<'a>(&mut self, path: &BezPath, props: &DrawProps<'a>, mode: &DrawMode) {
        let bounds = || props.transform.transform_rect_bbox(path.control_box());
        match mode {
            DrawMode::Fill(_) => self.path(path, props, None),
            DrawMode::Stroke(stroke) => self.path(path, props, Some(stroke)),
            DrawMode::FillAndStroke(_, stroke) => {
                self.path(path, props, None);
                self.path(path, props, Some(stroke));
            }
            DrawMode::Invisible => return,
        }
        if let Paint::Pattern(pattern) = &props.paint {
            self.pattern(pattern, bounds(), matches!(mode, DrawMode::Stroke(_)));
        }
    }

    fn pattern<'a>(&mut self, pattern: &Pattern<'a>, bounds: Rect, is_stroke: bool) {
        match pattern {
            Pattern::Shading(_) => self.add(GRADIENT_PIXEL * self.area(bounds)),
            Pattern::Tiling(tiling) => self.tiling(tiling, bounds, is_stroke),
        }
    }

    /// A tiling is drawn for each use: one tile, with all copies of the cell that reach into it, or, where less than a
    /// tile is seen, all copies that are seen.
    fn tiling<'a>(&mut self, tiling: &TilingPattern<'a>, bounds: Rect, is_stroke: bool) {
        let seen = tiling.matrix.inverse().transform_rect_bbox(bounds.intersect(self.page));
        let (across, down) = x_y_advances(&tiling.matrix);
        let axis = |cell: f64, step: f32, seen: f64, scale: f64| {
            let step = f64::from(step.abs());
            let repeats = seen >= step;
            let copies = if repeats { cell / step } else { (seen + cell) / step };
            let pixels = if repeats { step } else { seen } * scale;
            (copies.max(1.0) + 1.0, pixels.clamp(1.0, f64::from(u16::MAX)))
        };
        let (columns, width) = axis(tiling.bbox.width(), tiling.x_step, seen.width(), across.length());
        let (rows, height) = axis(tiling.bbox.height(), tiling.y_step, seen.height(), down.length());
        self.add(width * height);
        let before = self.pixels;
        // What it draws is counted as if it filled the page, which is rarely less than it does.
        let _ = tiling.interpret(self, tiling.matrix, is_stroke);
        let once = (self.pixels - before).max(CALL);
        self.add(once * (columns * rows - 1.0));
    }

    fn mask<'a>(&mut self, mask: Option<&SoftMask<'a>>) {
        if let Some(mask) = mask
            && self.masks.insert(mask.cache_key())
        {
            self.add(4.0 * self.area(self.page));
            mask.interpret(self);
        }
    }

    fn glyph<'a>(&mut self, glyph: &Glyph<'a>, placed: Affine, props: &DrawProps<'a>, mode: &DrawMode) {
        self.add(CALL);
        match glyph {
            Glyph::Outline(outline) => {
                let placed = DrawProps { transform: props.transform * placed, ..props.clone() };
                self.draw(&outline.outline(), &placed, mode);
            }
            Glyph::Type3(type3) => {
                if self.glyph_nesting >= MAXIMUM_GLYPH_NESTING {
                    stop();
                }
                self.glyph_nesting += 1;
                type3.interpret(self, props.transform, placed, &props.paint);
                self.glyph_nesting -= 1;
            }
        }
    }
}

/// Length of the straight lines between the points of a path.
fn length_of(path: &BezPath) -> f64 {
    let mut last = Point::ZERO;
    let mut length = 0.0;
    for element in path.elements() {
        if let Some(end) = element.end_point() {
            if !matches!(element, PathEl::MoveTo(_)) {
                length += (end - last).hypot();
            }
            last = end;
        }
    }
    length
}

impl<'a> Device<'a> for Effort {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.add(CALL);
        self.mask(props.soft_mask.as_ref());
        self.draw(path, &props, draw_mode);
    }

    fn push_clip_path(&mut self, clip_path: &ClipPath) {
        self.add(CALL);
        self.outline(&clip_path.path, Affine::IDENTITY);
    }

    fn pop_clip(&mut self) {}

    fn push_transparency_group(&mut self, _: f32, mask: Option<SoftMask<'a>>, _: BlendMode) {
        self.add(CALL);
        self.mask(mask.as_ref());
        self.groups.push(self.painted);
    }

    /// What was painted in a group is laid over the page once more.
    fn pop_transparency_group(&mut self) {
        if let Some(before) = self.groups.pop() {
            self.add(2.0 * (self.painted - before).min(self.area(self.page)));
        }
    }

    fn draw_glyph_run(&mut self, glyph_run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.mask(props.soft_mask.as_ref());
        for glyph in glyph_run.glyphs() {
            self.glyph(glyph, glyph.transform(), &props, draw_mode);
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.add(CALL);
        self.mask(props.soft_mask.as_ref());
        let (width, height) = (f64::from(image.width()), f64::from(image.height()));
        let bounds = props.transform.transform_rect_bbox(Rect::new(0.0, 0.0, width, height));
        self.add(SAMPLE * picture_samples(&image) as f64);
        self.paint(4.0 * self.area(bounds));
    }
}
