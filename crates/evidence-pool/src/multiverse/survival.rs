//! Pooled survival of single arms under every choice.

use kmeta_trial_data::{IntervalMethod, PooledSurvival, SurvivalPoint, TauSquaredEstimator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axes::{Axis, ChoiceCondition};
use super::effect::protocol_of;
use super::run::{Multiverse, SpecificationResult, run};
use super::shared_axes::{
    AxisList, Chosen, MeanChoice, MeanConditions, MeanModel, MeanProtocol, Member, MultiverseAxes,
    MultiverseSettings, TrialChoice, Word,
};
use super::summary::ResultScale;
use crate::survival_curve::interpolated_median;
use crate::{
    GridFreeOptions, LandmarkOptions, LandmarkScale, MedianSource, PoolError, SurvivalOptions,
    SurvivalTimeOptions, TrialMedian, TrialPatients, pool_grid_free_survival, pool_landmark_survival,
    pool_median_survival, pool_survival,
};

/// The one number of a survival analysis that a multiverse is about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurvivalQuantity {
    /// Median survival time.
    Median,
    /// Survival at this time.
    SurvivalAt(f64),
}

/// How survival of single arms is pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurvivalWay {
    /// The summary survival curve.
    SummaryCurve,
    /// The curve without a grid.
    GridFree,
    /// Survival at one time by itself; for survival at a time.
    Landmark,
    /// Median survival times; for the median.
    Median,
}

impl Word for SurvivalWay {
    fn word(&self) -> String {
        match self {
            Self::SummaryCurve => "summary-curve",
            Self::GridFree => "grid-free",
            Self::Landmark => "landmark",
            Self::Median => "median",
        }
        .to_owned()
    }
}

/// The times of a grid, in words.
impl Word for Vec<f64> {
    fn word(&self) -> String {
        match self.as_slice() {
            [first, .., last] if self.len() > 4 => format!("{} times, {first} to {last}", self.len()),
            times => times.iter().map(f64::to_string).collect::<Vec<_>>().join(" "),
        }
    }
}

/// The patients under one combination of the choices that were made before pooling.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalVariant {
    /// Position of the choice on each of the leading axes; `None` where one means nothing.
    pub choices: Vec<Option<u16>>,
    /// The trials with their groups, or why there are none.
    pub trials: Result<Vec<(TrialPatients, Option<String>)>, String>,
}

/// What a multiverse of survival is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalMultiverseInput {
    /// What is asked.
    pub quantity: SurvivalQuantity,
    /// Choices made before pooling, for example how patients were reconstructed.
    pub leading: Vec<Axis>,
    /// One for each combination of them.
    pub variants: Vec<SurvivalVariant>,
    /// The way of the protocol.
    pub way: SurvivalWay,
    /// The estimator of the protocol, for the ways that have one.
    pub tau_squared: TauSquaredEstimator,
    /// The interval of the protocol, for the ways that have a choice.
    pub interval: IntervalMethod,
    /// The scale of the protocol, for survival at one time by itself.
    pub landmark_scale: LandmarkScale,
}

/// Fewest patients of every trial with which the standard error of a log median is good (McGrath 2025).
const PATIENTS_FOR_MEDIANS: usize = 50;

struct Survival<'a> {
    input: &'a SurvivalMultiverseInput,
    options: &'a SurvivalOptions,
    way: Chosen<SurvivalWay>,
    times: Chosen<Vec<f64>>,
    scale: Chosen<LandmarkScale>,
    choice: TrialChoice,
    mean: MeanChoice,
    level: f64,
}

