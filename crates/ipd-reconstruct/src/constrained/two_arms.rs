//! Two arms at once, with the comparison that is printed of them.
//!
//! Curves, numbers at risk and totals leave the censoring partly open: how much of it there is where no number at
//! risk follows, and whether it comes early or late between two columns. Each arm is solved under a family of such
//! patterns; of all pairs the one is taken whose own costs and misfit of the printed comparison are least together.

use kmeta_numerics::distributions::normal_quantile;
use kmeta_survival_estimate::{CoxFit, Ties, cox_two_arms, log_rank};
use kmeta_trial_data::{Finding, PatientRecord, ReconstructedArm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conflicts::Settled;
use super::evidence::half_unit;
use super::resolution::Resolution;
use super::search::Course;
use super::{attempts, finish, placement, settle};
use crate::{ReconstructionError, ReconstructionInput, ReconstructionOptions, counted};

/// What a paper prints of the comparison of two arms. Roundings are taken from the digits of the numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "snake_case")]
pub struct PrintedComparison {
    /// Hazard ratio, treated over reference.
    pub hazard_ratio: Option<f64>,
    /// Its 95 % interval.
    pub hazard_ratio_interval: Option<(f64, f64)>,
    /// Two-sided p value of the log-rank test.
    pub log_rank_p: Option<f64>,
}

/// Two arms that were reconstructed together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReconstructedPair {
    /// The reference arm.
    pub reference: ReconstructedArm,
    /// The treated arm.
    pub treated: ReconstructedArm,
    /// Hazard ratio of the reconstructed patients (Cox, Efron ties); absent where it does not exist.
    pub hazard_ratio: Option<f64>,
    /// Its 95 % interval.
    pub hazard_ratio_interval: Option<(f64, f64)>,
    /// p value of their log-rank test.
    pub log_rank_p: Option<f64>,
    /// Where the printed comparison is not met.
    pub findings: Vec<Finding>,
}

/// Factors on the expected censoring where no total of events fixes it: a quarter to four times.
const AMOUNTS: [f64; 5] = [1.0, 0.25, 0.5, 2.0, 4.0];
/// Slopes of the expected censoring over follow-up, on the log scale from the middle to the end: from seven times
/// more at the start to seven times more at the end.
const SLOPES: [f64; 5] = [0.0, -2.0, -1.0, 1.0, 2.0];
/// Powers that move patients within a gap towards its end, its start, or neither.
const PLACES: [f64; 3] = [1.0, 0.4, 2.5];
/// A printed comparison may be stratified or adjusted: besides its rounding, a hundredth of log HR or of a
/// standard normal deviate is not held against a pair.
const OTHER_ANALYSIS: f64 = 0.01;

pub(crate) fn reconstruct_pair(
    reference: &ReconstructionInput,
    treated: &ReconstructionInput,
    comparison: &PrintedComparison,
    options: &ReconstructionOptions,
) -> Result<ReconstructedPair, ReconstructionError> {
    let families = [Family::new(reference, options)?, Family::new(treated, options)?];
    let judge = Judge::new(comparison);
    let patients = best_pair(&families, &judge);
    let [first, second] = families;
    let [of_reference, of_treated] = patients;
    let reached = Reached::of(&of_reference, &of_treated);
    let findings = judge.findings(&reached, &reference.place());
    Ok(ReconstructedPair {
        reference: first.finished(reference, options, of_reference),
        treated: second.finished(treated, options, of_treated),
        hazard_ratio: reached.cox.map(|fit| fit.hazard_ratio()),
        hazard_ratio_interval: reached.cox.and_then(|fit| fit.hazard_ratio_interval(0.95).ok()),
        log_rank_p: reached.log_rank_p,
        findings,
    })
}

/// Courses of one arm under different patterns of censoring, the most likely first.
struct Family {
    settled: Settled,
    members: Vec<Member>,
    /// The arm where its events and censorings can be counted: then there is one course, and nothing to choose.
    counted: Option<ReconstructedArm>,
}

