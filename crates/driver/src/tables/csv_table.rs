//! A CSV file whose cells are asked for by column name and complain by row and column.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use crate::project::{Problem, Problems, closest_name};

/// A CSV file with a header line.
#[derive(Debug)]
pub struct CsvTable {
    file: String,
    text: String,
    columns: HashMap<String, usize>,
    rows: Vec<Row>,
    problems: Vec<Problem>,
}

#[derive(Debug)]
struct Row {
    line: usize,
    span: Range<usize>,
    cells: Vec<String>,
}

impl CsvTable {
    /// Reads the file and checks its header: all `required` columns, any of the `optional` ones, no other.
    ///
    /// # Errors
    /// The file cannot be read, is no table, is empty, or its header is wrong.
    pub fn read(path: &Path, required: &[&str], optional: &[&str]) -> Result<Self, Problems> {
        let file = path.display().to_string();
        let text = read_text(path, &file)?;
        Self::parse(&file, &text, required, optional)
    }

    /// The same for the text of a file.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(file: &str, text: &str, required: &[&str], optional: &[&str]) -> Result<Self, Problems> {
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter(&text))
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let unreadable = |error: &csv::Error| unreadable_row(file, &text, error);
        let header = reader.headers().map_err(|error| unreadable(&error))?.clone();
        let columns = check_header(file, &text, &header, required, optional)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| unreadable(&error))?;
            let (line, start) = record.position().map_or((0, 0), |position| {
                (usize::try_from(position.line()).unwrap_or(0), usize::try_from(position.byte()).unwrap_or(0))
            });
            let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
            let cells = record.iter().map(str::to_owned).collect();
            rows.push(Row { line, span: start..line_end, cells });
        }
        if rows.is_empty() {
            return Err(Problem::in_file(file, "has no rows below its header").into());
        }
        Ok(Self { file: file.to_owned(), text, columns, rows, problems: Vec::new() })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows; never for a table that was read.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the table has the column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// The text of a cell; empty when the column is absent.
    pub fn text(&self, row: usize, column: &str) -> &str {
        self.columns.get(column).and_then(|&index| self.rows[row].cells.get(index)).map_or("", String::as_str)
    }

    /// A cell that must be filled.
    pub fn name(&mut self, row: usize, column: &str) -> String {
        let text = self.text(row, column).to_owned();
        if text.is_empty() {
            self.report(row, column, "the cell is empty");
        }
        text
    }

    /// A finite number. A cell that holds none is reported and gives NaN.
    pub fn number(&mut self, row: usize, column: &str) -> f64 {
        self.parsed(row, column, "a number", |number: &f64| number.is_finite()).unwrap_or(f64::NAN)
    }

    /// A whole number of at least 0. A cell that holds none is reported and gives 0.
    pub fn count(&mut self, row: usize, column: &str) -> u32 {
        self.parsed(row, column, "a whole number of at least 0", |_: &u32| true).unwrap_or(0)
    }

    /// A finite number, or `None` for an empty cell.
    pub fn optional_number(&mut self, row: usize, column: &str) -> Option<f64> {
        if self.text(row, column).is_empty() { None } else { Some(self.number(row, column)) }
    }

    /// A whole number of at least 0, or `None` for an empty cell.
    pub fn optional_count(&mut self, row: usize, column: &str) -> Option<u32> {
        if self.text(row, column).is_empty() { None } else { Some(self.count(row, column)) }
    }

    /// One of some words, or `None` for an empty cell and for a cell that is reported.
    pub fn optional_choice<T: Copy>(&mut self, row: usize, column: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(row, column).to_lowercase();
        let found = choices.iter().find(|(word, _)| *word == text).map(|&(_, choice)| choice);
        if found.is_none() && !text.is_empty() {
            let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
            self.report(row, column, format!("\"{text}\" is none of {}", words.join(", ")));
        }
        found
    }

    fn parsed<T: FromStr>(
        &mut self,
        row: usize,
        column: &str,
        expected: &str,
        usable: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let text = self.text(row, column);
        let value = text.parse().ok().filter(usable);
        if value.is_none() {
            let hint = if text.contains(',') { "; write a decimal point, not a comma" } else { "" };
            let message = format!("\"{text}\" is not {expected}{hint}");
            self.report(row, column, message);
        }
        value
    }

    /// Notes a mistake in a cell.
    pub fn report(&mut self, row: usize, column: &str, message: impl Into<String>) {
        let Row { line, span, .. } = &self.rows[row];
        let field = format!("row {}, column `{column}`", row + 1);
        let mut problem = Problem::at(&self.file, &self.text, span.clone(), field, message);
        problem.line = Some(*line);
        self.problems.push(problem);
    }

    /// The mistakes noted so far, if any.
    ///
    /// # Errors
    /// When there are some.
    pub fn check(&mut self) -> Result<(), Problems> {
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(std::mem::take(&mut self.problems))) }
    }

    /// The rows of each value of an optional column, in order of first appearance; all rows under the empty
    /// name when the column is absent.
    pub fn rows_by(&self, column: &str) -> Vec<(String, Vec<usize>)> {
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        for row in 0..self.len() {
            let name = self.text(row, column);
            match groups.iter_mut().find(|(known, _)| known == name) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((name.to_owned(), vec![row])),
            }
        }
        groups
    }
}

