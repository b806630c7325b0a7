//! Pooled proportions under every choice.

use kmeta_trial_data::{BackTransformSize, EffectMeasure, IntervalMethod, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axes::ChoiceCondition;
use super::run::{Multiverse, SpecificationResult, run};
use super::shared_axes::{
    AxisList, Chosen, MeanChoice, MeanConditions, MeanModel, MeanProtocol, Member, MultiverseAxes,
    MultiverseSettings, TrialChoice, Word, pooled, result,
};
use super::summary::ResultScale;
use crate::measure::{Scale, back_transform_size, corrected_effect};
use crate::proportions::{LikelihoodModel, model_choice};
use crate::{PoolError, ProportionCount, ProportionModel, ProportionOptions, pool_proportions};

/// The scale or model that proportions are pooled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProportionScale {
    /// Logistic regression of the counts with a random intercept per study.
    Glmm,
    /// Beta-binomial distribution of the counts.
    BetaBinomial,
    /// Freeman-Tukey double arcsine, inverse variance.
    FreemanTukey,
    /// Arcsine, inverse variance.
    Arcsine,
    /// Logit, inverse variance.
    Logit,
    /// Logarithm, inverse variance.
    Log,
    /// Untransformed, inverse variance.
    Raw,
}

impl ProportionScale {
    /// The usual choices, with what docs/methods/proportions.md recommends: GLMM as the usual choice, the beta-binomial
    /// model and the arcsine for rare events. The others reproduce published analyses or suit large studies only.
    const USUAL: [(Self, bool); 7] = [
        (Self::Glmm, true),
        (Self::BetaBinomial, true),
        (Self::FreemanTukey, false),
        (Self::Arcsine, true),
        (Self::Logit, false),
        (Self::Log, false),
        (Self::Raw, false),
    ];

    /// The scale of inverse-variance pooling; `None` for a model of the counts.
    fn measure(self) -> Option<EffectMeasure> {
        match self {
            Self::Glmm | Self::BetaBinomial => None,
            Self::FreemanTukey => Some(EffectMeasure::FreemanTukey),
            Self::Arcsine => Some(EffectMeasure::Arcsine),
            Self::Logit => Some(EffectMeasure::Logit),
            Self::Log => Some(EffectMeasure::Log),
            Self::Raw => Some(EffectMeasure::Raw),
        }
    }

    fn of(options: &ProportionOptions) -> Result<Self, PoolError> {
        Ok(match (model_choice(options)?.likelihood, options.measure) {
            (Some(LikelihoodModel::Glmm { .. }), _) => Self::Glmm,
            (Some(LikelihoodModel::BetaBinomial), _) => Self::BetaBinomial,
            (None, EffectMeasure::FreemanTukey) => Self::FreemanTukey,
            (None, EffectMeasure::Arcsine) => Self::Arcsine,
            (None, EffectMeasure::Log) => Self::Log,
            (None, EffectMeasure::Raw) => Self::Raw,
            (None, _) => Self::Logit,
        })
    }
}

/// What is done with trials without events, or with events only, where the scale has no value for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ZeroCorrection {
    /// ½ is added to both cells of these trials (R meta `incr = 0.5, method.incr = "only0"`), as everywhere in kmeta.
    HalfInAffected,
    /// ¼ is.
    QuarterInAffected,
    /// A tenth is.
    TenthInAffected,
    /// ½ is added to both cells of every trial (R meta `method.incr = "all"`).
    HalfInAll,
    /// These trials are left out.
    LeaveOut,
}

impl ZeroCorrection {
    const USUAL: [(Self, bool); 5] = [
        (Self::HalfInAffected, true),
        (Self::QuarterInAffected, false),
        (Self::TenthInAffected, false),
        (Self::HalfInAll, false),
        (Self::LeaveOut, false),
    ];

    /// What is added to the cells of a trial; `None` to leave it out.
    fn added(self, extreme: bool) -> Option<f64> {
        match self {
            Self::HalfInAll => Some(0.5),
            Self::LeaveOut if extreme => None,
            _ if !extreme => Some(0.0),
            Self::HalfInAffected => Some(0.5),
            Self::QuarterInAffected => Some(0.25),
            Self::TenthInAffected => Some(0.1),
            Self::LeaveOut => None,
        }
    }
}

/// The patients that a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Denominator {
    /// Patients assessed for the outcome.
    Evaluable,
    /// All patients of the arm; those not assessed count as without the event.
    IntentionToTreat,
}

impl Word for ProportionScale {
    fn word(&self) -> String {
        match self {
            Self::Glmm => "glmm",
            Self::BetaBinomial => "beta-binomial",
            Self::FreemanTukey => "freeman-tukey",
            Self::Arcsine => "arcsine",
            Self::Logit => "logit",
            Self::Log => "log",
            Self::Raw => "raw",
        }
        .to_owned()
    }
}

