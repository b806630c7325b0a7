//! Pooled counts of two arms under every choice.

use kmeta_trial_data::{ContinuityCorrection, EffectMeasure, IntervalMethod};

use super::run::{Multiverse, SpecificationResult, run};
use super::shared_axes::{
    AxisList, Chosen, MeanChoice, MeanConditions, MeanModel, MeanProtocol, Member, MultiverseAxes,
    MultiverseSettings, TrialChoice, Word,
};
use super::summary::ResultScale;
use crate::{PoolError, TwoArmCount, TwoArmCountOptions, TwoArmPooling, pool_two_arm_counts};

impl Word for TwoArmPooling {
    fn word(&self) -> String {
        match self {
            Self::InverseVariance => "inverse-variance",
            Self::MantelHaenszel => "mantel-haenszel",
            Self::Peto => "peto",
        }
        .to_owned()
    }
}

impl Word for ContinuityCorrection {
    fn word(&self) -> String {
        match self {
            Self::AffectedStudies => "affected-studies",
            Self::AllIfAnyAffected => "all-if-any-affected",
            Self::AllStudies => "all-studies",
            Self::TreatmentArm => "treatment-arm",
            Self::None => "none",
        }
        .to_owned()
    }
}

/// What is added to a cell.
impl Word for f64 {
    fn word(&self) -> String {
        self.to_string()
    }
}

/// The axes of counts of two arms.
struct Counts<'a> {
    counts: &'a [(TwoArmCount, Option<String>)],
    options: &'a TwoArmCountOptions,
    level: f64,
    correction: Chosen<ContinuityCorrection>,
    increment: Chosen<f64>,
    choice: TrialChoice,
    mean: MeanChoice,
    pooling: Chosen<Option<TwoArmPooling>>,
}

impl Word for Option<TwoArmPooling> {
    fn word(&self) -> String {
        self.map_or_else(|| "as usual".to_owned(), |pooling| pooling.word())
    }
}

/// Pools counts of two arms, each with its group, under every combination of choices; `options` are those of the
/// protocol. The measure stays the protocol's: odds ratios, risk ratios and risk differences are not on one scale.
///
/// # Errors
/// Those of [`pool_two_arm_counts`] for the protocol.
pub fn two_arm_count_multiverse(
    counts: &[(TwoArmCount, Option<String>)],
    options: &TwoArmCountOptions,
    declared: &MultiverseAxes,
    settings: &MultiverseSettings,
) -> Result<Multiverse, PoolError> {
    let protocol = TwoArmCountOptions { subgroups: false, ..options.clone() };
    let all: Vec<TwoArmCount> = counts.iter().map(|(count, _)| count.clone()).collect();
    pool_two_arm_counts(&all, &protocol)?;
    let mut list = AxisList::default();
    let axes = Counts::new(counts, &protocol, declared, settings, &mut list);
    let (quantity, scale) = match options.measure {
        EffectMeasure::LogOddsRatio => ("odds ratio", ResultScale::Logarithm),
        EffectMeasure::LogRiskRatio => ("risk ratio", ResultScale::Logarithm),
        EffectMeasure::RiskDifference => ("risk difference", ResultScale::Difference),
        _ => ("arcsine difference", ResultScale::Difference),
    };
    let about = (options.id.as_str(), quantity.to_owned(), scale);
    Ok(run(about, list.axes, settings, |choices| axes.compute(choices)))
}

fn has_zero_cell(count: &TwoArmCount) -> bool {
    count.events == 0
        || count.events == count.total
        || count.control_events == 0
        || count.control_events == count.control_total
}

