//! What two-arm trials print about their hazard ratios, one row per trial.

use std::collections::HashMap;
use std::path::Path;

use kmeta_evidence_pool::{
    HazardRatioComparison, HazardRatioRoute, HazardRatioRouteOptions, HazardRatioRoutes, PValueRelation,
    PValueSides, PoolError, PrintedArm, PrintedCurvePoint, PrintedTwoArm, TrialArm, hazard_ratio_routes,
};
use kmeta_trial_data::{EffectEstimate, EffectMeasure, Finding, Provenance};

use super::CsvTable;
use super::study_files::{Studies, label, moderators, optional, provenance, with_moderators};
use crate::project::Problems;

/// The columns beside `trial`, `label`, `subgroup` and moderators.
const COLUMNS: [&str; 22] = [
    "hazard_ratio",
    "lower",
    "upper",
    "confidence_level",
    "comparison",
    "log_hazard_ratio",
    "standard_error",
    "p_value",
    "p_value_sides",
    "better_arm",
    "events",
    "observed_minus_expected",
    "log_rank_variance",
    "allocation_ratio",
    "experimental_patients",
    "experimental_events",
    "experimental_expected_events",
    "control_patients",
    "control_events",
    "control_expected_events",
    "minimum_follow_up",
    "maximum_follow_up",
];

/// How hazard ratios are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HazardRatioReading<'a> {
    /// Level of printed intervals where a row states none, and of the intervals of the routes.
    pub level: f64,
    /// The route to take in every row; the preferred one of those that can be taken when left out.
    pub route: Option<HazardRatioRoute>,
    /// A table of survival read from curves.
    pub curves: Option<&'a Path>,
    /// Columns that are moderators.
    pub moderators: &'a [String],
}

/// Hazard ratios of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct HazardRatioTable {
    /// One effect per row.
    pub effects: Studies<EffectEstimate>,
    /// All routes of the rows that state more than the logarithm and its standard error.
    pub routes: Vec<HazardRatioRoutes>,
    /// What was noticed, contradictions between printed numbers among it.
    pub findings: Vec<Finding>,
}

/// Reads `trial[,label,subgroup]` and whatever a paper prints of a hazard ratio: `hazard_ratio,lower,upper`,
/// `log_hazard_ratio,standard_error`, p values ("0.03", "<0.001"), events, O − E and V, patients, follow-up. Empty cells
/// are not printed. Survival at several times comes from a table of its own.
///
/// # Errors
/// All bad cells; rows that lead to no hazard ratio.
pub fn read_hazard_ratios(
    path: &Path,
    reading: HazardRatioReading<'_>,
) -> Result<HazardRatioTable, Problems> {
    let optional_columns: Vec<&str> = COLUMNS.into_iter().chain(["label", "subgroup"]).collect();
    let mut table =
        CsvTable::read(path, &with_moderators(&["trial"], reading.moderators), &optional_columns)?;
    let mut curves = match reading.curves {
        Some(path) => read_two_arm_curves(path)?,
        None => HashMap::new(),
    };
    let provenance = provenance(path, "typed hazard ratio")?;
    let mut found = HazardRatioTable {
        effects: Studies { items: Vec::new(), moderators: Vec::new() },
        routes: Vec::new(),
        findings: Vec::new(),
    };
    for row in 0..table.len() {
        let trial = table.name(row, "trial");
        let printed = PrintedTwoArm {
            label: label(&table, row, &trial),
            subgroup: optional(&table, row, "subgroup"),
            curves: curves.remove(&trial).unwrap_or_default(),
            trial,
            ..printed_numbers(&mut table, row, reading.level)
        };
        found.effects.moderators.push(moderators(&table, row, reading.moderators));
        if let Some(effect) = log_hazard_ratio(&mut table, row, &printed, &provenance) {
            found.effects.items.push(effect);
            continue;
        }
        match routes(&printed, reading) {
            Ok(routes) => {
                found.findings.extend(routes.findings.iter().cloned());
                let method = format!("{} by {}", provenance.method, routes.recommended.route.words());
                let provenance = Provenance { method, ..provenance.clone() };
                found.effects.items.push(EffectEstimate { provenance, ..routes.effect_estimate() });
                found.routes.push(routes);
            }
            Err(error) => table.report(row, "trial", error.to_string()),
        }
    }
    for trial in curves.keys() {
        let message = format!("the curves of `{trial}` belong to no row of this table");
        table.report(0, "trial", message);
    }
    table.check()?;
    Ok(found)
}

fn routes(printed: &PrintedTwoArm, reading: HazardRatioReading<'_>) -> Result<HazardRatioRoutes, PoolError> {
    let options = HazardRatioRouteOptions { confidence_level: reading.level, ..Default::default() };
    let routes = hazard_ratio_routes(printed, &options)?;
    match reading.route {
        Some(route) => routes.choose(route),
        None => Ok(routes),
    }
}

