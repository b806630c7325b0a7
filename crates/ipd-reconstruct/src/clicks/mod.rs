//! Clicks along survival curves, and the files in which digitizing programs save them.
//!
//! | Program | Files |
//! |---|---|
//! | WebPlotDigitizer 4 and later | project JSON; CSV of one data set (no header) or of all (row of names, row of X, Y) |
//! | DigitizeIt | CSV or text with a header: pairs of columns, or one column of times with one per curve |
//! | ScanIt, IPDfromKM, others | two columns separated by tabs, semicolons, commas or spaces, with or without header |
//!
//! A table may also carry a column that numbers its rows, comment lines that start with `#`, and several curves
//! below each other with a header each. Decimal commas are read where the columns are separated by something
//! else. Text is UTF-8, UTF-16 or Windows-1252 (Latin-1).
//!
//! ```
//! use kmeta_ipd_reconstruct::clicks::{ImportOptions, import_clicks};
//!
//! let file = import_clicks(b"time,survival\n0,100\n3.5,92.1\n7,80\n", &ImportOptions::default())?;
//! assert_eq!(file.curves[0].clicks.survival()[1], 92.1 / 100.0);
//! assert_eq!(file.findings[0].code, "survival-scale-detected");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod curve;
mod error;
mod layout;
mod scale;
mod table;
mod text;
mod webplotdigitizer;

use std::collections::{HashMap, HashSet};

use kmeta_trial_data::{Finding, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use curve::Clicks;
pub use error::ClicksError;
pub use scale::SurvivalScale;
pub use table::parse_table;
pub use webplotdigitizer::parse_webplotdigitizer_project;

/// What kind of file the clicks are in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClickFormat {
    /// A project when the text begins with `{`, a table otherwise.
    #[default]
    Auto,
    /// Project JSON of WebPlotDigitizer.
    WebplotdigitizerProject,
    /// A table of text in columns.
    Table,
}

/// How to read a file of clicks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "snake_case")]
pub struct ImportOptions {
    /// Name of the file, for messages; empty when there is none.
    pub file: String,
    /// The kind of file.
    pub format: ClickFormat,
    /// What the second coordinate is.
    pub scale: SurvivalScale,
    /// Unit of the times in the file.
    pub time_unit: TimeUnit,
    /// Unit to convert the times to; `None` leaves them as they are.
    pub convert_to: Option<TimeUnit>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            file: String::new(),
            format: ClickFormat::Auto,
            scale: SurvivalScale::Auto,
            time_unit: TimeUnit::Months,
            convert_to: None,
        }
    }
}

/// One curve of a file: its clicks in reading order, nothing removed.
#[derive(Debug, Clone, PartialEq)]
pub struct ClickCurve {
    /// Name of the data set as the file gives it; empty when there is none.
    pub name: String,
    /// Times in `time_unit`, survival as a fraction.
    pub clicks: Clicks,
    /// Unit of the times.
    pub time_unit: TimeUnit,
    /// The scale that the file's values were read in, never [`SurvivalScale::Auto`].
    pub scale: SurvivalScale,
}

/// The curves of a file of clicks.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedClicks {
    /// The curves, at least one, in the order of the file, each with a name of its own.
    pub curves: Vec<ClickCurve>,
    /// What was decided while reading; each finding names the file and the row or data set it speaks of.
    pub findings: Vec<Finding>,
}

/// A curve as it stands in a file, before its scale is known.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedCurve {
    /// Name of the data set; empty when there is none.
    pub name: String,
    /// First coordinates in reading order, finite.
    pub times: Vec<f64>,
    /// Second coordinates in reading order, finite, as many.
    pub values: Vec<f64>,
}

/// The curves of a file as they stand in it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedCurves {
    /// The curves, at least one, each with at least one click and a name of its own.
    pub curves: Vec<ParsedCurve>,
    /// What was decided while reading. The place of a finding names a row or a data set, not the file.
    pub findings: Vec<Finding>,
}

/// Reads the curves of a file of clicks.
///
/// # Errors
/// [`ClicksError::InFile`] (or the error itself when [`ImportOptions::file`] is empty), which names row, column,
/// what was found, what was expected and what to do.
pub fn import_clicks(bytes: &[u8], options: &ImportOptions) -> Result<ImportedClicks, ClicksError> {
    import(bytes, options).map_err(|source| match options.file.as_str() {
        "" => source,
        file => ClicksError::InFile { file: file.to_owned(), source: Box::new(source) },
    })
}

fn import(bytes: &[u8], options: &ImportOptions) -> Result<ImportedClicks, ClicksError> {
    let project = match options.format {
        ClickFormat::Auto => text::decode(bytes)?.0.trim_start().starts_with('{'),
        ClickFormat::WebplotdigitizerProject => true,
        ClickFormat::Table => false,
    };
    let mut parsed = if project { parse_webplotdigitizer_project(bytes)? } else { parse_table(bytes)? };
    let scale = scale::resolve(options.scale, &parsed.curves, &mut parsed.findings)?;
    for finding in &mut parsed.findings {
        if !options.file.is_empty() {
            finding.place = format!("{}, {}", options.file, finding.place);
        }
    }
    let unit = options.convert_to.unwrap_or(options.time_unit);
    let factor = options.time_unit.factor_to(unit);
    let curves = parsed
        .curves
        .into_iter()
        .map(|curve| {
            let times = curve.times.into_iter().map(|time| time * factor).collect();
            let survival = curve.values.into_iter().map(|value| scale.to_survival(value)).collect();
            Ok(ClickCurve { name: curve.name, clicks: Clicks::new(times, survival)?, time_unit: unit, scale })
        })
        .collect::<Result<_, ClicksError>>()?;
    Ok(ImportedClicks { curves, findings: parsed.findings })
}

/// Drops curves without clicks and gives equal names a number.
fn finish(mut curves: Vec<ParsedCurve>, mut findings: Vec<Finding>) -> Result<ParsedCurves, ClicksError> {
    curves.retain(|curve| {
        if curve.times.is_empty() {
            let message = "this data set has no clicks and was left out";
            findings.push(Finding::note("data-set-empty", format!("data set `{}`", curve.name), message));
        }
        !curve.times.is_empty()
    });
    if curves.is_empty() {
        return Err(ClicksError::NoClicks);
    }
    make_names_unique(&mut curves, &mut findings);
    Ok(ParsedCurves { curves, findings })
}

/// The second data set of a name gets ` (2)` behind it, and so on.
fn make_names_unique(curves: &mut [ParsedCurve], findings: &mut Vec<Finding>) {
    let mut taken: HashSet<String> = HashSet::with_capacity(curves.len());
    let mut next_number: HashMap<String, usize> = HashMap::new();
    for curve in curves {
        if taken.insert(curve.name.clone()) {
            continue;
        }
        let number = next_number.entry(curve.name.clone()).or_insert(2);
        let renamed = loop {
            let name = format!("{} ({number})", curve.name).trim_start().to_owned();
            *number += 1;
            if taken.insert(name.clone()) {
                break name;
            }
        };
        let place = format!("data set `{}`", curve.name);
        let message = format!("this name stands for several data sets; one is called `{renamed}` here");
        findings.push(Finding::note("data-set-renamed", place, message));
        curve.name = renamed;
    }
}
