//! Tables of text: separators, decimal signs, cells.

use kmeta_trial_data::Finding;

use crate::clicks::{ClicksError, ParsedCurves, finish, layout, text};

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Empty, or a word for a missing value.
    Missing,
    /// A finite number.
    Number(f64),
    /// Anything else.
    Text(String),
}

/// A line of a table with at least one cell that is not empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Line of the file, from 1.
    pub(crate) line: u64,
    /// The cells, without empty ones at the end.
    pub(crate) cells: Vec<Cell>,
}

impl Row {
    /// True when the row has text and no number: a header.
    pub(crate) fn is_text(&self) -> bool {
        !self.cells.iter().any(|cell| matches!(cell, Cell::Number(_)))
    }

    /// The text of a cell as the file has it; empty when it is missing. Numbers can be names of data sets.
    pub(crate) fn name(&self, column: usize) -> String {
        match self.cells.get(column) {
            Some(Cell::Text(text)) => text.clone(),
            Some(Cell::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }
}

/// Reads a table of clicks: CSV of WebPlotDigitizer (one data set or all), CSV or text of DigitizeIt and ScanIt,
/// two columns as IPDfromKM takes them. Separators (tab, semicolon, bar, comma, spaces), decimal commas, headers,
/// several curves side by side or below each other are recognized.
///
/// # Errors
/// [`ClicksError`] naming row and column of a cell that is not a number, columns without recognized meaning, and
/// commas that may be separators or decimal signs.
pub fn parse_table(bytes: &[u8]) -> Result<ParsedCurves, ClicksError> {
    let (text, mut findings) = text::decode(bytes)?;
    let separator = Separator::detect(&text);
    let lines = separator.split(&text);
    let comma = decimal_comma(separator, &lines, &mut findings);
    let rows: Vec<Row> = lines
        .into_iter()
        .filter_map(|(line, cells)| {
            let mut cells: Vec<Cell> = cells.iter().map(|cell| read_cell(cell, comma)).collect();
            while cells.last() == Some(&Cell::Missing) {
                cells.pop();
            }
            (!cells.is_empty()).then_some(Row { line, cells })
        })
        .collect();
    if separator == Separator::Character(b',') {
        refuse_ambiguous_commas(&text, &rows)?;
    }
    let curves = layout::curves(&rows, &mut findings)?;
    finish(curves, findings)
}

/// What separates the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Character(u8),
    Spaces,
}

impl Separator {
    /// The first of tab, semicolon and bar that most lines have; else commas, unless they stand inside numbers
    /// that spaces separate; else spaces.
    fn detect(text: &str) -> Self {
        let lines: Vec<&str> = content_lines(text).map(|(_, line)| line).collect();
        for candidate in [b'\t', b';', b'|'] {
            let having = lines.iter().filter(|line| line.as_bytes().contains(&candidate)).count();
            if having * 2 > lines.len() {
                return Self::Character(candidate);
            }
        }
        let with_comma = lines.iter().filter(|line| line.contains(',')).count();
        let spaced = lines.iter().filter(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.len() > 1 && words.iter().all(|word| number(word, true).is_some())
        });
        if with_comma * 2 > lines.len() && spaced.count() * 2 <= lines.len() {
            Self::Character(b',')
        } else {
            Self::Spaces
        }
    }

    /// The lines with their numbers, split into cells without surrounding spaces.
    fn split(self, text: &str) -> Vec<(u64, Vec<String>)> {
        match self {
            Self::Spaces => content_lines(text)
                .map(|(number, line)| (number, line.split_whitespace().map(str::to_owned).collect()))
                .collect(),
            Self::Character(separator) => {
                let mut reader = csv::ReaderBuilder::new()
                    .delimiter(separator)
                    .has_headers(false)
                    .flexible(true)
                    .comment(Some(b'#'))
                    .trim(csv::Trim::All)
                    .from_reader(text.as_bytes());
                // Records of valid UTF-8 with any number of cells cannot fail.
                let records = reader.records().filter_map(Result::ok);
                records
                    .map(|record| {
                        let line = record.position().map_or(0, csv::Position::line);
                        (line, record.iter().map(str::to_owned).collect())
                    })
                    .collect()
            }
        }
    }
}

/// Lines that are neither blank nor comments, with their numbers from 1.
fn content_lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let lines = (1..).zip(text.split('\n').flat_map(|line| line.trim_end_matches('\r').split('\r')));
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

