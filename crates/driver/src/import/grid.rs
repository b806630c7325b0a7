//! A table of texts, whatever file it comes from.

use crate::project::{Problem, Problems};
use crate::workbook::first_table;

/// A table with a row of headings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grid {
    /// The headings as they stand.
    pub(crate) headings: Vec<String>,
    /// The rows below; each has a cell per heading.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Grid {
    fn new(name: &str, mut lines: impl Iterator<Item = Vec<String>>) -> Result<Self, Problems> {
        let is_blank = |line: &Vec<String>| line.iter().all(|cell| cell.trim().is_empty());
        let trim = |line: Vec<String>| line.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let headings = lines.by_ref().find(|line| !is_blank(line)).map(trim).unwrap_or_default();
        let width = headings.len();
        let rows: Vec<Vec<String>> = lines
            .filter(|line| !is_blank(line))
            .map(|line| {
                let mut row = trim(line);
                row.resize(width, String::new());
                row
            })
            .collect();
        if rows.is_empty() {
            let message = "has no rows below a row of headings";
            return Err(Problem::in_file(name, message).into());
        }
        Ok(Self { headings, rows })
    }

    /// The table as CSV.
    pub(crate) fn to_csv(&self) -> String {
        let quoted = |cell: &String| {
            if cell.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
            }
        };
        let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n";
        std::iter::once(&self.headings).chain(&self.rows).map(line).collect()
    }
}

/// The first sheet of a workbook that has rows.
pub(crate) fn of_workbook(name: &str, bytes: &[u8]) -> Result<Grid, Problems> {
    let lines = first_table(bytes).map_err(|error| {
        Problem::in_file(name, format!("is not a workbook that can be read: {error}"))
            .with_help("save it as .xlsx, or as .csv")
    })?;
    Grid::new(name, lines.into_iter())
}

/// A CSV table; comma, semicolon or tab, whichever the heading has most of.
pub(crate) fn of_csv(name: &str, text: &str) -> Result<Grid, Problems> {
    let heading = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: char| heading.matches(separator).count();
    let separator =
        [',', ';', '\t'].into_iter().rev().max_by_key(|&separator| count(separator)).unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator as u8)
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| Problem::in_file(name, format!("is not a CSV table: {error}")))?;
        lines.push(record.iter().map(str::to_owned).collect());
    }
    Grid::new(name, lines.into_iter())
}

/// Text of a file: UTF-8 or UTF-16 by its byte order mark, else UTF-8 where it is valid, else Windows-1252.
pub(crate) fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, length)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[length..]).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_encodings_and_short_rows_are_understood() {
        let grid = of_csv("f.csv", "\n Study ;n\nMüller;\"3\"\n;\nOnly\n").unwrap();
        assert_eq!(grid.headings, ["Study", "n"]);
        assert_eq!(grid.rows, [["Müller", "3"], ["Only", ""]]);
        assert_eq!(decode(b"M\xfcller"), "Müller");
        assert_eq!(decode(&[0xff, 0xfe, b'a', 0]), "a");
        assert!(of_csv("f.csv", "Study,n\n").is_err());
    }

    #[test]
    fn csv_comes_back_as_it_was() {
        let grid = Grid { headings: vec!["a".to_owned()], rows: vec![vec!["x, \"y\"".to_owned()]] };
        assert_eq!(of_csv("f", &grid.to_csv()).unwrap(), grid);
    }
}
