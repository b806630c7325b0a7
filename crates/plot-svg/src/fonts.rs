//! The fonts that pictures and PDF files are made with.

use std::sync::{Arc, OnceLock};

use resvg::usvg::fontdb;
use ttf_parser::Face;

use crate::PlotError;
use crate::text_metrics::{BOLD_FONT, FAMILY, REGULAR_FONT};

/// The two faces of Liberation Sans that this crate carries, and others when a person gives them. No font of the
/// system is ever asked, so that every machine draws the same.
#[derive(Debug, Clone)]
pub struct Fonts(Arc<fontdb::Database>);

impl Fonts {
    /// Liberation Sans alone: Latin, Greek and Cyrillic letters.
    pub fn embedded() -> Self {
        static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
        Self(Arc::clone(FONTS.get_or_init(|| Arc::new(embedded_database()))))
    }

    /// Liberation Sans, and for the characters that it lacks the given TrueType or OpenType files, the first that has
    /// them.
    ///
    /// # Errors
    /// [`PlotError::Font`] for a file that holds no font.
    pub fn with_files(files: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, PlotError> {
        let mut database = embedded_database();
        for (index, file) in files.into_iter().enumerate() {
            let before = database.len();
            database.load_font_data(file);
            if database.len() == before {
                return Err(PlotError::Font { number: index + 1 });
            }
        }
        Ok(Self(Arc::new(database)))
    }

    /// Whether a font has a glyph for the character.
    pub fn have(&self, character: char) -> bool {
        self.0.faces().any(|face| {
            let has = |data: &[u8], index| {
                Face::parse(data, index).is_ok_and(|face| face.glyph_index(character).is_some())
            };
            self.0.with_face_data(face.id, has).unwrap_or(false)
        })
    }

    pub(crate) fn database(&self) -> Arc<fontdb::Database> {
        Arc::clone(&self.0)
    }
}

impl Default for Fonts {
    fn default() -> Self {
        Self::embedded()
    }
}

fn embedded_database() -> fontdb::Database {
    let mut database = fontdb::Database::new();
    database.load_font_data(REGULAR_FONT.to_vec());
    database.load_font_data(BOLD_FONT.to_vec());
    database.set_sans_serif_family(FAMILY);
    database
}