struct Member {
    course: Course,
    /// Cost above the cheapest course.
    price: f64,
    patients: Vec<PatientRecord>,
}

impl Family {
    fn new(
        input: &ReconstructionInput,
        options: &ReconstructionOptions,
    ) -> Result<Self, ReconstructionError> {
        let (settled, resolution) = settle(input, options)?;
        let mut family = Self { members: Vec::new(), settled, counted: counted::reconstruct(input, options) };
        family.add(family.settled.course.clone(), 0.0);
        if let Some(arm) = &family.counted {
            family.members[0].patients.clone_from(&arm.patients);
            return Ok(family);
        }
        let amounts =
            if family.settled.evidence.total_events.is_some() { &AMOUNTS[..1] } else { &AMOUNTS[..] };
        for &amount in amounts {
            for slope in SLOPES {
                family.try_pattern(resolution, amount, slope);
            }
        }
        Ok(family)
    }

    fn finished(
        self,
        input: &ReconstructionInput,
        options: &ReconstructionOptions,
        patients: Vec<PatientRecord>,
    ) -> ReconstructedArm {
        self.counted.unwrap_or_else(|| finish(input, options, self.settled, patients))
    }

    fn try_pattern(&mut self, resolution: Resolution, amount: f64, slope: f64) {
        let evidence = &self.settled.evidence;
        let middle = 0.5 * evidence.end;
        let factors: Vec<f64> = self
            .settled
            .course
            .stages
            .iter()
            .map(|stage| amount * (slope * (stage.time - middle) / middle.max(f64::MIN_POSITIVE)).exp())
            .collect();
        let Ok(course) = attempts::drawn(evidence, resolution, 0.5, &factors) else { return };
        let worse = course.misfits > self.settled.course.misfits;
        let known = self
            .members
            .iter()
            .any(|member| member.course.censored == course.censored && member.course.events == course.events);
        if worse || known {
            return;
        }
        let price = attempts::price_above(evidence, resolution, &course, &self.settled.course);
        self.add(course, price.max(0.0));
    }

    fn add(&mut self, course: Course, price: f64) {
        let patients = placement::patients_of(&self.settled.evidence, &course, &mut placement::evenly);
        self.members.push(Member { course, price, patients });
    }

    /// The patients of a member, moved within their gaps.
    fn placed(&self, member: usize, power: f64) -> Vec<PatientRecord> {
        if let Some(arm) = &self.counted {
            return arm.patients.clone();
        }
        let mut spread = |count: u32| placement::evenly(count).iter().map(|part| part.powf(power)).collect();
        placement::patients_of(&self.settled.evidence, &self.members[member].course, &mut spread)
    }
}

fn best_pair(families: &[Family; 2], judge: &Judge) -> [Vec<PatientRecord>; 2] {
    let [reference, treated] = families;
    let mut best = (f64::INFINITY, 0, 0);
    for (one, first) in reference.members.iter().enumerate() {
        for (two, second) in treated.members.iter().enumerate() {
            let price = first.price + second.price;
            if price < best.0 {
                let cost = price + judge.cost(&Reached::of(&first.patients, &second.patients));
                if cost < best.0 {
                    best = (cost, one, two);
                }
            }
        }
    }
    let (_, one, two) = best;
    let mut chosen = [reference.members[one].patients.clone(), treated.members[two].patients.clone()];
    let mut least = judge.cost(&Reached::of(&chosen[0], &chosen[1]));
    for first in PLACES {
        for second in PLACES {
            let tried = [reference.placed(one, first), treated.placed(two, second)];
            let cost = judge.cost(&Reached::of(&tried[0], &tried[1]));
            if cost < least {
                least = cost;
                chosen = tried;
            }
        }
    }
    chosen
}