/// The effect of a row that states it on the log scale.
fn log_hazard_ratio(
    table: &mut CsvTable,
    row: usize,
    printed: &PrintedTwoArm,
    provenance: &Provenance,
) -> Option<EffectEstimate> {
    if table.text(row, "log_hazard_ratio").is_empty() {
        return None;
    }
    let standard_error = table.number(row, "standard_error");
    if standard_error <= 0.0 {
        table.report(row, "standard_error", format!("{standard_error} must be above 0"));
    }
    Some(EffectEstimate {
        trial: printed.trial.clone(),
        label: printed.label.clone(),
        subgroup: printed.subgroup.clone(),
        measure: EffectMeasure::LogHazardRatio,
        value: table.number(row, "log_hazard_ratio"),
        variance: standard_error * standard_error,
        provenance: Provenance { method: "typed log hazard ratio".to_owned(), ..provenance.clone() },
    })
}

/// The numbers of a row, without its names and curves.
fn printed_numbers(table: &mut CsvTable, row: usize, level: f64) -> PrintedTwoArm {
    let (p_value, p_value_relation) = p_value(table, row);
    let sides = [("two", PValueSides::Two), ("one", PValueSides::One)];
    let arms = [("experimental", TrialArm::Experimental), ("control", TrialArm::Control)];
    let comparisons = [
        ("experimental-over-control", HazardRatioComparison::ExperimentalOverControl),
        ("control-over-experimental", HazardRatioComparison::ControlOverExperimental),
    ];
    PrintedTwoArm {
        hazard_ratio: table.optional_number(row, "hazard_ratio"),
        lower: table.optional_number(row, "lower"),
        upper: table.optional_number(row, "upper"),
        confidence_level: table.optional_number(row, "confidence_level").unwrap_or(level),
        comparison: table.optional_choice(row, "comparison", &comparisons).unwrap_or_default(),
        p_value,
        p_value_relation,
        p_value_sides: table.optional_choice(row, "p_value_sides", &sides).unwrap_or_default(),
        better_arm: table.optional_choice(row, "better_arm", &arms),
        events: table.optional_count(row, "events"),
        observed_minus_expected: table.optional_number(row, "observed_minus_expected"),
        log_rank_variance: table.optional_number(row, "log_rank_variance"),
        allocation_ratio: table.optional_number(row, "allocation_ratio"),
        experimental: PrintedArm {
            patients: table.optional_count(row, "experimental_patients"),
            events: table.optional_count(row, "experimental_events"),
            expected_events: table.optional_number(row, "experimental_expected_events"),
        },
        control: PrintedArm {
            patients: table.optional_count(row, "control_patients"),
            events: table.optional_count(row, "control_events"),
            expected_events: table.optional_number(row, "control_expected_events"),
        },
        minimum_follow_up: table.optional_number(row, "minimum_follow_up"),
        maximum_follow_up: table.optional_number(row, "maximum_follow_up"),
        ..PrintedTwoArm::default()
    }
}

/// "0.03", or "<0.001" where only a bound is printed.
fn p_value(table: &mut CsvTable, row: usize) -> (Option<f64>, PValueRelation) {
    let text = table.text(row, "p_value").to_owned();
    let Some(bound) = text.strip_prefix('<') else {
        return (table.optional_number(row, "p_value"), PValueRelation::Equal);
    };
    let bound = bound.trim().parse().ok().filter(|p: &f64| p.is_finite());
    if bound.is_none() {
        table.report(row, "p_value", format!("\"{text}\" is not a p value such as 0.03 or <0.001"));
    }
    (bound, PValueRelation::Below)
}

/// Reads `trial,time,experimental_survival,control_survival[,experimental_at_risk,control_at_risk]`, the rows of a trial
/// in order of time.
///
/// # Errors
/// All bad cells.
pub fn read_two_arm_curves(path: &Path) -> Result<HashMap<String, Vec<PrintedCurvePoint>>, Problems> {
    let required = ["trial", "time", "experimental_survival", "control_survival"];
    let mut table = CsvTable::read(path, &required, &["experimental_at_risk", "control_at_risk"])?;
    let mut curves: HashMap<String, Vec<PrintedCurvePoint>> = HashMap::new();
    for row in 0..table.len() {
        let trial = table.name(row, "trial");
        let point = PrintedCurvePoint {
            time: table.number(row, "time"),
            experimental_survival: table.number(row, "experimental_survival"),
            control_survival: table.number(row, "control_survival"),
            experimental_at_risk: table.optional_count(row, "experimental_at_risk"),
            control_at_risk: table.optional_count(row, "control_at_risk"),
        };
        curves.entry(trial).or_default().push(point);
    }
    table.check()?;
    Ok(curves)
}