impl<'a> Counts<'a> {
    fn new(
        counts: &'a [(TwoArmCount, Option<String>)],
        options: &'a TwoArmCountOptions,
        declared: &MultiverseAxes,
        settings: &MultiverseSettings,
        list: &mut AxisList,
    ) -> Self {
        let zeros = counts.iter().any(|(count, _)| has_zero_cell(count));
        let usual = [
            (ContinuityCorrection::AffectedStudies, true),
            (ContinuityCorrection::TreatmentArm, true),
            (ContinuityCorrection::AllIfAnyAffected, false),
            (ContinuityCorrection::AllStudies, false),
            (ContinuityCorrection::None, false),
        ];
        let correction = list.add(
            "continuity_correction",
            declared.continuity_correction.as_deref().filter(|_| zeros),
            if zeros { &usual } else { &[] },
            options.continuity_correction,
            Vec::new(),
            |_: &ContinuityCorrection| Vec::new(),
        );
        let usual = [(0.5, true), (0.25, false), (0.1, false)];
        let increment = list.add(
            "increment",
            declared.increment.as_deref().filter(|_| zeros),
            if zeros { &usual } else { &[] },
            options.increment,
            correction.when_or_open(|rule| *rule != ContinuityCorrection::None),
            |_: &f64| Vec::new(),
        );
        let members: Vec<Member> = counts
            .iter()
            .map(|(count, group)| Member { trial: count.trial.clone(), subgroup: group.clone() })
            .collect();
        let choice = TrialChoice::add(list, declared, &members);
        let protocol = MeanProtocol {
            tau_squared: options.tau_squared,
            interval: options.interval,
            scoring_threshold: options.scoring_threshold,
        };
        let mean = MeanChoice::add(list, declared, protocol, counts.len(), MeanConditions::default());
        let ratio = matches!(options.measure, EffectMeasure::LogOddsRatio);
        let has_mantel_haenszel = options.measure != EffectMeasure::ArcsineDifference;
        let mut usual = vec![(Some(TwoArmPooling::InverseVariance), false)];
        if has_mantel_haenszel {
            usual.push((Some(TwoArmPooling::MantelHaenszel), true));
        }
        if ratio {
            usual.push((Some(TwoArmPooling::Peto), false));
        }
        let own = options.pooling.unwrap_or(if has_mantel_haenszel {
            TwoArmPooling::MantelHaenszel
        } else {
            TwoArmPooling::InverseVariance
        });
        let stated: Option<Vec<Option<TwoArmPooling>>> =
            declared.pooling.as_ref().map(|stated| stated.iter().copied().map(Some).collect());
        let pooling = list.add(
            "pooling",
            stated.as_deref(),
            &usual,
            Some(own),
            mean.when_common(),
            |_: &Option<TwoArmPooling>| Vec::new(),
        );
        Self {
            counts,
            options,
            level: settings.confidence_level,
            correction,
            increment,
            choice,
            mean,
            pooling,
        }
    }

    fn compute(&self, choices: &[Option<u16>]) -> Result<SpecificationResult, String> {
        let counts: Vec<TwoArmCount> = self
            .counts
            .iter()
            .filter(|(count, group)| self.choice.takes_part(choices, &count.trial, group.as_deref()))
            .map(|(count, _)| count.clone())
            .collect();
        let common = self.mean.mean(choices) == MeanModel::Common;
        let options = TwoArmCountOptions {
            pooling: *self.pooling.of(choices),
            continuity_correction: *self.correction.of(choices),
            increment: *self.increment.of(choices),
            tau_squared: self.mean.tau_squared(choices),
            interval: if common { IntervalMethod::Wald } else { self.mean.interval(choices) },
            confidence_level: self.level,
            ..self.options.clone()
        };
        let found = pool_two_arm_counts(&counts, &options).map_err(|error| error.to_string())?;
        let estimate = if common { &found.common } else { &found.random };
        Ok(SpecificationResult {
            studies: found.studies.len() as u32,
            estimate: estimate.shown,
            lower: Some(estimate.shown_interval.lower),
            upper: Some(estimate.shown_interval.upper),
            tau_squared: found.heterogeneity.tau_squared.filter(|_| !common),
            i_squared: found.heterogeneity.i_squared,
        })
    }
}
