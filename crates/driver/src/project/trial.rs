//! Trials: who was treated, and what the papers print about them.

use indexmap::IndexMap;
use kmeta_evidence_pool::{ModeratorValue, PublishedSurvival};
use kmeta_trial_data::{Provenance, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PrintedHazardRatio, PrintedPercentage};

/// One trial. A trial with a single arm states its numbers here; a trial with several arms states them in
/// `[[trial.arm]]` tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Trial {
    /// Short name, unique in this file: small letters, digits, `-` and `_`, for example `wirth2021`.
    pub id: String,
    /// Name to print, for example "Wirth 2021".
    pub label: String,
    /// Year of publication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// Group for subgroup analyses, for example the drug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Study design, for Table 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<String>,
    /// Years of recruitment, for Table 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Age of the patients, for Table 1, for example "65 (53-79)".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<String>,
    /// Drug, for Table 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drug: Option<String>,
    /// Dose, for Table 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose: Option<String>,
    /// The publication, for the report's references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What the paper prints about hazard ratios, by endpoint, for example
    /// `pfs = { value = 0.46, lower = 0.32, upper = 0.66 }` or `os = { p_value = 0.03, better_arm = "drug" }`. They
    /// are pooled by analyses with `source = "printed"`, and compared with those of reconstructed patients.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, PrintedHazardRatio>")]
    pub hazard_ratios: IndexMap<String, PrintedHazardRatio>,
    /// What a meta-regression may use: numbers or words by name, for example
    /// `moderators = { dose = 24, region = "Asia" }`. `year` and `group` need not be repeated here.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, ModeratorValue>")]
    pub moderators: IndexMap<String, ModeratorValue>,
    /// Id of the arm that hazard ratios compare with; the last arm when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_arm: Option<String>,
    /// The numbers of a trial with a single arm.
    #[serde(flatten)]
    pub facts: ArmFacts,
    /// The arms of a trial with several.
    #[serde(default, rename = "arm", skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<TrialArm>,
}

/// One arm of a trial with several arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TrialArm {
    /// Short name, unique in the trial, for example `placebo`.
    pub id: String,
    /// Name to print, for example "Placebo".
    pub label: String,
    /// The arm's numbers.
    #[serde(flatten)]
    pub facts: ArmFacts,
}

/// What a paper prints about the patients of one arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArmFacts {
    /// Number of patients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub n: Option<u32>,
    /// Patients with an outcome and patients assessed for it, by outcome, for example
    /// `{ orr = [2, 8], dcr = [6, 8] }`. The outcome's name is what an analysis asks for.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, Counts>")]
    pub responses: IndexMap<String, Counts>,
    /// Percentages that the paper prints, by outcome, for example `{ orr = "47.0" }`; in quotation marks a last 0 is kept.
    /// They are checked against the numbers of patients and never pooled: pool the counts, `responses`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, PrintedPercentage>")]
    pub percentages: IndexMap<String, PrintedPercentage>,
    /// Patients with an adverse event and patients assessed, for example `{ Hypertension = [8, 34] }`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, Counts>")]
    pub adverse_events: IndexMap<String, Counts>,
    /// Total number of survival events (deaths, progressions), by endpoint, for example `{ os = 30 }`.
    /// It sharpens the reconstruction.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, u32>")]
    pub events: IndexMap<String, u32>,
    /// Medians as the paper prints them, by endpoint, for example
    /// `{ os = { value = 3.9, lower = 2.2, upper = 7.1 } }`. They check the reconstruction.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, PrintedMedian>")]
    pub medians: IndexMap<String, PrintedMedian>,
    /// Survival as the paper prints it, by endpoint, each time in the study's unit, for example
    /// `{ os = [{ time = 0, survival = 1, number_at_risk = 34 }, { time = 6, survival = 0.55, number_at_risk = 17 }] }`.
    /// Analyses with `source = "printed"` pool it.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, Vec<PrintedSurvival>>")]
    pub survival: IndexMap<String, Vec<PrintedSurvival>>,
}

/// Patients with an event and patients in all, written `[2, 8]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "[u32; 2]", into = "[u32; 2]")]
#[schemars(with = "[u32; 2]")]
pub struct Counts {
    /// Patients with the event.
    pub events: u32,
    /// Patients in all.
    pub total: u32,
}

impl From<[u32; 2]> for Counts {
    fn from([events, total]: [u32; 2]) -> Self {
        Self { events, total }
    }
}

impl From<Counts> for [u32; 2] {
    fn from(counts: Counts) -> Self {
        [counts.events, counts.total]
    }
}

/// A median with its interval, as printed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintedMedian {
    /// The median.
    pub value: f64,
    /// Lower limit of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper limit of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// Unit, where it is not the study's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<TimeUnit>,
}

/// Survival at one time, as printed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintedSurvival {
    /// The time.
    pub time: f64,
    /// Survival, a fraction.
    pub survival: f64,
    /// Patients at risk at this time, as below the figure; at time 0 the arm's patients when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_at_risk: Option<f64>,
}

/// One arm of a trial as the stages see it: the arms of a trial with several, or the trial itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmView<'a> {
    /// The trial.
    pub trial: &'a Trial,
    /// Id of the arm; [`Trial::SINGLE_ARM`] for a trial with a single arm.
    pub id: &'a str,
    /// Name of the arm to print; empty for a trial with a single arm.
    pub label: &'a str,
    /// Its numbers.
    pub facts: &'a ArmFacts,
}

