//! Pictures to curves.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use kmeta_figure_digitize::{
    DigitizeOptions, correct_vector_figure, digitize, digitize_vector, digitize_with_overrides,
    draw_difference, draw_doubt, draw_overlay,
};
use kmeta_figure_source::vector::{Bounds, EmbeddedImage, VectorPage};
use kmeta_figure_source::{FigureDocument, FigurePage};
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureOverrides, FigureSource, Finding, PixelBox, sha256_hex};
use serde::{Deserialize, Serialize};

use super::patients::add_counts;

/// Most pages of a document that are looked through.
const MOST_PAGES: usize = 500;

/// One figure as it was read.
#[derive(Debug)]
pub(crate) struct DigitizedPage {
    /// What was read.
    pub(crate) figure: DigitizedFigure,
    /// The picture with the trace drawn over it, as PNG.
    pub(crate) overlay_png: Vec<u8>,
    /// What it was read from.
    pub(crate) made_of: MadeOf,
}

/// What a figure was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MadeOf {
    /// The paths of its page.
    Paths,
    /// The picture with this index on its page.
    Picture(usize),
    /// The pixels of its page.
    Pixels,
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

    /// File name, without folders.
    pub(crate) fn name(&self) -> &str {
        &self.name
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
            return Ok(vec![self.trace_pixels(&drawn, None, MadeOf::Pixels, reader)?]);
        };
        let mut figures = Vec::new();
        let reading = digitize_vector(&page, self.source_of(&page), reader);
        let panels: Vec<[f64; 2]> = reading.figure.iter().flat_map(plot_middles).collect();
        if let Some(mut figure) = reading.figure {
            add_counts(&mut figure);
            // A page that takes too long to draw still has its curves.
            let drawn = self.draw(index).unwrap_or_else(|reason| {
                let message = format!("the overlay shows what was read without the page behind it: {reason}");
                figure.findings.push(Finding::warning("page-not-drawn", self.name.clone(), message));
                blank(&page)
            });
            let overlay_png = encode_png(&draw_overlay(&drawn, &figure))?;
            figures.push(DigitizedPage { figure, overlay_png, made_of: MadeOf::Paths });
        }
        let free = |picture: &EmbeddedImage| !panels.iter().any(|&middle| picture.bounds.contains(middle));
        for (number, picture) in page.images.iter().enumerate().filter(|(_, picture)| free(picture)) {
            let samples = samples_of(picture, &page);
            let read = self.trace_pixels(&samples, Some(&picture.bounds), MadeOf::Picture(number), reader)?;
            if !read.figure.panels.is_empty() {
                figures.push(read);
            }
        }
        let promising = !reading.axes_without_curve.is_empty() || !page.images.is_empty();
        if figures.is_empty() && (promising || !self.is_paper()) {
            let read = self.trace_pixels(&self.draw(index)?, None, MadeOf::Pixels, reader)?;
            if !read.figure.panels.is_empty() || !self.is_paper() {
                figures.push(read);
            }
        }
        Ok(figures)
    }

    /// Reads a figure of page `index` again with what a person states about it.
    ///
    /// # Errors
    /// A sentence, when the page cannot be read or the overlay not be encoded.
    pub(crate) fn correct(
        &self,
        index: usize,
        read: DigitizedPage,
        stated: &FigureOverrides,
        reader: &LabelReader,
    ) -> Result<DigitizedPage, String> {
        let DigitizedPage { figure: automatic, made_of, .. } = read;
        let page = self.pixels_of(index, made_of)?;
        let mut figure = match made_of {
            MadeOf::Paths => correct_vector_figure(automatic, stated),
            MadeOf::Picture(_) | MadeOf::Pixels => digitize_with_overrides(&page, automatic, reader, stated),
        };
        add_counts(&mut figure);
        let overlay_png = encode_png(&draw_overlay(&page, &figure))?;
        Ok(DigitizedPage { figure, overlay_png, made_of })
    }

    /// Pictures for a person to compare, by the end of their names: the difference between figure and reading, and the
    /// doubtful places.
    ///
    /// # Errors
    /// A sentence, when the page cannot be read or a picture not be encoded.
    pub(crate) fn comparisons(
        &self,
        index: usize,
        read: &DigitizedPage,
    ) -> Result<Vec<(String, Vec<u8>)>, String> {
        let page = self.pixels_of(index, read.made_of)?;
        let figure = &read.figure;
        if figure.panels.is_empty() {
            return Ok(Vec::new());
        }
        let mut pictures = vec![("difference.png".to_owned(), encode_png(&draw_difference(&page, figure))?)];
        let overlay = draw_overlay(&page, figure);
        for (number, place) in figure.doubts.iter().enumerate() {
            let doubt = draw_doubt(&page, &overlay, figure, *place);
            pictures.push((format!("doubt-{}.png", number + 1), encode_png(&doubt)?));
        }
        Ok(pictures)
    }

    /// The pixels that a figure of page `index` was read from, or for one made of paths, that its page is drawn with.
    fn pixels_of(&self, index: usize, made_of: MadeOf) -> Result<FigurePage, String> {
        let MadeOf::Picture(number) = made_of else { return self.draw(index) };
        let vector = self.document.vector_page(index).map_err(|error| error.to_string())?;
        let picture = vector.as_ref().and_then(|page| Some(samples_of(page.images.get(number)?, page)));
        picture.ok_or_else(|| format!("picture {number} of the page is gone"))
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
        made_of: MadeOf,
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
        Ok(DigitizedPage { figure, overlay_png, made_of })
    }
}

/// A picture that stands on a page, in its own samples.
fn samples_of(picture: &EmbeddedImage, page: &VectorPage) -> FigurePage {
    FigurePage {
        image: picture.samples.clone(),
        format: page.format.clone(),
        page: page.page,
        pixels_per_inch: None,
    }
}

/// White paper of the size of a page.
fn blank(page: &VectorPage) -> FigurePage {
    let side = |length: f64| (length.round() as u32).max(1);
    FigurePage {
        image: RgbImage::from_pixel(side(page.width), side(page.height), image::Rgb([255; 3])),
        format: page.format.clone(),
        page: page.page,
        pixels_per_inch: Some(page.pixels_per_inch),
    }
}

/// The middles of the plots of a figure on its page: a picture under one is its background.
fn plot_middles(figure: &DigitizedFigure) -> impl Iterator<Item = [f64; 2]> {
    figure.panels.iter().map(|panel| {
        let area = panel.plot_area;
        let middle = ((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0);
        let (column, row) = figure.page_point(middle);
        [column, row]
    })
}

fn encode_png(image: &RgbImage) -> Result<Vec<u8>, String> {
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).map_err(|error| format!("the overlay: {error}"))?;
    Ok(png.into_inner())
}
