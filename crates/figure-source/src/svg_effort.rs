//! How much work it would be to draw an SVG, before any of it is done. A small file can ask for hours: filters over the
//! whole page one upon another, large pictures drawn again and again, patterns and clips that are drawn for every use.

use resvg::tiny_skia::PathSegment;
use resvg::usvg::{Group, Image, Node, NonZeroRect, Paint, Path, Rect, Tree, filter};

use crate::FigureSourceError;

/// Most work that is begun, in pixels touched: one to three seconds of one core. A figure of 20 000 elements needs a
/// hundredth of it.
const MAXIMUM_EFFORT: f64 = 1.5e9;

/// Work of one scan line that an edge crosses, in pixels touched.
const EDGE_ROW: f64 = 24.0;

/// Work of one pixel of a decoded picture.
const PICTURE_PIXEL: f64 = 6.0;

/// Work of one pixel of a filter's simplest step: buffers are made, converted and copied.
const FILTER_PIXEL: f64 = 12.0;

/// Refuses a tree that would take too long to draw at `scale` pixels per unit.
pub(crate) fn check_effort(tree: &Tree, scale: f64) -> Result<(), FigureSourceError> {
    let page = Rect::from_xywh(0.0, 0.0, tree.size().width(), tree.size().height());
    let mut counted = Effort { scale, page, pixels: 0.0 };
    counted.group(tree.root());
    if counted.pixels <= MAXIMUM_EFFORT {
        return Ok(());
    }
    Err(FigureSourceError::TooLarge {
        format: "svg",
        found: "filters, patterns, pictures or paths that take too long to draw".into(),
        limit: "what one page of a journal holds".into(),
    })
}

struct Effort {
    scale: f64,
    page: Option<Rect>,
    pixels: f64,
}

impl Effort {
    /// Pixels of a box on the page.
    fn area(&self, area: Rect) -> f64 {
        let Some(page) = self.page else { return 0.0 };
        let width = f64::from(area.right().min(page.right()) - area.left().max(page.left()));
        let height = f64::from(area.bottom().min(page.bottom()) - area.top().max(page.top()));
        // A line has no area of its own, but touches pixels along its way.
        (width.max(0.0) * self.scale).max(1.0) * (height.max(0.0) * self.scale).max(1.0)
    }

    fn group(&mut self, group: &Group) {
        if self.pixels > MAXIMUM_EFFORT {
            return;
        }
        if group.should_isolate() {
            self.pixels += 2.0 * self.area(group.abs_layer_bounding_box().to_rect());
        }
        for filter in group.filters() {
            // A filter is computed over its whole region, however little of it is on the page.
            let region = self.region(filter.rect()) * self.magnification(group);
            self.pixels += filter.primitives().iter().map(|step| region * step_effort(step)).sum::<f64>();
        }
        if let Some(clip) = group.clip_path() {
            self.group(clip.root());
        }
        if let Some(mask) = group.mask() {
            self.group(mask.root());
        }
        for node in group.children() {
            match node {
                Node::Group(inner) => self.group(inner),
                Node::Path(path) => self.path(path),
                Node::Image(image) => self.image(image),
                Node::Text(text) => self.group(text.flattened()),
            }
        }
    }

    fn region(&self, region: NonZeroRect) -> f64 {
        f64::from(region.width()) * f64::from(region.height()) * self.scale * self.scale
    }

    fn magnification(&self, group: &Group) -> f64 {
        let transform = group.abs_transform();
        f64::from(transform.sx * transform.sy - transform.kx * transform.ky).abs()
    }

    fn path(&mut self, path: &Path) {
        self.pixels += self.area(path.abs_stroke_bounding_box()) + EDGE_ROW * self.rows_crossed(path);
        for paint in [path.fill().map(|fill| fill.paint()), path.stroke().map(|stroke| stroke.paint())] {
            if let Some(Paint::Pattern(pattern)) = paint {
                self.group(pattern.root());
            }
        }
    }

    /// Pixel rows that the pieces of a path pass through, each piece for itself.
    fn rows_crossed(&self, path: &Path) -> f64 {
        let transform = path.abs_transform();
        let stretch =
            f64::from(transform.sy.abs().max(transform.kx.abs()).max(transform.ky.abs())) * self.scale;
        let mut last = None;
        let mut rows = 0.0;
        for segment in path.data().segments() {
            let points: &[_] = match &segment {
                PathSegment::MoveTo(_) | PathSegment::Close => &[],
                PathSegment::LineTo(end) => &[*end],
                PathSegment::QuadTo(control, end) => &[*control, *end],
                PathSegment::CubicTo(first, second, end) => &[*first, *second, *end],
            };
            for point in points {
                let before = last.replace(point.y).unwrap_or(point.y);
                rows += f64::from((point.y - before).abs()) * stretch + 1.0;
            }
            if let PathSegment::MoveTo(start) = segment {
                last = Some(start.y);
            }
        }
        rows
    }

    fn image(&mut self, image: &Image) {
        let size = image.size();
        self.pixels += PICTURE_PIXEL * f64::from(size.width()) * f64::from(size.height())
            + self.area(image.abs_bounding_box());
    }
}

/// Work of one step of a filter per pixel of its region.
fn step_effort(step: &filter::Primitive) -> f64 {
    FILTER_PIXEL
        * match step.kind() {
            filter::Kind::Morphology(step) => {
                1.0 + f64::from(step.radius_x().get()) * f64::from(step.radius_y().get())
            }
            filter::Kind::Turbulence(step) => 4.0 * f64::from(step.num_octaves().max(1)),
            filter::Kind::ConvolveMatrix(step) => 1.0 + step.matrix().data().len() as f64,
            filter::Kind::GaussianBlur(_) | filter::Kind::DropShadow(_) => 6.0,
            _ => 1.0,
        }
}
