//! Routes from printed statistics: interval, log-rank test, p value and events (Parmar, Torri & Stewart 1998, sections 3
//! and 4; Tierney et al. 2007).

use kmeta_numerics::distributions::normal_quantile;

use super::input::{HazardRatioComparison, PValueRelation, PValueSides, PrintedTwoArm, TrialArm};
use super::rounding::{Printed, Rounded, half_unit};
use super::{Attempt, Computed};
use crate::model::two_sided_normal;

/// ln HR with SE = (ln U − ln L)/(2z); ln HR is the centre where no hazard ratio is printed.
pub(super) fn interval(printed: &PrintedTwoArm) -> Attempt {
    let (Some(lower), Some(upper)) = (printed.lower, printed.upper) else {
        return Err("needs lower and upper".to_owned());
    };
    let z = two_sided_normal(printed.confidence_level).map_err(|error| error.to_string())?;
    let alike: Vec<f64> = [Some(lower), Some(upper), printed.hazard_ratio].into_iter().flatten().collect();
    let limits = [Printed::above_zero(lower, &alike), Printed::above_zero(upper, &alike)];
    let turn = orientation(printed);
    let error = |lower: f64, upper: f64| (upper.ln() - lower.ln()) / (2.0 * z);
    let rounded = match printed.hazard_ratio {
        Some(ratio) => {
            Rounded::of([Printed::above_zero(ratio, &alike), limits[0], limits[1]], |[ratio, low, high]| {
                (turn * ratio.ln(), error(low, high))
            })
        }
        None => Rounded::of(limits, |[low, high]| (turn * (low.ln() + high.ln()) / 2.0, error(low, high))),
    };
    let level = 100.0 * printed.confidence_level;
    let ratio =
        printed.hazard_ratio.map_or("no hazard ratio".to_owned(), |ratio| format!("hazard ratio {ratio}"));
    computed(rounded, format!("{ratio}, {level}% interval {lower} to {upper}"))
}

/// (O − E)/V with SE = 1/√V.
pub(super) fn observed_minus_expected(printed: &PrintedTwoArm) -> Attempt {
    let (Some(difference), Some(variance)) = (printed.observed_minus_expected, printed.log_rank_variance)
    else {
        return Err("needs observed_minus_expected and log_rank_variance".to_owned());
    };
    let half_unit = half_unit(&[difference, variance], 0);
    let numbers = [
        Printed { value: difference, half_unit },
        Printed { value: variance, half_unit: half_unit.min(variance / 2.0) },
    ];
    let rounded =
        Rounded::of(numbers, |[difference, variance]| (difference / variance, variance.sqrt().recip()));
    computed(rounded, format!("O − E {difference} with V {variance}"))
}

/// ln[(O₁/E₁)/(O₀/E₀)] with SE = √(1/E₁ + 1/E₀).
pub(super) fn observed_and_expected(printed: &PrintedTwoArm) -> Attempt {
    let counts = [&printed.experimental, &printed.control].map(|arm| arm.events.zip(arm.expected_events));
    let [Some((one, one_expected)), Some((zero, zero_expected))] = counts else {
        return Err("needs events and expected_events of both arms".to_owned());
    };
    if one == 0 || zero == 0 {
        return Err("an arm has no events".to_owned());
    }
    let half_unit = half_unit(&[one_expected, zero_expected], 0);
    let number = |value: f64| Printed { value, half_unit: half_unit.min(value / 2.0) };
    let observed = (f64::from(one) / f64::from(zero)).ln();
    let rounded = Rounded::of([number(one_expected), number(zero_expected)], |[one, zero]| {
        (observed + (zero / one).ln(), (one.recip() + zero.recip()).sqrt())
    });
    let source = format!("{one} events with {one_expected} expected, {zero} with {zero_expected}");
    computed(rounded, source)
}

/// ln HR with SE = |ln HR|/z.
pub(super) fn hazard_ratio_and_p_value(printed: &PrintedTwoArm) -> Attempt {
    let ratio = hazard_ratio(printed)?;
    let p = PValue::of(printed)?;
    if ratio.value == 1.0 || p.two_sided.value >= 1.0 {
        return Err("a hazard ratio of 1 or a p value of 1 does not tell the standard error".to_owned());
    }
    let turn = orientation(printed);
    let rounded = Rounded::of([ratio, p.two_sided], |[ratio, p]| {
        (turn * ratio.ln(), ratio.ln().abs() / two_sided_z(p))
    });
    let computed = computed(rounded, format!("hazard ratio {}, {}", ratio.value, p.words))?;
    Ok(Computed { bound: p.bound, ..computed })
}

/// ln HR with the variance of two Poisson counts, 1/d₁ + 1/d₀.
pub(super) fn hazard_ratio_and_events_per_arm(printed: &PrintedTwoArm) -> Attempt {
    let information = Information::of_events_per_arm(printed)?;
    hazard_ratio_with(printed, &information)
}

/// ln HR with the variance that total events and allocation give.
pub(super) fn hazard_ratio_and_total_events(printed: &PrintedTwoArm) -> Attempt {
    let information = Information::of_total_events(printed)?;
    hazard_ratio_with(printed, &information)
}

/// ±z/√V with the V of total events and allocation.
pub(super) fn p_value_and_total_events(printed: &PrintedTwoArm) -> Attempt {
    let information = Information::of_total_events(printed)?;
    p_value_with(printed, &information)
}

/// ±z/√V with V = d₁d₀/d.
pub(super) fn p_value_and_events_per_arm(printed: &PrintedTwoArm) -> Attempt {
    let information = Information::of_events_per_arm(printed)?;
    p_value_with(printed, &information)
}

