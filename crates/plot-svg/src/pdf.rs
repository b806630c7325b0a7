//! Figures as PDF: vectors, and text in embedded fonts that can be searched and copied.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{LineCapStyle, LineJoinStyle, TextRenderingMode};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use resvg::tiny_skia::{Path as PathData, PathSegment, Transform};
use resvg::usvg;

use crate::pdf_fonts::EmbeddedFonts;
use crate::{Figure, Fonts, PlotError};

/// Points of a CSS pixel.
const POINTS: f32 = 0.75;

/// The figure as a PDF of one page of its size. Fonts are embedded with the glyphs that it uses. The file has no date,
/// so that the same figure gives the same bytes.
pub(crate) fn write(figure: &Figure, fonts: &Fonts) -> Result<Vec<u8>, PlotError> {
    let tree = figure.tree(fonts)?;
    #[allow(clippy::cast_possible_truncation, reason = "PDF numbers are f32")]
    let (width, height) = (figure.width as f32 * POINTS, figure.height as f32 * POINTS);
    let (across, down) = (width / tree.size().width(), height / tree.size().height());
    let mut page = PageWriter {
        content: Content::new(),
        fonts: EmbeddedFonts::new(fonts.database()),
        opacities: Vec::new(),
    };
    page.content.transform([across, 0.0, 0.0, -down, 0.0, height]);
    page.group(tree.root())?;
    let PageWriter { content, fonts, opacities } = page;
    let (catalog, pages, page, stream, info) =
        (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut information = pdf.document_info(info);
    information.title(TextStr(&figure.alt_text)).producer(TextStr("kmeta"));
    information.finish();
    let mut writer = pdf.page(page);
    writer.parent(pages).media_box(Rect::new(0.0, 0.0, width, height)).contents(stream);
    let mut resources = writer.resources();
    let mut font_names = resources.fonts();
    for index in 0..fonts.len() {
        font_names.pair(Name(font_name(index).as_bytes()), EmbeddedFonts::reference(index));
    }
    font_names.finish();
    let mut states = resources.ext_g_states();
    for (index, opacity) in opacities.iter().enumerate() {
        let name = opacity_name(index);
        let mut state = states.insert(Name(name.as_bytes())).dict();
        state.pair(Name(b"ca"), *opacity).pair(Name(b"CA"), *opacity);
    }
    states.finish();
    resources.finish();
    writer.finish();
    let content = deflate(&content.finish());
    pdf.stream(stream, &content).filter(Filter::FlateDecode);
    fonts.write(&mut pdf)?;
    Ok(pdf.finish())
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn font_name(index: usize) -> String {
    format!("F{index}")
}

fn opacity_name(index: usize) -> String {
    format!("G{index}")
}

/// Writes the elements of a figure as operators of a page.
struct PageWriter {
    content: Content,
    fonts: EmbeddedFonts,
    opacities: Vec<f32>,
}

impl PageWriter {
    fn group(&mut self, group: &usvg::Group) -> Result<(), PlotError> {
        let moved = group.transform() != Transform::identity();
        if moved {
            self.content.save_state().transform(matrix(group.transform()));
        }
        for node in group.children() {
            match node {
                usvg::Node::Group(group) => self.group(group)?,
                usvg::Node::Path(path) => self.path(path),
                usvg::Node::Text(text) => self.text(text)?,
                usvg::Node::Image(_) => {}
            }
        }
        if moved {
            self.content.restore_state();
        }
        Ok(())
    }

    fn path(&mut self, path: &usvg::Path) {
        if !path.is_visible() {
            return;
        }
        let fill =
            path.fill().and_then(|fill| Some((color(fill.paint())?, fill.opacity().get(), fill.rule())));
        let stroke = path.stroke().and_then(|stroke| Some((color(stroke.paint())?, stroke)));
        self.content.save_state();
        if let Some((color, opacity, _)) = fill {
            self.content.set_fill_rgb(color[0], color[1], color[2]);
            self.opacity(opacity);
        }
        if let Some((color, stroke)) = stroke {
            self.content.set_stroke_rgb(color[0], color[1], color[2]);
            self.stroke_style(stroke);
        }
        segments(&mut self.content, path.data());
        let even_odd = fill.is_some_and(|(_, _, rule)| rule == usvg::FillRule::EvenOdd);
        match (fill.is_some(), stroke.is_some()) {
            (true, true) if even_odd => self.content.fill_even_odd_and_stroke(),
            (true, true) => self.content.fill_nonzero_and_stroke(),
            (true, false) if even_odd => self.content.fill_even_odd(),
            (true, false) => self.content.fill_nonzero(),
            (false, true) => self.content.stroke(),
            (false, false) => self.content.end_path(),
        };
        self.content.restore_state();
    }

    fn stroke_style(&mut self, stroke: &usvg::Stroke) {
        self.content.set_line_width(stroke.width().get());
        self.content.set_line_cap(match stroke.linecap() {
            usvg::LineCap::Butt => LineCapStyle::ButtCap,
            usvg::LineCap::Round => LineCapStyle::RoundCap,
            usvg::LineCap::Square => LineCapStyle::ProjectingSquareCap,
        });
        self.content.set_line_join(match stroke.linejoin() {
            usvg::LineJoin::Round => LineJoinStyle::RoundJoin,
            usvg::LineJoin::Bevel => LineJoinStyle::BevelJoin,
            usvg::LineJoin::Miter | usvg::LineJoin::MiterClip => LineJoinStyle::MiterJoin,
        });
        if let Some(dashes) = stroke.dasharray() {
            self.content.set_dash_pattern(dashes.iter().copied(), stroke.dashoffset());
        }
    }

    /// One opacity for fill and outline: figures never give them different ones.
    fn opacity(&mut self, opacity: f32) {
        if opacity >= 1.0 {
            return;
        }
        let known = self.opacities.iter().position(|&known| known == opacity);
        let index = known.unwrap_or_else(|| {
            self.opacities.push(opacity);
            self.opacities.len() - 1
        });
        self.content.set_parameters(Name(opacity_name(index).as_bytes()));
    }

    fn text(&mut self, text: &usvg::Text) -> Result<(), PlotError> {
        for span in text.layouted().iter().filter(|span| span.visible) {
            let fill = span.fill.as_ref().and_then(|fill| color(fill.paint()));
            let rim = span.stroke.as_ref().and_then(|stroke| Some((color(stroke.paint())?, stroke)));
            self.content.save_state();
            if let Some((color, stroke)) = rim {
                self.content.set_stroke_rgb(color[0], color[1], color[2]);
                self.stroke_style(stroke);
                self.glyphs(&span.positioned_glyphs, TextRenderingMode::Stroke)?;
            }
            if let Some(color) = fill {
                self.content.set_fill_rgb(color[0], color[1], color[2]);
                self.glyphs(&span.positioned_glyphs, TextRenderingMode::Fill)?;
            }
            self.content.restore_state();
        }
        Ok(())
    }

    /// Glyphs one after the other; those of one font on one line become one operator.
    fn glyphs(
        &mut self,
        glyphs: &[usvg::layout::PositionedGlyph],
        mode: TextRenderingMode,
    ) -> Result<(), PlotError> {
        self.content.begin_text().set_text_rendering_mode(mode);
        let mut start = 0;
        while start < glyphs.len() {
            let same = glyphs[start..].iter().take_while(|glyph| glyph.font == glyphs[start].font).count();
            self.run(&glyphs[start..start + same])?;
            start += same;
        }
        self.content.end_text();
        Ok(())
    }

    fn run(&mut self, glyphs: &[usvg::layout::PositionedGlyph]) -> Result<(), PlotError> {
        let font = self.fonts.index(glyphs[0].font)?;
        let em = self.fonts.units_per_em(font);
        self.content.set_font(Name(font_name(font).as_bytes()), 1.0);
        // Outlines are in font units; a text of size 1 is one em high.
        let first = glyphs[0].outline_transform().pre_scale(em, em);
        self.content.set_text_matrix(matrix(first));
        let along = (first.sx * first.sx + first.ky * first.ky).max(f32::MIN_POSITIVE);
        let mut pen = 0.0_f32;
        let codes: Vec<(f32, [u8; 2])> = glyphs
            .iter()
            .map(|glyph| {
                let place = glyph.outline_transform();
                // Where the glyph stands along the line, in em, and how far the pen is from it.
                let at = ((place.tx - first.tx) * first.sx + (place.ty - first.ty) * first.ky) / along;
                let moved = 1000.0 * (pen - at);
                // TrueType numbers its glyphs with 16 bits.
                let id = u16::try_from(glyph.id.0).unwrap_or(0);
                let code = self.fonts.use_glyph(font, id, &glyph.text);
                pen = at + self.fonts.advance(font, id);
                (moved, code.to_be_bytes())
            })
            .collect();
        let mut positioned = self.content.show_positioned();
        let mut items = positioned.items();
        for (moved, code) in codes {
            // A thousandth of an em cannot be seen.
            if moved.abs() > 0.5 {
                items.adjust(moved);
            }
            items.show(Str(&code));
        }
        Ok(())
    }
}

fn matrix(transform: Transform) -> [f32; 6] {
    [transform.sx, transform.ky, transform.kx, transform.sy, transform.tx, transform.ty]
}

/// Red, green and blue from 0 to 1; figures have no gradients.
fn color(paint: &usvg::Paint) -> Option<[f32; 3]> {
    match paint {
        usvg::Paint::Color(color) => {
            Some([color.red, color.green, color.blue].map(|part| f32::from(part) / 255.0))
        }
        _ => None,
    }
}

fn segments(content: &mut Content, path: &PathData) {
    let mut at = (0.0, 0.0);
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(point) => {
                content.move_to(point.x, point.y);
                at = (point.x, point.y);
            }
            PathSegment::LineTo(point) => {
                content.line_to(point.x, point.y);
                at = (point.x, point.y);
            }
            PathSegment::QuadTo(control, point) => {
                // A quadratic curve as a cubic one: its control points lie two thirds of the way to the control.
                let toward = |from: f32, control: f32| from + 2.0 / 3.0 * (control - from);
                content.cubic_to(
                    toward(at.0, control.x),
                    toward(at.1, control.y),
                    toward(point.x, control.x),
                    toward(point.y, control.y),
                    point.x,
                    point.y,
                );
                at = (point.x, point.y);
            }
            PathSegment::CubicTo(one, two, point) => {
                content.cubic_to(one.x, one.y, two.x, two.y, point.x, point.y);
                at = (point.x, point.y);
            }
            PathSegment::Close => {
                content.close_path();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FigureFormat, Stroke, Svg, TextStyle};

    fn figure() -> Figure {
        let mut svg = Svg::new();
        svg.text(5.0, 20.0, "Étude τ² = 0.1", &TextStyle::new(16.0).bold());
        svg.text_over_lines(5.0, 40.0, "AVATAR", &TextStyle::new(12.0));
        svg.vertical_text(150.0, 30.0, "upright", &TextStyle::new(10.0));
        svg.shade(10.0, 10.0, 20.0, 20.0, "#1f4e79", 0.4);
        svg.circle((60.0, 40.0), 5.0, "none", &Stroke::dashed("#b5410d", 1.5));
        svg.finish(160.0, 60.0, "t", "Étude".to_owned())
    }

    #[test]
    fn pdf_holds_its_fonts_and_is_the_same_each_time() {
        let file = figure().to_file(FigureFormat::Pdf, 300.0, &Fonts::embedded()).unwrap();
        assert!(file.starts_with(b"%PDF-1.7"));
        let has = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
        assert!(has(b"LiberationSans-Bold") && has(b"/FontFile2") && has(b"/ToUnicode"));
        assert!(has(b"/MediaBox [0 0 120 45]"));
        assert!(file.len() < 40_000, "{} bytes: fonts are not cut down", file.len());
        assert_eq!(file, figure().to_file(FigureFormat::Pdf, 300.0, &Fonts::embedded()).unwrap());
    }

    #[test]
    fn quadratic_curves_become_cubic_ones() {
        let mut builder = resvg::tiny_skia::PathBuilder::new();
        builder.move_to(0.0, 0.0);
        builder.quad_to(3.0, 3.0, 6.0, 0.0);
        let mut content = Content::new();
        segments(&mut content, &builder.finish().unwrap());
        let text = String::from_utf8(content.finish().to_vec()).unwrap();
        assert!(text.contains("2 2 4 2 6 0 c"), "{text}");
    }
}
