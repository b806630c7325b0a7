//! The routes from printed numbers to a log hazard ratio.

use kmeta_trial_data::{EffectEstimate, EffectMeasure, Finding, Interval, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PoolError;

/// A way from printed numbers to a log hazard ratio and its standard error, in order of preference: routes that use the
/// trial's own analysis come before those that approximate its variance, and these before readings of curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HazardRatioRoute {
    /// ln HR, SE = (ln U − ln L)/(2z). Without the hazard ratio, ln HR = (ln L + ln U)/2.
    Interval,
    /// (O − E)/V, SE = 1/√V (Peto's one-step estimate; Yusuf 1985).
    ObservedMinusExpected,
    /// ln[(O₁/E₁)/(O₀/E₀)], SE = √(1/E₁ + 1/E₀) (Parmar 1998).
    ObservedAndExpected,
    /// ln HR, SE = |ln HR|/z.
    HazardRatioAndPValue,
    /// ln HR, SE = √(1/d₁ + 1/d₀).
    HazardRatioAndEventsPerArm,
    /// ln HR, SE = 1/√V with V = d·R₁R₀/(R₁ + R₀)².
    HazardRatioAndTotalEvents,
    /// ±z/√V with V = d·R₁R₀/(R₁ + R₀)², which is d/4 with 1:1 allocation; SE = 1/√V.
    PValueAndTotalEvents,
    /// ±z/√V with V = d₁d₀/d; SE = 1/√V.
    PValueAndEventsPerArm,
    /// Intervals between times of the number-at-risk table, summed by inverse variance (Parmar 1998; Williamson 2002).
    CurvesAndNumberAtRisk,
    /// The same with numbers at risk that follow from uniform censoring between shortest and longest follow-up
    /// (Parmar 1998).
    CurvesAndFollowUp,
}

impl HazardRatioRoute {
    /// All routes, preferred ones first.
    pub const ALL: [Self; 10] = [
        Self::Interval,
        Self::ObservedMinusExpected,
        Self::ObservedAndExpected,
        Self::HazardRatioAndPValue,
        Self::HazardRatioAndEventsPerArm,
        Self::HazardRatioAndTotalEvents,
        Self::PValueAndTotalEvents,
        Self::PValueAndEventsPerArm,
        Self::CurvesAndNumberAtRisk,
        Self::CurvesAndFollowUp,
    ];

    /// The route in words, for tables and provenance.
    pub fn words(self) -> &'static str {
        match self {
            Self::Interval => "confidence interval",
            Self::ObservedMinusExpected => "O − E and V",
            Self::ObservedAndExpected => "observed and expected events",
            Self::HazardRatioAndPValue => "hazard ratio and p value",
            Self::HazardRatioAndEventsPerArm => "hazard ratio and events per arm",
            Self::HazardRatioAndTotalEvents => "hazard ratio and total events",
            Self::PValueAndTotalEvents => "p value and total events",
            Self::PValueAndEventsPerArm => "p value and events per arm",
            Self::CurvesAndNumberAtRisk => "curves and numbers at risk",
            Self::CurvesAndFollowUp => "curves and follow-up",
        }
    }
}

/// What one route gives. Experimental over control, whatever the paper prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RouteEstimate {
    /// The route.
    pub route: HazardRatioRoute,
    /// The printed numbers that it uses, in words.
    pub source: String,
    /// The log hazard ratio.
    pub log_hazard_ratio: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// exp of the log hazard ratio.
    pub hazard_ratio: f64,
    /// Wald interval of the hazard ratio, at the level of the options.
    pub interval: Interval,
    /// O − E that goes with the estimate, log hazard ratio · V.
    pub observed_minus_expected: f64,
    /// V that goes with the estimate, 1/SE².
    pub log_rank_variance: f64,
    /// The log hazard ratios that the printed digits leave open; a point for numbers that carry no rounding.
    pub log_hazard_ratio_rounding: Interval,
    /// The standard errors that the printed digits leave open.
    pub standard_error_rounding: Interval,
    /// True where only "p < …" is printed. The standard error is then at least as large as the trial's with a printed
    /// hazard ratio, and the hazard ratio at least as near to 1 without one.
    pub bound: bool,
    /// The intervals of the curves, for the routes by curves.
    pub intervals: Vec<CurveInterval>,
}

