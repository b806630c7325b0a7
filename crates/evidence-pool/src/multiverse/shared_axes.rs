//! Axes that several kinds of analysis share: which trials, which model of the mean, which τ², which interval.

use kmeta_trial_data::{
    BackTransformSize, ContinuityCorrection, Interval, IntervalMethod, TauSquaredEstimator,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axes::{Axis, AxisChoice, ChoiceCondition};
use super::proportion::{Denominator, ProportionScale, ZeroCorrection};
use super::run::SpecificationResult;
use super::survival::SurvivalWay;
use crate::{LandmarkScale, ModelOptions, PoolError, RandomEffectsFit, TwoArmPooling, fit_random_effects};

/// With so many trials a Wald interval is no longer notably too narrow (IntHout 2014).
const TRIALS_FOR_WALD: usize = 10;

/// How many specifications are computed, and what they are compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct MultiverseSettings {
    /// With more combinations than this a seeded sample of as many is drawn; the protocol's and its neighbours are
    /// always in it.
    pub maximum: u32,
    /// Seed of the sample.
    pub seed: u64,
    /// A line on the scale people read, for example a response rate below which a drug is of no interest.
    pub decision_line: Option<f64>,
    /// Level of every interval, strictly between 0 and 1.
    pub confidence_level: f64,
}

impl Default for MultiverseSettings {
    fn default() -> Self {
        Self { maximum: 10_000, seed: 1, decision_line: None, confidence_level: 0.95 }
    }
}

/// Which mean is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MeanModel {
    /// The random-effects mean.
    Random,
    /// The common-effect mean.
    Common,
}

/// The choices to go through, axis by axis. An axis that is left out goes through its usual choices, of which those
/// that the page of the method recommends, and the protocol's, are plausible and the others merely possible. All
/// choices of an axis that is stated are plausible. The protocol's own choice is always among them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MultiverseAxes {
    /// Scale or model of proportions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<Vec<ProportionScale>>,
    /// The sample size at which a Freeman-Tukey mean is transformed back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_transform: Option<Vec<BackTransformSize>>,
    /// What is done with trials without events, or with events only, on the scales logit, log and raw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_correction: Option<Vec<ZeroCorrection>>,
    /// The patients that a response rate counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denominator: Option<Vec<Denominator>>,
    /// Random-effects or common-effect mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<MeanModel>>,
    /// Estimator of the between-study variance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau_squared: Option<Vec<TauSquaredEstimator>>,
    /// How the interval of the mean is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Vec<IntervalMethod>>,
    /// Whether each trial is left out in turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_one_out: Option<bool>,
    /// Whether each group of at least two trials is also pooled alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subgroups: Option<bool>,
    /// Which cells of two-arm counts get a continuity correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continuity_correction: Option<Vec<ContinuityCorrection>>,
    /// What is added to a cell of two-arm counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub increment: Option<Vec<f64>>,
    /// How the common effect of two-arm counts is put together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooling: Option<Vec<TwoArmPooling>>,
    /// How survival of single arms is pooled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survival_method: Option<Vec<SurvivalWay>>,
    /// Times that divide follow-up for the summary curve, one list for each grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<Vec<Vec<f64>>>,
    /// Scale on which survival at one time is pooled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landmark_scale: Option<Vec<LandmarkScale>>,
}

/// A choice with the word that files have for it.
pub(super) trait Word: Clone + PartialEq {
    fn word(&self) -> String;
}

impl Word for MeanModel {
    fn word(&self) -> String {
        match self {
            Self::Random => "random",
            Self::Common => "common",
        }
        .to_owned()
    }
}

impl Word for TauSquaredEstimator {
    fn word(&self) -> String {
        self.abbreviation().to_owned()
    }
}

impl Word for IntervalMethod {
    fn word(&self) -> String {
        match self {
            Self::Wald => "wald",
            Self::HartungKnapp => "hartung-knapp",
            Self::HartungKnappLargerError => "hartung-knapp-larger-error",
            Self::HartungKnappWiderInterval => "hartung-knapp-wider-interval",
            Self::HartungKnappIqwig6 => "hartung-knapp-iqwig6",
            Self::KenwardRoger => "kenward-roger",
        }
        .to_owned()
    }
}

impl Word for BackTransformSize {
    fn word(&self) -> String {
        match self {
            Self::HarmonicMean => "harmonic-mean",
            Self::ArithmeticMean => "arithmetic-mean",
            Self::InverseVariance => "inverse-variance",
        }
        .to_owned()
    }
}

