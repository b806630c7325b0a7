//! Fonts inside a PDF: which glyphs are used, and the font files cut down to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use resvg::usvg::fontdb;
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

use crate::PlotError;
use crate::pdf::deflate;

/// Identity of the glyph codes: they are positions in the cut-down font.
const SYSTEM: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
/// First object of the fonts; the page takes those before.
const FIRST_OBJECT: i32 = 10;
/// Objects of a font.
const OBJECTS: i32 = 5;

/// The fonts of one PDF.
pub(crate) struct EmbeddedFonts {
    database: Arc<fontdb::Database>,
    fonts: Vec<UsedFont>,
}

/// A font and what of it is used.
struct UsedFont {
    id: fontdb::ID,
    name: String,
    units_per_em: f32,
    glyphs: GlyphRemapper,
    /// The advance of each glyph used, in em, by its code in the PDF.
    advances: BTreeMap<u16, f32>,
    /// What each code stands for.
    texts: BTreeMap<u16, String>,
}

impl EmbeddedFonts {
    pub(crate) fn new(database: Arc<fontdb::Database>) -> Self {
        Self { database, fonts: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.fonts.len()
    }

    /// The object of a font.
    pub(crate) fn reference(index: usize) -> Ref {
        Ref::new(FIRST_OBJECT + OBJECTS * i32::try_from(index).unwrap_or(0))
    }

    /// The position of a font, which is taken up when it is new.
    pub(crate) fn index(&mut self, id: fontdb::ID) -> Result<usize, PlotError> {
        if let Some(index) = self.fonts.iter().position(|font| font.id == id) {
            return Ok(index);
        }
        let name = self.database.face(id).map_or(String::new(), |face| face.post_script_name.clone());
        let facts = self.database.with_face_data(id, |data, index| {
            let face = Face::parse(data, index).ok()?;
            Some((f32::from(face.units_per_em()), face.tables().glyf.is_some()))
        });
        match facts.flatten() {
            Some((units_per_em, true)) => {
                let glyphs = GlyphRemapper::new();
                let (advances, texts) = (BTreeMap::new(), BTreeMap::new());
                self.fonts.push(UsedFont { id, name, units_per_em, glyphs, advances, texts });
                Ok(self.fonts.len() - 1)
            }
            Some((_, false)) => {
                let reason = "only TrueType outlines (glyf) can be embedded; give a .ttf file".to_owned();
                Err(PlotError::PdfFont { font: name, reason })
            }
            None => Err(PlotError::PdfFont { font: name, reason: "it cannot be read".to_owned() }),
        }
    }

    pub(crate) fn units_per_em(&self, font: usize) -> f32 {
        self.fonts[font].units_per_em
    }

    /// The code of a glyph in the PDF.
    pub(crate) fn use_glyph(&mut self, font: usize, glyph: u16, text: &str) -> u16 {
        let advance = self.advance(font, glyph);
        let font = &mut self.fonts[font];
        let code = font.glyphs.remap(glyph);
        font.advances.insert(code, advance);
        font.texts.entry(code).or_insert_with(|| text.to_owned());
        code
    }

    /// How far a glyph moves the pen, in em.
    pub(crate) fn advance(&self, font: usize, glyph: u16) -> f32 {
        let font = &self.fonts[font];
        let advance = self.database.with_face_data(font.id, |data, index| {
            Face::parse(data, index).ok()?.glyph_hor_advance(GlyphId(glyph))
        });
        f32::from(advance.flatten().unwrap_or(0)) / font.units_per_em
    }

    /// Writes all fonts.
    pub(crate) fn write(&self, pdf: &mut Pdf) -> Result<(), PlotError> {
        self.fonts.iter().enumerate().try_for_each(|(index, font)| {
            let written =
                self.database.with_face_data(font.id, |data, face| font.write(pdf, index, data, face));
            let missing = || PlotError::PdfFont { font: font.name.clone(), reason: "it is gone".to_owned() };
            written.ok_or_else(missing)?
        })
    }
}

impl UsedFont {
    fn write(&self, pdf: &mut Pdf, index: usize, data: &[u8], face_index: u32) -> Result<(), PlotError> {
        let fault = |reason: String| PlotError::PdfFont { font: self.name.clone(), reason };
        let face = Face::parse(data, face_index).map_err(|error| fault(error.to_string()))?;
        let file =
            subsetter::subset(data, face_index, &self.glyphs).map_err(|error| fault(error.to_string()))?;
        let object = |offset: i32| Ref::new(EmbeddedFonts::reference(index).get() + offset);
        let (font, cid, descriptor, stream, unicode) =
            (object(0), object(1), object(2), object(3), object(4));
        // Six letters mark a font as cut down; they only have to differ from one font of a file to the next.
        let letter = char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
        let name = format!("KMETA{letter}+{}", self.name);
        pdf.type0_font(font)
            .base_font(Name(name.as_bytes()))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(unicode);
        let mut cid_font = pdf.cid_font(cid);
        cid_font
            .subtype(CidFontType::Type2)
            .base_font(Name(name.as_bytes()))
            .system_info(SYSTEM)
            .font_descriptor(descriptor)
            .default_width(0.0)
            .cid_to_gid_map_predefined(Name(b"Identity"));
        let mut widths = cid_font.widths();
        for (&code, advance) in &self.advances {
            widths.consecutive(code, [1000.0 * advance]);
        }
        widths.finish();
        cid_font.finish();
        let em = |units: i16| 1000.0 * f32::from(units) / self.units_per_em;
        let bounds = face.global_bounding_box();
        pdf.font_descriptor(descriptor)
            .name(Name(name.as_bytes()))
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(em(bounds.x_min), em(bounds.y_min), em(bounds.x_max), em(bounds.y_max)))
            .italic_angle(0.0)
            .ascent(em(face.ascender()))
            .descent(em(face.descender()))
            .cap_height(em(face.capital_height().unwrap_or(face.ascender())))
            .stem_v(if face.is_bold() { 140.0 } else { 90.0 })
            .font_file2(stream);
        let compressed = deflate(&file);
        let mut written = pdf.stream(stream, &compressed);
        written.filter(Filter::FlateDecode);
        written.pair(Name(b"Length1"), i32::try_from(file.len()).unwrap_or(i32::MAX));
        written.finish();
        let mut map = UnicodeCmap::<u16>::new(Name(b"Custom"), SYSTEM);
        for (&code, text) in &self.texts {
            map.pair_with_multiple(code, text.chars());
        }
        pdf.cmap(unicode, &map.finish());
        Ok(())
    }
}