impl Word for ZeroCorrection {
    fn word(&self) -> String {
        match self {
            Self::HalfInAffected => "half-in-affected",
            Self::QuarterInAffected => "quarter-in-affected",
            Self::TenthInAffected => "tenth-in-affected",
            Self::HalfInAll => "half-in-all",
            Self::LeaveOut => "leave-out",
        }
        .to_owned()
    }
}

impl Word for Denominator {
    fn word(&self) -> String {
        match self {
            Self::Evaluable => "evaluable",
            Self::IntentionToTreat => "intention-to-treat",
        }
        .to_owned()
    }
}

/// One trial's counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProportionTrial {
    /// Identifier; unique within the analysis.
    pub trial: String,
    /// Its group, where it has one.
    pub subgroup: Option<String>,
    /// Patients with the event.
    pub events: u32,
    /// Patients assessed.
    pub evaluable: u32,
    /// All patients of the arm, where that is known.
    pub patients: Option<u32>,
}

impl ProportionTrial {
    fn total(&self, denominator: Denominator) -> u32 {
        match (denominator, self.patients) {
            (Denominator::IntentionToTreat, Some(patients)) => patients.max(self.evaluable),
            _ => self.evaluable,
        }
    }

    fn is_extreme(&self, denominator: Denominator) -> bool {
        self.events == 0 || self.events == self.total(denominator)
    }
}

/// The axes of pooled proportions.
struct Proportions<'a> {
    trials: &'a [ProportionTrial],
    options: &'a ProportionOptions,
    level: f64,
    scale: Chosen<ProportionScale>,
    back_transform: Chosen<BackTransformSize>,
    correction: Chosen<ZeroCorrection>,
    denominator: Chosen<Denominator>,
    choice: TrialChoice,
    mean: MeanChoice,
}

/// Pools proportions under every combination of choices; `options` are those of the protocol. A specification with the
/// protocol's choices is [`pool_proportions`] with these options.
///
/// # Errors
/// Those of [`pool_proportions`] for the options or counts of the protocol.
pub fn proportion_multiverse(
    trials: &[ProportionTrial],
    options: &ProportionOptions,
    declared: &MultiverseAxes,
    settings: &MultiverseSettings,
) -> Result<Multiverse, PoolError> {
    let protocol = ProportionOptions { subgroups: false, ..options.clone() };
    pool_proportions(&counts(trials, Denominator::Evaluable, |_| true), &protocol)?;
    let mut list = AxisList::default();
    let proportions = Proportions::new(trials, &protocol, declared, settings, &mut list)?;
    let about = (options.id.as_str(), "proportion".to_owned(), ResultScale::Difference);
    Ok(run(about, list.axes, settings, |choices| proportions.compute(choices)))
}

fn counts(
    trials: &[ProportionTrial],
    denominator: Denominator,
    takes_part: impl Fn(&ProportionTrial) -> bool,
) -> Vec<ProportionCount> {
    trials
        .iter()
        .filter(|trial| takes_part(trial))
        .map(|trial| ProportionCount {
            trial: trial.trial.clone(),
            label: trial.trial.clone(),
            subgroup: None,
            events: trial.events,
            total: trial.total(denominator),
            provenance: Provenance::printed("counts"),
        })
        .collect()
}