impl Word for LandmarkScale {
    fn word(&self) -> String {
        match self {
            Self::ComplementaryLogLog => "complementary-log-log",
            Self::Log => "log",
            Self::Logit => "logit",
            Self::BinomialNormal => "binomial-normal",
        }
        .to_owned()
    }
}

/// A trial or group by name, or none.
impl Word for Option<String> {
    fn word(&self) -> String {
        self.clone().unwrap_or_else(|| "none".to_owned())
    }
}

/// A condition that nothing meets.
fn never() -> Vec<ChoiceCondition> {
    vec![ChoiceCondition { axis: 0, choices: Vec::new(), or_open: false }]
}

/// The values of an axis; without an axis in the list the protocol's value holds throughout.
#[derive(Debug, Clone)]
pub(super) struct Chosen<T> {
    axis: Option<u16>,
    values: Vec<T>,
    protocol: T,
}

impl<T: Word> Chosen<T> {
    /// The value in a combination.
    pub(super) fn of(&self, choices: &[Option<u16>]) -> &T {
        let chosen = self.axis.and_then(|axis| choices[usize::from(axis)]);
        chosen.and_then(|choice| self.values.get(usize::from(choice))).unwrap_or(&self.protocol)
    }

    /// The condition that the value is one of those that `is` holds for.
    pub(super) fn when(&self, is: impl Fn(&T) -> bool) -> Vec<ChoiceCondition> {
        self.condition(is, false)
    }

    /// The same, met also where the axis means nothing.
    pub(super) fn when_or_open(&self, is: impl Fn(&T) -> bool) -> Vec<ChoiceCondition> {
        self.condition(is, true)
    }

    fn condition(&self, is: impl Fn(&T) -> bool, or_open: bool) -> Vec<ChoiceCondition> {
        match self.axis {
            Some(axis) => {
                let choices = (0..self.values.len() as u16)
                    .filter(|&choice| is(&self.values[usize::from(choice)]))
                    .collect();
                vec![ChoiceCondition { axis, choices, or_open }]
            }
            None if is(&self.protocol) => Vec::new(),
            None => never(),
        }
    }
}

/// Collects the axes of an analysis.
#[derive(Debug, Default)]
pub(super) struct AxisList {
    pub(super) axes: Vec<Axis>,
}

impl AxisList {
    /// Adds an axis with the `declared` choices, all plausible, or with the `usual` ones. `needs` says what a choice can
    /// only be combined with. An axis without a choice is not listed.
    pub(super) fn add<T: Word>(
        &mut self,
        name: &str,
        declared: Option<&[T]>,
        usual: &[(T, bool)],
        protocol: T,
        applies: Vec<ChoiceCondition>,
        needs: impl Fn(&T) -> Vec<ChoiceCondition>,
    ) -> Chosen<T> {
        let mut values: Vec<(T, bool)> = match declared {
            Some(declared) => declared.iter().map(|value| (value.clone(), true)).collect(),
            None => usual.to_vec(),
        };
        match values.iter_mut().find(|(value, _)| *value == protocol) {
            Some((_, plausible)) => *plausible = true,
            None => values.insert(0, (protocol.clone(), true)),
        }
        let mut unique: Vec<(T, bool)> = Vec::new();
        for (value, plausible) in values {
            if !unique.iter().any(|(known, _)| *known == value) {
                unique.push((value, plausible));
            }
        }
        let impossible = applies.iter().any(|condition| condition.choices.is_empty() && !condition.or_open);
        if unique.len() < 2 || impossible {
            return Chosen { axis: None, values: Vec::new(), protocol };
        }
        let position = unique.iter().position(|(value, _)| *value == protocol).unwrap_or(0) as u16;
        let choices = unique
            .iter()
            .map(|(value, plausible)| AxisChoice {
                name: value.word(),
                plausible: *plausible,
                needs: needs(value),
            })
            .collect();
        let axis = self.axes.len() as u16;
        self.axes.push(Axis { name: name.to_owned(), choices, protocol: position, applies });
        Chosen { axis: Some(axis), values: unique.into_iter().map(|(value, _)| value).collect(), protocol }
    }
}

/// A trial as far as choosing trials needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) trial: String,
    pub(super) subgroup: Option<String>,
}

