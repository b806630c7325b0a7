//! The methods, written from the settings inside the results.

use kmeta_plot_svg::format::shortest;
use kmeta_plot_svg::sentences;
use kmeta_trial_data::{
    BackTransformSize, EffectMeasure, Origin, PooledEffect, PooledSurvival, PoolingModel, PredictionMethod,
    SurvivalCurveMethod,
};

use crate::page::{Block, Section};
use crate::report::{EffectSection, Report};

pub(crate) fn section(report: &Report) -> Section {
    let mut paragraphs: Vec<String> = Vec::new();
    paragraphs.extend(from_figures(report));
    paragraphs.extend(pooled("Proportions", &report.responses));
    paragraphs.extend(survival(report));
    for section in &report.tabulated {
        paragraphs.extend(section.paragraphs.first().map(|text| format!("{}: {text}", section.title)));
    }
    paragraphs.extend(pooled("Hazard ratios", &report.hazard_ratios));
    paragraphs.extend(pooled("Effects", &report.effects));
    paragraphs.extend(heterogeneity(report));
    if !paragraphs.is_empty() {
        paragraphs.push(format!("Computations: {}.", report.provenance.generator));
    }
    paragraphs.extend(report.methods.iter().cloned());
    Section::new("methods", "Methods", paragraphs.into_iter().map(Block::paragraph).collect())
}

/// How figures became patients.
fn from_figures(report: &Report) -> Option<String> {
    if report.figures.is_empty() && report.reconstructions.is_empty() {
        return None;
    }
    let mut text = String::from(
        "Survival curves were digitized automatically from the figures: axes were calibrated on tick marks and \
         their labels, curves and censor marks traced, and the numbers at risk read where they are printed.",
    );
    if !report.reconstructions.is_empty() {
        text.push_str(
            " Individual patient data were reconstructed as the whole numbers of events and censorings that fit each \
             curve within its reading error and meet the numbers at risk, totals, medians and rates that are printed \
             (an extension of Guyot 2012), and compared with all of these.",
        );
    }
    Some(text)
}

/// One sentence per distinct choice of methods; analyses that share it are named together.
fn pooled(what: &str, sections: &[EffectSection]) -> Option<String> {
    let mut choices: Vec<(String, Vec<&str>)> = Vec::new();
    for section in sections {
        let choice = choice(&section.result);
        match choices.iter_mut().find(|(known, _)| *known == choice) {
            Some((_, titles)) => titles.push(&section.result.title),
            None => choices.push((choice, vec![&section.result.title])),
        }
    }
    let sentences: Vec<String> = if let [(choice, _)] = choices.as_slice() {
        vec![format!("{what} were pooled {choice}.")]
    } else {
        choices
            .iter()
            .map(|(choice, titles)| format!("{what} ({}) were pooled {choice}.", titles.join("; ")))
            .collect()
    };
    if sentences.is_empty() { None } else { Some(sentences.join(" ")) }
}

/// "by the inverse-variance method".
fn by_model(model: PoolingModel) -> &'static str {
    match model {
        PoolingModel::InverseVariance => "by the inverse-variance method",
        PoolingModel::Glmm => "by logistic regression with a random intercept per study",
        PoolingModel::BetaBinomial => "by the beta-binomial model",
        PoolingModel::MantelHaenszel => "by the Mantel-Haenszel method (random effects: inverse variance)",
        PoolingModel::Peto => "by the Peto method (random effects: inverse variance)",
    }
}

/// What a methods section says about one pooled effect, from "by the inverse-variance method" on.
fn choice(result: &PooledEffect) -> String {
    let mut text = format!(
        "{} on the scale of {} with a random-effects model; the between-study variance τ² was estimated by {}",
        by_model(result.model),
        sentences::pooled_quantity(result.measure),
        sentences::tau_squared_name(result.tau_squared_estimator)
    );
    if result.measure == EffectMeasure::FreemanTukey {
        let size = result.back_transform.unwrap_or(BackTransformSize::HarmonicMean);
        text.push_str(&format!(
            "; pooled values were transformed back by Miller's inverse at {}",
            sentences::back_transform_name(size)
        ));
    }
    text.push_str(&format!(
        ". {} intervals: for the pooled effect, {}; for single studies, {}",
        sentences::level(result.confidence_level),
        sentences::interval_name(result.interval_method),
        sentences::study_interval_name(result.study_interval_method)
    ));
    if let Some(prediction) = &result.prediction_details {
        text.push_str(&format!("; for the effect of a new study, {}", prediction_name(prediction.method)));
    }
    if result.subgroups.len() > 1 {
        text.push_str(
            ". Subgroups were pooled with a τ² of their own and compared by the χ² test between subgroup means",
        );
    }
    text
}

