//! Pooled effects, by `metafor`.

use kmeta_trial_data::{
    BackTransformSize, ContinuityCorrection, EffectMeasure, Estimate, IntervalMethod, PooledEffect,
    PoolingModel, SubgroupTauSquared, TauSquaredEstimator,
};

use super::{Script, quoted};
use crate::project::Analysis;

/// What the checks need of an analysis's options.
struct Settings {
    scoring_threshold: f64,
    subgroup_tau_squared: SubgroupTauSquared,
}

impl Settings {
    fn of(options: Option<&Analysis>) -> Self {
        macro_rules! of {
            ($analysis:expr) => {
                Self {
                    scoring_threshold: $analysis.options.scoring_threshold,
                    subgroup_tau_squared: $analysis.options.subgroup_tau_squared,
                }
            };
        }
        match options {
            Some(Analysis::Proportion(analysis)) => of!(analysis),
            Some(Analysis::HazardRatio(analysis)) => of!(analysis),
            Some(Analysis::TwoArmCounts(analysis)) => of!(analysis),
            Some(Analysis::TwoArmSurvival(analysis)) => of!(analysis),
            _ => Self { scoring_threshold: 0.0, subgroup_tau_squared: SubgroupTauSquared::Separate },
        }
    }

    /// metafor ends scoring once tau-squared moves by less than its threshold, 1e-5 unless told otherwise.
    fn control(&self) -> String {
        let threshold = if self.scoring_threshold > 0.0 { self.scoring_threshold } else { 1e-12 };
        format!("list(threshold = {threshold:e}, maxiter = 10000, tol = 1e-12)")
    }
}

/// The calls for one pooled effect.
pub(super) fn pooled(script: &mut Script, id: &str, effect: &PooledEffect, options: Option<&Analysis>) {
    script.line(&format!("dat <- studies({})", quoted(id)));
    script.line("dat$yi <- dat$analysis_value");
    script.line("dat$vi <- dat$analysis_standard_error^2");
    let title = effect.title.as_str();
    let settings = Settings::of(options);
    match effect.model {
        PoolingModel::Glmm => random_intercept(script, effect),
        PoolingModel::BetaBinomial => {
            script.line("# Beta-binomial model (VGAM): docs/agreement.md compares it with R.");
        }
        _ => {
            effects_of_counts(script, effect);
            inverse_variance(script, effect, &settings);
            if let Some(call) = common_by_counts(effect) {
                script.line(&call);
                script.check(&format!("{title}: common effect"), "coef(common)", effect.common.value);
            }
        }
    }
}

/// The effects of single studies from their counts, where metafor has the same corrections.
fn effects_of_counts(script: &mut Script, effect: &PooledEffect) {
    let measure = match effect.measure {
        EffectMeasure::FreemanTukey => "PFT",
        EffectMeasure::Logit => "PLO",
        EffectMeasure::Arcsine => "PAS",
        EffectMeasure::Raw => "PR",
        EffectMeasure::Log => "PLN",
        EffectMeasure::LogOddsRatio => "OR",
        EffectMeasure::LogRiskRatio => "RR",
        EffectMeasure::RiskDifference => "RD",
        EffectMeasure::ArcsineDifference => "AS",
        EffectMeasure::LogHazardRatio | EffectMeasure::Generic => return,
    };
    let call = if let Some(two_arm) = &effect.two_arm {
        let to = match two_arm.continuity_correction {
            ContinuityCorrection::AffectedStudies => "only0",
            ContinuityCorrection::AllIfAnyAffected => "if0all",
            ContinuityCorrection::AllStudies => "all",
            ContinuityCorrection::None => "none",
            ContinuityCorrection::TreatmentArm => return,
        };
        if effect.model == PoolingModel::Peto || !effect.measure.is_log_ratio() {
            return;
        }
        let call = format!(
            "counts <- escalc(measure = \"{measure}\", ai = events, n1i = total, ci = control_events, n2i = control_total, \
             data = dat, add = {}, to = \"{to}\")",
            two_arm.increment
        );
        if effect.measure == EffectMeasure::LogRiskRatio && to == "only0" {
            format!("{call}\n{}", corrected_risk_ratio(two_arm.increment))
        } else {
            call
        }
    } else {
        let call = format!("counts <- escalc(measure = \"{measure}\", xi = events, ni = total, data = dat)");
        // Where no or all patients have the event, meta corrects otherwise than metafor, and kmeta follows meta.
        match effect.measure {
            EffectMeasure::Raw => format!("{call}\ncounts$yi <- dat$events / dat$total"),
            EffectMeasure::Log => format!(
                "{call}\nadd <- ifelse(dat$events == 0 | dat$events == dat$total, 0.5, 0)\n\
                 counts$yi <- log((dat$events + add) / (dat$total + add))\n\
                 counts$vi <- 1 / (dat$events + ifelse(dat$events == dat$total, 0, add)) - 1 / (dat$total + add)"
            ),
            _ => call,
        }
    };
    script.line(&call);
    for (index, study) in effect.studies.iter().enumerate() {
        let what = format!("{}: {}", effect.title, study.label);
        script.check(&what, &format!("counts$yi[{}]", index + 1), study.estimate.value);
        script.check(
            &format!("{what}, standard error"),
            &format!("sqrt(counts$vi[{}])", index + 1),
            study.estimate.standard_error,
        );
    }
}