/// An interval of the curves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurveInterval {
    /// Its start.
    pub start: f64,
    /// Its end.
    pub end: f64,
    /// The experimental arm.
    pub experimental: IntervalCounts,
    /// The control arm.
    pub control: IntervalCounts,
    /// ln[(d₁/r₁)/(d₀/r₀)].
    pub log_hazard_ratio: f64,
    /// 1/d₁ − 1/r₁ + 1/d₀ − 1/r₀.
    pub variance: f64,
    /// 1/variance as a fraction of all intervals.
    pub weight: f64,
}

/// Patients of one arm in an interval of the curves; estimates, hence not whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalCounts {
    /// d, patients with the event.
    pub events: f64,
    /// c, patients censored.
    pub censored: f64,
    /// r, patients at risk: those at the start less half of the censored.
    pub at_risk: f64,
}

/// A route that cannot be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnavailableRoute {
    /// The route.
    pub route: HazardRatioRoute,
    /// What is missing.
    pub reason: String,
}

/// All routes from what a trial prints to its log hazard ratio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HazardRatioRoutes {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Subgroup of the trial.
    pub subgroup: Option<String>,
    /// The estimate to use: of the routes that can be taken the first in [`HazardRatioRoute::ALL`], those that only have
    /// "p < …" last.
    pub recommended: RouteEstimate,
    /// Every route that can be taken, preferred ones first, `recommended` among them.
    pub routes: Vec<RouteEstimate>,
    /// The other routes, with what is missing.
    pub unavailable: Vec<UnavailableRoute>,
    /// Level of the intervals.
    pub confidence_level: f64,
    /// What was noticed: printed numbers that contradict each other among them.
    pub findings: Vec<Finding>,
}

impl HazardRatioRoutes {
    /// What a route gives, if it can be taken.
    pub fn by(&self, route: HazardRatioRoute) -> Option<&RouteEstimate> {
        self.routes.iter().find(|estimate| estimate.route == route)
    }

    /// The same with another of its routes as the recommended one.
    ///
    /// # Errors
    /// [`PoolError::HazardRatioRouteUnavailable`] where the route cannot be taken, with what is missing.
    pub fn choose(self, route: HazardRatioRoute) -> Result<Self, PoolError> {
        if let Some(chosen) = self.by(route).cloned() {
            return Ok(Self { recommended: chosen, ..self });
        }
        let missing = self.unavailable.iter().find(|unavailable| unavailable.route == route);
        Err(PoolError::HazardRatioRouteUnavailable {
            trial: self.trial,
            route: route.words(),
            reason: missing.map_or_else(String::new, |unavailable| unavailable.reason.clone()),
        })
    }

    /// The recommended estimate, for [`pool_effects`](crate::pool_effects). Its provenance names the route.
    pub fn effect_estimate(&self) -> EffectEstimate {
        self.effect_estimate_of(&self.recommended)
    }

    /// The estimate of a chosen route, if it can be taken.
    pub fn effect_estimate_by(&self, route: HazardRatioRoute) -> Option<EffectEstimate> {
        self.by(route).map(|estimate| self.effect_estimate_of(estimate))
    }

    fn effect_estimate_of(&self, estimate: &RouteEstimate) -> EffectEstimate {
        EffectEstimate {
            trial: self.trial.clone(),
            label: self.label.clone(),
            subgroup: self.subgroup.clone(),
            measure: EffectMeasure::LogHazardRatio,
            value: estimate.log_hazard_ratio,
            variance: estimate.standard_error.powi(2),
            provenance: Provenance::printed(&format!("printed {}", estimate.route.words())),
        }
    }
}