/// How a prediction interval is made, as part of a sentence.
fn prediction_name(method: PredictionMethod) -> &'static str {
    match method {
        PredictionMethod::Veroniki => "t with k − 1 degrees of freedom (Veroniki 2019)",
        PredictionMethod::HigginsThompsonSpiegelhalter => "t with k − 2 degrees of freedom (Higgins 2009)",
        PredictionMethod::HartungKnapp => {
            "t with k − 1 degrees of freedom and the Hartung-Knapp standard error"
        }
        PredictionMethod::HartungKnappPartlettRiley => {
            "t with k − 2 degrees of freedom and the Hartung-Knapp standard error (Partlett 2017)"
        }
        PredictionMethod::KenwardRoger => "Kenward-Roger",
        PredictionMethod::KenwardRogerPartlettRiley => {
            "Kenward-Roger with one degree of freedom less (Partlett 2017)"
        }
        PredictionMethod::Skipka => "normal quantile (Skipka 2006)",
        PredictionMethod::NagashimaBootstrap => "parametric bootstrap (Nagashima 2019)",
    }
}

/// One sentence per distinct way of pooling curves; analyses that share it are named together.
fn survival(report: &Report) -> Option<String> {
    let mut ways: Vec<(String, Vec<&str>)> = Vec::new();
    for section in &report.survival {
        let way = pooled_survival(&section.result);
        match ways.iter_mut().find(|(known, _)| *known == way) {
            Some((_, titles)) => titles.push(&section.result.title),
            None => ways.push((way, vec![&section.result.title])),
        }
    }
    let one = ways.len() == 1;
    let sentences: Vec<String> = ways
        .into_iter()
        .map(|(way, titles)| {
            let of = if one { String::new() } else { format!(" ({})", titles.join("; ")) };
            format!("Survival curves of single arms{of} were pooled {way}")
        })
        .collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// From "by the ..." on.
fn pooled_survival(result: &PooledSurvival) -> String {
    let printed = result.trials.iter().filter(|trial| trial.provenance.origin == Origin::Printed).count();
    let from = if printed == 0 {
        "from the reconstructed patients"
    } else if printed == result.trials.len() {
        "from printed tables of survival"
    } else {
        "from the reconstructed patients and printed tables of survival"
    };
    let level = sentences::level(result.confidence_level);
    let times: Vec<String> = result.random.iter().map(|point| shortest(point.time)).collect();
    match result.method {
        SurvivalCurveMethod::SummaryCurve => format!(
            "by the distribution-free random-effects summary curve (Combescure 2014) {from}, at {} {}. The median is where \
             the summary curve, interpolated between these times, crosses one half; its {level} interval comes from {} \
             Monte-Carlo draws (seed {}).",
            times.join(", "),
            result.time_unit,
            result.median_draws,
            result.seed
        ),
        SurvivalCurveMethod::GridFree => format!(
            "as random-effects means of the trials' log cumulative hazards at every event time, {from}, with {level} \
             confidence and prediction bands that do not depend on chosen times."
        ),
    }
}

fn heterogeneity(report: &Report) -> Option<String> {
    let results = || report.effect_sections().map(|section| &section.result);
    let mut text = String::from(
        "Heterogeneity is described by Cochran's Q, I² and H with their intervals (Higgins & Thompson 2002)",
    );
    results().next()?;
    if results().any(|result| result.heterogeneity.tau_squared_interval.is_some()) {
        text.push_str(" and τ² with its Q-profile interval (Viechtbauer 2007)");
    }
    if results().any(|result| result.egger.is_some()) {
        text.push_str(". Asymmetry of funnel plots was tested by Egger's regression (Egger 1997)");
    }
    text.push('.');
    Some(text)
}