/// Risk ratios of studies with an empty cell: meta adds the correction to the number of patients once, metafor twice, and
/// kmeta follows meta.
fn corrected_risk_ratio(increment: f64) -> String {
    format!(
        "add <- with(dat, ifelse(events == 0 | control_events == 0 | events == total | control_events == control_total, {increment}, 0))\n\
         risk <- function(x, n) (x + add) / (n + add)\n\
         counts$yi <- with(dat, log(risk(events, total) / risk(control_events, control_total)))\n\
         term <- function(x, n) 1 / (x + add) - 1 / (n + add)\n\
         counts$vi <- with(dat, term(events, total) + term(control_events, control_total))"
    )
}

fn inverse_variance(script: &mut Script, effect: &PooledEffect, settings: &Settings) {
    if effect.studies.len() < 2 {
        script.line("# One study: nothing to pool.");
        return;
    }
    let title = effect.title.as_str();
    let level = 100.0 * effect.confidence_level;
    let estimator = effect.tau_squared_estimator.abbreviation();
    let test = test_of(effect.interval_method);
    let control = settings.control();
    let known = if has_mantel_haenszel_q(effect) {
        let Some(lines) = tau_squared_from_mantel_haenszel(effect) else {
            script.line("# metafor does not have this common effect, from which tau-squared is taken.");
            return;
        };
        lines.iter().for_each(|line| script.line(line));
        ", tau2 = tau2"
    } else {
        ""
    };
    let call = |data: &str| {
        format!(
            "rma(yi, vi, data = {data}, method = \"{estimator}\"{known}, test = \"{}\", level = {level}, control = {control})",
            test.unwrap_or("z")
        )
    };
    script.line(&format!("fit <- {}", call("dat")));
    random(script, title, &effect.random, test.is_some());
    script.check(
        &format!("{title}: tau-squared"),
        "fit$tau2",
        effect.heterogeneity.tau_squared.unwrap_or(f64::NAN),
    );
    if effect.model == PoolingModel::InverseVariance {
        script.check(&format!("{title}: Q"), "fit$QE", effect.heterogeneity.q);
        script.line(&format!("common <- rma(yi, vi, data = dat, method = \"EE\", level = {level})"));
        script.check(&format!("{title}: common effect"), "coef(common)", effect.common.value);
    }
    shown(script, effect);
    let separate = settings.subgroup_tau_squared == SubgroupTauSquared::Separate;
    for group in effect.subgroups.iter().filter(|group| separate && known.is_empty() && group.studies > 1) {
        script.line(&format!("fit <- {}", call(&format!("dat[dat$subgroup == {}, ]", quoted(&group.name)))));
        random(script, &format!("{title}, {}", group.name), &group.random, test.is_some());
    }
    if let Some(egger) = &effect.egger {
        script.line("egger <- regtest(x = dat$yi, vi = dat$vi, model = \"lm\", predictor = \"sei\")");
        script.check(&format!("{title}: Egger's test, t"), "egger$zval", egger.t);
    }
}

fn random(script: &mut Script, title: &str, random: &Estimate, interval: bool) {
    script.check(&format!("{title}: random effects"), "coef(fit)", random.value);
    if interval {
        script.check(&format!("{title}: standard error"), "fit$se", random.standard_error);
        script.check(&format!("{title}: lower limit"), "fit$ci.lb", random.interval.lower);
        script.check(&format!("{title}: upper limit"), "fit$ci.ub", random.interval.upper);
    } else {
        script.line("# metafor does not have this interval: docs/agreement.md compares it with R meta.");
    }
}

