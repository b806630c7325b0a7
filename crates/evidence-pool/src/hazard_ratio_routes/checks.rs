//! Checks of what a trial prints, before anything is computed from it.

use super::input::{HazardRatioRouteOptions, PValueSides, PrintedArm, PrintedTwoArm};
use crate::PoolError;
use crate::model::two_sided_normal;

pub(super) fn check(printed: &PrintedTwoArm, options: &HazardRatioRouteOptions) -> Result<(), PoolError> {
    two_sided_normal(options.confidence_level)?;
    let tolerances = [
        ("log_hazard_ratio_tolerance", options.log_hazard_ratio_tolerance),
        ("standard_error_tolerance", options.standard_error_tolerance),
    ];
    for (option, value) in tolerances {
        if !(value.is_finite() && value >= 0.0) {
            return Err(PoolError::InvalidDisagreementTolerance { option, value });
        }
    }
    let checks = Checks { trial: &printed.trial };
    checks.interval(printed)?;
    checks.tests(printed)?;
    checks.counts(printed)?;
    checks.curves(printed)?;
    checks.follow_up(printed)
}

struct Checks<'a> {
    trial: &'a str,
}

impl Checks<'_> {
    fn error(&self, quantity: &str, found: impl ToString, expected: &str) -> PoolError {
        PoolError::InvalidPrintedNumber {
            trial: self.trial.to_owned(),
            quantity: quantity.to_owned(),
            found: found.to_string(),
            expected: expected.to_owned(),
        }
    }

    fn above_zero(&self, quantity: &str, value: Option<f64>) -> Result<(), PoolError> {
        match value {
            Some(value) if !(value.is_finite() && value > 0.0) => {
                Err(self.error(quantity, value, "a finite number above 0"))
            }
            _ => Ok(()),
        }
    }

    fn interval(&self, printed: &PrintedTwoArm) -> Result<(), PoolError> {
        two_sided_normal(printed.confidence_level)?;
        self.above_zero("hazard_ratio", printed.hazard_ratio)?;
        self.above_zero("lower", printed.lower)?;
        self.above_zero("upper", printed.upper)?;
        let (lower, upper) = match (printed.lower, printed.upper) {
            (None, None) => return Ok(()),
            (Some(lower), Some(upper)) => (lower, upper),
            (lower, _) => {
                let absent = if lower.is_some() { "upper" } else { "lower" };
                return Err(self.error(absent, "not given", "both limits of the interval, or neither"));
            }
        };
        if lower >= upper {
            return Err(self.error("lower", lower, &format!("less than the upper limit, {upper}")));
        }
        match printed.hazard_ratio {
            Some(hazard_ratio) if hazard_ratio < lower || hazard_ratio > upper => Err(self.error(
                "hazard_ratio",
                hazard_ratio,
                &format!("a number within its interval, {lower} to {upper}"),
            )),
            _ => Ok(()),
        }
    }

    fn tests(&self, printed: &PrintedTwoArm) -> Result<(), PoolError> {
        if let Some(p) = printed.p_value {
            if !(p > 0.0 && p <= 1.0) {
                let expected =
                    "above 0 and at most 1; enter \"p < 0.001\" as 0.001 with p_value_relation = \"below\"";
                return Err(self.error("p_value", p, expected));
            }
            if printed.p_value_sides == PValueSides::One && p > 0.5 {
                let expected =
                    "at most 0.5 for a one-sided p value; enter 1 − p, and the other arm as better_arm";
                return Err(self.error("p_value", p, expected));
            }
        }
        if let Some(difference) = printed.observed_minus_expected.filter(|value| !value.is_finite()) {
            return Err(self.error("observed_minus_expected", difference, "a finite number"));
        }
        self.above_zero("log_rank_variance", printed.log_rank_variance)?;
        self.above_zero("allocation_ratio", printed.allocation_ratio)
    }

    fn counts(&self, printed: &PrintedTwoArm) -> Result<(), PoolError> {
        self.arm("experimental", &printed.experimental)?;
        self.arm("control", &printed.control)?;
        let total = |one: Option<u32>, two: Option<u32>| Some(u64::from(one?) + u64::from(two?));
        let Some(events) = printed.events.map(u64::from) else { return Ok(()) };
        let (experimental, control) = (&printed.experimental, &printed.control);
        if let Some(sum) = total(experimental.events, control.events).filter(|sum| *sum != events) {
            return Err(self.error("events", events, &format!("the sum of the arms, {sum}")));
        }
        if let Some(sum) = total(experimental.patients, control.patients).filter(|sum| *sum < events) {
            return Err(self.error("events", events, &format!("at most the number of patients, {sum}")));
        }
        Ok(())
    }

    fn arm(&self, name: &str, arm: &PrintedArm) -> Result<(), PoolError> {
        if arm.patients == Some(0) {
            return Err(self.error(&format!("patients of the {name} arm"), 0, "at least 1"));
        }
        if let (Some(events), Some(patients)) = (arm.events, arm.patients)
            && events > patients
        {
            let expected = format!("at most its number of patients, {patients}");
            return Err(self.error(&format!("events of the {name} arm"), events, &expected));
        }
        self.above_zero(&format!("expected_events of the {name} arm"), arm.expected_events)
    }

    fn curves(&self, printed: &PrintedTwoArm) -> Result<(), PoolError> {
        let mut before = f64::NEG_INFINITY;
        for point in &printed.curves {
            if !(point.time.is_finite() && point.time >= 0.0 && point.time > before) {
                let expected = "finite, at least 0, and later than the time before";
                return Err(self.error("time of a curve point", point.time, expected));
            }
            before = point.time;
        }
        let survival = |name, of: fn(&super::PrintedCurvePoint) -> f64| {
            self.survival(name, printed.curves.iter().map(|point| (point.time, of(point))))
        };
        survival("experimental", |point| point.experimental_survival)?;
        survival("control", |point| point.control_survival)?;
        let at_risk = |name, arm: &PrintedArm, of: fn(&super::PrintedCurvePoint) -> Option<u32>| {
            let counts = printed.curves.iter().filter_map(|point| Some((point.time, of(point)?)));
            self.at_risk(name, arm.patients, counts)
        };
        at_risk("experimental", &printed.experimental, |point| point.experimental_at_risk)?;
        at_risk("control", &printed.control, |point| point.control_at_risk)
    }

    fn survival(&self, arm: &str, points: impl Iterator<Item = (f64, f64)>) -> Result<(), PoolError> {
        let mut before = 1.0;
        for (time, survival) in points {
            let place = format!("survival of the {arm} arm at time {time}");
            if !(0.0..=1.0).contains(&survival) {
                return Err(self.error(&place, survival, "a fraction from 0 to 1, not a percentage"));
            }
            if survival > before {
                let expected = format!("at most {before}, as at the time before: survival cannot rise");
                return Err(self.error(&place, survival, &expected));
            }
            before = survival;
        }
        Ok(())
    }

    fn at_risk(
        &self,
        arm: &str,
        patients: Option<u32>,
        counts: impl Iterator<Item = (f64, u32)>,
    ) -> Result<(), PoolError> {
        let mut most = patients.unwrap_or(u32::MAX);
        for (time, count) in counts {
            if count > most {
                let place = format!("number at risk of the {arm} arm at time {time}");
                let expected = format!("at most {most}: numbers at risk cannot rise");
                return Err(self.error(&place, count, &expected));
            }
            most = count;
        }
        Ok(())
    }

    fn follow_up(&self, printed: &PrintedTwoArm) -> Result<(), PoolError> {
        self.above_zero("maximum_follow_up", printed.maximum_follow_up)?;
        if let Some(minimum) = printed.minimum_follow_up {
            let longest = printed.maximum_follow_up.unwrap_or(f64::INFINITY);
            if !(minimum.is_finite() && minimum >= 0.0 && minimum <= longest) {
                let expected = "at least 0 and at most maximum_follow_up";
                return Err(self.error("minimum_follow_up", minimum, expected));
            }
        }
        match (printed.curves.last(), printed.maximum_follow_up) {
            (Some(last), Some(longest)) if last.time > longest => Err(self.error(
                "time of the last curve point",
                last.time,
                &format!("at most maximum_follow_up, {longest}, in the same unit"),
            )),
            _ => Ok(()),
        }
    }
}
