//! Pooled effects (hazard ratios and others) under every choice.

use kmeta_trial_data::EffectEstimate;

use super::axes::Axis;
use super::run::{Multiverse, SpecificationResult, run};
use super::shared_axes::{
    AxisList, MeanChoice, MeanConditions, MeanModel, MeanProtocol, Member, MultiverseAxes,
    MultiverseSettings, TrialChoice, pooled, result,
};
use super::summary::ResultScale;
use crate::{EffectOptions, PoolError, pool_effects};

/// The effects of the trials under one combination of the choices that were made before pooling.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectVariant {
    /// Position of the choice on each of the leading axes; `None` where one means nothing.
    pub choices: Vec<Option<u16>>,
    /// The effects, or why there are none.
    pub effects: Result<Vec<EffectEstimate>, String>,
}

/// What a multiverse of effects is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectMultiverseInput {
    /// What the results are, in words, for example "hazard ratio".
    pub quantity: String,
    /// Choices made before pooling, for example how patients were reconstructed.
    pub leading: Vec<Axis>,
    /// One for each combination of them.
    pub variants: Vec<EffectVariant>,
}

/// Pools effects under every combination of choices; `options` are those of the protocol.
///
/// # Errors
/// [`PoolError::NoStudies`] when no variant is the protocol's or it has no effects; else those of [`pool_effects`] for
/// the protocol.
pub fn effect_multiverse(
    input: &EffectMultiverseInput,
    options: &EffectOptions,
    declared: &MultiverseAxes,
    settings: &MultiverseSettings,
) -> Result<Multiverse, PoolError> {
    let protocol: Vec<Option<u16>> = protocol_of(&input.leading);
    let own = variant(&input.variants, &protocol).and_then(|found| found.effects.as_ref().ok());
    let own = own.ok_or(PoolError::NoStudies)?;
    let plain = EffectOptions { subgroups: false, ..options.clone() };
    let pooled_own = pool_effects(own, &plain)?;
    let ratio = pooled_own.measure.no_effect() == Some(1.0);
    let scale = if ratio { ResultScale::Logarithm } else { ResultScale::Difference };
    let members = members(input);
    let mut list = AxisList { axes: input.leading.clone() };
    let choice = TrialChoice::add(&mut list, declared, &members);
    let mean_protocol = MeanProtocol {
        tau_squared: options.tau_squared,
        interval: options.interval,
        scoring_threshold: options.scoring_threshold,
    };
    let mean = MeanChoice::add(&mut list, declared, mean_protocol, own.len(), MeanConditions::default());
    let leading = input.leading.len();
    let compute = |choices: &[Option<u16>]| -> Result<SpecificationResult, String> {
        let effects = match variant(&input.variants, &choices[..leading]) {
            Some(found) => found.effects.as_ref().map_err(Clone::clone)?,
            None => return Err("there are no effects for this combination".to_owned()),
        };
        let (values, variances): (Vec<f64>, Vec<f64>) = effects
            .iter()
            .filter(|effect| choice.takes_part(choices, &effect.trial, effect.subgroup.as_deref()))
            .map(|effect| (effect.value, effect.variance))
            .unzip();
        let model = mean.model(choices, settings.confidence_level);
        let (fit, interval) = pooled(&values, &variances, &model).map_err(|error| error.to_string())?;
        let common = mean.mean(choices) == MeanModel::Common;
        let shown = |value: f64| if ratio { value.exp() } else { value };
        Ok(result(&fit, interval, common, shown))
    };
    let about = (options.id.as_str(), input.quantity.clone(), scale);
    Ok(run(about, list.axes, settings, compute))
}

/// The protocol's choices of the leading axes.
pub(super) fn protocol_of(leading: &[Axis]) -> Vec<Option<u16>> {
    super::axes::combination(leading, &super::axes::protocol(leading)).unwrap_or_default()
}

fn variant<'a>(variants: &'a [EffectVariant], choices: &[Option<u16>]) -> Option<&'a EffectVariant> {
    variants.iter().find(|variant| variant.choices == choices)
}

/// Every trial of any variant, in order of first appearance.
fn members(input: &EffectMultiverseInput) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for effect in input.variants.iter().filter_map(|variant| variant.effects.as_ref().ok()).flatten() {
        if !members.iter().any(|member| member.trial == effect.trial) {
            members.push(Member { trial: effect.trial.clone(), subgroup: effect.subgroup.clone() });
        }
    }
    members
}
