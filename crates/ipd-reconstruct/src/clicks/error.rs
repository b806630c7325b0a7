//! Files of clicks that cannot be read.

/// Why clicks cannot be read. Rows and columns count from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClicksError {
    /// An error in a named file.
    #[error("{file}: {source}")]
    InFile {
        /// The file.
        file: String,
        /// What is wrong in it.
        source: Box<ClicksError>,
    },
    /// Times and survival differ in number, or there are none.
    #[error("{times} times but {survival} survival values: give one value per time, at least one")]
    ColumnsDiffer {
        /// Number of times.
        times: usize,
        /// Number of survival values.
        survival: usize,
    },
    /// A value is not a finite number.
    #[error("click {click}: time {time}, survival {survival}: not finite numbers")]
    NotFinite {
        /// Number of the click, from 1.
        click: usize,
        /// The time found.
        time: f64,
        /// The survival found.
        survival: f64,
    },
    /// The file is not text.
    #[error("not a text file: it holds NUL characters; export the clicks as CSV, text or project JSON")]
    NotText,
    /// There is no click in the file.
    #[error("no clicks: expected a row with a time and a survival value for each click; check the export")]
    NoClicks,
    /// The file is not JSON.
    #[error("line {line}, column {column}: not JSON ({message}); save the project again")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the reader of JSON says.
        message: String,
    },
    /// The JSON is not a project of WebPlotDigitizer 4 or later.
    #[error(
        "not a WebPlotDigitizer project: `{missing}` is missing; expected a project saved by version 4 or later \
         (open an older one there and save it again)"
    )]
    NotAProject {
        /// The part that was looked for.
        missing: &'static str,
    },
    /// A point of a project has neither value nor usable axes.
    #[error("data set `{dataset}`, point {point}: {found}; {expected}")]
    ProjectPoint {
        /// Name of the data set.
        dataset: String,
        /// Number of the point, from 1.
        point: usize,
        /// What was found.
        found: String,
        /// What is expected and what to do.
        expected: &'static str,
    },
    /// The axes of a project are not those of a survival curve, or not calibrated.
    #[error("axes `{axes}`: {found}; calibrate the figure as a 2D (X-Y) plot and save the project again")]
    ProjectAxes {
        /// Name of the axes.
        axes: String,
        /// What was found.
        found: String,
    },
    /// A cell is not a number.
    #[error("row {row}, column {column}: found `{found}`, expected {expected}")]
    Cell {
        /// Line of the file, from 1.
        row: u64,
        /// Column, from 1.
        column: usize,
        /// What was found.
        found: String,
        /// What is expected and what to do.
        expected: &'static str,
    },
    /// The columns of a table have no recognized meaning.
    #[error(
        "row {row}: {columns} columns without a recognized meaning; expected a time and a survival column, such \
         pairs side by side, or one time column with a named survival column per curve"
    )]
    Columns {
        /// First line of the table, from 1.
        row: u64,
        /// Number of columns.
        columns: usize,
    },
    /// Commas may be decimal signs or separators.
    #[error(
        "row {row}: commas may be decimal signs or separators here; export with points as decimal signs, or with \
         tabs or semicolons between the columns"
    )]
    CommaAmbiguous {
        /// First line of the table, from 1.
        row: u64,
    },
    /// The row of names does not fit the columns below it.
    #[error(
        "row {row}: {names} cells with names above {columns} columns; a name that contains the separator must be \
         quoted or changed"
    )]
    Names {
        /// Line of the file, from 1.
        row: u64,
        /// Cells in the row of names.
        names: usize,
        /// Columns below it.
        columns: usize,
    },
    /// The scale of the survival axis cannot be told from the values.
    #[error("curve `{curve}`: {found}; state the scale: percent, fraction, incidence or incidence-percent")]
    ScaleAmbiguous {
        /// Name of the curve.
        curve: String,
        /// What makes it ambiguous.
        found: String,
    },
    /// The stated scale contradicts the values.
    #[error("curve `{curve}`: {found}, which contradicts the stated scale `{stated}`; correct the scale")]
    ScaleContradicted {
        /// Name of the curve.
        curve: String,
        /// What contradicts it.
        found: String,
        /// The stated scale.
        stated: &'static str,
    },
}
