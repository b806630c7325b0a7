//! Which multiverses an analysis has.

use kmeta_evidence_pool::{
    Axis, AxisChoice, ChoiceCondition, EffectMultiverseInput, EffectVariant, GridFreeOptions, Multiverse,
    MultiverseSettings, PoolError, SurvivalMultiverseInput, SurvivalQuantity, SurvivalVariant, SurvivalWay,
    effect_multiverse, proportion_multiverse, survival_multiverse, two_arm_count_multiverse,
};
use kmeta_trial_data::{IntervalMethod, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::subsets::AllSubsets;
use super::variants::PatientVariants;
use crate::project::{
    Analysis, HazardRatioAnalysis, HazardRatioSource, Project, ProportionAnalysis, SurvivalAnalysis,
    TwoArmCountAnalysis,
};
use crate::single_arm_survival::{SurvivalEvidence, SurvivalMethod, SurvivalSource};
use crate::stages::pool::{
    Evidence, counts_of_two_arms, hazard_ratio_effects, proportion_trials, survival_arms,
};

/// The usual landmark, in months.
const USUAL_LANDMARK: f64 = 12.0;

/// One analysis under other choices. In `results.json` the specifications of a multiverse are an even selection by their
/// results; `all` and `influence` speak of all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisSensitivity {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// What must be said wherever this is shown, where it comes from the figures.
    pub figure_notice: Option<String>,
    /// One for each quantity; none when the analysis cannot be repeated.
    pub multiverses: Vec<Multiverse>,
    /// All subsets of the trials, for three trials or more with an effect each.
    pub all_subsets: Option<AllSubsets>,
    /// Why there is none, or none of a quantity.
    pub left_out: Vec<String>,
}

/// The analyses that the project file wants, each under all choices.
pub(crate) fn analyse_all(project: &Project, patients: &PatientVariants) -> Vec<AnalysisSensitivity> {
    let wanted = |analysis: &&Analysis| {
        let listed = project.sensitivity.analyses.as_ref();
        listed.is_none_or(|listed| listed.iter().any(|id| id == analysis.id()))
    };
    project.analyses.iter().filter(wanted).map(|analysis| analyse(project, patients, analysis)).collect()
}

fn analyse(project: &Project, patients: &PatientVariants, analysis: &Analysis) -> AnalysisSensitivity {
    let repeat = Repeat { project, patients, analysis };
    let found = match analysis {
        Analysis::Proportion(options) => vec![repeat.proportion(options)],
        Analysis::Survival(options) => repeat.survival(options),
        Analysis::HazardRatio(options) => vec![repeat.hazard_ratio(options)],
        Analysis::TwoArmCounts(options) => vec![repeat.two_arm_counts(options)],
        Analysis::TwoArmSurvival(_) => {
            vec![Err("this kind of analysis is not repeated under other choices yet".to_owned())]
        }
    };
    // Printed hazard ratios are compared with reconstructed ones.
    let uses_figures = analysis.uses_figures()
        || matches!(analysis, Analysis::HazardRatio(_)) && !patients.variants.is_empty();
    let (mut multiverses, mut left_out) = (Vec::new(), Vec::new());
    for found in found {
        match found {
            Ok(multiverse) => multiverses.push(multiverse),
            Err(reason) => left_out.push(reason),
        }
    }
    AnalysisSensitivity {
        id: analysis.id().to_owned(),
        title: analysis.title().to_owned(),
        figure_notice: project.figure_notice.clone().filter(|_| uses_figures),
        multiverses,
        all_subsets: None,
        left_out,
    }
}

/// One analysis with what it draws on.
struct Repeat<'a> {
    project: &'a Project,
    patients: &'a PatientVariants,
    analysis: &'a Analysis,
}

type Found = Result<Multiverse, String>;

