//! Workbooks of spreadsheets: tables come in from `.xlsx`, `.xlsm`, `.xls` and `.ods` (calamine), and go out as `.xlsx`
//! (rust_xlsxwriter).

use std::io::Cursor;

use calamine::{Data, Reader};
use rust_xlsxwriter::{ColNum, DocProperties, ExcelDateTime, Format, RowNum, Workbook, Worksheet, XlsxError};

/// Largest size of all parts of a zipped workbook when unpacked, in bytes: what a spreadsheet program would take
/// minutes to open is no table of trials.
const LARGEST_UNPACKED: u64 = 256 << 20;
/// Widest column that is made as wide as its contents, in characters.
const WIDEST: usize = 60;

/// Why a workbook cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkbookError {
    /// No format that is known, or damaged.
    #[error("{0}")]
    Unreadable(#[from] calamine::Error),
    /// Unpacked, it would be too large.
    #[error("its parts are {0} bytes when unpacked, more than {LARGEST_UNPACKED}")]
    TooLarge(u64),
    /// Only empty sheets.
    #[error("no sheet has cells")]
    Empty,
}

/// A sheet: rows of texts, the first of them headings. A text that is a number becomes one.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    /// Name of the sheet, at most 31 characters.
    pub(crate) name: String,
    /// The rows.
    pub(crate) rows: Vec<Vec<String>>,
    /// Widths of the first columns in characters; those left out follow their contents.
    pub(crate) widths: Vec<usize>,
}

/// The cells of the first sheet that has any, as texts; rows of equal length, beginning at the first cell used.
///
/// # Errors
/// [`WorkbookError`] when the bytes are no workbook, or no sheet has cells.
pub(crate) fn first_table(bytes: &[u8]) -> Result<Vec<Vec<String>>, WorkbookError> {
    check_size(bytes)?;
    let mut workbook = calamine::open_workbook_auto_from_rs(Cursor::new(bytes))?;
    for name in workbook.sheet_names() {
        let range = workbook.worksheet_range(&name)?;
        let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(text_of).collect()).collect();
        if rows.iter().flatten().any(|cell| !cell.trim().is_empty()) {
            return Ok(rows);
        }
    }
    Err(WorkbookError::Empty)
}

/// Refuses a zip whose parts state too large a size; other formats are as large as the file.
fn check_size(bytes: &[u8]) -> Result<(), WorkbookError> {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return Ok(()) };
    let sizes =
        (0..archive.len()).filter_map(|index| archive.by_index_raw(index).ok().map(|part| part.size()));
    let unpacked = sizes.fold(0_u64, u64::saturating_add);
    if unpacked > LARGEST_UNPACKED { Err(WorkbookError::TooLarge(unpacked)) } else { Ok(()) }
}

/// A cell as text; whole numbers without a decimal point. Spreadsheets keep 0.1 + 0.2 as 0.30000000000000004: the
/// shortest text of the number is what people typed.
fn text_of(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(number) => number.to_string(),
        Data::DateTime(date) => date.as_f64().to_string(),
        other => other.to_string(),
    }
}

/// The workbook as the bytes of an `.xlsx` file. The same sheets give the same bytes.
///
/// # Errors
/// When a sheet's name or size is not what spreadsheets take.
pub(crate) fn write_workbook(title: &str, sheets: &[Sheet]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // A fixed date, so that the bytes do not depend on the day.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let properties = DocProperties::new().set_title(title).set_author("kmeta").set_creation_datetime(&made);
    workbook.set_properties(&properties);
    for sheet in sheets {
        write_sheet(workbook.add_worksheet(), sheet)?;
    }
    workbook.save_to_buffer()
}

fn write_sheet(worksheet: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    worksheet.set_name(&sheet.name)?;
    worksheet.set_freeze_panes(1, 0)?;
    let bold = Format::new().set_bold();
    for (row, cells) in (0..).zip(&sheet.rows) {
        for (column, cell) in (0..).zip(cells) {
            write_cell(worksheet, (row, column), cell, &bold)?;
        }
    }
    let columns = sheet.rows.iter().map(Vec::len).max().unwrap_or(0);
    for (index, column) in (0..columns).zip(0..) {
        let cells = sheet.rows.iter().filter_map(|row| row.get(index));
        let longest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        let width = sheet.widths.get(index).copied().unwrap_or((longest + 2).clamp(8, WIDEST));
        worksheet.set_column_width(column, width as f64)?;
    }
    Ok(())
}

fn write_cell(
    worksheet: &mut Worksheet,
    (row, column): (RowNum, ColNum),
    cell: &str,
    heading: &Format,
) -> Result<(), XlsxError> {
    if cell.is_empty() {
        return Ok(());
    }
    if row == 0 {
        return worksheet.write_string_with_format(row, column, cell, heading).map(|_| ());
    }
    match cell.parse::<f64>().ok().filter(|number| number.is_finite()) {
        Some(number) => worksheet.write_number(row, column, number),
        None => worksheet.write_string(row, column, cell),
    }
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheets() -> [Sheet; 2] {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = vec![
            row(["trial", "effect"]),
            row(["<Wirth> \"2021\"", "0.1"]),
            row(["  blanks ", ""]),
            row(["2e3", "12"]),
        ];
        let empty = Sheet { name: "Contents".to_owned(), rows: Vec::new(), widths: Vec::new() };
        [empty, Sheet { name: "A & B".to_owned(), rows, widths: vec![30] }]
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = write_workbook("title", &sheets()).unwrap();
        let table = first_table(&bytes).unwrap();
        let [_, written] = sheets();
        assert_eq!(table[..3], written.rows[..3]);
        assert_eq!(table[3], ["2000", "12"]);
    }

    #[test]
    fn the_same_sheets_give_the_same_bytes() {
        assert_eq!(write_workbook("title", &sheets()).unwrap(), write_workbook("title", &sheets()).unwrap());
    }

    #[test]
    fn broken_workbooks_are_errors() {
        for bytes in [&b"no zip"[..], b"", b"PK\x03\x04"] {
            assert!(first_table(bytes).is_err());
        }
        let [empty, _] = sheets();
        let bytes = write_workbook("title", &[empty]).unwrap();
        assert!(matches!(first_table(&bytes), Err(WorkbookError::Empty)));
    }
}
