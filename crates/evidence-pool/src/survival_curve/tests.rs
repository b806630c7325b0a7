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

/// How `metaSurvival` makes a cell.
#[derive(Clone, Copy, PartialEq)]
enum Cell {
    /// Its corrected value and variance, which are ours.
    Corrected,
    /// Its uncorrected value with a variance of 1/n, four times that of the arcsine.
    Uncorrected,
}

/// The cells of each study but the one left out.
fn cells(data: &Value, left_out: Option<f64>, kind: Cell) -> Vec<TrialCells> {
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
            let cell = cells.last_mut().unwrap();
            cell.push(at_risk[row], survival[row] / before);
            if kind == Cell::Uncorrected {
                *cell.values.last_mut().unwrap() = (survival[row] / before).sqrt().asin();
                *cell.variances.last_mut().unwrap() = 1.0 / at_risk[row];
            }
        }
    }
    cells
}

/// The example data as printed tables.
fn tables(data: &Value) -> Vec<TrialCurve> {
    let [study, time, at_risk, survival] =
        ["Study", "Time", "NbRisk", "Survival"].map(|name| numbers(&data[name]));
    let mut tables: Vec<PublishedSurvival> = Vec::new();
    for row in 0..study.len() {
        if row == 0 || study[row - 1] != study[row] {
            tables.push(PublishedSurvival {
                trial: study[row].to_string(),
                label: String::new(),
                times: Vec::new(),
                number_at_risk: Vec::new(),
                survival: Vec::new(),
                provenance: kmeta_trial_data::Provenance::printed("metaSurvival::exampleData"),
            });
        }
        let table = tables.last_mut().unwrap();
        table.times.push(time[row]);
        table.number_at_risk.push(at_risk[row]);
        table.survival.push(survival[row]);
    }
    tables.into_iter().map(TrialCurve::Published).collect()
}

/// The reference file, where it lies beside the repository.
fn reference() -> Option<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/e_msurv.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: the answers of metaSurvival are not beside the repository");
        return None;
    };
    serde_json::from_str(&text).ok()
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

/// All 58 cases: 27 + 1 subsets, with and without correction, Greenwood and Monte-Carlo limits.
#[test]
fn example_data_whole_and_without_each_study() {
    let Some(reference) = reference() else { return };
    let (mut cases, mut draws) = (0, 0);
    for case in reference["cases"].as_array().unwrap() {
        let left_out = case["subset"].as_str().map(|text| text.rsplit(' ').next().unwrap().parse().unwrap());
        let kind = if case["correctionFlag"] == true { Cell::Corrected } else { Cell::Uncorrected };
        let cells = cells(&reference["data"], left_out, kind);
        let times = numbers(&case["random"]["time"]);
        let between = truncate_negative_eigenvalues(between_trial_matrix(&cells, times.len()));
        let common = pool_cells(&cells, times.len(), &DMatrix::zeros(times.len(), times.len())).unwrap();
        let random = pool_cells(&cells, times.len(), &between).unwrap();
        for (pooled, model) in [(&common, "fixed"), (&random, "random")] {
            let survival = survival_of(&pooled.beta);
            if case["confidence"] == "Greenwood" {
                compare(&points(&times, &cells, pooled, R_QUANTILE, &mut Vec::new()), &case[model]);
            } else {
                for (ours, theirs) in survival.iter().zip(numbers(&case[model]["surv"])) {
                    assert_relative_eq!(*ours, theirs, max_relative = CLOSED_FORM);
                }
            }
            let answer = |name: &str| {
                let point = &case[format!("{name}_{model}_point")];
                if point.is_null() { case[format!("{name}_{model}")][0].as_f64() } else { point.as_f64() }
                    .unwrap()
            };
            let median = interpolated_median(&times, &survival).unwrap();
            assert_relative_eq!(median, answer("median"), max_relative = CLOSED_FORM);
            let area = area_to_last_time(&times, &survival);
            assert_relative_eq!(area, answer("mean"), max_relative = CLOSED_FORM);
            if case.get("median_random").is_some() {
                compare_draws(&times, pooled, case, model);
                draws += 1;
            }
        }
        let ours = heterogeneity(&cells, &common.beta).unwrap();
        let theirs = numbers(&case["heterogeneity_Q_H2_I2"]);
        assert_relative_eq!(ours.q, theirs[0], max_relative = CLOSED_FORM);
        assert_relative_eq!(ours.h_squared, theirs[1], max_relative = CLOSED_FORM);
        assert_relative_eq!(100.0 * ours.i_squared, theirs[2], max_relative = CLOSED_FORM);
        cases += 1;
    }
    assert_eq!((cases, draws), (58, 8));
}

/// Monte-Carlo limits from other draws than R's 10,000: each of the two quantiles has a standard error of about
/// 1.5 % of the interval's width, so that 6 % is more than their difference can reach by chance.
fn compare_draws(times: &[f64], pooled: &PooledCells, case: &Value, model: &str) {
    let options = SurvivalOptions { times: times.to_vec(), seed: 1, ..SurvivalOptions::default() };
    let ours = summary_draws(times, pooled, &options).unwrap();
    let area = ours.restricted_mean.unwrap();
    let limits =
        [("median", [ours.median.0.unwrap(), ours.median.1.unwrap()]), ("mean", [area.lower, area.upper])];
    for (name, ours) in limits {
        let theirs = numbers(&case[format!("{name}_{model}")]);
        for (ours, theirs_limit) in ours.iter().zip(&theirs[1..]) {
            let difference = (ours - theirs_limit).abs() / (theirs[2] - theirs[1]);
            assert!(difference < 0.06, "{name} {model}: {ours} instead of {theirs_limit}");
        }
    }
}

/// Tables whose times are the asked ones enter as they are; the same answers by the public way.
#[test]
fn printed_tables_equal_r() {
    let Some(reference) = reference() else { return };
    let case = reference["cases"].as_array().unwrap().iter().find(|case| {
        case["correctionFlag"] == true && case["confidence"] == "Greenwood" && case["subset"].is_null()
    });
    let case = case.unwrap();
    let options = SurvivalOptions { times: numbers(&case["random"]["time"]), ..SurvivalOptions::default() };
    let pooled = pool_survival_curves(&tables(&reference["data"]), &options).unwrap();
    for (point, expected) in pooled.random.iter().zip(numbers(&case["random"]["surv"])) {
        assert_relative_eq!(point.survival, expected, max_relative = CLOSED_FORM);
    }
    let mean = pooled.restricted_mean.unwrap();
    assert_relative_eq!(mean.mean, case["mean_random"][0].as_f64().unwrap(), max_relative = CLOSED_FORM);
}
