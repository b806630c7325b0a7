//! The pages of a TIFF file.
//!
//! A TIFF holds a chain of directories, one per picture, and the header names the first. The decoder reads only that
//! one, so a page is read from a copy of the file whose header names the page's directory (TIFF 6.0, section 2; the
//! 64-bit variant BigTIFF differs in the width of its fields).

use image::ImageFormat;

use crate::limits::MAXIMUM_PAGES;
use crate::{FigurePage, FigureSourceError, raster};

/// Tag that says what a picture is for; its lowest bit marks a reduced version of another page.
const NEW_SUBFILE_TYPE: u64 = 254;

/// Decodes each page of a TIFF file; previews are left out.
pub(crate) fn read_pages(bytes: &[u8]) -> Result<Vec<FigurePage>, FigureSourceError> {
    let pages = page_directories(bytes)?;
    // Without a readable chain the decoder names what is wrong.
    if pages.len() < 2 {
        return Ok(vec![raster::read_page(bytes, ImageFormat::Tiff)?]);
    }
    let layout = Layout::of(bytes).ok_or_else(broken_chain)?;
    let mut copy = bytes.to_vec();
    let mut result = Vec::with_capacity(pages.len());
    for (number, &directory) in (1..).zip(&pages) {
        layout.set_first_directory(&mut copy, directory).ok_or_else(broken_chain)?;
        let page = raster::read_page(&copy, ImageFormat::Tiff)?;
        result.push(FigurePage { page: Some(number), ..page });
    }
    Ok(result)
}

/// Number of pages; previews are left out.
pub(crate) fn page_count(bytes: &[u8]) -> Result<usize, FigureSourceError> {
    Ok(page_directories(bytes)?.len().max(1))
}

/// Offsets of the directories of full pictures.
fn page_directories(bytes: &[u8]) -> Result<Vec<u64>, FigureSourceError> {
    let Some(layout) = Layout::of(bytes) else { return Ok(Vec::new()) };
    let mut seen = Vec::new();
    let mut pages = Vec::new();
    let mut next = Some(layout.first_directory(bytes).ok_or_else(broken_chain)?);
    while let Some(directory) = next.filter(|&offset| offset != 0 && !seen.contains(&offset)) {
        if seen.len() >= 2 * MAXIMUM_PAGES {
            return Err(FigureSourceError::TooManyPages {
                format: "tiff",
                found: seen.len(),
                limit: MAXIMUM_PAGES,
            });
        }
        seen.push(directory);
        // A directory beyond the end: the file was cut, and pages are missing.
        let count = layout.number(bytes, directory, layout.count_bytes).ok_or_else(broken_chain)?;
        if !layout.is_preview(bytes, directory, count) {
            pages.push(directory);
        }
        let end = layout.after_entries(directory, count).ok_or_else(broken_chain)?;
        next = Some(layout.number(bytes, end, layout.offset_bytes).ok_or_else(broken_chain)?);
    }
    if pages.len() > MAXIMUM_PAGES {
        return Err(FigureSourceError::TooManyPages {
            format: "tiff",
            found: pages.len(),
            limit: MAXIMUM_PAGES,
        });
    }
    Ok(pages)
}

fn broken_chain() -> FigureSourceError {
    FigureSourceError::Damaged { format: "tiff", reason: "its list of pages is broken".into() }
}

/// Byte order and widths of the fields of a file.
#[derive(Debug, Clone, Copy)]
struct Layout {
    little_endian: bool,
    /// Where the header names the first directory.
    first_directory_at: u64,
    /// Bytes of an offset.
    offset_bytes: u64,
    /// Bytes of the number of entries of a directory.
    count_bytes: u64,
    /// Bytes of one entry.
    entry_bytes: u64,
}

impl Layout {
    fn of(bytes: &[u8]) -> Option<Self> {
        let little_endian = bytes.starts_with(b"II");
        let big = bytes.get(2..4)?.contains(&b'+');
        let (first_directory_at, offset_bytes, count_bytes, entry_bytes) =
            if big { (8, 8, 8, 20) } else { (4, 4, 2, 12) };
        Some(Self { little_endian, first_directory_at, offset_bytes, count_bytes, entry_bytes })
    }

    /// The unsigned number of `width` bytes at `offset`.
    fn number(&self, bytes: &[u8], offset: u64, width: u64) -> Option<u64> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(width).ok()?)?;
        let field = bytes.get(start..end)?;
        let fold = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        Some(if self.little_endian { field.iter().rev().fold(0, fold) } else { field.iter().fold(0, fold) })
    }

    fn first_directory(&self, bytes: &[u8]) -> Option<u64> {
        self.number(bytes, self.first_directory_at, self.offset_bytes)
    }

    fn set_first_directory(&self, bytes: &mut [u8], directory: u64) -> Option<()> {
        let start = self.first_directory_at as usize;
        let width = self.offset_bytes as usize;
        let field = bytes.get_mut(start..start + width)?;
        if self.little_endian {
            field.copy_from_slice(directory.to_le_bytes().get(..width)?);
        } else {
            field.copy_from_slice(directory.to_be_bytes().get(8 - width..)?);
        }
        Some(())
    }

    fn after_entries(&self, directory: u64, count: u64) -> Option<u64> {
        directory.checked_add(self.count_bytes)?.checked_add(count.checked_mul(self.entry_bytes)?)
    }

    fn is_preview(&self, bytes: &[u8], directory: u64, count: u64) -> bool {
        // Entries are sorted by tag and this tag is the lowest in use, so it is the first entry.
        let entry = directory.saturating_add(self.count_bytes);
        let value = entry.saturating_add(self.entry_bytes - self.offset_bytes);
        count > 0
            && self.number(bytes, entry, 2) == Some(NEW_SUBFILE_TYPE)
            && self.number(bytes, value, 4).is_some_and(|flags| flags & 1 == 1)
    }
}
