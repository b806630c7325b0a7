//! What a paper prints about the hazard ratio of two arms.

use indexmap::IndexMap;
use kmeta_evidence_pool::{
    HazardRatioRoute, PValueRelation, PValueSides, PrintedArm, PrintedCurvePoint, PrintedTwoArm, TrialArm,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Trial;

/// What a paper prints about the hazard ratio of the treated arm over the reference arm. Give what is printed and leave
/// the rest out. Numbers of patients and of events come from the arms (`n`, `events`) and need not be repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PrintedHazardRatio {
    /// The hazard ratio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Lower limit of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper limit of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// Level of the interval, 0.95 when left out.
    pub confidence_level: f64,
    /// p value of the log-rank test or of the Cox model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// `below` where only a bound is printed, as in "p < 0.001".
    #[serde(skip_serializing_if = "is_default")]
    pub p_value_relation: PValueRelation,
    /// `one` for a one-sided p value.
    #[serde(skip_serializing_if = "is_default")]
    pub p_value_sides: PValueSides,
    /// Id of the arm that does better. A p value without a hazard ratio has no sign without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub better_arm: Option<String>,
    /// Events of both arms together, where they are not stated by arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<u32>,
    /// Events that the log-rank test expects, by arm, for example `{ drug = 24.1, placebo = 16.9 }`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, f64>")]
    pub expected_events: IndexMap<String, f64>,
    /// Observed minus expected events of the treated arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_minus_expected: Option<f64>,
    /// Variance of observed minus expected events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_rank_variance: Option<f64>,
    /// Patients randomised to the treated arm for each one randomised to the reference arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_ratio: Option<f64>,
    /// Survival of both arms read from the curves: `experimental` is the treated arm, `control` the reference arm.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<PrintedCurvePoint>,
    /// Shortest follow-up, in the study's time unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_follow_up: Option<f64>,
    /// Longest follow-up, in the study's time unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_follow_up: Option<f64>,
    /// The route to the hazard ratio to use, where it is not the preferred one of those that can be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<HazardRatioRoute>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for PrintedHazardRatio {
    fn default() -> Self {
        Self {
            value: None,
            lower: None,
            upper: None,
            confidence_level: 0.95,
            p_value: None,
            p_value_relation: PValueRelation::default(),
            p_value_sides: PValueSides::default(),
            better_arm: None,
            events: None,
            expected_events: IndexMap::new(),
            observed_minus_expected: None,
            log_rank_variance: None,
            allocation_ratio: None,
            curves: Vec::new(),
            minimum_follow_up: None,
            maximum_follow_up: None,
            route: None,
        }
    }
}

impl PrintedHazardRatio {
    /// Everything that the trial prints about the endpoint, as the routes to a hazard ratio want it.
    pub fn of_trial(&self, trial: &Trial, endpoint: &str) -> PrintedTwoArm {
        let arm = |id: Option<&str>| {
            let facts = id.and_then(|id| trial.arm(id)).map(|arm| arm.facts);
            PrintedArm {
                patients: facts.and_then(|facts| facts.n),
                events: facts.and_then(|facts| facts.events.get(endpoint).copied()),
                expected_events: id.and_then(|id| self.expected_events.get(id).copied()),
            }
        };
        let better = self
            .better_arm
            .as_deref()
            .map(|id| if Some(id) == trial.reference() { TrialArm::Control } else { TrialArm::Experimental });
        PrintedTwoArm {
            trial: trial.id.clone(),
            label: trial.label.clone(),
            subgroup: None,
            hazard_ratio: self.value,
            lower: self.lower,
            upper: self.upper,
            confidence_level: self.confidence_level,
            p_value: self.p_value,
            p_value_relation: self.p_value_relation,
            p_value_sides: self.p_value_sides,
            better_arm: better,
            events: self.events,
            observed_minus_expected: self.observed_minus_expected,
            log_rank_variance: self.log_rank_variance,
            allocation_ratio: self.allocation_ratio,
            experimental: arm(trial.treated()),
            control: arm(trial.reference()),
            curves: self.curves.clone(),
            minimum_follow_up: self.minimum_follow_up,
            maximum_follow_up: self.maximum_follow_up,
            ..PrintedTwoArm::default()
        }
    }
}