impl<'a> Proportions<'a> {
    fn new(
        trials: &'a [ProportionTrial],
        options: &'a ProportionOptions,
        declared: &MultiverseAxes,
        settings: &MultiverseSettings,
        list: &mut AxisList,
    ) -> Result<Self, PoolError> {
        let none = Vec::<ChoiceCondition>::new;
        let own = ProportionScale::of(options)?;
        let stated = declared.measure.as_deref();
        let scale =
            list.add("measure", stated, &ProportionScale::USUAL, own, none(), |_: &ProportionScale| none());
        let usual = [
            (BackTransformSize::HarmonicMean, true),
            (BackTransformSize::ArithmeticMean, false),
            (BackTransformSize::InverseVariance, false),
        ];
        let back_transform = list.add(
            "back_transform",
            declared.back_transform.as_deref(),
            &usual,
            options.back_transform,
            scale.when(|scale| *scale == ProportionScale::FreemanTukey),
            |_: &BackTransformSize| none(),
        );
        let extreme = trials.iter().any(|trial| {
            trial.is_extreme(Denominator::Evaluable) || trial.is_extreme(Denominator::IntentionToTreat)
        });
        let corrects = |scale: &ProportionScale| {
            matches!(scale, ProportionScale::Logit | ProportionScale::Log | ProportionScale::Raw)
        };
        let correction = list.add(
            "zero_correction",
            declared.zero_correction.as_deref().filter(|_| extreme),
            if extreme { &ZeroCorrection::USUAL } else { &[] },
            ZeroCorrection::HalfInAffected,
            scale.when(corrects),
            |_: &ZeroCorrection| none(),
        );
        let differ = trials
            .iter()
            .any(|trial| trial.total(Denominator::IntentionToTreat) != trial.total(Denominator::Evaluable));
        let usual = [(Denominator::Evaluable, true), (Denominator::IntentionToTreat, true)];
        let denominator = list.add(
            "denominator",
            declared.denominator.as_deref().filter(|_| differ),
            if differ { &usual } else { &[] },
            Denominator::Evaluable,
            none(),
            |_: &Denominator| none(),
        );
        let members: Vec<Member> = trials
            .iter()
            .map(|trial| Member { trial: trial.trial.clone(), subgroup: trial.subgroup.clone() })
            .collect();
        let choice = TrialChoice::add(list, declared, &members);
        let by_effects = scale.when(|scale| scale.measure().is_some());
        let conditions = MeanConditions {
            // The beta-binomial model has one mean.
            mean: scale.when(|scale| *scale != ProportionScale::BetaBinomial),
            tau_squared: by_effects.clone(),
            interval: none(),
            larger_error: by_effects.clone(),
            every_interval: by_effects,
        };
        let protocol = MeanProtocol {
            tau_squared: options.tau_squared,
            interval: options.interval,
            scoring_threshold: options.scoring_threshold,
        };
        let mean = MeanChoice::add(list, declared, protocol, trials.len(), conditions);
        Ok(Self {
            trials,
            options,
            level: settings.confidence_level,
            scale,
            back_transform,
            correction,
            denominator,
            choice,
            mean,
        })
    }

    fn compute(&self, choices: &[Option<u16>]) -> Result<SpecificationResult, String> {
        let takes_part = |trial: &ProportionTrial| {
            self.choice.takes_part(choices, &trial.trial, trial.subgroup.as_deref())
        };
        let scale = *self.scale.of(choices);
        let found = match scale.measure() {
            Some(measure) => self.by_effects(choices, measure, takes_part),
            None => self.by_likelihood(choices, scale, takes_part),
        };
        found.map_err(|error| error.to_string())
    }

    fn by_effects(
        &self,
        choices: &[Option<u16>],
        measure: EffectMeasure,
        takes_part: impl Fn(&ProportionTrial) -> bool,
    ) -> Result<SpecificationResult, PoolError> {
        let (denominator, correction) = (*self.denominator.of(choices), *self.correction.of(choices));
        let corrects = !matches!(measure, EffectMeasure::FreemanTukey | EffectMeasure::Arcsine);
        let (mut values, mut variances, mut totals) = (Vec::new(), Vec::new(), Vec::new());
        for trial in self.trials.iter().filter(|trial| takes_part(trial)) {
            let add = if corrects { correction.added(trial.is_extreme(denominator)) } else { Some(0.0) };
            let Some(add) = add else { continue };
            let total = f64::from(trial.total(denominator));
            let (value, variance) = corrected_effect(measure, f64::from(trial.events), total, add);
            values.push(value);
            variances.push(variance);
            totals.push(total);
        }
        let model = self.mean.model(choices, self.level);
        let (fit, interval) = pooled(&values, &variances, &model)?;
        let size = back_transform_size(*self.back_transform.of(choices), &totals, fit.standard_error.powi(2));
        let shown = Scale { measure, size };
        let common = self.mean.mean(choices) == MeanModel::Common;
        Ok(result(&fit, interval, common, |value| shown.shown(value)))
    }

    fn by_likelihood(
        &self,
        choices: &[Option<u16>],
        scale: ProportionScale,
        takes_part: impl Fn(&ProportionTrial) -> bool,
    ) -> Result<SpecificationResult, PoolError> {
        let counts = counts(self.trials, *self.denominator.of(choices), takes_part);
        let common = self.mean.mean(choices) == MeanModel::Common;
        let is_glmm = scale == ProportionScale::Glmm;
        let options = ProportionOptions {
            measure: EffectMeasure::Logit,
            model: Some(if is_glmm { ProportionModel::Glmm } else { ProportionModel::BetaBinomial }),
            quadrature_nodes: self.options.quadrature_nodes.filter(|_| is_glmm),
            interval: if common { IntervalMethod::Wald } else { self.mean.interval(choices) },
            confidence_level: self.level,
            ..ProportionOptions::default()
        };
        let found = pool_proportions(&counts, &options)?;
        let estimate = if common { &found.common } else { &found.random };
        let several = counts.len() > 1;
        Ok(SpecificationResult {
            studies: counts.len() as u32,
            estimate: estimate.shown,
            lower: Some(estimate.shown_interval.lower),
            upper: Some(estimate.shown_interval.upper),
            tau_squared: found.heterogeneity.tau_squared.filter(|_| several && !common),
            i_squared: found.heterogeneity.i_squared.filter(|_| several),
        })
    }
}
