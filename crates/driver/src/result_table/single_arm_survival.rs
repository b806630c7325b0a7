//! Pooled survival of single arms as tables.

use kmeta_evidence_pool::{
    FrailtyCurve, FrailtySurvival, LandmarkResult, ModelCurve, ParametricSurvival, PooledSurvivalTime,
    SurvivalStrata, SurvivalTimeKind,
};
use kmeta_plot_svg::format::{fixed, p_value, shortest};
use kmeta_trial_data::Interval;

use super::{Cell, ResultTable};
use crate::stages::write_tables::serde_name;

pub(crate) fn landmark(result: &LandmarkResult) -> Vec<ResultTable> {
    let columns = [
        "Time",
        "Trials",
        "Survival, typical study",
        "Interval",
        "Prediction",
        "Survival, average study",
        "τ²",
        "I²",
        "p of Q",
        "Left out",
    ];
    let title =
        format!("Survival at chosen times ({}), scale {}", result.time_unit, serde_name(&result.scale));
    let mut table = ResultTable::new("landmark", title, &columns);
    for time in &result.times {
        let left_out: Vec<&str> = time.left_out.iter().map(|trial| trial.trial.as_str()).collect();
        table.push(vec![
            Cell::Number(Some(time.time)),
            Cell::count(time.rows.len() as u32),
            Cell::Effect(Some(time.survival)),
            Cell::Limits(Some(time.interval)),
            Cell::Limits(time.prediction),
            Cell::Effect(Some(time.average_survival)),
            Cell::Variance(Some(time.tau_squared)),
            Cell::Percent(time.i_squared),
            Cell::PValue(time.q_p_value),
            Cell::text(left_out.join(", ")),
        ]);
    }
    vec![table]
}

/// Curves of subgroups and the tests that they are equal.
pub(crate) fn strata(strata: &SurvivalStrata) -> Vec<ResultTable> {
    let columns = ["Subgroup", "Time", "Trials", "Survival", "Interval", "Median", "Interval of the median"];
    let title = "Summary curves of subgroups (random effects)".to_owned();
    let mut curves = ResultTable::new("subgroup-curves", title, &columns);
    for stratum in &strata.strata {
        let curve = &stratum.curve;
        let limits =
            curve.median_lower.zip(curve.median_upper).map(|(lower, upper)| Interval { lower, upper });
        for point in &curve.random {
            curves.push(vec![
                Cell::text(&stratum.stratum),
                Cell::Number(Some(point.time)),
                Cell::count(point.trials),
                Cell::Effect(Some(point.survival)),
                Cell::Limits(Some(point.interval)),
                Cell::Effect(curve.median),
                Cell::Limits(limits),
            ]);
        }
    }
    let title = format!("Test of equal curves of subgroups, up to {}", shortest(strata.horizon));
    let columns = ["Model", "Q between subgroups", "Degrees of freedom", "p"];
    let mut tests = ResultTable::new("subgroup-curves-test", title, &columns);
    for (model, test) in [("common effect", &strata.common), ("random effects", &strata.random)] {
        tests.push(vec![
            Cell::text(model),
            Cell::Statistic(Some(test.q)),
            Cell::count(test.degrees_of_freedom),
            Cell::PValue(Some(test.p_value)),
        ]);
    }
    vec![curves, tests]
}

pub(crate) fn survival_time(result: &PooledSurvivalTime) -> Vec<ResultTable> {
    let what = match result.kind {
        SurvivalTimeKind::Median => "Median survival time".to_owned(),
        SurvivalTimeKind::RestrictedMean { horizon } => {
            format!("Restricted mean survival time to {}", shortest(horizon))
        }
    };
    let columns = ["Trial", "Time", "Interval", "Weight"];
    let mut trials =
        ResultTable::new("survival-times", format!("{what} ({}) by trial", result.time_unit), &columns);
    for row in &result.rows {
        let limits = row.lower.zip(row.upper).map(|(lower, upper)| Interval { lower, upper });
        trials.push(vec![
            Cell::text(&row.label),
            Cell::Effect(Some(row.time)),
            Cell::Limits(limits),
            Cell::Percent(Some(row.weight)),
        ]);
    }
    for trial in &result.left_out {
        let row = vec![
            Cell::text(format!("{} (left out: {})", trial.trial, trial.reason)),
            Cell::Effect(None),
            Cell::Limits(None),
            Cell::Percent(None),
        ];
        trials.push(row);
    }
    let columns =
        ["Trials", "Random effects", "Interval", "Prediction", "Common effect", "τ²", "I²", "p of Q"];
    let mut pooled =
        ResultTable::new("survival-time", format!("{what} ({}), pooled", result.time_unit), &columns);
    pooled.push(vec![
        Cell::count(result.rows.len() as u32),
        Cell::Effect(Some(result.time)),
        Cell::Limits(Some(result.interval)),
        Cell::Limits(result.prediction),
        Cell::Effect(Some(result.common_time)),
        Cell::Variance(Some(result.tau_squared)),
        Cell::Percent(result.i_squared),
        Cell::PValue(result.q_p_value),
    ]);
    vec![pooled, trials]
}