/// True when numbers have commas for decimal signs, which a finding then says.
fn decimal_comma(separator: Separator, lines: &[(u64, Vec<String>)], findings: &mut Vec<Finding>) -> bool {
    let any = |sign: char| {
        let mut cells = lines.iter().flat_map(|(_, cells)| cells);
        cells.any(|cell| cell.contains(sign) && number(cell, sign == ',').is_some())
    };
    if separator == Separator::Character(b',') || !any(',') {
        return false;
    }
    let points = any('.');
    if !points {
        let message = "numbers have commas and no points, so commas were read as decimal signs";
        findings.push(Finding::note("decimal-comma", "numbers", message));
    }
    !points
}

fn read_cell(cell: &str, decimal_comma: bool) -> Cell {
    const MISSING: [&str; 5] = ["na", "n/a", "nan", "null", "-"];
    if cell.is_empty() || MISSING.contains(&cell.to_ascii_lowercase().as_str()) {
        return Cell::Missing;
    }
    number(cell, decimal_comma).map_or_else(|| Cell::Text(cell.to_owned()), Cell::Number)
}

/// A finite number of digits, sign, exponent and one decimal sign: the comma if allowed, else the point.
fn number(cell: &str, decimal_comma: bool) -> Option<f64> {
    let digits = cell.bytes().all(|byte| byte.is_ascii_digit() || b"+-.,eE".contains(&byte));
    if !digits || !cell.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let parsed = if decimal_comma && !cell.contains('.') {
        cell.replacen(',', ".", 1).parse::<f64>()
    } else {
        cell.parse::<f64>()
    };
    parsed.ok().filter(|number| number.is_finite())
}

/// Refuses whole numbers separated by commas three or more in a row, like `12,5,0,93`, unless a header has as
/// many names.
fn refuse_ambiguous_commas(text: &str, rows: &[Row]) -> Result<(), ClicksError> {
    let headers = rows.iter().filter(|row| row.is_text()).map(|row| row.cells.len()).max().unwrap_or(0);
    let numbers = || rows.iter().filter(|row| !row.is_text());
    let point = content_lines(text).any(|(_, line)| {
        line.split(',').map(str::trim).any(|cell| cell.contains('.') && number(cell, false).is_some())
    });
    let widest = numbers().map(|row| row.cells.len()).max().unwrap_or(0);
    let quoted = text.contains('"');
    if !point && !quoted && widest >= 3 && headers < widest {
        let row = numbers().next().map_or(0, |row| row.line);
        return Err(ClicksError::CommaAmbiguous { row });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_curve(text: &str) -> (Vec<f64>, Vec<f64>) {
        let curve = parse_table(text.as_bytes()).unwrap().curves.remove(0);
        (curve.times, curve.values)
    }

    #[test]
    fn separators_and_decimal_signs() {
        let expected = (vec![0.0, 1.5], vec![1.0, 0.93]);
        for text in [
            "0,1\n1.5,0.93\n",
            "0, 1\r\n1.5, 0.93\r\n",
            "0;1\n1,5;0,93\n",
            "0\t1\n1.5\t0.93",
            "0 1\n1,5 0,93\n",
            "0 | 1\n1.5 | 0.93\n",
            "# digitized by hand\ntime,survival\n\n0,1\n1.5,0.93,\n",
            "\"time\";\"survival\"\n\"0\";\"1\"\n\"1,5\";\"0,93\"\n",
            "  0   1\n  1.5   9.3e-1\r",
        ] {
            assert_eq!(first_curve(text), expected, "{text:?}");
        }
    }

    #[test]
    fn errors_name_row_and_column() {
        let parse = |text: &str| parse_table(text.as_bytes()).unwrap_err().to_string();
        assert!(parse("time,survival\n0,1\n1.5,0.9x\n").starts_with("row 3, column 2: found `0.9x`"));
        assert!(parse("0;1\n1,5;0.93\n").starts_with("row 2, column 1: found `1,5`"));
        assert!(parse("0,1\n1.5,\n").starts_with("row 2, column 2: found ``"));
        assert!(parse("0,5,0,93\n1,5,0,91\n").starts_with("row 1: commas may be"));
        assert!(parse("1\n2\n").starts_with("row 1: 1 columns"));
        assert!(parse("").starts_with("no clicks"));
        assert!(parse("time,survival\n").starts_with("no clicks"));
    }
}
