//! One effect per study.

use kmeta_evidence_pool::{
    EffectOptions, ModelOptions, PoolError, ProportionCount, ProportionOptions, TwoArmCount,
    TwoArmCountOptions, pool_effects, pool_proportions, pool_two_arm_counts,
};
use kmeta_trial_data::{EffectEstimate, PooledEffect};

use super::{names, wrong};
use crate::command_line::{
    ModelArgs, PoolArgs, PoolCountsArgs, PoolEffectsArgs, PoolHazardRatiosArgs, PoolProportionsArgs,
};
use crate::console::Console;
use crate::error::CommandError;
use crate::further::{self, FurtherOptions, FurtherResults, Studied, chosen};
use crate::project::HazardRatioSource;
use crate::results::{AnalysisOutcome, TwoArmCountTests};
use crate::tables::{
    HazardRatioReading, HazardRatioTable, Studies, read_effects, read_hazard_ratios, read_proportions,
    read_two_arm_counts,
};

/// What else was asked of the pooled studies.
pub(super) fn further_of<T: Clone>(
    pooled: &PooledEffect,
    studies: &Studies<T>,
    trial: impl Fn(&T) -> &str,
    pool: impl Fn(&[T]) -> Result<PooledEffect, PoolError>,
    model: &ModelOptions,
    (options, console): (&FurtherOptions, &Console),
) -> Box<FurtherResults> {
    let pool_again = |trials: &[String]| pool(&chosen(&studies.items, &trial, trials));
    // A study that says nothing about the effect is in the table but not among the pooled ones.
    let moderators: Vec<_> = pooled
        .studies
        .iter()
        .filter_map(|row| studies.items.iter().position(|item| trial(item) == row.trial))
        .map(|index| studies.moderators[index].clone())
        .collect();
    let studied = Studied { pooled, moderators: &moderators, model, pool_again: &pool_again };
    let results = further::run(studied, options);
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
        model: args.pool_by,
        quadrature_nodes: args.quadrature_nodes,
        tau_squared: args.model.tau_squared,
        scoring_threshold: args.model.scoring_threshold,
        interval: args.model.interval,
        tau_squared_interval: args.model.tau_squared_interval,
        prediction: args.model.prediction,
        prediction_draws: args.model.prediction_draws,
        prediction_seed: args.model.prediction_seed,
        study_interval: args.study_interval,
        back_transform: args.back_transform,
        confidence_level: args.common.level,
        subgroups: args.model.subgroups,
        subgroup_tau_squared: args.model.subgroup_tau_squared,
    };
    let pool = |counts: &[ProportionCount]| pool_proportions(counts, &options);
    let result = Box::new(pool(&counts.items).map_err(wrong(&args.counts))?);
    let further =
        further_of(&result, &counts, |count| &count.trial, pool, &options.model(), (&further, console));
    Ok(AnalysisOutcome::Proportion { outcome: id, result, further })
}

pub(super) fn hazard_ratios(
    args: &PoolHazardRatiosArgs,
    console: &Console,
) -> Result<AnalysisOutcome, CommandError> {
    let further = args.further.options();
    let reading = HazardRatioReading {
        level: args.common.level,
        route: args.route,
        curves: args.curves.as_deref(),
        moderators: &further.moderators,
    };
    let HazardRatioTable { effects, routes, findings } = read_hazard_ratios(&args.effects, reading)?;
    let (id, title) = names(&args.common, &args.effects);
    let options = effect_options(id.clone(), title, &args.model, &args.common);
    let pool = |effects: &[EffectEstimate]| pool_effects(effects, &options);
    let mut result = Box::new(pool(&effects.items).map_err(wrong(&args.effects))?);
    result.findings.splice(0..0, findings);
    let further =
        further_of(&result, &effects, |effect| &effect.trial, pool, &options.model(), (&further, console));
    let source = HazardRatioSource::Printed;
    Ok(AnalysisOutcome::HazardRatio { endpoint: id, source, result, routes, further })
}

pub(super) fn counts(args: &PoolCountsArgs, console: &Console) -> Result<AnalysisOutcome, CommandError> {
    let further = args.further.options();
    let counts = read_two_arm_counts(&args.counts, &further.moderators)?;
    let (id, title) = names(&args.common, &args.counts);
    let options = TwoArmCountOptions {
        id: id.clone(),
        title,
        measure: args.measure,
        pooling: args.pool_by,
        exact_mantel_haenszel: args.exact_mantel_haenszel,
        heterogeneity_about_mantel_haenszel: !args.heterogeneity_about_inverse_variance,
        continuity_correction: args.continuity_correction,
        increment: args.increment,
        include_double_zero: args.include_double_zero,
        tau_squared: args.model.tau_squared,
        scoring_threshold: args.model.scoring_threshold,
        interval: args.model.interval,
        tau_squared_interval: args.model.tau_squared_interval,
        prediction: args.model.prediction,
        prediction_draws: args.model.prediction_draws,
        prediction_seed: args.model.prediction_seed,
        confidence_level: args.common.level,
        subgroups: args.model.subgroups,
        subgroup_tau_squared: args.model.subgroup_tau_squared,
    };
    let pool = |counts: &[TwoArmCount]| pool_two_arm_counts(counts, &options);
    let result = Box::new(pool(&counts.items).map_err(wrong(&args.counts))?);
    let tests = TwoArmCountTests::of(&counts.items, args.common.level).map_err(wrong(&args.counts))?;
    let further =
        further_of(&result, &counts, |count| &count.trial, pool, &options.model(), (&further, console));
    Ok(AnalysisOutcome::TwoArmCounts { outcome: id, result, tests, further })
}

pub(super) fn effects(args: &PoolEffectsArgs, console: &Console) -> Result<AnalysisOutcome, CommandError> {
    let further = args.further.options();
    let effects = read_effects(&args.effects, args.measure, args.common.level, &further.moderators)?;
    let (id, title) = names(&args.common, &args.effects);
    let options = effect_options(id, title, &args.model, &args.common);
    let pool = |effects: &[EffectEstimate]| pool_effects(effects, &options);
    let result = Box::new(pool(&effects.items).map_err(wrong(&args.effects))?);
    let further =
        further_of(&result, &effects, |effect| &effect.trial, pool, &options.model(), (&further, console));
    Ok(AnalysisOutcome::Effect { result, further })
}

pub(super) fn effect_options(
    id: String,
    title: String,
    model: &ModelArgs,
    common: &PoolArgs,
) -> EffectOptions {
    EffectOptions {
        id,
        title,
        tau_squared: model.tau_squared,
        scoring_threshold: model.scoring_threshold,
        interval: model.interval,
        tau_squared_interval: model.tau_squared_interval,
        prediction: model.prediction,
        prediction_draws: model.prediction_draws,
        prediction_seed: model.prediction_seed,
        confidence_level: common.level,
        subgroups: model.subgroups,
        subgroup_tau_squared: model.subgroup_tau_squared,
    }
}
