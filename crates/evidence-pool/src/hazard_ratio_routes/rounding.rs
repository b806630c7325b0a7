//! What the printed digits of a number leave open.

use kmeta_trial_data::Interval;

/// More decimals than this are not a printed number but a computed one.
pub(super) const MAX_DECIMALS: usize = 9;

/// Decimals of the shortest text that reads back as the same number.
pub(super) fn decimals(value: f64) -> usize {
    let text = format!("{value}");
    text.split_once('.').map_or(0, |(_, decimals)| decimals.len()).min(MAX_DECIMALS)
}

/// Half a unit of the last decimal of numbers that are printed alike. Trailing zeros are lost when a number is read
/// ("0.50" is 0.5), hence the number with most decimals counts, and `least` of them where papers never print fewer.
pub(super) fn half_unit(printed: &[f64], least: usize) -> f64 {
    let decimals = printed.iter().copied().map(decimals).max().unwrap_or(0).max(least);
    0.5 * 10_f64.powi(-(decimals as i32))
}

/// A printed number with the distance that rounding may have moved it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printed {
    pub(super) value: f64,
    pub(super) half_unit: f64,
}

impl Printed {
    /// A ratio or p value above 0, with two decimals at least. It stays above 0 when rounding is undone.
    pub(super) fn above_zero(value: f64, alike: &[f64]) -> Self {
        Self { value, half_unit: half_unit(alike, 2).min(value / 2.0) }
    }

    fn ends(self) -> [f64; 2] {
        [self.value - self.half_unit, self.value + self.half_unit]
    }
}

/// An estimate with what rounding leaves open of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounded {
    pub(super) value: f64,
    pub(super) standard_error: f64,
    pub(super) value_rounding: Interval,
    pub(super) standard_error_rounding: Interval,
}

impl Rounded {
    /// An estimate from numbers that carry no rounding.
    pub(super) fn exactly(value: f64, standard_error: f64) -> Self {
        Self {
            value,
            standard_error,
            value_rounding: Interval { lower: value, upper: value },
            standard_error_rounding: Interval { lower: standard_error, upper: standard_error },
        }
    }

    /// Value and standard error that `formula` makes of printed numbers, and their extremes over the corners of what
    /// rounding leaves open (the formulas are monotone in each number). Absent where the standard error is not a
    /// finite number above 0.
    pub(super) fn of<const N: usize>(
        printed: [Printed; N],
        formula: impl Fn([f64; N]) -> (f64, f64),
    ) -> Option<Self> {
        let usable = |(value, error): &(f64, f64)| value.is_finite() && error.is_finite() && *error > 0.0;
        let (value, standard_error) = Some(formula(printed.map(|number| number.value))).filter(usable)?;
        let mut rounded = Self::exactly(value, standard_error);
        for corner in 0..1_usize << N {
            let mut numbers = printed.map(|number| number.value);
            for (place, number) in printed.iter().enumerate() {
                numbers[place] = number.ends()[corner >> place & 1];
            }
            let Some((value, error)) = Some(formula(numbers)).filter(usable) else { continue };
            widen(&mut rounded.value_rounding, value);
            widen(&mut rounded.standard_error_rounding, error);
        }
        Some(rounded)
    }
}

fn widen(interval: &mut Interval, value: f64) {
    interval.lower = interval.lower.min(value);
    interval.upper = interval.upper.max(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_unit_of_the_last_decimal() {
        assert_eq!(half_unit(&[0.85, 0.7, 1.02], 2), 0.005);
        assert_eq!(half_unit(&[0.5], 2), 0.005);
        assert_eq!(half_unit(&[20.0], 0), 0.5);
        assert_eq!(Printed::above_zero(1e-12, &[1e-12]).half_unit, 5e-10_f64.min(0.5e-12));
    }

    #[test]
    fn extremes_are_those_of_the_corners() {
        let printed = [Printed { value: 0.5, half_unit: 0.1 }, Printed { value: 2.0, half_unit: 0.5 }];
        let rounded = Rounded::of(printed, |[a, b]| (a * b, a / b)).unwrap();
        assert_eq!((rounded.value, rounded.standard_error), (1.0, 0.25));
        assert!((rounded.value_rounding.lower - 0.6).abs() < 1e-12);
        assert!((rounded.value_rounding.upper - 1.5).abs() < 1e-12);
        assert!((rounded.standard_error_rounding.lower - 0.16).abs() < 1e-12);
        assert!((rounded.standard_error_rounding.upper - 0.4).abs() < 1e-12);
        assert!(Rounded::of([Printed { value: 0.0, half_unit: 0.0 }], |[a]| (a, a)).is_none());
    }
}