impl Repeat<'_> {
    /// Of the analysis' own quantity.
    fn settings(&self) -> MultiverseSettings {
        self.settings_of(self.analysis.id())
    }

    /// With the decision line of this name.
    fn settings_of(&self, line: &str) -> MultiverseSettings {
        let options = &self.project.sensitivity;
        MultiverseSettings {
            maximum: options.maximum,
            seed: options.seed,
            decision_line: options.decision_lines.get(line).copied(),
            confidence_level: self.analysis.confidence_level(),
        }
    }

    /// Evidence without patients, for what the papers print.
    fn printed(&self) -> Evidence<'_> {
        Evidence { project: self.project, arms: &[], comparisons: &[], draws: None }
    }

    fn proportion(&self, options: &ProportionAnalysis) -> Found {
        let trials = proportion_trials(self.printed(), self.analysis, options);
        let axes = &self.project.sensitivity.axes;
        proportion_multiverse(&trials, &options.options, axes, &self.settings()).map_err(said)
    }

    fn two_arm_counts(&self, options: &TwoArmCountAnalysis) -> Found {
        let counts = counts_of_two_arms(self.printed(), self.analysis, options).into_iter();
        let counts: Vec<_> = counts
            .map(|mut count| {
                let group = count.subgroup.take();
                (count, group)
            })
            .collect();
        let axes = &self.project.sensitivity.axes;
        two_arm_count_multiverse(&counts, &options.options, axes, &self.settings()).map_err(said)
    }

    fn hazard_ratio(&self, options: &HazardRatioAnalysis) -> Found {
        let printed =
            hazard_ratio_effects(self.printed(), self.analysis, options, HazardRatioSource::Printed);
        let reconstructed = !self.patients.variants.is_empty();
        let sources: Vec<(&str, HazardRatioSource)> = [
            ("printed", HazardRatioSource::Printed, !printed.is_empty()),
            ("reconstructed", HazardRatioSource::Reconstructed, reconstructed),
        ]
        .into_iter()
        .filter(|(_, source, there)| *there || *source == options.source)
        .map(|(word, source, _)| (word, source))
        .collect();
        let own = sources.iter().position(|(_, source)| *source == options.source).unwrap_or(0) as u16;
        let choices = sources.iter().map(|(word, _)| AxisChoice::new(*word, true)).collect();
        let mut leading =
            vec![Axis { name: "source".to_owned(), choices, protocol: own, applies: Vec::new() }];
        let mut variants = Vec::new();
        for (position, (_, source)) in sources.iter().enumerate() {
            let position = position as u16;
            match source {
                HazardRatioSource::Printed => {
                    let open = vec![None; self.patients.axes.len()];
                    let choices = [vec![Some(position)], open].concat();
                    variants.push(EffectVariant { choices, effects: Ok(printed.clone()) });
                }
                HazardRatioSource::Reconstructed => {
                    let when = ChoiceCondition { axis: 0, choices: vec![position], or_open: false };
                    leading.extend(
                        self.patients
                            .axes
                            .iter()
                            .map(|axis| Axis { applies: vec![when.clone()], ..axis.clone() }),
                    );
                    variants.extend(self.patients.variants.iter().map(|variant| {
                        let evidence = Evidence {
                            project: self.project,
                            arms: &variant.arms,
                            comparisons: &variant.comparisons,
                            draws: None,
                        };
                        let effects = hazard_ratio_effects(evidence, self.analysis, options, *source);
                        let choices = [vec![Some(position)], variant.choices.clone()].concat();
                        EffectVariant { choices, effects: Ok(effects) }
                    }));
                }
            }
        }
        complete(&mut variants);
        let input = EffectMultiverseInput { quantity: "hazard ratio".to_owned(), leading, variants };
        let axes = &self.project.sensitivity.axes;
        effect_multiverse(&input, &options.options, axes, &self.settings()).map_err(said)
    }

    fn survival(&self, options: &SurvivalAnalysis) -> Vec<Found> {
        let method = &options.method;
        if method.source != SurvivalSource::Reconstructed {
            return vec![Err(
                "only survival of reconstructed patients is repeated under other choices".to_owned()
            )];
        }
        let way = match method.method {
            SurvivalMethod::SummaryCurve => Some(SurvivalWay::SummaryCurve),
            SurvivalMethod::GridFree => Some(SurvivalWay::GridFree),
            SurvivalMethod::Landmark => Some(SurvivalWay::Landmark),
            SurvivalMethod::Median => Some(SurvivalWay::Median),
            _ => None,
        };
        let Some(way) = way else {
            let word = crate::stages::write_tables::serde_name(&method.method);
            return vec![Err(format!("the method {word} is not repeated under other choices yet"))];
        };
        let variants = self.survival_variants(options);
        let mut quantities = Vec::new();
        if way != SurvivalWay::Landmark {
            quantities.push(SurvivalQuantity::Median);
        }
        if way != SurvivalWay::Median {
            quantities.extend(self.landmarks(options).into_iter().map(SurvivalQuantity::SurvivalAt));
        }
        quantities
            .into_iter()
            .map(|quantity| {
                let input = SurvivalMultiverseInput {
                    quantity,
                    leading: self.patients.axes.clone(),
                    variants: variants.clone(),
                    way,
                    tau_squared: method.tau_squared,
                    interval: method.interval.unwrap_or(match way {
                        SurvivalWay::GridFree => GridFreeOptions::default().interval,
                        _ => IntervalMethod::Wald,
                    }),
                    landmark_scale: method.landmark_scale,
                };
                let axes = &self.project.sensitivity.axes;
                let settings = match quantity {
                    SurvivalQuantity::Median => self.settings(),
                    SurvivalQuantity::SurvivalAt(time) => {
                        self.settings_of(&format!("{}@{time}", self.analysis.id()))
                    }
                };
                survival_multiverse(&input, &options.options, axes, &settings).map_err(said)
            })
            .collect()
    }

    /// The landmarks of the project file; else 12 months where it is asked for, else the middle one of the times.
    fn landmarks(&self, options: &SurvivalAnalysis) -> Vec<f64> {
        if let Some(landmarks) = &self.project.sensitivity.landmarks {
            return landmarks.clone();
        }
        let times = &options.options.times;
        let usual = USUAL_LANDMARK * TimeUnit::Months.factor_to(options.options.time_unit);
        let near = times.iter().find(|time| (**time - usual).abs() < 1e-9 * usual);
        near.or_else(|| times.get(times.len() / 2)).copied().into_iter().collect()
    }

    fn survival_variants(&self, options: &SurvivalAnalysis) -> Vec<SurvivalVariant> {
        let mut variants: Vec<SurvivalVariant> = self
            .patients
            .variants
            .iter()
            .map(|variant| {
                let evidence = Evidence {
                    project: self.project,
                    arms: &variant.arms,
                    comparisons: &variant.comparisons,
                    draws: None,
                };
                let arms = survival_arms(evidence, self.analysis, options).into_iter();
                let trials = arms.filter_map(|arm| match arm.evidence {
                    SurvivalEvidence::Patients(trial) => Some((trial, arm.subgroup)),
                    SurvivalEvidence::Table(_) | SurvivalEvidence::Median(_) => None,
                });
                SurvivalVariant { choices: variant.choices.clone(), trials: Ok(trials.collect()) }
            })
            .collect();
        let most = variants.iter().flat_map(|variant| &variant.trials).map(Vec::len).max().unwrap_or(0);
        for variant in &mut variants {
            if variant.trials.as_ref().is_ok_and(|trials| trials.len() < most) {
                variant.trials = Err(INCOMPLETE.to_owned());
            }
        }
        variants
    }
}

/// Why a reconstruction is not pooled.
const INCOMPLETE: &str = "this reconstruction does not give the patients of every trial";

/// Reconstructions that give fewer trials than others are not compared with them.
fn complete(variants: &mut [EffectVariant]) {
    let reconstructed = |variant: &EffectVariant| variant.choices.iter().skip(1).any(Option::is_some);
    let count = |variant: &EffectVariant| variant.effects.as_ref().map_or(0, Vec::len);
    let most = variants.iter().filter(|variant| reconstructed(variant)).map(count).max().unwrap_or(0);
    for variant in variants.iter_mut().filter(|variant| reconstructed(variant)) {
        if count(variant) < most {
            variant.effects = Err(INCOMPLETE.to_owned());
        }
    }
}

fn said(error: PoolError) -> String {
    error.to_string()
}
