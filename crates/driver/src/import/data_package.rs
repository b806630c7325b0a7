//! Cochrane data packages: a zip of CSV tables that RevMan Web and the Cochrane Library give out. The study rows of all
//! analyses stand in `…-data-rows.csv`, one row per study, what was chosen in `…-overall-estimates-and-settings.csv`.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::grid::{self, Grid};
use super::review::{self, ReviewNumbers, ReviewOutcome, ReviewRow};
use super::{Import, ReviewSettings, names};
use crate::project::{Counts, Problem, Problems};

/// Largest table that is unpacked; the largest review has some thousand rows of 300 bytes.
const LARGEST_TABLE: u64 = 64 << 20;

/// A table whose columns are found by their headings, whatever the case and the blanks.
struct Columns<'a> {
    grid: &'a Grid,
    index: HashMap<String, usize>,
}

impl<'a> Columns<'a> {
    fn new(grid: &'a Grid) -> Self {
        let index = grid.headings.iter().enumerate().map(|(index, heading)| (key(heading), index)).collect();
        Self { grid, index }
    }

    fn has(&self, heading: &str) -> bool {
        self.index.contains_key(&key(heading))
    }

    fn text(&self, row: usize, heading: &str) -> &'a str {
        self.index.get(&key(heading)).map_or("", |&column| self.grid.rows[row][column].as_str())
    }

    fn number(&self, row: usize, heading: &str) -> Option<f64> {
        self.text(row, heading).parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn whole(&self, row: usize, heading: &str) -> Option<u32> {
        let number = self.number(row, heading)?;
        (number >= 0.0 && number.fract() == 0.0 && number <= f64::from(u32::MAX)).then_some(number as u32)
    }
}

fn key(heading: &str) -> String {
    heading.to_lowercase().chars().filter(|character| character.is_alphanumeric()).collect()
}

/// Whether a table is one of study rows.
pub(super) fn is_data_rows(grid: &Grid) -> bool {
    let columns = Columns::new(grid);
    ["Analysis group", "Analysis number", "Study"].iter().all(|heading| columns.has(heading))
}

/// Reads the study rows of a table by itself.
pub(super) fn read_rows(name: &str, rows: &Grid) -> Result<Import, Problems> {
    import(name, rows, None)
}

/// Reads a package.
pub(super) fn read_zip(name: &str, bytes: &[u8]) -> Result<Import, Problems> {
    let unreadable =
        |error: String| Problem::in_file(name, format!("is not a zip file that can be read: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(error.to_string()))?;
    let (mut rows, mut settings) = (None, None);
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| unreadable(error.to_string()))?;
        let inside = file.name().map_err(|error| unreadable(error.to_string()))?.to_lowercase();
        let (is_rows, is_settings) =
            (inside.ends_with("data-rows.csv"), inside.ends_with("estimates-and-settings.csv"));
        if !is_rows && !is_settings {
            continue;
        }
        let mut content = Vec::new();
        file.take(LARGEST_TABLE + 1)
            .read_to_end(&mut content)
            .map_err(|error| unreadable(error.to_string()))?;
        if content.len() as u64 > LARGEST_TABLE {
            return Err(Problem::in_file(name, format!("{inside} is larger than 64 MB")).into());
        }
        let grid = grid::of_csv(&format!("{name}: {inside}"), &grid::decode(&content))?;
        *(if is_rows { &mut rows } else { &mut settings }) = Some(grid);
    }
    let Some(rows) = rows else {
        return Err(Problem::in_file(name, "has no table whose name ends with data-rows.csv")
            .with_help("give the data package of a Cochrane review as it was downloaded")
            .into());
    };
    if !is_data_rows(&rows) {
        let message = "the study rows have no columns `Analysis group`, `Analysis number` and `Study`";
        return Err(Problem::in_file(name, message).into());
    }
    import(name, &rows, settings.as_ref())
}