/// 1 or −1: what turns a printed log hazard ratio into experimental over control.
fn orientation(printed: &PrintedTwoArm) -> f64 {
    match printed.comparison {
        HazardRatioComparison::ExperimentalOverControl => 1.0,
        HazardRatioComparison::ControlOverExperimental => -1.0,
    }
}

fn hazard_ratio(printed: &PrintedTwoArm) -> Result<Printed, String> {
    let ratio = printed.hazard_ratio.ok_or("needs hazard_ratio")?;
    let alike: Vec<f64> = [Some(ratio), printed.lower, printed.upper].into_iter().flatten().collect();
    Ok(Printed::above_zero(ratio, &alike))
}

/// A p value made two-sided.
struct PValue {
    two_sided: Printed,
    bound: bool,
    words: String,
}

impl PValue {
    fn of(printed: &PrintedTwoArm) -> Result<Self, String> {
        let p = printed.p_value.ok_or("needs p_value")?;
        let number = Printed::above_zero(p, &[p]);
        let bound = printed.p_value_relation == PValueRelation::Below;
        // What "p < 0.001" names is a number without rounding.
        let half_unit = if bound { 0.0 } else { number.half_unit };
        let (factor, sides) = match printed.p_value_sides {
            PValueSides::Two => (1.0, ""),
            PValueSides::One => (2.0, "one-sided "),
        };
        let two_sided = Printed { value: factor * p, half_unit: factor * half_unit };
        Ok(Self { two_sided, bound, words: format!("{sides}p {} {p}", if bound { "<" } else { "=" }) })
    }
}

/// The z ≥ 0 whose two-sided p value is p. Rounding may lift p to just above 1.
fn two_sided_z(p: f64) -> f64 {
    // The lower tail keeps the digits of small p values.
    if p >= 1.0 { 0.0 } else { normal_quantile(p / 2.0).map_or(f64::NAN, f64::abs) }
}

/// Log-rank information V, with the numbers that it is from.
struct Information {
    value: f64,
    words: String,
}

impl Information {
    /// V = d₁d₀/d.
    fn of_events_per_arm(printed: &PrintedTwoArm) -> Result<Self, String> {
        let (Some(one), Some(zero)) = (printed.experimental.events, printed.control.events) else {
            return Err("needs events of both arms".to_owned());
        };
        if one == 0 || zero == 0 {
            return Err("an arm has no events".to_owned());
        }
        let value = (f64::from(one).recip() + f64::from(zero).recip()).recip();
        Ok(Self { value, words: format!("{one} and {zero} events") })
    }

    /// V = d·R₁R₀/(R₁ + R₀)² with R the stated allocation, else the patients of the arms, else 1:1.
    fn of_total_events(printed: &PrintedTwoArm) -> Result<Self, String> {
        let sum = || Some(f64::from(printed.experimental.events?) + f64::from(printed.control.events?));
        let events = printed.events.map(f64::from).or_else(sum).ok_or("needs events")?;
        if events == 0.0 {
            return Err("there are no events".to_owned());
        }
        let patients = printed.experimental.patients.zip(printed.control.patients);
        let (ratio, allocation) = match (printed.allocation_ratio, patients) {
            (Some(ratio), _) => (ratio, format!("allocation {ratio}:1")),
            (None, Some((one, zero))) => {
                (f64::from(one) / f64::from(zero), format!("{one} and {zero} patients"))
            }
            (None, None) => (1.0, "assumed allocation 1:1".to_owned()),
        };
        let share = ratio / (1.0 + ratio);
        Ok(Self { value: events * share * (1.0 - share), words: format!("{events} events, {allocation}") })
    }
}

fn hazard_ratio_with(printed: &PrintedTwoArm, information: &Information) -> Attempt {
    let ratio = hazard_ratio(printed)?;
    let turn = orientation(printed);
    let error = information.value.sqrt().recip();
    let rounded = Rounded::of([ratio], |[ratio]| (turn * ratio.ln(), error));
    computed(rounded, format!("hazard ratio {}, {}", ratio.value, information.words))
}

fn p_value_with(printed: &PrintedTwoArm, information: &Information) -> Attempt {
    let p = PValue::of(printed)?;
    let sign = if p.two_sided.value >= 1.0 { 1.0 } else { sign_of_effect(printed)? };
    let error = information.value.sqrt().recip();
    let rounded = Rounded::of([p.two_sided], |[p]| (sign * two_sided_z(p) * error, error));
    let computed = computed(rounded, format!("{}, {}", p.words, information.words))?;
    Ok(Computed { bound: p.bound, ..computed })
}

/// The sign that a p value lacks: from the better arm, else the hazard ratio, else O − E.
fn sign_of_effect(printed: &PrintedTwoArm) -> Result<f64, String> {
    let better = printed.better_arm.map(|arm| match arm {
        TrialArm::Experimental => -1.0,
        TrialArm::Control => 1.0,
    });
    let ratio = printed.hazard_ratio.map(|ratio| orientation(printed) * ratio.ln());
    let value = better.or(ratio).or(printed.observed_minus_expected).filter(|value| *value != 0.0);
    value.map(f64::signum).ok_or_else(|| "needs better_arm: a p value has no direction".to_owned())
}

/// The log hazard ratio that the paper prints, experimental over control.
pub(super) fn printed_log_hazard_ratio(printed: &PrintedTwoArm) -> Option<f64> {
    printed.hazard_ratio.map(|ratio| orientation(printed) * ratio.ln())
}

fn computed(rounded: Option<Rounded>, source: String) -> Attempt {
    let estimate = rounded.ok_or_else(|| format!("{source}: too extreme to compute with"))?;
    Ok(Computed { estimate, source, bound: false, intervals: Vec::new(), findings: Vec::new() })
}
