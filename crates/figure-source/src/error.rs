//! Why a file gives no page.

/// Why a file gives no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FigureSourceError {
    /// The file has no content.
    #[error("the file is empty")]
    Empty,
    /// The file is not a figure that kmeta reads.
    #[error("not a figure file: found {found}; expected PNG, JPEG, TIFF, GIF, WebP, BMP, PDF or SVG")]
    UnknownFormat {
        /// What the beginning of the file looks like.
        found: String,
    },
    /// The file is of a known format but cannot be read.
    #[error("the {format} file cannot be read: {reason}; save or download it again")]
    Damaged {
        /// File format.
        format: &'static str,
        /// What the decoder found.
        reason: String,
    },
    /// The file uses a part of its format that is not supported.
    #[error("the {format} file cannot be read: {reason}; export it as PNG")]
    Unsupported {
        /// File format.
        format: &'static str,
        /// What is not supported.
        reason: String,
    },
    /// The picture is larger than any figure.
    #[error(
        "the {format} picture is too large: {found}; at most {limit} is read; crop it to the figure or scale it down"
    )]
    TooLarge {
        /// File format.
        format: &'static str,
        /// The size that the file states.
        found: String,
        /// The size that is allowed.
        limit: String,
    },
    /// The document has more pages than a figure file can have.
    #[error(
        "the {format} file has {found} pages; at most {limit} are read; save the page with the figure alone"
    )]
    TooManyPages {
        /// File format.
        format: &'static str,
        /// Pages in the file.
        found: usize,
        /// Pages that are allowed.
        limit: usize,
    },
    /// The PDF is encrypted and needs a password.
    #[error("the PDF is protected by a password; save it without protection")]
    PasswordProtected,
}
