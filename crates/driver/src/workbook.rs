//! Workbooks (`.xlsx`, Office Open XML, ECMA-376): a zip of XML files. Only what tables need: texts and numbers, one sheet
//! per table, in; the cells of the first sheet with rows, out.

mod read;
mod write;

pub(crate) use read::first_table;
pub(crate) use write::{Sheet, write_workbook};

/// Largest part of a workbook that is unpacked.
const LARGEST_PART: u64 = 64 << 20;

/// Why a workbook cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkbookError {
    /// The zip archive.
    #[error("{0}")]
    Archive(#[from] zip::result::ZipError),
    /// A part of it.
    #[error("{0}")]
    Part(#[from] std::io::Error),
    /// A part is no XML.
    #[error("{part} is not XML: {source}")]
    Xml {
        /// The part.
        part: String,
        /// What the XML reader says.
        source: roxmltree::Error,
    },
    /// A part is missing, too large, or says something else than expected.
    #[error("{0}")]
    Content(String),
}

/// "A", "Z", "AA": the letters of a column counted from 0.
fn column_letters(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(b'A' + (column % 26) as u8);
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    letters.iter().rev().map(|&letter| char::from(letter)).collect()
}

/// The column of a cell's reference, counted from 0: "AB12" gives 27.
fn column_of(reference: &str) -> Option<usize> {
    let mut column = 0_usize;
    let letters = reference.bytes().take_while(u8::is_ascii_uppercase);
    for letter in letters {
        column = column.checked_mul(26)?.checked_add(usize::from(letter - b'A') + 1)?;
    }
    // 16,384 columns is what spreadsheets have.
    column.checked_sub(1).filter(|&column| column < 16_384)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_letters_of_spreadsheets() {
        for (column, letters) in [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column_letters(column), letters);
            assert_eq!(column_of(&format!("{letters}12")), Some(column));
        }
        assert_eq!(column_of("12"), None);
        assert_eq!(column_of("ZZZZZZZZZZZZZZ1"), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let sheet = Sheet {
            name: "A & B".to_owned(),
            rows: vec![
                vec!["trial".to_owned(), "effect".to_owned()],
                vec!["<Wirth> \"2021\"".to_owned(), "0.1".to_owned()],
                vec!["  blanks ".to_owned(), String::new()],
                vec!["2e3".to_owned(), "12".to_owned()],
            ],
            widths: Vec::new(),
        };
        let empty = Sheet { name: "Contents".to_owned(), rows: Vec::new(), widths: Vec::new() };
        let bytes = write_workbook("title", &[empty, sheet.clone()]).unwrap();
        let table = first_table(&bytes).unwrap();
        assert_eq!(table[0], sheet.rows[0]);
        assert_eq!(table[1], sheet.rows[1]);
        assert_eq!(table[2][0], "  blanks ");
        assert_eq!(table[3], ["2000", "12"]);
        assert_eq!(
            bytes,
            write_workbook(
                "title",
                &[Sheet { name: "Contents".to_owned(), rows: Vec::new(), widths: Vec::new() }, sheet]
            )
            .unwrap()
        );
    }

    #[test]
    fn broken_workbooks_are_errors() {
        for bytes in [&b"no zip"[..], b"", b"PK\x03\x04"] {
            assert!(first_table(bytes).is_err());
        }
    }
}