/// Which trials take part.
#[derive(Debug, Clone)]
pub(super) struct TrialChoice {
    group: Chosen<Option<String>>,
    left_out: Chosen<Option<String>>,
}

impl TrialChoice {
    /// Adds the axes `subgroup` and `left_out`. Neither is plausible unless declared: they ask what the result rests on,
    /// not what it is.
    pub(super) fn add(list: &mut AxisList, declared: &MultiverseAxes, members: &[Member]) -> Self {
        let mut groups: Vec<&str> = Vec::new();
        for group in members.iter().filter_map(|member| member.subgroup.as_deref()) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        let of_group =
            |group: &str| members.iter().filter(|member| member.subgroup.as_deref() == Some(group)).count();
        let wanted = declared.subgroups.unwrap_or(true);
        let mut usual = vec![(None, true)];
        usual.extend(
            groups
                .into_iter()
                .filter(|group| wanted && (2..members.len()).contains(&of_group(group)))
                .map(|group| (Some(group.to_owned()), declared.subgroups.is_some())),
        );
        let group = list.add("subgroup", None, &usual, None, Vec::new(), |_| Vec::new());
        let wanted = declared.leave_one_out.unwrap_or(true) && members.len() > 1;
        let mut usual = vec![(None, true)];
        usual.extend(
            members
                .iter()
                .filter(|_| wanted)
                .map(|member| (Some(member.trial.clone()), declared.leave_one_out.is_some())),
        );
        let needs = |trial: &Option<String>| match trial {
            None => Vec::new(),
            Some(trial) => {
                let own = members.iter().find(|member| member.trial == *trial);
                let own = own.and_then(|member| member.subgroup.as_deref());
                group.when(|group| group.is_none() || group.as_deref() == own)
            }
        };
        let left_out = list.add("left_out", None, &usual, None, Vec::new(), needs);
        Self { group, left_out }
    }

    /// Whether a trial takes part in a combination.
    pub(super) fn takes_part(&self, choices: &[Option<u16>], trial: &str, subgroup: Option<&str>) -> bool {
        let group = self.group.of(choices);
        let left_out = self.left_out.of(choices);
        left_out.as_deref() != Some(trial) && (group.is_none() || group.as_deref() == subgroup)
    }
}

/// The mean, its τ² and its interval in the protocol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MeanProtocol {
    pub(super) tau_squared: TauSquaredEstimator,
    pub(super) interval: IntervalMethod,
    pub(super) scoring_threshold: f64,
}

/// Which model of the mean.
#[derive(Debug, Clone)]
pub(super) struct MeanChoice {
    mean: Chosen<MeanModel>,
    tau_squared: Chosen<TauSquaredEstimator>,
    interval: Chosen<IntervalMethod>,
    scoring_threshold: f64,
}

/// Where the axes of the mean apply.
#[derive(Debug, Clone, Default)]
pub(super) struct MeanConditions {
    /// Where there is a common-effect mean beside the random-effects one.
    pub(super) mean: Vec<ChoiceCondition>,
    /// Where τ² is estimated from effects.
    pub(super) tau_squared: Vec<ChoiceCondition>,
    /// Where the interval can be chosen at all.
    pub(super) interval: Vec<ChoiceCondition>,
    /// Beside Wald and Hartung-Knapp: where the interval with a standard error that is not smaller can be chosen.
    pub(super) larger_error: Vec<ChoiceCondition>,
    /// Where every interval can be chosen.
    pub(super) every_interval: Vec<ChoiceCondition>,
}