/// Pools survival of single arms under every combination of choices; `options` are those of the protocol.
///
/// The interval of a summary curve's random-effects median comes from the draws of the options, that of its
/// common-effect median from where the limits of the curve cross one half.
///
/// # Errors
/// [`PoolError::NoStudies`] when the protocol's variant has no trials; [`PoolError::SettingsConflict`] for a time that is
/// not among those of the protocol.
pub fn survival_multiverse(
    input: &SurvivalMultiverseInput,
    options: &SurvivalOptions,
    declared: &MultiverseAxes,
    settings: &MultiverseSettings,
) -> Result<Multiverse, PoolError> {
    if let SurvivalQuantity::SurvivalAt(time) = input.quantity
        && !options.times.contains(&time)
    {
        return Err(PoolError::SettingsConflict {
            setting: "landmarks".to_owned(),
            reason: format!(
                "time {time} is not among the `times` of the analysis, {}",
                options.times.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")
            ),
        });
    }
    let own = variant(input, &protocol_of(&input.leading));
    let own = own.and_then(|found| found.trials.as_ref().ok()).ok_or(PoolError::NoStudies)?;
    let mut list = AxisList { axes: input.leading.clone() };
    let survival = Survival::new(input, own, options, declared, settings, &mut list);
    let unit = options.time_unit;
    let (quantity, scale) = match input.quantity {
        SurvivalQuantity::Median => (format!("median survival ({unit})"), ResultScale::Logarithm),
        SurvivalQuantity::SurvivalAt(time) => (format!("survival at {time} {unit}"), ResultScale::Difference),
    };
    let about = (options.id.as_str(), quantity, scale);
    Ok(run(about, list.axes, settings, |choices| survival.compute(choices)))
}

fn variant<'a>(input: &'a SurvivalMultiverseInput, choices: &[Option<u16>]) -> Option<&'a SurvivalVariant> {
    input.variants.iter().find(|variant| variant.choices == choices)
}

/// The grid of the protocol (plausible), one with every second time of it and one with the middle of each interval
/// added. A time that is asked for is in all of them.
fn usual_grids(times: &[f64], asked: Option<f64>) -> Vec<(Vec<f64>, bool)> {
    let coarse = times
        .iter()
        .enumerate()
        .filter(|(index, time)| index % 2 == 1 || asked == Some(**time))
        .map(|(_, time)| *time)
        .collect::<Vec<f64>>();
    let mut fine = Vec::new();
    let mut before = 0.0;
    for &time in times {
        fine.extend([0.5 * (before + time), time]);
        before = time;
    }
    let mut grids = vec![(times.to_vec(), true)];
    grids.extend([coarse, fine].into_iter().filter(|grid| !grid.is_empty()).map(|grid| (grid, false)));
    grids
}