/// Columns of a curve in words: what, time, survival, interval.
const CURVE: [&str; 4] = ["Quantity", "Time", "Value", "Interval"];

pub(crate) fn parametric(result: &ParametricSurvival) -> Vec<ResultTable> {
    let columns =
        ["Distribution", "AIC", "BIC", "Log likelihood", "Weight", "τ²", "p of τ² = 0", "Parameters", "Best"];
    let mut fits =
        ResultTable::new("distributions", "Parametric models with a random location per trial", &columns);
    for fit in &result.fits {
        let (model, random) = (fit.model(), fit.random.as_ref());
        let parameters: Vec<String> = model
            .parameters
            .iter()
            .map(|parameter| format!("{} {}", parameter.name, fixed(parameter.estimate.shown, 4)))
            .collect();
        fits.push(vec![
            Cell::text(serde_name(&fit.distribution)),
            Cell::Statistic(Some(model.aic)),
            Cell::Statistic(Some(model.bic)),
            Cell::Statistic(Some(model.log_likelihood)),
            Cell::Percent(Some(model.aic_weight)),
            Cell::Variance(random.map(|random| random.tau_squared)),
            Cell::PValue(random.map(|random| random.heterogeneity_test.p_value)),
            Cell::text(parameters.join(", ")),
            Cell::text(if fit.best { "yes" } else { "" }),
        ]);
    }
    let mut tables = vec![fits];
    if let Some(best) = result.best_fit() {
        let title = format!("Survival by the best distribution, {}", serde_name(&result.best));
        let mut table = ResultTable::new("parametric-survival", title, &CURVE);
        model_curve("typical study", &best.model().curve, &mut table);
        if let Some(random) = &best.random {
            model_curve("average study", &random.average, &mut table);
        }
        tables.push(table);
    }
    tables
}

fn model_curve(study: &str, curve: &ModelCurve, table: &mut ResultTable) {
    for point in &curve.survival {
        table.push(vec![
            Cell::text(format!("survival, {study}")),
            Cell::Number(Some(point.time)),
            Cell::Effect(Some(point.survival)),
            Cell::Limits(Some(point.interval)),
        ]);
    }
    for (what, time) in [("median", &curve.median), ("restricted mean", &curve.restricted_mean)] {
        if let Some(time) = time {
            table.push(vec![
                Cell::text(format!("{what}, {study}")),
                Cell::Number(None),
                Cell::Effect(Some(time.time)),
                Cell::Limits(Some(time.interval)),
            ]);
        }
    }
}

pub(crate) fn frailty(result: &FrailtySurvival) -> Vec<ResultTable> {
    let title = format!(
        "Shared frailty ({}): variance {}, p of no heterogeneity {}",
        serde_name(&result.options.frailty),
        fixed(result.theta, 6),
        p_value(result.heterogeneity_test.p_value, 4)
    );
    let mut table = ResultTable::new("frailty-survival", title, &CURVE);
    frailty_curve("typical study", &result.typical, &mut table);
    frailty_curve("average study", &result.average, &mut table);
    let columns = ["Trial", "Events", "Expected events", "Frailty", "Standard deviation"];
    let mut trials = ResultTable::new("frailties", "Frailty of each trial", &columns);
    for trial in &result.frailties {
        trials.push(vec![
            Cell::text(&trial.label),
            Cell::count(trial.events),
            Cell::Statistic(Some(trial.expected)),
            Cell::Effect(Some(trial.frailty)),
            Cell::Effect(Some(trial.standard_deviation)),
        ]);
    }
    vec![table, trials]
}

fn frailty_curve(study: &str, curve: &FrailtyCurve, table: &mut ResultTable) {
    for point in &curve.survival {
        table.push(vec![
            Cell::text(format!("survival, {study}")),
            Cell::Number(Some(point.time)),
            Cell::Effect(Some(point.survival)),
            Cell::Limits(Some(point.interval)),
        ]);
    }
    let limits = curve.median_lower.zip(curve.median_upper).map(|(lower, upper)| Interval { lower, upper });
    table.push(vec![
        Cell::text(format!("median, {study}")),
        Cell::Number(None),
        Cell::Effect(curve.median),
        Cell::Limits(limits),
    ]);
}