impl MeanChoice {
    /// Adds the axes `mean`, `tau_squared` and `interval`. REML and Paule-Mandel are plausible; so are the Hartung-Knapp
    /// intervals, and Wald with ten trials; the common-effect mean is not (docs/methods/random-effects.md).
    pub(super) fn add(
        list: &mut AxisList,
        declared: &MultiverseAxes,
        protocol: MeanProtocol,
        trials: usize,
        conditions: MeanConditions,
    ) -> Self {
        let needs = |mean: &MeanModel| match mean {
            MeanModel::Random => Vec::new(),
            MeanModel::Common => conditions.mean.clone(),
        };
        let usual = [(MeanModel::Random, true), (MeanModel::Common, false)];
        let stated = declared.mean.as_deref();
        let mean = list.add("mean", stated, &usual, MeanModel::Random, Vec::new(), needs);
        let random = mean.when(|mean| *mean == MeanModel::Random);
        let joined = |also: &[ChoiceCondition]| [also, &random].concat();
        let usual = [
            (TauSquaredEstimator::RestrictedMaximumLikelihood, true),
            (TauSquaredEstimator::PauleMandel, true),
            (TauSquaredEstimator::DerSimonianLaird, false),
            (TauSquaredEstimator::MaximumLikelihood, false),
            (TauSquaredEstimator::Hedges, false),
            (TauSquaredEstimator::HunterSchmidt, false),
            (TauSquaredEstimator::SidikJonkman, false),
            (TauSquaredEstimator::HunterSchmidtCorrected, false),
            (TauSquaredEstimator::MedianUnbiasedPauleMandel, false),
        ];
        let stated = declared.tau_squared.as_deref();
        let tau_squared = list.add(
            "tau_squared",
            stated,
            &usual,
            protocol.tau_squared,
            joined(&conditions.tau_squared),
            |_| Vec::new(),
        );
        let usual = [
            (IntervalMethod::Wald, trials >= TRIALS_FOR_WALD),
            (IntervalMethod::HartungKnapp, true),
            (IntervalMethod::HartungKnappLargerError, true),
            (IntervalMethod::HartungKnappWiderInterval, true),
            (IntervalMethod::HartungKnappIqwig6, true),
            (IntervalMethod::KenwardRoger, false),
        ];
        let needs = |interval: &IntervalMethod| match interval {
            IntervalMethod::Wald | IntervalMethod::HartungKnapp => Vec::new(),
            IntervalMethod::HartungKnappLargerError => conditions.larger_error.clone(),
            IntervalMethod::HartungKnappWiderInterval | IntervalMethod::HartungKnappIqwig6 => {
                conditions.every_interval.clone()
            }
            IntervalMethod::KenwardRoger => {
                let reml = tau_squared
                    .when(|estimator| *estimator == TauSquaredEstimator::RestrictedMaximumLikelihood);
                [conditions.every_interval.as_slice(), &reml].concat()
            }
        };
        let stated = declared.interval.as_deref();
        let interval =
            list.add("interval", stated, &usual, protocol.interval, joined(&conditions.interval), needs);
        Self { mean, tau_squared, interval, scoring_threshold: protocol.scoring_threshold }
    }

    pub(super) fn mean(&self, choices: &[Option<u16>]) -> MeanModel {
        *self.mean.of(choices)
    }

    /// Where the common-effect mean is reported.
    pub(super) fn when_common(&self) -> Vec<ChoiceCondition> {
        self.mean.when(|mean| *mean == MeanModel::Common)
    }

    pub(super) fn tau_squared(&self, choices: &[Option<u16>]) -> TauSquaredEstimator {
        *self.tau_squared.of(choices)
    }

    pub(super) fn interval(&self, choices: &[Option<u16>]) -> IntervalMethod {
        *self.interval.of(choices)
    }

    /// The model of a combination.
    pub(super) fn model(&self, choices: &[Option<u16>], confidence_level: f64) -> ModelOptions {
        let common = self.mean(choices) == MeanModel::Common;
        ModelOptions {
            tau_squared: self.tau_squared(choices),
            preset_tau_squared: common.then_some(0.0),
            scoring_threshold: self.scoring_threshold,
            interval: if common { IntervalMethod::Wald } else { self.interval(choices) },
            confidence_level,
            ..ModelOptions::default()
        }
    }
}

/// A fit with its interval.
pub(super) fn pooled(
    values: &[f64],
    variances: &[f64],
    model: &ModelOptions,
) -> Result<(RandomEffectsFit, Interval), PoolError> {
    let fit = fit_random_effects(values, variances, model)?;
    let interval = fit.interval(model.confidence_level)?;
    Ok((fit, interval))
}

/// The fit as a specification's result, transformed by `shown` to the scale people read.
pub(super) fn result(
    fit: &RandomEffectsFit,
    interval: Interval,
    common: bool,
    shown: impl Fn(f64) -> f64,
) -> SpecificationResult {
    let (one, other) = (shown(interval.lower), shown(interval.upper));
    SpecificationResult {
        studies: fit.studies,
        estimate: shown(fit.mean),
        lower: Some(one.min(other)),
        upper: Some(one.max(other)),
        tau_squared: (!common && fit.studies > 1).then_some(fit.tau_squared),
        i_squared: (fit.studies > 1).then_some(fit.i_squared),
    }
}
