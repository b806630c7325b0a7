//! Against R `metaSurvival` on its example data, given as survival and numbers at risk rather than patients.
//! The data belong to an R package and are not part of this repository: the comparison runs where the reference
//! folder lies beside it.

#![allow(clippy::print_stderr, reason = "a skipped comparison must say so")]

use approx::assert_relative_eq;
use serde_json::Value;

use super::*;

const CLOSED_FORM: f64 = 1e-8;
/// The quantile that `metaSurvival` uses for 95 %.
const R_QUANTILE: f64 = 1.96;

fn numbers(column: &Value) -> Vec<f64> {
    column.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// The cells of each study but the one left out.
fn cells(data: &Value, left_out: Option<f64>) -> Vec<TrialCells> {
    let [study, at_risk, survival] = ["Study", "NbRisk", "Survival"].map(|name| numbers(&data[name]));
    let mut cells: Vec<TrialCells> = Vec::new();
    for row in 0..study.len() {
        if Some(study[row]) == left_out {
            continue;
        }
        let first = row == 0 || study[row - 1] != study[row];
        if first {
            cells.push(TrialCells::default());
        }
        let before = if first { 1.0 } else { survival[row - 1] };
        if before > 0.0 {
            cells.last_mut().unwrap().push(at_risk[row], survival[row] / before);
        }
    }
    cells
}

fn compare(points: &[SurvivalPoint], theirs: &Value) {
    let [survival, lower, upper] = ["surv", "lo", "hi"].map(|name| numbers(&theirs[name]));
    assert_eq!(points.len(), survival.len());
    for (row, point) in points.iter().enumerate() {
        assert_relative_eq!(point.survival, survival[row], max_relative = CLOSED_FORM);
        assert_relative_eq!(point.interval.lower, lower[row], max_relative = CLOSED_FORM);
        assert_relative_eq!(point.interval.upper, upper[row].min(1.0), max_relative = CLOSED_FORM);
    }
}

#[test]
fn example_data_whole_and_without_each_study() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/e_msurv.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: the answers of metaSurvival are not beside the repository");
        return;
    };
    let reference: Value = serde_json::from_str(&text).unwrap();
    let wanted = |case: &&Value| case["correctionFlag"] == true && case["confidence"] == "Greenwood";
    let mut compared = 0;
    for case in reference["cases"].as_array().unwrap().iter().filter(wanted) {
        let left_out = case["subset"].as_str().map(|text| text.rsplit(' ').next().unwrap().parse().unwrap());
        let cells = cells(&reference["data"], left_out);
        let times = numbers(&case["random"]["time"]);
        let between = truncate_negative_eigenvalues(between_trial_matrix(&cells, times.len()));
        let common = pool_cells(&cells, times.len(), &DMatrix::zeros(times.len(), times.len())).unwrap();
        let random = pool_cells(&cells, times.len(), &between).unwrap();
        let at = |pooled| points(&times, &cells, pooled, R_QUANTILE, &mut Vec::new());
        compare(&at(&common), &case["fixed"]);
        compare(&at(&random), &case["random"]);
        let ours = heterogeneity(&cells, &common.beta).unwrap();
        let theirs = numbers(&case["heterogeneity_Q_H2_I2"]);
        assert_relative_eq!(ours.q, theirs[0], max_relative = CLOSED_FORM);
        assert_relative_eq!(ours.h_squared, theirs[1], max_relative = CLOSED_FORM);
        assert_relative_eq!(100.0 * ours.i_squared, theirs[2], max_relative = CLOSED_FORM);
        let median = case.get("median_random_point").unwrap_or(&case["median_random"][0]).as_f64().unwrap();
        let ours = interpolated_median(&times, &survival_of(&random.beta)).unwrap();
        assert_relative_eq!(ours, median, max_relative = CLOSED_FORM);
        compared += 1;
    }
    assert_eq!(compared, 28);
}