impl ArmView<'_> {
    /// `trial` for a trial with a single arm, else `trial/arm`.
    pub fn key(&self) -> String {
        if self.trial.arms.is_empty() {
            self.trial.id.clone()
        } else {
            format!("{}/{}", self.trial.id, self.id)
        }
    }

    /// Name to print: the trial's label, with the arm's where there are several.
    pub fn full_label(&self) -> String {
        if self.label.is_empty() {
            self.trial.label.clone()
        } else {
            format!("{}, {}", self.trial.label, self.label)
        }
    }
}

impl ArmView<'_> {
    /// The printed survival of an endpoint after time 0, with half a unit of its last digit; whole percentages at
    /// least, since 0.6 may be 0.60.
    pub fn printed_survival(&self, endpoint: &str) -> Vec<kmeta_ipd_reconstruct::PrintedSurvival> {
        let rows = self.facts.survival.get(endpoint).into_iter().flatten();
        rows.filter(|row| row.time > 0.0)
            .map(|row| kmeta_ipd_reconstruct::PrintedSurvival {
                time: row.time,
                survival: row.survival,
                half_width: half_of_last_digit(&row.survival.to_string()).min(0.005),
            })
            .collect()
    }

    /// The printed survival of an endpoint as a table to pool, times multiplied by `factor`.
    ///
    /// # Errors
    /// Says which number is missing.
    pub fn published_survival(
        &self,
        endpoint: &str,
        factor: f64,
    ) -> Option<Result<PublishedSurvival, String>> {
        let rows = self.facts.survival.get(endpoint)?;
        let provenance = Provenance::printed("printed survival");
        Some(PrintedSurvival::table(rows, self.facts.n, factor, (self.key(), self.full_label()), provenance))
    }
}

impl PrintedMedian {
    /// Half a unit of the last digit that the median or a limit is printed with.
    pub fn half_width(&self) -> f64 {
        [Some(self.value), self.lower, self.upper]
            .into_iter()
            .flatten()
            .map(|value| half_of_last_digit(&value.to_string()))
            .fold(0.5, f64::min)
    }
}

/// Half a unit of the last decimal of a number as written: 0.05 for 4.5, 0.5 for 12.
pub(crate) fn half_of_last_digit(text: &str) -> f64 {
    let decimals = text.trim().split_once('.').map_or(0, |(_, decimals)| decimals.len());
    0.5 / 10_f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX))
}

impl PrintedSurvival {
    /// Rows in order of time as a table to pool. Patients at risk are printed at a time; pooling wants those at the
    /// start of each interval, which are those of the row before.
    ///
    /// # Errors
    /// Says which number at risk is missing.
    pub fn table(
        rows: &[Self],
        patients: Option<u32>,
        factor: f64,
        (trial, label): (String, String),
        provenance: Provenance,
    ) -> Result<PublishedSurvival, String> {
        let mut at_risk = patients.map(f64::from);
        let mut table = PublishedSurvival {
            trial,
            label,
            times: Vec::new(),
            number_at_risk: Vec::new(),
            survival: Vec::new(),
            provenance,
        };
        let mut start = 0.0;
        for row in rows {
            if row.time > 0.0 {
                let number =
                    at_risk.ok_or_else(|| format!("the number at risk at time {start} is missing"))?;
                table.times.push(row.time * factor);
                table.number_at_risk.push(number);
                table.survival.push(row.survival);
            }
            at_risk = row.number_at_risk.or(at_risk.filter(|_| row.time <= 0.0));
            start = row.time;
        }
        if table.times.is_empty() { Err("there is no time above 0".to_owned()) } else { Ok(table) }
    }
}

impl ArmFacts {
    /// Counts of a response, or of an adverse event of that name.
    pub fn counts(&self, outcome: &str) -> Option<Counts> {
        self.responses.get(outcome).or_else(|| self.adverse_events.get(outcome)).copied()
    }
}

impl Trial {
    /// Id of the only arm of a trial with a single arm.
    pub const SINGLE_ARM: &'static str = "all";

    /// The arms; one for a trial with a single arm.
    pub fn arm_views(&self) -> Vec<ArmView<'_>> {
        if self.arms.is_empty() {
            return vec![ArmView { trial: self, id: Self::SINGLE_ARM, label: "", facts: &self.facts }];
        }
        self.arms
            .iter()
            .map(|arm| ArmView { trial: self, id: &arm.id, label: &arm.label, facts: &arm.facts })
            .collect()
    }

    /// A moderator by name; `year` and `group` are the trial's own.
    pub fn moderator(&self, name: &str) -> Option<ModeratorValue> {
        self.moderators.get(name).cloned().or_else(|| match name {
            "year" => self.year.map(|year| ModeratorValue::Number(f64::from(year))),
            "group" => self.group.clone().map(ModeratorValue::Level),
            _ => None,
        })
    }

    /// The arm with identifier `id`.
    pub fn arm(&self, id: &str) -> Option<ArmView<'_>> {
        self.arm_views().into_iter().find(|arm| arm.id == id)
    }

    /// Id of the arm that hazard ratios compare with; `None` for a trial with a single arm.
    pub fn reference(&self) -> Option<&str> {
        self.reference_arm.as_deref().or(self.arms.last().map(|arm| arm.id.as_str()))
    }

    /// Id of the arm whose hazard is in the numerator: the other one of two arms.
    pub fn treated(&self) -> Option<&str> {
        let reference = self.reference()?;
        self.arms.iter().map(|arm| arm.id.as_str()).find(|&id| id != reference)
    }

    /// Patients of all arms, where every arm states them.
    pub fn patients(&self) -> Option<u32> {
        self.facts
            .n
            .or_else(|| self.arms.iter().map(|arm| arm.facts.n).sum::<Option<u32>>())
            .filter(|&n| n > 0)
    }
}
