//! Results of multiverses as tables.

use kmeta_evidence_pool::{AxisInfluence, Multiverse, MultiverseSummary, Specification, Step};
use kmeta_trial_data::Interval;

use crate::error::CommandError;
use crate::result_table::{Cell, ResultTable};

/// How results are spread, and which axis moves them.
pub(crate) fn tables(multiverse: &Multiverse) -> Vec<ResultTable> {
    let mut tables = vec![spread(multiverse), influence(multiverse)];
    tables.extend(decision(multiverse));
    tables
}

/// Rows of the tables that have one for the possible and one for the plausible specifications.
fn kinds(multiverse: &Multiverse) -> [(&'static str, &MultiverseSummary); 2] {
    [("plausible", &multiverse.plausible), ("possible (all)", &multiverse.all)]
}

fn spread(multiverse: &Multiverse) -> ResultTable {
    let columns = [
        "Specifications",
        "Number",
        "Without result",
        "Smallest",
        "Lower quartile",
        "Median",
        "Upper quartile",
        "Largest",
        "Interval of the protocol",
    ];
    let title = format!("{} under other choices", multiverse.quantity);
    let mut table = ResultTable::new("specifications-in-short", title, &columns);
    let own = multiverse.protocol().and_then(|found| found.result);
    let limits = own.and_then(|result| Some(Interval { lower: result.lower?, upper: result.upper? }));
    let row = |name: String, number: Option<f64>, without: Option<f64>, five: [Option<f64>; 5], limits| {
        let mut cells = vec![Cell::text(name), Cell::Number(number), Cell::Number(without)];
        cells.extend(five.map(Cell::Effect));
        cells.push(Cell::Limits(limits));
        cells
    };
    let estimate = own.map(|result| result.estimate);
    table.push(row("protocol".to_owned(), Some(1.0), None, [None, None, estimate, None, None], limits));
    for (name, found) in kinds(multiverse) {
        let five = [found.smallest, found.lower_quartile, found.median, found.upper_quartile, found.largest];
        let number = Some(f64::from(found.specifications));
        table.push(row(name.to_owned(), number, Some(f64::from(found.without_result)), five, None));
    }
    table
}

fn influence(multiverse: &Multiverse) -> ResultTable {
    let columns = [
        "Choice",
        "Share of variance",
        "Share, plausible",
        "Largest step from the protocol",
        "Protocol",
        "With the step",
        "Largest step, plausible",
        "Largest step, all",
    ];
    let title = format!("Which choice moves {} most", multiverse.quantity);
    let mut table = ResultTable::new("which-choice-matters", title, &columns);
    let mut rows: Vec<&AxisInfluence> = multiverse.influence.iter().collect();
    let share = |row: &AxisInfluence| row.variance_share.unwrap_or(0.0);
    rows.sort_by(|one, other| share(other).total_cmp(&share(one)));
    for row in rows {
        let step = row.from_protocol.as_ref();
        table.push(vec![
            Cell::text(row.axis.clone()),
            Cell::Percent(row.variance_share),
            Cell::Percent(row.plausible_variance_share),
            Cell::text(step.map(|step| format!("{} → {}", step.from, step.to)).unwrap_or_default()),
            Cell::Effect(step.map(|step| step.estimate_from)),
            Cell::Effect(step.map(|step| step.estimate_to)),
            Cell::text(row.largest_plausible.as_ref().map(step_words).unwrap_or_default()),
            Cell::text(row.largest.as_ref().map(step_words).unwrap_or_default()),
        ]);
    }
    table
}

fn step_words(step: &Step) -> String {
    format!("{} {:.4} → {} {:.4}", step.from, step.estimate_from, step.to, step.estimate_to)
}

fn decision(multiverse: &Multiverse) -> Option<ResultTable> {
    let line = multiverse.all.decision?.line;
    let columns = [
        "Specifications",
        "Estimate below",
        "Estimate on or above",
        "Interval below",
        "Interval across",
        "Interval above",
    ];
    let title = format!("On which side of {line} {} lies", multiverse.quantity);
    let mut table = ResultTable::new("decision-line", title, &columns);
    for (name, found) in kinds(multiverse) {
        let Some(shares) = found.decision else { continue };
        let shares = [
            shares.estimate_below,
            shares.estimate_above,
            shares.interval_below,
            shares.interval_across,
            shares.interval_above,
        ];
        let mut row = vec![Cell::text(name)];
        row.extend(shares.map(|share| Cell::Percent(Some(share))));
        table.push(row);
    }
    Some(table)
}

/// Names the files of a multiverse: the analysis and what is asked of it.
pub(crate) fn file_stem(multiverse: &Multiverse) -> String {
    let quantity: String = multiverse
        .quantity
        .split('(')
        .next()
        .unwrap_or_default()
        .trim()
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' })
        .collect();
    format!("{}-{quantity}", multiverse.id)
}

/// Every specification with its choices and its result, one per row, numbers in full precision.
///
/// # Errors
/// When the text cannot be written.
pub(crate) fn specifications_csv(multiverse: &Multiverse) -> Result<String, CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::failed("a table cannot be written", error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["specification", "protocol", "plausible"];
    header.extend(multiverse.axes.iter().map(|axis| axis.name.as_str()));
    header.extend(["studies", "estimate", "lower", "upper", "tau_squared", "i_squared", "remark"]);
    writer.write_record(&header).map_err(|error| failed(&error))?;
    for (index, specification) in multiverse.specifications.iter().enumerate() {
        let row = specification_row(multiverse, index, specification);
        writer.write_record(&row).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

fn specification_row(multiverse: &Multiverse, index: usize, specification: &Specification) -> Vec<String> {
    let mut row = vec![
        (index + 1).to_string(),
        u8::from(specification.protocol).to_string(),
        u8::from(specification.plausible).to_string(),
    ];
    row.extend(multiverse.words(specification).into_iter().map(str::to_owned));
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let result = specification.result;
    row.push(result.map(|result| result.studies.to_string()).unwrap_or_default());
    row.extend([
        number(result.map(|result| result.estimate)),
        number(result.and_then(|result| result.lower)),
        number(result.and_then(|result| result.upper)),
        number(result.and_then(|result| result.tau_squared)),
        number(result.and_then(|result| result.i_squared)),
    ]);
    row.push(specification.reason.clone().unwrap_or_default());
    row
}