/// The text of a CSV file, or the first sheet of a workbook (`.xlsx`, `.xls`, `.ods`) as such a text.
fn read_text(path: &Path, file: &str) -> Result<String, Problems> {
    let unreadable = |error: std::io::Error| Problem::in_file(file, format!("cannot be read: {error}"));
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if ["xlsx", "xlsm", "xls", "ods"].contains(&extension.as_str()) {
        let bytes = std::fs::read(path).map_err(unreadable)?;
        return Ok(crate::import::grid::of_workbook(file, &bytes)?.to_csv());
    }
    Ok(std::fs::read_to_string(path).map_err(unreadable)?)
}

/// The separator of the header line: comma unless it only has semicolons or tabs.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.starts_with('#')).unwrap_or("");
    match (header.contains(','), header.contains(';'), header.contains('\t')) {
        (false, true, _) => b';',
        (false, false, true) => b'\t',
        _ => b',',
    }
}

fn unreadable_row(file: &str, text: &str, error: &csv::Error) -> Problem {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos: Some(position), expected_len, len } => {
            let start = usize::try_from(position.byte()).unwrap_or(0);
            let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
            let field = format!("row {}", position.record());
            let message = format!("the row has {len} cells, the header {expected_len}");
            Problem::at(file, text, start..end, field, message)
        }
        _ => Problem::in_file(file, format!("is not a CSV table: {error}")),
    }
}

fn check_header(
    file: &str,
    text: &str,
    header: &csv::StringRecord,
    required: &[&str],
    optional: &[&str],
) -> Result<HashMap<String, usize>, Problems> {
    let line_end = text.find('\n').unwrap_or(text.len());
    let problem = |field: String, message: String| Problem::at(file, text, 0..line_end, field, message);
    let known: Vec<&str> = required.iter().chain(optional).copied().collect();
    let mut problems = Vec::new();
    let mut columns = HashMap::new();
    for (index, name) in header.iter().enumerate() {
        let name = name.to_lowercase();
        if !known.contains(&name.as_str()) {
            let help = match closest_name(&name, &known) {
                Some(column) => format!("did you mean `{column}`?"),
                None => format!("the columns are: {}", known.join(", ")),
            };
            problems.push(
                problem(format!("header, column {}", index + 1), format!("unknown column `{name}`"))
                    .with_help(help),
            );
        } else if columns.insert(name.clone(), index).is_some() {
            problems.push(problem(
                format!("header, column {}", index + 1),
                format!("column `{name}` occurs twice"),
            ));
        }
    }
    for name in required.iter().filter(|&&name| !columns.contains_key(name)) {
        problems.push(problem("header".to_owned(), format!("column `{name}` is missing")));
    }
    if problems.is_empty() { Ok(columns) } else { Err(Problems(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_tabs_comments_and_byte_order_marks_are_understood() {
        for text in ["time;arm\n1.5;a\n", "time\tarm\n1.5\ta\n", "\u{feff}Time,Arm\n# a remark\n1.5,a\n"] {
            let mut table = CsvTable::parse("f.csv", text, &["time"], &["arm"]).unwrap();
            assert_eq!((table.number(0, "time"), table.text(0, "arm")), (1.5, "a"));
            table.check().unwrap();
        }
    }

    #[test]
    fn every_bad_cell_is_reported_with_row_and_column() {
        let mut table = CsvTable::parse("f.csv", "time,n\n\"1,5\",3\n2,-1\n", &["time", "n"], &[]).unwrap();
        for row in 0..2 {
            table.number(row, "time");
            table.count(row, "n");
        }
        let problems = table.check().unwrap_err().to_string();
        assert!(
            problems
                .contains("f.csv:2: row 1, column `time`: \"1,5\" is not a number; write a decimal point")
        );
        assert!(problems.contains("f.csv:3: row 2, column `n`: \"-1\" is not a whole number"));
    }

    #[test]
    fn headers_and_ragged_rows_are_refused() {
        let message =
            |text: &str| CsvTable::parse("f.csv", text, &["time"], &["arm"]).unwrap_err().to_string();
        assert!(message("tme,arm\n1,a\n").contains("unknown column `tme`"));
        assert!(message("tme,arm\n1,a\n").contains("column `time` is missing"));
        assert!(message("time,time\n1,2\n").contains("occurs twice"));
        assert!(message("time,arm\n1\n").contains("row 1: the row has 1 cells, the header 2"));
        assert!(message("time\n").contains("no rows"));
    }
}
