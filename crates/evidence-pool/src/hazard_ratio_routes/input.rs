//! What a two-arm trial prints about its hazard ratio.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that a trial of two arms prints and that leads to a log hazard ratio. Give what is printed and leave
/// the rest out; nothing is computed from a number that is not here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrintedTwoArm {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Subgroup, where the analysis has subgroups.
    pub subgroup: Option<String>,
    /// The hazard ratio.
    pub hazard_ratio: Option<f64>,
    /// Lower limit of its interval.
    pub lower: Option<f64>,
    /// Upper limit of its interval.
    pub upper: Option<f64>,
    /// Level of that interval, strictly between 0 and 1.
    pub confidence_level: f64,
    /// Which arm's hazard is divided by which, in the hazard ratio and its limits.
    pub comparison: HazardRatioComparison,
    /// p value of the comparison: of the log-rank test, or of the Cox model.
    pub p_value: Option<f64>,
    /// Whether the p value is printed itself, or only a number that it is below ("p < 0.001").
    pub p_value_relation: PValueRelation,
    /// Whether the p value is one-sided or two-sided. A one-sided one is that of the better arm, at most 0.5.
    pub p_value_sides: PValueSides,
    /// The arm with the better outcome, in words of the paper. A p value without a hazard ratio has no sign without it.
    pub better_arm: Option<TrialArm>,
    /// Events of both arms together; where absent, the sum of the arms.
    pub events: Option<u32>,
    /// Observed minus expected events of the experimental arm (log-rank).
    pub observed_minus_expected: Option<f64>,
    /// V, the variance of observed minus expected events (hypergeometric).
    pub log_rank_variance: Option<f64>,
    /// Patients randomised to the experimental arm for each one randomised to the control arm, for example 2 with
    /// 2:1. Where absent, that of the numbers of patients; where they are absent too, 1 is assumed.
    pub allocation_ratio: Option<f64>,
    /// Counts of the experimental arm.
    pub experimental: PrintedArm,
    /// Counts of the control arm.
    pub control: PrintedArm,
    /// Survival read from the curves, times increasing. Times may start at 0 or later.
    pub curves: Vec<PrintedCurvePoint>,
    /// Shortest follow-up of a patient without the event, in the unit of the curves.
    pub minimum_follow_up: Option<f64>,
    /// Longest follow-up, in the unit of the curves.
    pub maximum_follow_up: Option<f64>,
}

impl Default for PrintedTwoArm {
    fn default() -> Self {
        Self {
            trial: String::new(),
            label: String::new(),
            subgroup: None,
            hazard_ratio: None,
            lower: None,
            upper: None,
            confidence_level: 0.95,
            comparison: HazardRatioComparison::default(),
            p_value: None,
            p_value_relation: PValueRelation::default(),
            p_value_sides: PValueSides::default(),
            better_arm: None,
            events: None,
            observed_minus_expected: None,
            log_rank_variance: None,
            allocation_ratio: None,
            experimental: PrintedArm::default(),
            control: PrintedArm::default(),
            curves: Vec::new(),
            minimum_follow_up: None,
            maximum_follow_up: None,
        }
    }
}

/// Counts of one arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrintedArm {
    /// Patients analysed.
    pub patients: Option<u32>,
    /// Patients with the event.
    pub events: Option<u32>,
    /// Events that the log-rank test expects in this arm.
    pub expected_events: Option<f64>,
}

/// Survival of both arms at one time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintedCurvePoint {
    /// The time, at least 0.
    pub time: f64,
    /// Survival of the experimental arm, a fraction.
    pub experimental_survival: f64,
    /// Survival of the control arm, a fraction.
    pub control_survival: f64,
    /// Number at risk in the experimental arm, where the table below the figure has this time.
    #[serde(default)]
    pub experimental_at_risk: Option<u32>,
    /// Number at risk in the control arm.
    #[serde(default)]
    pub control_at_risk: Option<u32>,
}

/// Which arm's hazard is divided by which.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HazardRatioComparison {
    /// Experimental over control: below 1 the experimental arm does better.
    #[default]
    ExperimentalOverControl,
    /// Control over experimental: below 1 the control arm does better. Results are turned round.
    ControlOverExperimental,
}

/// One of the two arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrialArm {
    /// The experimental arm.
    Experimental,
    /// The control arm.
    Control,
}

/// How a p value is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PValueRelation {
    /// "p = 0.03".
    #[default]
    Equal,
    /// "p < 0.001": the value is larger than the p value.
    Below,
}

/// Sides of a test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PValueSides {
    /// Two-sided.
    #[default]
    Two,
    /// One-sided.
    One,
}

/// How routes to the hazard ratio are computed and compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HazardRatioRouteOptions {
    /// Level of the intervals in the result, strictly between 0 and 1.
    pub confidence_level: f64,
    /// Two routes disagree when their log hazard ratios differ by more than this, beyond what rounding of the printed
    /// numbers explains. 0.1 is a hazard ratio of 0.8 against 0.884.
    pub log_hazard_ratio_tolerance: f64,
    /// Two routes disagree when their standard errors differ by more than this fraction of the smaller one, beyond
    /// rounding.
    pub standard_error_tolerance: f64,
    /// What is done with an interval of the curves in which an arm has no event.
    pub interval_without_events: IntervalWithoutEvents,
}

impl Default for HazardRatioRouteOptions {
    fn default() -> Self {
        Self {
            confidence_level: 0.95,
            log_hazard_ratio_tolerance: 0.1,
            standard_error_tolerance: 0.2,
            interval_without_events: IntervalWithoutEvents::default(),
        }
    }
}

/// What is done with an interval of the curves in which an arm has no event, so that its log hazard ratio is infinite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalWithoutEvents {
    /// It is joined with the intervals after it until both arms have events; the last ones with those before.
    #[default]
    Join,
    /// It is left out, as if its weight were 0. The events of the other arm are lost, which pulls towards 1.
    LeaveOut,
}
