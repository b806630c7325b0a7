//! A figure file whose pages are read when they are asked for.

use crate::format::{self, Format};
use crate::vector::VectorPage;
use crate::{FigurePage, FigureSourceError, pdf, raster, svg, tiff_pages};

/// A figure file of one or many pages. Opening it checks that it can be read; pages are interpreted and drawn one
/// by one, so that a long document does not fill the memory.
#[derive(Debug, Clone)]
pub struct FigureDocument {
    bytes: Vec<u8>,
    format: Format,
    pages: usize,
}

impl FigureDocument {
    /// Opens a file.
    ///
    /// # Errors
    /// [`FigureSourceError`] when the bytes are not a readable figure, are damaged or protected by a password.
    pub fn open(bytes: Vec<u8>) -> Result<Self, FigureSourceError> {
        let format = format::sniff(&bytes)?;
        let pages = match format {
            Format::Pdf => pdf::page_count(&bytes)?,
            Format::Svg => 1,
            Format::Raster(image::ImageFormat::Tiff) => tiff_pages::page_count(&bytes)?,
            Format::Raster(_) => 1,
        };
        Ok(Self { bytes, format, pages })
    }

    /// Number of pages.
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// Whether pages are described by paths and text.
    pub fn is_vector(&self) -> bool {
        matches!(self.format, Format::Pdf | Format::Svg)
    }

    /// Paths, glyphs and pictures of page `index`, from 0; nothing for a raster file.
    ///
    /// # Errors
    /// [`FigureSourceError`] when the page cannot be read.
    pub fn vector_page(&self, index: usize) -> Result<Option<VectorPage>, FigureSourceError> {
        match self.format {
            Format::Pdf => pdf::vector_page(&self.bytes, index).map(Some),
            Format::Svg => svg::vector_page(&self.bytes).map(Some),
            Format::Raster(_) => Ok(None),
        }
    }

    /// Page `index`, from 0, as pixels.
    ///
    /// # Errors
    /// [`FigureSourceError`] when the page cannot be read or drawn.
    pub fn draw_page(&self, index: usize) -> Result<FigurePage, FigureSourceError> {
        match self.format {
            Format::Pdf => pdf::draw_page(&self.bytes, index),
            Format::Svg => svg::read_page(&self.bytes),
            Format::Raster(image::ImageFormat::Tiff) => {
                let mut pages = tiff_pages::read_pages(&self.bytes)?;
                if index < pages.len() {
                    return Ok(pages.swap_remove(index));
                }
                Err(FigureSourceError::Damaged {
                    format: "tiff",
                    reason: format!("it has no page {}", index + 1),
                })
            }
            Format::Raster(format) => raster::read_page(&self.bytes, format),
        }
    }
}
