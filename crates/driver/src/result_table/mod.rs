//! Tables of numbers that go to CSV in full precision, and to the terminal and the report as people read them.

pub(crate) mod hazard_ratio_routes;
pub(crate) mod reading;
pub(crate) mod single_arm_survival;
pub(crate) mod two_arm_survival;
pub(crate) mod two_arm_tests;
pub(crate) mod views;

use comfy_table::{CellAlignment, Table, TableStyle};
use kmeta_plot_svg::format::{fixed, interval, p_value, percent, shortest};
use kmeta_report_html::{TextColumn, TextTable};
use kmeta_trial_data::Interval;

use crate::error::CommandError;

/// Decimals of effects, as R meta prints them.
const EFFECT_DIGITS: usize = 4;

/// Decimals of test statistics.
const STATISTIC_DIGITS: usize = 2;

/// Decimals of variances such as tau-squared.
const VARIANCE_DIGITS: usize = 6;

/// A table with a name for its file and a title for people.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResultTable {
    /// Names the file: small letters and hyphens.
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) title: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// One cell. Every kind of number knows how people want to read it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Words.
    Text(String),
    /// An effect or its standard error.
    Effect(Option<f64>),
    /// A test statistic.
    Statistic(Option<f64>),
    /// A between-study variance.
    Variance(Option<f64>),
    /// A fraction shown in percent.
    Percent(Option<f64>),
    /// A p value.
    PValue(Option<f64>),
    /// A whole number, a year, a time: as short as it is.
    Number(Option<f64>),
    /// A lower and an upper limit.
    Limits(Option<Interval>),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn count(count: impl Into<f64>) -> Self {
        Self::Number(Some(count.into()))
    }

    /// As people read it; empty when absent.
    fn shown(&self) -> String {
        let with =
            |value: &Option<f64>, format: &dyn Fn(f64) -> String| value.map(format).unwrap_or_default();
        match self {
            Self::Text(text) => text.clone(),
            Self::Effect(value) => with(value, &|value| fixed(value, EFFECT_DIGITS)),
            Self::Statistic(value) => with(value, &|value| fixed(value, STATISTIC_DIGITS)),
            Self::Variance(value) => with(value, &|value| fixed(value, VARIANCE_DIGITS)),
            Self::Percent(value) => with(value, &|value| percent(value, 1)),
            Self::PValue(value) => {
                with(value, &|value| p_value(value, EFFECT_DIGITS).trim_start_matches("= ").to_owned())
            }
            Self::Number(value) => with(value, &shortest),
            Self::Limits(limits) => {
                limits.map(|limits| interval(limits.lower, limits.upper, EFFECT_DIGITS)).unwrap_or_default()
            }
        }
    }

    /// In full precision, one text per CSV column.
    fn exact(&self) -> Vec<String> {
        let number = |value: &Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::Effect(value)
            | Self::Statistic(value)
            | Self::Variance(value)
            | Self::Percent(value)
            | Self::PValue(value)
            | Self::Number(value) => vec![number(value)],
            Self::Limits(limits) => {
                vec![number(&limits.map(|limits| limits.lower)), number(&limits.map(|limits| limits.upper))]
            }
        }
    }

    fn is_number(&self) -> bool {
        !matches!(self, Self::Text(_))
    }
}

impl ResultTable {
    /// A table without rows.
    pub(crate) fn new(name: &'static str, title: impl Into<String>, columns: &[&'static str]) -> Self {
        Self { name, title: title.into(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, which has a cell for each column.
    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "{}", self.title);
        self.rows.push(row);
    }

    /// Whether the column holds numbers (or nothing).
    fn is_number(&self, column: usize) -> bool {
        self.rows.iter().all(|row| row[column].is_number())
    }

    /// The table as CSV with numbers in full precision. A column of limits becomes two, `lower` and `upper`
    /// of it; column names have underscores for blanks.
    ///
    /// # Errors
    /// When the text cannot be written.
    pub(crate) fn to_csv(&self) -> Result<String, CommandError> {
        let failed = |error: &dyn std::fmt::Display| CommandError::failed("a table cannot be written", error);
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut header = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let name = csv_name(column);
            if self.rows.iter().any(|row| matches!(row[index], Cell::Limits(_))) {
                let prefix = if name == "interval" { String::new() } else { format!("{name}_") };
                header.extend([format!("{prefix}lower"), format!("{prefix}upper")]);
            } else {
                header.push(name);
            }
        }
        writer.write_record(&header).map_err(|error| failed(&error))?;
        for row in &self.rows {
            let cells: Vec<String> = row.iter().flat_map(Cell::exact).collect();
            writer.write_record(&cells).map_err(|error| failed(&error))?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(&error))?;
        String::from_utf8(bytes).map_err(|error| failed(&error))
    }

    /// The table for the terminal, under its title.
    pub(crate) fn to_plain(&self) -> String {
        let mut table = Table::new();
        table.load_style(TableStyle::new());
        table.set_header(&self.columns);
        table.add_rows(self.rows.iter().map(|row| row.iter().map(Cell::shown).collect::<Vec<_>>()));
        for index in (0..self.columns.len()).filter(|&index| self.is_number(index)) {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        format!("{}\n{}", self.title, lines.join("\n"))
    }

    /// The table for the report.
    pub(crate) fn to_report(&self) -> TextTable {
        TextTable {
            caption: self.title.clone(),
            columns: self
                .columns
                .iter()
                .enumerate()
                .map(|(index, column)| TextColumn {
                    heading: (*column).to_owned(),
                    is_number: self.is_number(index),
                })
                .collect(),
            rows: self.rows.iter().map(|row| row.iter().map(Cell::shown).collect()).collect(),
        }
    }
}

/// A heading as the name of a CSV column: `I² from Q` is `i_squared_from_q`.
fn csv_name(heading: &str) -> String {
    heading
        .to_lowercase()
        .replace('²', "_squared")
        .replace('τ', "tau")
        .replace('χ', "chi")
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '_' })
        .collect::<String>()
        .split('_')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> ResultTable {
        let mut table =
            ResultTable::new("leave-one-out", "Leave one out", &["Left out", "Interval", "τ²", "p"]);
        let limits = Interval { lower: 0.1, upper: 1.0 / 3.0 };
        table.push(vec![
            Cell::text("Wirth 2021"),
            Cell::Limits(Some(limits)),
            Cell::Variance(None),
            Cell::PValue(Some(1e-9)),
        ]);
        table
    }

    #[test]
    fn csv_has_every_digit() {
        let csv = table().to_csv().unwrap();
        assert_eq!(
            csv,
            "left_out,lower,upper,tau_squared,p\nWirth 2021,0.1,0.3333333333333333,,0.000000001\n"
        );
    }

    #[test]
    fn people_read_rounded_numbers() {
        let text = table().to_plain();
        assert!(text.starts_with("Leave one out\n"), "{text}");
        assert!(text.contains("[0.1000, 0.3333]") && text.contains("< 0.0001"), "{text}");
        let report = table().to_report();
        assert_eq!(report.rows[0][2], "");
        assert!(report.columns[3].is_number && !report.columns[0].is_number);
    }
}
