//! One effect per study.

use kmeta_evidence_pool::{EffectOptions, ProportionOptions, pool_effects, pool_proportions};
use kmeta_trial_data::PooledEffect;

use super::{names, wrong};
use crate::command_line::{PoolHazardRatiosArgs, PoolProportionsArgs};
use crate::console::Console;
use crate::error::CommandError;
use crate::further::{self, FurtherOptions, FurtherResults, Studied};
use crate::project::HazardRatioSource;
use crate::results::AnalysisOutcome;
use crate::tables::{Studies, read_effects, read_proportions};

/// What else was asked of the pooled studies.
fn further_of<T>(
    pooled: &PooledEffect,
    studies: &Studies<T>,
    options: &FurtherOptions,
    console: &Console,
) -> Box<FurtherResults> {
    let results = further::run(Studied { pooled, moderators: &studies.moderators }, options);
    console.findings(&results.findings(&pooled.id));
    Box::new(results)
}

pub(super) fn proportions(
    args: &PoolProportionsArgs,
    console: &Console,
) -> Result<AnalysisOutcome, CommandError> {
    let further = args.further.options();
    let counts = read_proportions(&args.counts, &further.moderators)?;
    let (id, title) = names(&args.common, &args.counts);
    let options = ProportionOptions {
        id: id.clone(),
        title,
        measure: args.measure,
        model: None,
        quadrature_nodes: None,
        tau_squared: args.model.tau_squared,
        scoring_threshold: args.model.scoring_threshold,
        interval: args.model.interval,
        tau_squared_interval: args.model.tau_squared_interval,
        prediction: args.model.prediction,
        study_interval: args.study_interval,
        back_transform: args.back_transform,
        confidence_level: args.common.level,
        subgroups: args.model.subgroups,
        subgroup_tau_squared: args.model.subgroup_tau_squared,
    };
    let result = Box::new(pool_proportions(&counts.items, &options).map_err(wrong(&args.counts))?);
    let further = further_of(&result, &counts, &further, console);
    Ok(AnalysisOutcome::Proportion { outcome: id, result, further })
}

pub(super) fn hazard_ratios(
    args: &PoolHazardRatiosArgs,
    console: &Console,
) -> Result<AnalysisOutcome, CommandError> {
    let further = args.further.options();
    let (effects, findings) = read_effects(&args.effects, args.common.level, &further.moderators)?;
    console.findings(&findings);
    let (id, title) = names(&args.common, &args.effects);
    let options = EffectOptions {
        id: id.clone(),
        title,
        tau_squared: args.model.tau_squared,
        scoring_threshold: args.model.scoring_threshold,
        interval: args.model.interval,
        tau_squared_interval: args.model.tau_squared_interval,
        prediction: args.model.prediction,
        confidence_level: args.common.level,
        subgroups: args.model.subgroups,
        subgroup_tau_squared: args.model.subgroup_tau_squared,
    };
    let mut result = Box::new(pool_effects(&effects.items, &options).map_err(wrong(&args.effects))?);
    result.findings.splice(0..0, findings);
    let further = further_of(&result, &effects, &further, console);
    Ok(AnalysisOutcome::HazardRatio { endpoint: id, source: HazardRatioSource::Printed, result, further })
}