/// The pooled value as people read it.
fn shown(script: &mut Script, effect: &PooledEffect) {
    let back = match effect.measure {
        EffectMeasure::FreemanTukey => match effect.back_transform {
            Some(BackTransformSize::HarmonicMean) | None => {
                "transf.ipft.hm(coef(fit), targs = list(ni = dat$total))"
            }
            Some(BackTransformSize::ArithmeticMean) => "transf.ipft(coef(fit), ni = mean(dat$total))",
            Some(BackTransformSize::InverseVariance) => return,
        },
        EffectMeasure::Logit => "plogis(coef(fit))",
        EffectMeasure::Arcsine => "sin(coef(fit))^2",
        EffectMeasure::Log => "exp(coef(fit))",
        measure if measure.is_log_ratio() => "exp(coef(fit))",
        _ => return,
    };
    script.check(&format!("{}: random effects, to read", effect.title), back, effect.random.shown);
}

/// metafor's name of an interval method, where it has it.
fn test_of(method: IntervalMethod) -> Option<&'static str> {
    match method {
        IntervalMethod::Wald => Some("z"),
        IntervalMethod::HartungKnapp => Some("knha"),
        IntervalMethod::HartungKnappLargerError => Some("adhoc"),
        IntervalMethod::HartungKnappWiderInterval
        | IntervalMethod::HartungKnappIqwig6
        | IntervalMethod::KenwardRoger => None,
    }
}

/// Whether tau-squared by DerSimonian and Laird comes from the Q about the Mantel-Haenszel effect, as in RevMan and meta.
fn has_mantel_haenszel_q(effect: &PooledEffect) -> bool {
    effect.model == PoolingModel::MantelHaenszel
        && effect.tau_squared_estimator == TauSquaredEstimator::DerSimonianLaird
}

/// The lines that compute `tau2` from the Q about the Mantel-Haenszel effect.
fn tau_squared_from_mantel_haenszel(effect: &PooledEffect) -> Option<[String; 3]> {
    let common = common_by_counts(effect)?;
    Some([
        format!(
            "# DerSimonian and Laird with the Q about the Mantel-Haenszel effect, as RevMan and meta have it.\n{common}"
        ),
        "w <- 1 / dat$vi\nq <- sum(w * (dat$yi - coef(common))^2)".to_owned(),
        "tau2 <- max(0, (q - (nrow(dat) - 1)) / (sum(w) - sum(w^2) / sum(w)))".to_owned(),
    ])
}

/// The common effect of two-arm counts that is not by inverse variance.
fn common_by_counts(effect: &PooledEffect) -> Option<String> {
    let two_arm = effect.two_arm.as_ref()?;
    let counts = "ai = events, n1i = total, ci = control_events, n2i = control_total, data = dat";
    match (effect.model, effect.measure) {
        (PoolingModel::Peto, _) => {
            Some(format!("common <- rma.peto({counts}, add = c(0, 0), to = c(\"none\", \"none\"))"))
        }
        (PoolingModel::MantelHaenszel, EffectMeasure::LogOddsRatio | EffectMeasure::LogRiskRatio)
            if two_arm.continuity_correction == ContinuityCorrection::AffectedStudies =>
        {
            let measure = if effect.measure == EffectMeasure::LogOddsRatio { "OR" } else { "RR" };
            let pooled = if two_arm.exact_mantel_haenszel { "none" } else { "only0" };
            let add = two_arm.increment;
            Some(format!(
                "common <- rma.mh(measure = \"{measure}\", {counts}, add = c({add}, {add}), to = c(\"only0\", \"{pooled}\"))"
            ))
        }
        _ => None,
    }
}

/// A logistic regression with a random intercept. The optimizers differ, so the tolerance is theirs.
fn random_intercept(script: &mut Script, effect: &PooledEffect) {
    let nodes = effect.likelihood.as_ref().and_then(|fit| fit.quadrature_nodes).unwrap_or(7).clamp(1, 25);
    script.line("if (requireNamespace(\"lme4\", quietly = TRUE)) {");
    script.line(&format!(
        "fit <- rma.glmm(measure = \"PLO\", xi = events, ni = total, data = dat, nAGQ = {nodes}, level = {})",
        100.0 * effect.confidence_level
    ));
    let title = effect.title.as_str();
    let tolerance = "tolerance = 1e-3";
    script.check_within(&format!("{title}: random effects"), "coef(fit)", effect.random.value, tolerance);
    script.check_within(
        &format!("{title}: random effects, to read"),
        "plogis(coef(fit))",
        effect.random.shown,
        tolerance,
    );
    if let Some(tau_squared) = effect.heterogeneity.tau_squared {
        script.check_within(&format!("{title}: tau-squared"), "fit$tau2", tau_squared, "tolerance = 1e-2");
    }
    script.line("} else cat(\"skipped: a GLMM needs the package lme4\\n\")");
}
