//! All subsets of the trials of an analysis (GOSH).

use kmeta_evidence_pool::{Gosh, GoshOptions, ModelOptions, gosh};
use kmeta_trial_data::EffectMeasure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::multiverses::AnalysisSensitivity;
use super::variants::PatientVariants;
use crate::project::{Analysis, Project};
use crate::result_table::{Cell, ResultTable};
use crate::stages::pool::{Evidence, analyse};

/// All subsets of the trials with the trials' names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AllSubsets {
    /// Names to print, in the order of [`Gosh::presence`].
    pub labels: Vec<String>,
    /// Scale of the effects.
    pub measure: EffectMeasure,
    /// The sample size at which Freeman-Tukey values are transformed back.
    pub back_transform_size: Option<f64>,
    /// The subsets.
    #[serde(flatten)]
    pub gosh: Gosh,
}

/// Adds all subsets to every analysis that pools three effects or more.
pub(crate) fn all_subsets(
    project: &Project,
    patients: &PatientVariants,
    analyses: &mut [AnalysisSensitivity],
) {
    for found in analyses {
        let Some(analysis) = project.analyses.iter().find(|analysis| analysis.id() == found.id) else {
            continue;
        };
        found.all_subsets = of_analysis(project, patients, analysis);
    }
}

fn of_analysis(project: &Project, patients: &PatientVariants, analysis: &Analysis) -> Option<AllSubsets> {
    // A pooled curve is no effect.
    if matches!(analysis, Analysis::Survival(_)) {
        return None;
    }
    let own = patients.variants.iter().find(|variant| {
        variant.choices.iter().zip(&patients.axes).all(|(choice, axis)| *choice == Some(axis.protocol))
    });
    let evidence = Evidence {
        project,
        arms: own.map_or(&[], |variant| &variant.arms),
        comparisons: own.map_or(&[], |variant| &variant.comparisons),
        draws: None,
    };
    let (result, _) = analyse(evidence, analysis);
    let effect = result.outcome.effect()?;
    let (values, variances): (Vec<f64>, Vec<f64>) = effect
        .studies
        .iter()
        .map(|study| (study.estimate.value, study.estimate.standard_error.powi(2)))
        .unzip();
    let model = ModelOptions { tau_squared: effect.tau_squared_estimator, ..ModelOptions::default() };
    let options = GoshOptions { model, seed: project.sensitivity.seed, ..GoshOptions::default() };
    let gosh = gosh(&values, &variances, &options).ok()?;
    Some(AllSubsets {
        labels: effect.studies.iter().map(|study| study.label.clone()).collect(),
        measure: effect.measure,
        back_transform_size: effect.back_transform_size,
        gosh,
    })
}

/// What the presence of each trial does.
pub(crate) fn gosh_table(found: &AllSubsets) -> ResultTable {
    let gosh = &found.gosh;
    let which = if gosh.exhaustive { "All" } else { "A sample of" };
    let title = format!(
        "{which} {} subsets of at least two trials, on the analysis scale; outlier above {:.1} % of the variance, {:.1} % of that of I²",
        gosh.subsets,
        100.0 * gosh.outlier_limit,
        100.0 * gosh.i_squared_outlier_limit
    );
    let columns = [
        "Trial",
        "Mean with it",
        "Mean without it",
        "I² with it",
        "I² without it",
        "Share of variance",
        "Share of variance of I²",
        "Outlier",
    ];
    let mut table = ResultTable::new("all-subsets", title, &columns);
    for (label, presence) in found.labels.iter().zip(&gosh.presence) {
        let outlier = match (presence.pulls_estimate, presence.raises_i_squared) {
            (true, true) => "pulls the mean, raises I²",
            (true, false) => "pulls the mean",
            (false, true) => "raises I²",
            (false, false) => "",
        };
        table.push(vec![
            Cell::text(label.clone()),
            Cell::Effect(Some(presence.with.estimate)),
            Cell::Effect(Some(presence.without.estimate)),
            Cell::Percent(Some(presence.with.i_squared)),
            Cell::Percent(Some(presence.without.i_squared)),
            Cell::Percent(Some(presence.estimate_share)),
            Cell::Percent(Some(presence.i_squared_share)),
            Cell::text(outlier),
        ]);
    }
    table
}
