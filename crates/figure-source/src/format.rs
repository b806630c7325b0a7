//! Tells the format of a file from its content.

use image::ImageFormat;

use crate::FigureSourceError;

/// Bytes at the beginning in which a PDF header or an `<svg` element must appear.
const HEADER_BYTES: usize = 4096;

/// Formats by the way they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Pixels.
    Raster(ImageFormat),
    /// Portable Document Format.
    Pdf,
    /// Scalable Vector Graphics.
    Svg,
}

/// Short name of a raster format.
pub(crate) fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "png",
        ImageFormat::Jpeg => "jpeg",
        ImageFormat::Tiff => "tiff",
        ImageFormat::Gif => "gif",
        ImageFormat::WebP => "webp",
        ImageFormat::Bmp => "bmp",
        _ => "image",
    }
}

/// The format of a file.
pub(crate) fn sniff(bytes: &[u8]) -> Result<Format, FigureSourceError> {
    if bytes.is_empty() {
        return Err(FigureSourceError::Empty);
    }
    if let Some(format) = raster_format(bytes) {
        return Ok(Format::Raster(format));
    }
    let header = &bytes[..bytes.len().min(HEADER_BYTES)];
    if contains(header, b"%PDF-") {
        return Ok(Format::Pdf);
    }
    if is_svg(bytes) {
        return Ok(Format::Svg);
    }
    Err(FigureSourceError::UnknownFormat { found: describe(header) })
}

fn raster_format(bytes: &[u8]) -> Option<ImageFormat> {
    let signatures: [(&[u8], ImageFormat); 9] = [
        (b"\x89PNG\r\n\x1a\n", ImageFormat::Png),
        (b"\xff\xd8\xff", ImageFormat::Jpeg),
        (b"II*\0", ImageFormat::Tiff),
        (b"MM\0*", ImageFormat::Tiff),
        (b"II+\0", ImageFormat::Tiff),
        (b"MM\0+", ImageFormat::Tiff),
        (b"GIF87a", ImageFormat::Gif),
        (b"GIF89a", ImageFormat::Gif),
        (b"BM", ImageFormat::Bmp),
    ];
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some(ImageFormat::WebP);
    }
    signatures.into_iter().find(|(signature, _)| bytes.starts_with(signature)).map(|(_, format)| format)
}

/// Whether the first element is `svg`: comments (some editors write long ones), declarations and blanks may precede.
fn is_svg(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    text.starts_with(b"<") && contains(&text[..text.len().min(16 * HEADER_BYTES)], b"<svg")
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// What a file that is no figure seems to be, for the error message.
fn describe(header: &[u8]) -> String {
    let known: [(&[u8], &str); 7] = [
        (b"%!PS", "PostScript (EPS); export it as PDF or PNG"),
        (b"\x1f\x8b", "a gzip-compressed file (perhaps .svgz); unpack it first"),
        (b"PK\x03\x04", "a ZIP archive (perhaps a Word or PowerPoint file); save the picture in it as PNG"),
        (b"\xd0\xcf\x11\xe0", "an old Office document; save the picture in it as PNG"),
        (b"\x01\0\0\0", "perhaps a Windows metafile (EMF); save it as PNG"),
        (b"\xd7\xcd\xc6\x9a", "a Windows metafile (WMF); save it as PNG"),
        (b"{\\rtf", "an RTF document; save the picture in it as PNG"),
    ];
    if let Some((_, what)) = known.iter().find(|(signature, _)| header.starts_with(signature)) {
        return (*what).to_string();
    }
    if header.get(4..8) == Some(b"ftyp") {
        return "a HEIC or AVIF picture or a video; save it as PNG".into();
    }
    let lower = header.to_ascii_lowercase();
    if contains(&lower, b"<html") || contains(&lower, b"<!doctype html") {
        return "a web page, not the picture in it (was the download redirected?)".into();
    }
    let shown = header.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    format!("unknown content beginning with the bytes {shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_from_content() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n...").ok(), Some(Format::Raster(ImageFormat::Png)));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 ").ok(), Some(Format::Raster(ImageFormat::WebP)));
        assert_eq!(sniff(b"junk before\n%PDF-1.4").ok(), Some(Format::Pdf));
        assert_eq!(sniff(b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- c --><svg/>").ok(), Some(Format::Svg));
    }

    #[test]
    fn what_is_no_figure_is_named() {
        let found = |bytes: &[u8]| match sniff(bytes) {
            Err(FigureSourceError::UnknownFormat { found }) => found,
            other => format!("{other:?}"),
        };
        assert_eq!(sniff(b""), Err(FigureSourceError::Empty));
        assert!(found(b"%!PS-Adobe-3.0 EPSF-3.0").contains("PostScript"));
        assert!(found(b"<!DOCTYPE html><html>").contains("web page"));
        assert!(found(b"\0\0\0\x18ftypheic").contains("HEIC"));
        assert!(found(b"time,survival\n0,1\n").contains("74 69 6d 65"));
    }
}