fn import(name: &str, rows: &Grid, settings: Option<&Grid>) -> Result<Import, Problems> {
    let columns = Columns::new(rows);
    let settings = settings.map(Columns::new);
    let mut outcomes: Vec<ReviewOutcome> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for row in 0..rows.rows.len() {
        let analysis =
            (columns.text(row, "Analysis group").to_owned(), columns.text(row, "Analysis number").to_owned());
        let index = *places.entry(analysis.clone()).or_insert_with(|| {
            outcomes.push(outcome(&columns, row, settings.as_ref(), &analysis));
            outcomes.len() - 1
        });
        let measure = outcomes[index].measure_name.clone();
        outcomes[index].rows.push(review_row(&columns, row, &measure));
    }
    if outcomes.is_empty() {
        return Err(Problem::in_file(name, "has no study rows").into());
    }
    let mut import = Import::default();
    review::add(&mut import, outcomes);
    Ok(import)
}

/// What the settings, or else the study rows, say about an analysis.
fn outcome(
    columns: &Columns<'_>,
    row: usize,
    settings: Option<&Columns<'_>>,
    analysis: &(String, String),
) -> ReviewOutcome {
    let of_settings = settings.and_then(|settings| {
        let same = |row: &usize| {
            settings.text(*row, "Analysis group") == analysis.0
                && settings.text(*row, "Analysis number") == analysis.1
        };
        (0..settings.grid.rows.len()).find(same).map(|row| (settings, row))
    });
    let text = |heading: &str| {
        let setting = of_settings.map_or("", |(settings, row)| settings.text(row, heading));
        if setting.is_empty() { columns.text(row, heading) } else { setting }
    };
    let place = format!("analysis {}.{}", analysis.0, analysis.1);
    let measure_name = text("Effect measure").to_owned();
    ReviewOutcome {
        title: Some(text("Analysis name")).filter(|name| !name.is_empty()).unwrap_or(&place).to_owned(),
        arms: [text("Experimental group label"), text("Control group label")]
            .map(|label| if label == "Experimental" || label == "Control" { "" } else { label }.to_owned()),
        settings: ReviewSettings {
            measure: review::measure(&measure_name),
            pooling: review::pooling(text("Statistical method"), &measure_name),
            // RevMan Web offers REML since 2024 and names it; DerSimonian and Laird before.
            dersimonian_laird: !text("Heterogeneity estimator").to_lowercase().contains("restricted"),
        },
        place,
        measure_name,
        rows: Vec::new(),
    }
}

fn review_row(columns: &Columns<'_>, row: usize, measure: &str) -> ReviewRow {
    let label = columns.text(row, "Study");
    let counts = || {
        let arm = |arm: &str| {
            let events = columns.whole(row, &format!("{arm} cases"))?;
            Some(Counts { events, total: columns.whole(row, &format!("{arm} N"))? })
        };
        Some([arm("Experimental")?, arm("Control")?])
    };
    let means = || {
        let arm = |arm: &str| {
            let number = |what: &str| columns.number(row, &format!("{arm} {what}"));
            let deviation = number("standard deviation").or(number("SD"))?;
            Some([number("mean")?, deviation, number("N")?])
        };
        Some([arm("Experimental")?, arm("Control")?])
    };
    let log_rank = || {
        let variance = columns.number(row, "Variance").filter(|variance| *variance > 0.0)?;
        let observed_minus_expected = columns.number(row, "O-E")?;
        Some(ReviewNumbers::LogRank { observed_minus_expected, variance, counts: counts() })
    };
    let effect = || {
        let standard_error = columns.number(row, "GIV SE").filter(|error| *error > 0.0)?;
        let patients = columns.whole(row, "Experimental N").zip(columns.whole(row, "Control N"));
        let effect = columns.number(row, "GIV Mean")?;
        Some(ReviewNumbers::Effect {
            effect,
            standard_error,
            patients: patients.map(|(one, other)| [one, other]),
        })
    };
    // A row has the columns of every kind, zeros in those that are not its own: the measure decides.
    let two_arm_counts =
        || counts().filter(|both| both.iter().any(|counts| counts.total > 0)).map(ReviewNumbers::Counts);
    let numbers = if review::measure(measure).is_some() {
        two_arm_counts()
    } else if measure.to_lowercase().contains("mean difference") {
        means().map(ReviewNumbers::Means).or_else(effect)
    } else {
        log_rank().or_else(effect).or_else(two_arm_counts)
    };
    ReviewRow {
        study: names::identifier(label, label),
        label: label.to_owned(),
        year: columns.whole(row, "Study year").and_then(|year| u16::try_from(year).ok()),
        subgroup: columns.text(row, "Subgroup").to_owned(),
        numbers: numbers.unwrap_or_default(),
    }
}
