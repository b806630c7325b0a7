//! The named checks behind a figure's verdict.

use kmeta_trial_data::{AxisCalibration, Check, Origin, Panel, RiskTable, Verdict};

/// Largest root mean square distance of the ticks from their line, in pixels.
const TICK_RESIDUAL_PX: f64 = 1.0;
/// A label read with less confidence is doubtful.
const SURE_LABEL: f64 = 0.6;
/// How far the first plateau may lie above S = 1.
const START_ABOVE: f64 = 0.015;
/// How far it may lie below: a few early events.
const START_BELOW: f64 = 0.035;
/// The same where the number of arms is confirmed: then no confidence limit was taken for an arm.
const CONFIRMED_START_BELOW: f64 = 0.12;
/// How far n(t)/n(0) may exceed S(t): one patient of the arm and a little reading error.
const RISK_FLOOR_TOLERANCE: f64 = 0.02;

/// More curves than this in one panel are likely to be something else.
const MOST_ARMS: usize = 6;

/// The checks of one panel. `entries` are the entries of its legend, where they were counted.
pub(crate) fn checks_of(panel: &Panel, first_levels: &[f64], entries: Option<usize>) -> Vec<Check> {
    let confirmed = is_number_of_arms_confirmed(panel, entries);
    let mut checks =
        vec![tick_check("tick-residual-x", &panel.axes.x), tick_check("tick-residual-y", &panel.axes.y)];
    checks.push(start_check(first_levels, confirmed));
    checks.push(names_check(panel, confirmed));
    if let Some(table) = &panel.risk_table {
        checks.push(rows_match(table, panel.arms.len()));
        checks.push(risk_falls(table));
        checks.push(risk_floor(table, panel));
    }
    checks
}

/// Whether another part of the figure speaks of as many arms as were traced: every arm has its row of numbers at risk, or the
/// legend has as many entries (of two or more).
pub(crate) fn is_number_of_arms_confirmed(panel: &Panel, entries: Option<usize>) -> bool {
    let arms = panel.arms.len();
    let by_rows = panel.risk_table.as_ref().is_some_and(|table| {
        table.rows.len() == arms && (0..arms).all(|arm| table.row_of_arm(arm).is_some())
    });
    by_rows || (arms > 1 && entries == Some(arms))
}

/// `ok` when every check passed, `review` otherwise.
pub(crate) fn verdict_of(checks: &[Check]) -> Verdict {
    if checks.iter().all(|check| check.passed) { Verdict::Ok } else { Verdict::Review }
}

fn check(name: &str, passed: bool, message: String) -> Check {
    Check { name: name.to_owned(), passed, message }
}

fn tick_check(name: &str, axis: &AxisCalibration) -> Check {
    // A person may state two points only.
    let enough = axis.ticks.len() >= 3 || axis.origin == Origin::Human;
    // Three numbers misread alike may lie on a line: 0, 24 and 72 as 0, 4 and 12.
    let doubtful = axis.ticks.iter().filter(|tick| tick.confidence < SURE_LABEL).count();
    let sure = axis.ticks.len() > 3 || doubtful == 0 || axis.origin == Origin::Human;
    let passed = enough && sure && axis.residual_px <= TICK_RESIDUAL_PX;
    let message = format!(
        "{} labelled ticks, {doubtful} of them read with a confidence below {SURE_LABEL}, lie {:.2} px from a straight line (root mean square); at least 3 ticks, 4 where one is doubtful, and at most {TICK_RESIDUAL_PX} px are asked",
        axis.ticks.len(),
        axis.residual_px
    );
    check(name, passed, message)
}

/// No curve may begin above S = 1. One may begin a little below it: where the first patients have their event
/// within the first pixels, the picture shows no plateau at 1.
fn start_check(first_levels: &[f64], confirmed: bool) -> Check {
    let allowed = if confirmed { CONFIRMED_START_BELOW } else { START_BELOW };
    let above = first_levels.iter().map(|level| level - 1.0).fold(0.0, f64::max);
    let below = first_levels.iter().map(|level| 1.0 - level).fold(0.0, f64::max);
    check(
        "starts-at-one",
        above <= START_ABOVE && below <= allowed,
        format!(
            "the curves start at most {above:.4} above and {below:.4} below S = 1; {START_ABOVE} and {allowed} are allowed"
        ),
    )
}

/// A legend names every arm: where some arms have a name and others none, a curve may be no arm, or two arms
/// may be one, unless their number is confirmed.
fn names_check(panel: &Panel, confirmed: bool) -> Check {
    let named = panel.arms.iter().filter(|arm| !arm.label.is_empty()).count();
    let arms = panel.arms.len();
    let mut labels: Vec<&str> =
        panel.arms.iter().map(|arm| arm.label.as_str()).filter(|label| !label.is_empty()).collect();
    labels.sort_unstable();
    labels.dedup();
    let complete = named == arms || named == 0 || confirmed;
    let passed = complete && labels.len() == named && arms <= MOST_ARMS;
    check(
        "names-match-arms",
        passed,
        format!(
            "{arms} arms, {named} with a name, {} different names; at most {MOST_ARMS} arms are expected",
            labels.len()
        ),
    )
}

fn rows_match(table: &RiskTable, arms: usize) -> Check {
    let assigned = (0..arms).filter(|&arm| table.row_of_arm(arm).is_some()).count();
    check(
        "risk-rows-match-arms",
        table.rows.len() == arms && assigned == arms,
        format!("{} rows of numbers at risk, {arms} arms, {assigned} arms with a row", table.rows.len()),
    )
}

fn risk_falls(table: &RiskTable) -> Check {
    let rises = table
        .rows
        .iter()
        .filter(|row| {
            let counts: Vec<u32> = row.counts.iter().flatten().copied().collect();
            counts.windows(2).any(|pair| pair[1] > pair[0])
        })
        .count();
    check("risk-table-falls", rises == 0, format!("{rises} rows of numbers at risk rise somewhere"))
}

/// Patients still at risk have not had the event: n(t)/n(0) cannot exceed S just before t.
fn risk_floor(table: &RiskTable, panel: &Panel) -> Check {
    let mut worst = (0.0_f64, 0.0, String::new());
    for row in &table.rows {
        let Some(arm) = row.arm.and_then(|arm| panel.arms.get(arm)) else { continue };
        let Some(first) = row.counts.first().copied().flatten().filter(|&count| count > 0) else { continue };
        for (&time, count) in table.times.iter().zip(&row.counts) {
            let Some(count) = count else { continue };
            let before = arm.curve.survival_at((time - 2.0 * arm.time_uncertainty).max(0.0));
            let excess = f64::from(*count) / f64::from(first) - before;
            if excess > worst.0 {
                worst = (excess, time, row.label.clone());
            }
        }
    }
    let (excess, time, label) = worst;
    let message = if excess > 0.0 {
        format!(
            "n(t)/n(0) exceeds S(t) by at most {excess:.4} (row `{label}`, time {time}); at most {RISK_FLOOR_TOLERANCE} is asked"
        )
    } else {
        "n(t)/n(0) never exceeds S(t)".to_owned()
    };
    check("risk-below-curve", excess <= RISK_FLOOR_TOLERANCE, message)
}