impl<'a> Survival<'a> {
    fn new(
        input: &'a SurvivalMultiverseInput,
        own: &[(TrialPatients, Option<String>)],
        options: &'a SurvivalOptions,
        declared: &MultiverseAxes,
        settings: &MultiverseSettings,
        list: &mut AxisList,
    ) -> Self {
        let none = Vec::<ChoiceCondition>::new;
        let asked = match input.quantity {
            SurvivalQuantity::Median => None,
            SurvivalQuantity::SurvivalAt(time) => Some(time),
        };
        let large = own.iter().all(|(trial, _)| trial.patients.len() >= PATIENTS_FOR_MEDIANS);
        let usual = [
            (SurvivalWay::SummaryCurve, true),
            (SurvivalWay::GridFree, true),
            if asked.is_some() { (SurvivalWay::Landmark, true) } else { (SurvivalWay::Median, large) },
        ];
        let other = if asked.is_some() { SurvivalWay::Median } else { SurvivalWay::Landmark };
        let stated: Option<Vec<SurvivalWay>> = declared
            .survival_method
            .as_ref()
            .map(|stated| stated.iter().copied().filter(|way| *way != other).collect());
        let way =
            list.add("survival_method", stated.as_deref(), &usual, input.way, none(), |_: &SurvivalWay| {
                none()
            });
        let grids = usual_grids(&options.times, asked);
        // A grid without the asked time could not answer.
        let stated: Option<Vec<Vec<f64>>> = declared.times.as_ref().map(|stated| {
            let answers = |grid: &&Vec<f64>| asked.is_none_or(|time| grid.contains(&time));
            stated.iter().filter(answers).cloned().collect()
        });
        let times = list.add(
            "times",
            stated.as_deref(),
            &grids,
            options.times.clone(),
            way.when(|way| *way == SurvivalWay::SummaryCurve),
            |_: &Vec<f64>| none(),
        );
        let usual = [
            (LandmarkScale::ComplementaryLogLog, true),
            (LandmarkScale::Log, false),
            (LandmarkScale::Logit, true),
            (LandmarkScale::BinomialNormal, true),
        ];
        let scale = list.add(
            "landmark_scale",
            declared.landmark_scale.as_deref(),
            if asked.is_some() { &usual } else { &[] },
            input.landmark_scale,
            way.when(|way| *way == SurvivalWay::Landmark),
            |_: &LandmarkScale| none(),
        );
        let members = members(input);
        let choice = TrialChoice::add(list, declared, &members);
        // The binomial-normal model has a likelihood of its own, one mean, and two kinds of interval.
        let by_effects = scale.when_or_open(|scale| *scale != LandmarkScale::BinomialNormal);
        let with =
            |ways: &[SurvivalWay]| [way.when(|way| ways.contains(way)).as_slice(), &by_effects].concat();
        use SurvivalWay::{GridFree, Landmark, Median, SummaryCurve};
        let conditions = MeanConditions {
            mean: with(&[SummaryCurve, Landmark, Median]),
            tau_squared: with(&[GridFree, Landmark, Median]),
            interval: way.when(|way| *way != SummaryCurve),
            larger_error: with(&[GridFree, Landmark, Median]),
            every_interval: with(&[Landmark, Median]),
        };
        let protocol =
            MeanProtocol { tau_squared: input.tau_squared, interval: input.interval, scoring_threshold: 0.0 };
        let mean = MeanChoice::add(list, declared, protocol, own.len(), conditions);
        Self { input, options, way, times, scale, choice, mean, level: settings.confidence_level }
    }

    fn compute(&self, choices: &[Option<u16>]) -> Result<SpecificationResult, String> {
        let all = match variant(self.input, &choices[..self.input.leading.len()]) {
            Some(found) => found.trials.as_ref().map_err(Clone::clone)?,
            None => return Err("there are no patients for this combination".to_owned()),
        };
        let trials: Vec<TrialPatients> = all
            .iter()
            .filter(|(trial, group)| self.choice.takes_part(choices, &trial.trial, group.as_deref()))
            .map(|(trial, _)| trial.clone())
            .collect();
        let found = match self.way.of(choices) {
            SurvivalWay::SummaryCurve => self.summary_curve(choices, &trials),
            SurvivalWay::GridFree => self.grid_free(choices, &trials),
            SurvivalWay::Landmark => self.landmark(choices, &trials),
            SurvivalWay::Median => self.median(choices, trials),
        };
        found.map_err(|error| error.to_string())?.ok_or_else(|| match self.input.quantity {
            SurvivalQuantity::Median => "the median is not reached".to_owned(),
            SurvivalQuantity::SurvivalAt(time) => format!("no trial is followed up to {time}"),
        })
    }

    fn summary_curve(
        &self,
        choices: &[Option<u16>],
        trials: &[TrialPatients],
    ) -> Result<Option<SpecificationResult>, PoolError> {
        let common = self.mean.mean(choices) == MeanModel::Common;
        let draws = self.input.quantity == SurvivalQuantity::Median && !common;
        let options = SurvivalOptions {
            times: self.times.of(choices).clone(),
            median_draws: if draws { self.options.median_draws } else { 0 },
            confidence_level: self.level,
            ..self.options.clone()
        };
        let curve = pool_survival(trials, &options)?;
        Ok(self.of_curve(&curve, common, trials.len()))
    }

    fn grid_free(
        &self,
        choices: &[Option<u16>],
        trials: &[TrialPatients],
    ) -> Result<Option<SpecificationResult>, PoolError> {
        let options = GridFreeOptions {
            id: self.options.id.clone(),
            // The times do not change the curve.
            times: match self.input.quantity {
                SurvivalQuantity::Median => self.options.times.clone(),
                SurvivalQuantity::SurvivalAt(time) => vec![time],
            },
            time_unit: self.options.time_unit,
            tau_squared: self.mean.tau_squared(choices),
            interval: self.mean.interval(choices),
            restricted_mean_horizon: None,
            confidence_level: self.level,
            ..GridFreeOptions::default()
        };
        let curve = pool_grid_free_survival(trials, &options)?;
        Ok(self.of_curve(&curve, false, trials.len()))
    }

