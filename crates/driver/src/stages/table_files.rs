//! The tables of a run as files: CSV for programs, one workbook for people.

use kmeta_trial_data::PatientRecord;

use super::write_tables;
use crate::error::CommandError;
use crate::result_table::{reading, views};
use crate::results::{ArmResult, Results};
use crate::workbook::{Sheet, write_workbook};

/// A table with its place in the output folder.
#[derive(Debug)]
pub(crate) struct NamedTable {
    /// Path without extension, for example `tables/orr`.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) title: String,
    /// Its rows as CSV, numbers in full precision.
    pub(crate) csv: String,
}

/// Name of the workbook.
pub(crate) const WORKBOOK: &str = "tables/tables.xlsx";

/// Every table, in the order of the report.
///
/// # Errors
/// When a table cannot be written as text.
pub(crate) fn all(
    results: &Results,
    patients: &[(&ArmResult, &[PatientRecord])],
) -> Result<Vec<NamedTable>, CommandError> {
    let mut tables = Vec::new();
    let mut add = |name: &str, title: &str, csv: String| {
        tables.push(NamedTable { name: name.to_owned(), title: title.to_owned(), csv });
    };
    add("tables/trials", "Trials", write_tables::trials(results)?);
    for analysis in &results.analyses {
        if let Some(csv) = write_tables::analysis(analysis)? {
            add(&format!("tables/{}", analysis.id), &analysis.title, csv);
        }
        if !analysis.reading.is_empty() {
            let table = reading::table(&analysis.title, &analysis.reading);
            let name = format!("tables/{}-{}", analysis.id, table.name);
            add(&name, &format!("{}: {}", analysis.title, table.title), table.to_csv()?);
        }
        for table in views::tables(&analysis.views).into_iter().chain(analysis.outcome.tables()) {
            let title = format!("{}: {}", analysis.title, table.title);
            add(&format!("tables/{}-{}", analysis.id, table.name), &title, table.to_csv()?);
        }
    }
    add("tables/adverse-events", "Adverse events", write_tables::adverse_events(results)?);
    add("fidelity", "Reconstructed patients against what is printed", write_tables::fidelity(results)?);
    if !patients.is_empty() {
        add("ipd", "Reconstructed patients of all arms", write_tables::all_patients(patients)?);
    }
    Ok(tables)
}

/// The tables as a workbook: a sheet that lists them, then one sheet each.
///
/// # Errors
/// When the workbook cannot be written.
pub(crate) fn workbook(results: &Results, tables: &[NamedTable]) -> Result<Vec<u8>, CommandError> {
    let names = sheet_names(tables);
    let mut sheets = vec![contents(results, tables, &names)];
    for (table, name) in tables.iter().zip(names) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table.csv.as_bytes());
        let rows: Result<Vec<Vec<String>>, csv::Error> =
            reader.records().map(|record| Ok(record?.iter().map(str::to_owned).collect())).collect();
        let rows = rows.map_err(|error| CommandError::failed(WORKBOOK, error))?;
        sheets.push(Sheet { name, rows, widths: Vec::new() });
    }
    write_workbook(&results.title, &sheets).map_err(|error| CommandError::failed(WORKBOOK, error))
}

fn contents(results: &Results, tables: &[NamedTable], names: &[String]) -> Sheet {
    let row = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
    let made = format!("Made by {}; times in {}", results.generator, results.time_unit);
    let mut rows = vec![
        row(&[&results.title]),
        row(&[&made]),
        row(&[results.figure_notice.as_deref().unwrap_or_default()]),
        Vec::new(),
        row(&["Sheet", "What it shows", "The same as CSV"]),
    ];
    rows.extend(
        tables
            .iter()
            .zip(names)
            .map(|(table, name)| row(&[name, &table.title, &format!("{}.csv", table.name)])),
    );
    Sheet { name: "Contents".to_owned(), rows, widths: vec![34, 70, 40] }
}

/// Names of sheets: at most 31 characters, no characters that spreadsheets forbid, each once.
fn sheet_names(tables: &[NamedTable]) -> Vec<String> {
    let mut names: Vec<String> = vec!["Contents".to_owned()];
    for table in tables {
        let base = table.name.rsplit('/').next().unwrap_or_default();
        let clean: String =
            base.chars().map(|c| if "[]:*?/\\'".contains(c) { '-' } else { c }).take(31).collect();
        let mut name = clean.clone();
        let mut number = 1;
        while names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            number += 1;
            let end = format!("-{number}");
            name = clean.chars().take(31 - end.len()).chain(end.chars()).collect();
        }
        names.push(name);
    }
    names.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> NamedTable {
        NamedTable { name: name.to_owned(), title: name.to_owned(), csv: "a,b\n1.5,x\n".to_owned() }
    }

    #[test]
    fn sheets_have_names_that_spreadsheets_take() {
        let long = format!("tables/{}", "x".repeat(40));
        let names = sheet_names(&[table("tables/orr"), table("fidelity/ORR"), table(&long), table(&long)]);
        assert_eq!(names[..2], ["orr", "ORR-2"]);
        assert!(names.iter().all(|name| name.len() <= 31));
        assert_ne!(names[2], names[3]);
    }
}
