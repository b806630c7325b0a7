//! Pictures to curves.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use kmeta_figure_digitize::{DigitizeOptions, digitize, digitize_vector, draw_overlay};
use kmeta_figure_source::vector::{Bounds, VectorPage};
use kmeta_figure_source::{FigureDocument, FigurePage};
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureSource, PixelBox, sha256_hex};

/// Most pages of a document that are looked through.
const MOST_PAGES: usize = 500;

/// One figure as it was read.
#[derive(Debug)]
pub(crate) struct DigitizedPage {
    /// What was read.
    pub(crate) figure: DigitizedFigure,
    /// The picture with the trace drawn over it, as PNG.
    pub(crate) overlay_png: Vec<u8>,
}

/// A figure file, opened.
#[derive(Debug, Clone)]
pub(crate) struct FigureFile {
    document: FigureDocument,
    /// File name, without folders.
    name: String,
    sha256: String,
    /// Indices of the pages to read.
    pub(crate) pages: Vec<usize>,
}

impl FigureFile {
    /// Opens a file; only page `wanted`, counted from 1, is read where one is named.
    ///
    /// # Errors
    /// A sentence on why there is no such page or why the file cannot be read.
    pub(crate) fn open(bytes: Vec<u8>, name: &str, wanted: Option<u32>) -> Result<Self, String> {
        let sha256 = sha256_hex(&bytes);
        let document = FigureDocument::open(bytes).map_err(|error| error.to_string())?;
        let count = document.pages();
        let pages: Vec<usize> = match wanted {
            Some(wanted) => {
                let index = usize::try_from(wanted).unwrap_or(usize::MAX).saturating_sub(1);
                if index >= count {
                    return Err(format!("there is no page {wanted}: the file has {count}"));
                }
                vec![index]
            }
            None if count > MOST_PAGES => {
                return Err(format!(
                    "the file has {count} pages; at most {MOST_PAGES} are looked through: choose one with --page"
                ));
            }
            None => (0..count).collect(),
        };
        // A raster file is cheap to draw, and a damaged one is refused before anything is written.
        if !document.is_vector() {
            for &page in &pages {
                document.draw_page(page).map_err(|error| error.to_string())?;
            }
        }
        Ok(Self { document, name: name.to_owned(), sha256, pages })
    }

    /// Whether the file has several pages, of which some may hold figures.
    pub(crate) fn is_paper(&self) -> bool {
        self.document.pages() > 1
    }

    /// SHA-256 of the file.
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The figures of one page. A page of a paper may have none; a file of one page has at least one, which is
    /// refused when no curve was found.
    ///
    /// # Errors
    /// A sentence, when the page cannot be read or its overlay not be encoded.
    pub(crate) fn digitize_page(
        &self,
        index: usize,
        reader: &LabelReader,
    ) -> Result<Vec<DigitizedPage>, String> {
        let vector = self.document.vector_page(index).map_err(|error| error.to_string())?;
        let Some(page) = vector else {
            let drawn = self.draw(index)?;
            return Ok(vec![self.trace_pixels(&drawn, None, reader)?]);
        };
        let mut figures = Vec::new();
        let reading = digitize_vector(&page, self.source_of(&page), reader);
        let panels: Vec<PixelBox> =
            reading.figure.iter().flat_map(|figure| &figure.panels).map(|panel| panel.plot_area).collect();
        if let Some(figure) = reading.figure {
            let overlay_png = encode_png(&draw_overlay(&self.draw(index)?, &figure))?;
            figures.push(DigitizedPage { figure, overlay_png });
        }
        for picture in
            page.images.iter().filter(|picture| !panels.iter().any(|area| lies_on(area, &picture.bounds)))
        {
            let samples = FigurePage {
                image: picture.samples.clone(),
                format: page.format.clone(),
                page: page.page,
                pixels_per_inch: None,
            };
            let read = self.trace_pixels(&samples, Some(&picture.bounds), reader)?;
            if !read.figure.panels.is_empty() {
                figures.push(read);
            }
        }
        let promising = !reading.axes_without_curve.is_empty() || !page.images.is_empty();
        if figures.is_empty() && (promising || !self.is_paper()) {
            let read = self.trace_pixels(&self.draw(index)?, None, reader)?;
            if !read.figure.panels.is_empty() || !self.is_paper() {
                figures.push(read);
            }
        }
        Ok(figures)
    }

    fn draw(&self, index: usize) -> Result<FigurePage, String> {
        self.document.draw_page(index).map_err(|error| error.to_string())
    }

    fn source_of(&self, page: &VectorPage) -> FigureSource {
        FigureSource {
            file: self.name.clone(),
            sha256: self.sha256.clone(),
            format: page.format.clone(),
            page: page.page,
            width: page.width.round() as u32,
            height: page.height.round() as u32,
            pixels_per_inch: Some(page.pixels_per_inch),
            picture: None,
        }
    }

    /// Traces pixels: a page, or a picture that stands on it at `place`.
    fn trace_pixels(
        &self,
        page: &FigurePage,
        place: Option<&Bounds>,
        reader: &LabelReader,
    ) -> Result<DigitizedPage, String> {
        let source = FigureSource {
            file: self.name.clone(),
            sha256: self.sha256.clone(),
            format: page.format.clone(),
            page: page.page,
            width: page.image.width(),
            height: page.image.height(),
            pixels_per_inch: page.pixels_per_inch,
            picture: place.map(|place| PixelBox {
                left: place.left,
                top: place.top,
                right: place.right,
                bottom: place.bottom,
            }),
        };
        let figure = digitize(page, source, reader, &DigitizeOptions::default());
        let overlay_png = encode_png(&draw_overlay(page, &figure))?;
        Ok(DigitizedPage { figure, overlay_png })
    }
}

/// Whether a plot that was read from paths lies on a picture: then that is its background.
fn lies_on(area: &PixelBox, picture: &Bounds) -> bool {
    let middle = [(area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0];
    picture.contains(middle)
}

fn encode_png(image: &RgbImage) -> Result<Vec<u8>, String> {
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).map_err(|error| format!("the overlay: {error}"))?;
    Ok(png.into_inner())
}