    fn of_curve(&self, curve: &PooledSurvival, common: bool, trials: usize) -> Option<SpecificationResult> {
        let points = if common { &curve.common } else { &curve.random };
        let i_squared = curve.heterogeneity.as_ref().map(|found| found.i_squared);
        let (studies, estimate, lower, upper) = match self.input.quantity {
            SurvivalQuantity::SurvivalAt(time) => {
                let point = points.iter().find(|point| point.time == time)?;
                let SurvivalPoint { interval, trials, survival, .. } = point;
                (*trials, *survival, Some(interval.lower), Some(interval.upper))
            }
            SurvivalQuantity::Median if common => {
                let crossing = |of: fn(&SurvivalPoint) -> f64| {
                    let times: Vec<f64> = points.iter().map(|point| point.time).collect();
                    let levels: Vec<f64> = points.iter().map(of).collect();
                    interpolated_median(&times, &levels)
                };
                (
                    trials as u32,
                    crossing(|point| point.survival)?,
                    crossing(|point| point.interval.lower),
                    crossing(|point| point.interval.upper),
                )
            }
            SurvivalQuantity::Median => {
                (trials as u32, curve.median?, curve.median_lower, curve.median_upper)
            }
        };
        Some(SpecificationResult { studies, estimate, lower, upper, tau_squared: None, i_squared })
    }

    fn landmark(
        &self,
        choices: &[Option<u16>],
        trials: &[TrialPatients],
    ) -> Result<Option<SpecificationResult>, PoolError> {
        let SurvivalQuantity::SurvivalAt(time) = self.input.quantity else { return Ok(None) };
        let options = LandmarkOptions {
            id: self.options.id.clone(),
            times: vec![time],
            time_unit: self.options.time_unit,
            scale: *self.scale.of(choices),
            model: self.mean.model(choices, self.level),
            ..LandmarkOptions::default()
        };
        let found = pool_landmark_survival(trials, &options)?;
        Ok(found.times.first().map(|point| SpecificationResult {
            studies: point.rows.len() as u32,
            estimate: point.survival,
            lower: Some(point.interval.lower),
            upper: Some(point.interval.upper),
            tau_squared: Some(point.tau_squared),
            i_squared: point.i_squared,
        }))
    }

    fn median(
        &self,
        choices: &[Option<u16>],
        trials: Vec<TrialPatients>,
    ) -> Result<Option<SpecificationResult>, PoolError> {
        let medians: Vec<TrialMedian> = trials
            .into_iter()
            .map(|trial| TrialMedian {
                trial: trial.trial,
                label: trial.label,
                source: MedianSource::Patients(trial.patients),
                provenance: trial.provenance,
            })
            .collect();
        let options = SurvivalTimeOptions {
            id: self.options.id.clone(),
            time_unit: self.options.time_unit,
            model: self.mean.model(choices, self.level),
            ..SurvivalTimeOptions::default()
        };
        let found = pool_median_survival(&medians, &options)?;
        Ok(Some(SpecificationResult {
            studies: found.rows.len() as u32,
            estimate: found.time,
            lower: Some(found.interval.lower),
            upper: Some(found.interval.upper),
            tau_squared: Some(found.tau_squared),
            i_squared: found.i_squared,
        }))
    }
}

/// Every trial of any variant, in order of first appearance.
fn members(input: &SurvivalMultiverseInput) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for (trial, group) in input.variants.iter().filter_map(|found| found.trials.as_ref().ok()).flatten() {
        if !members.iter().any(|member| member.trial == trial.trial) {
            members.push(Member { trial: trial.trial.clone(), subgroup: group.clone() });
        }
    }
    members
}
