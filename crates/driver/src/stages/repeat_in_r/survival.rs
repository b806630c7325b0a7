//! Curves of reconstructed patients, by `survival`; pooled survival, by `metafor` and the function in the script.

use kmeta_evidence_pool::{LandmarkResult, ModelOptions, PooledSurvivalTime};
use kmeta_trial_data::{Origin, PooledSurvival, SurvivalCurveMethod};

use super::{Script, quoted, vector};
use crate::results::{ArmResult, Results};

/// The median of every reconstructed arm.
pub(super) fn arms(script: &mut Script, results: &Results) {
    if results.arms.is_empty() {
        return;
    }
    script.heading("Reconstructed patients");
    for arm in &results.arms {
        script.line(&format!("arm <- patients({})", quoted(&arm.patients_file)));
        let what = format!("{}, {}", arm.label, arm.endpoint);
        script.check(&format!("{what}: patients"), "nrow(arm)", f64::from(arm.fidelity.patients));
        script.check(&format!("{what}: events"), "sum(arm$status)", f64::from(arm.fidelity.events));
        if let Some(median) = arm.fidelity.median_reconstructed {
            script.check(&format!("{what}: median"), "median_survival(arm)", median);
        }
    }
}

fn arm_of<'a>(results: &'a Results, endpoint: &str, key: &str) -> Option<&'a ArmResult> {
    results.arms.iter().find(|arm| {
        arm.endpoint == endpoint && (arm.trial == key || format!("{}/{}", arm.trial, arm.arm) == key)
    })
}

/// Cox model and log-rank test of two arms of a trial.
pub(super) fn comparisons(script: &mut Script, results: &Results) {
    for comparison in &results.comparisons {
        let file = |id: &str| {
            let key = format!("{}/{id}", comparison.trial);
            arm_of(results, &comparison.endpoint, &key).map(|arm| quoted(&arm.patients_file))
        };
        let Some((treated, reference)) = file(&comparison.treated).zip(file(&comparison.reference)) else {
            continue;
        };
        let what = format!("{}, {}", comparison.label, comparison.endpoint);
        script.heading(&format!("{what}: {} over {}", comparison.treated, comparison.reference));
        script.line(&format!("both <- rbind(cbind(patients({treated}), treated = 1), cbind(patients({reference}), treated = 0))"));
        script.line("fit <- coxph(Surv(time, status) ~ treated, data = both, ties = \"efron\", control = coxph.control(eps = 1e-12, iter.max = 100))");
        script.check(&format!("{what}: log hazard ratio"), "coef(fit)", comparison.log_hazard_ratio);
        script.check(&format!("{what}: standard error"), "sqrt(vcov(fit)[1])", comparison.standard_error);
        script.line("test <- survdiff(Surv(time, status) ~ treated, data = both)");
        script.check(&format!("{what}: log-rank chi-squared"), "test$chisq", comparison.log_rank_chi_squared);
    }
}

/// A pooled survival curve.
pub(super) fn pooled_curve(
    script: &mut Script,
    results: &Results,
    endpoint: &str,
    title: &str,
    curve: &PooledSurvival,
) {
    if curve.method != SurvivalCurveMethod::SummaryCurve {
        script.line("# No package of R has this estimator.");
        return;
    }
    let files: Option<Vec<String>> = curve
        .trials
        .iter()
        .filter(|trial| trial.provenance.origin != Origin::Printed)
        .map(|trial| arm_of(results, endpoint, &trial.trial).map(|arm| quoted(&arm.patients_file)))
        .collect();
    let Some(files) = files.filter(|files| files.len() == curve.trials.len()) else {
        script.line("# Pooled from printed tables: docs/agreement.md compares the method with R.");
        return;
    };
    let times = vector(curve.random.iter().map(|point| point.time));
    script.line(&format!("pooled <- summary_curve(lapply(c({}), patients), {times})", files.join(", ")));
    let quantile = format!("qnorm({})", 0.5 + curve.confidence_level / 2.0);
    for (index, point) in curve.random.iter().enumerate() {
        let (at, what) = (index + 1, format!("{title}: survival at {}", point.time));
        script.check(&what, &format!("pooled$survival[{at}]"), point.survival);
        let limit = |sign: &str| {
            format!("min(1, pooled$survival[{at}] * exp({sign}{quantile} * pooled$se_log[{at}]))")
        };
        script.check(&format!("{what}, lower limit"), &limit("-"), point.interval.lower);
        script.check(&format!("{what}, upper limit"), &limit(""), point.interval.upper);
    }
    if let Some(median) = curve.median {
        script.check(&format!("{title}: median"), "pooled$median", median);
        script.line(
            "# The interval of the median comes from Monte-Carlo draws and depends on the random numbers.",
        );
    }
    if let Some(value) = &curve.heterogeneity {
        script.check(&format!("{title}: Q"), "pooled$q", value.q);
    }
}

/// The call that pools values with their variances.
fn model_call(values: String, variances: String, model: &ModelOptions) -> String {
    let threshold = if model.scoring_threshold > 0.0 { model.scoring_threshold } else { 1e-12 };
    format!(
        "fit <- rma({values}, {variances}, method = \"{}\", control = list(threshold = {threshold:e}, maxiter = 10000, tol = 1e-12))",
        model.tau_squared.abbreviation()
    )
}

/// Survival at chosen times, on the scale of the analysis.
pub(super) fn landmarks(script: &mut Script, title: &str, result: &LandmarkResult) {
    for time in &result.times {
        if time.rows.len() < 2 || time.q.is_none() {
            script.line(&format!("# Time {}: one trial, or a likelihood of its own.", time.time));
            continue;
        }
        script.line(&model_call(
            vector(time.rows.iter().map(|row| row.value)),
            vector(time.rows.iter().map(|row| row.variance)),
            &result.model,
        ));
        let what = format!("{title}: time {}", time.time);
        script.check(&format!("{what}, mean"), "coef(fit)", time.mean);
        script.check(&format!("{what}, tau-squared"), "fit$tau2", time.tau_squared);
    }
}

/// Pooled medians or restricted means.
pub(super) fn times(script: &mut Script, title: &str, result: &PooledSurvivalTime) {
    if result.rows.len() < 2 {
        script.line("# One trial: nothing to pool.");
        return;
    }
    script.line(&model_call(
        vector(result.rows.iter().map(|row| row.value)),
        vector(result.rows.iter().map(|row| row.variance)),
        &result.model,
    ));
    script.check(&format!("{title}: mean"), "coef(fit)", result.mean);
    script.check(&format!("{title}: tau-squared"), "fit$tau2", result.tau_squared);
}