/// The comparison of two sets of patients.
struct Reached {
    cox: Option<CoxFit>,
    log_rank_p: Option<f64>,
}

impl Reached {
    fn of(reference: &[PatientRecord], treated: &[PatientRecord]) -> Self {
        Self {
            cox: cox_two_arms(reference, treated, Ties::Efron).ok(),
            log_rank_p: log_rank(&[reference, treated]).ok().map(|test| test.p_value),
        }
    }
}

/// The printed comparison as values with standard deviations.
struct Judge {
    log_hazard_ratio: Option<(f64, f64)>,
    standard_error: Option<(f64, f64)>,
    deviate: Option<(f64, f64)>,
}

impl Judge {
    fn new(comparison: &PrintedComparison) -> Self {
        let positive = |value: &f64| *value > 0.0 && value.is_finite();
        let log_hazard_ratio = comparison
            .hazard_ratio
            .filter(positive)
            .map(|ratio| (ratio.ln(), rounding_deviation(half_unit(ratio) / ratio)));
        let interval = comparison
            .hazard_ratio_interval
            .filter(|(lower, upper)| positive(lower) && positive(upper) && lower < upper);
        let width = 2.0 * normal_quantile(0.975).unwrap_or(1.96);
        let standard_error = interval.map(|(lower, upper)| {
            let rounding = (half_unit(lower) / lower).hypot(half_unit(upper) / upper) / width;
            ((upper / lower).ln() / width, rounding_deviation(rounding))
        });
        let deviate = comparison.log_rank_p.filter(|p| *p > 0.0 && *p < 1.0).and_then(|p| {
            let at = |p: f64| normal_quantile(1.0 - 0.5 * p.clamp(1e-12, 1.0 - 1e-12)).ok();
            let half = half_unit(p);
            Some((at(p)?, rounding_deviation(0.5 * (at(p - half)? - at(p + half)?).abs())))
        });
        Self { log_hazard_ratio, standard_error, deviate }
    }

    fn cost(&self, reached: &Reached) -> f64 {
        self.misses(reached).iter().flatten().map(|(_, miss)| miss * miss).sum()
    }

    /// Misses in standard deviations. What does not exist among the reconstructed patients is missed by ten.
    fn misses(&self, reached: &Reached) -> [Option<(&'static str, f64)>; 3] {
        let miss = |name: &'static str, printed: Option<(f64, f64)>, found: Option<f64>| {
            printed.map(|(value, deviation)| (name, found.map_or(10.0, |found| (found - value) / deviation)))
        };
        let deviate = reached.log_rank_p.and_then(|p| normal_quantile(1.0 - 0.5 * p.max(1e-12)).ok());
        [
            miss("hazard ratio", self.log_hazard_ratio, reached.cox.map(|fit| fit.log_hazard_ratio)),
            miss(
                "interval of the hazard ratio",
                self.standard_error,
                reached.cox.map(|fit| fit.standard_error),
            ),
            miss("log-rank p value", self.deviate, deviate),
        ]
    }

    fn findings(&self, reached: &Reached, place: &str) -> Vec<Finding> {
        // Three standard deviations: rounding and another analysis do not explain it.
        let missed = self.misses(reached).into_iter().flatten().filter(|(_, miss)| miss.abs() > 3.0);
        missed
            .map(|(name, miss)| {
                let message = format!(
                    "the printed {name} is missed by {:.1} standard deviations of its rounding: no pattern of \
                     censoring that the curves, numbers at risk and totals allow gives it; check which arm is the \
                     reference, and whether it was adjusted or stratified",
                    miss.abs()
                );
                Finding::warning("comparison-not-met", place, message)
            })
            .collect()
    }
}

/// The standard deviation of a uniform rounding error, and of another way of analysis.
fn rounding_deviation(half_width: f64) -> f64 {
    (half_width / 3.0_f64.sqrt()).hypot(OTHER_ANALYSIS)
}
