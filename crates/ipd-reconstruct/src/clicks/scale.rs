//! What the second coordinate of a click is.

use kmeta_trial_data::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clicks::{ClicksError, ParsedCurve};

/// The scale of the survival axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurvivalScale {
    /// Told from the values, and refused where they are ambiguous. The decision is a finding.
    #[default]
    Auto,
    /// Survival in percent, 100 at the start.
    Percent,
    /// Survival as a fraction, 1 at the start.
    Fraction,
    /// Cumulative incidence (1 − survival) as a fraction, 0 at the start.
    Incidence,
    /// Cumulative incidence in percent.
    IncidencePercent,
}

impl SurvivalScale {
    /// The name in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Percent => "percent",
            Self::Fraction => "fraction",
            Self::Incidence => "incidence",
            Self::IncidencePercent => "incidence-percent",
        }
    }

    /// A value on this scale as a survival fraction; `Auto` leaves it as it is.
    pub(crate) fn to_survival(self, value: f64) -> f64 {
        match self {
            Self::Auto | Self::Fraction => value,
            Self::Percent => value / 100.0,
            Self::Incidence => 1.0 - value,
            Self::IncidencePercent => 1.0 - value / 100.0,
        }
    }

    fn is_percent(self) -> bool {
        matches!(self, Self::Percent | Self::IncidencePercent)
    }

    fn is_incidence(self) -> bool {
        matches!(self, Self::Incidence | Self::IncidencePercent)
    }
}

/// The stated scale where it fits the values, or the scale told from them. All curves of a file share one scale.
pub(crate) fn resolve(
    stated: SurvivalScale,
    curves: &[ParsedCurve],
    findings: &mut Vec<Finding>,
) -> Result<SurvivalScale, ClicksError> {
    if stated == SurvivalScale::Auto {
        return detect(curves, findings);
    }
    let top = if stated.is_percent() { 100.0 } else { 1.0 };
    for curve in curves {
        let Shape { smallest, largest, first, last } = shape(curve);
        let contradiction = if largest > 1.5 * top || smallest < -0.5 * top {
            Some(format!("its values run from {smallest} to {largest}"))
        } else if stated == SurvivalScale::Percent && largest <= 1.5 {
            Some(format!("its largest value is {largest}"))
        } else if stated.is_incidence() && first >= 0.9 * top && last < first {
            Some(format!("it falls from {first} to {last}"))
        } else if !stated.is_incidence() && first <= 0.1 * top && last > first {
            Some(format!("it rises from {first} to {last}"))
        } else {
            None
        };
        if let Some(found) = contradiction {
            return Err(ClicksError::ScaleContradicted {
                curve: curve.name.clone(),
                found,
                stated: stated.name(),
            });
        }
    }
    Ok(stated)
}

/// What the scale is told from.
struct Shape {
    smallest: f64,
    largest: f64,
    /// The value at the earliest time.
    first: f64,
    /// The value at the latest time.
    last: f64,
}

fn shape(curve: &ParsedCurve) -> Shape {
    let mut clicks: Vec<(f64, f64)> = curve.times.iter().copied().zip(curve.values.iter().copied()).collect();
    // A stable sort: of clicks at one time the first read comes first.
    clicks.sort_by(|one, next| one.0.total_cmp(&next.0));
    Shape {
        smallest: clicks.iter().map(|click| click.1).fold(f64::INFINITY, f64::min),
        largest: clicks.iter().map(|click| click.1).fold(f64::NEG_INFINITY, f64::max),
        first: clicks[0].1,
        last: clicks[clicks.len() - 1].1,
    }
}

fn detect(curves: &[ParsedCurve], findings: &mut Vec<Finding>) -> Result<SurvivalScale, ClicksError> {
    let shapes: Vec<Shape> = curves.iter().map(shape).collect();
    let smallest = shapes.iter().map(|shape| shape.smallest).fold(f64::INFINITY, f64::min);
    let largest = shapes.iter().map(|shape| shape.largest).fold(f64::NEG_INFINITY, f64::max);
    let ambiguous = |index: usize, found: String| {
        Err(ClicksError::ScaleAmbiguous { curve: curves[index].name.clone(), found })
    };
    // Up to 5 % beyond the axis is the slip of a hand; between 1.05 and 1.5 it may be either scale.
    let percent = match largest {
        _ if largest <= 1.05 => false,
        _ if largest > 1.5 && largest <= 105.0 => true,
        _ => {
            return ambiguous(
                0,
                format!("the largest value is {largest}, neither a fraction nor a percentage"),
            );
        }
    };
    let top = if percent { 100.0 } else { 1.0 };
    if smallest < -0.05 * top {
        return ambiguous(0, format!("the smallest value is {smallest}"));
    }
    let mut incidence = None;
    for (index, &Shape { first, last, .. }) in shapes.iter().enumerate() {
        let this = if last < first || (last == first && first >= 0.9 * top) {
            false
        } else if last > first && first <= 0.1 * top {
            true
        } else {
            let found = format!("it goes from {first} to {last}, neither falling nor rising from 0");
            return ambiguous(index, found);
        };
        if *incidence.get_or_insert(this) != this {
            return ambiguous(index, "one curve of the file falls and another rises".to_owned());
        }
    }
    let scale = match (percent, incidence.unwrap_or(false)) {
        (true, false) => SurvivalScale::Percent,
        (false, false) => SurvivalScale::Fraction,
        (true, true) => SurvivalScale::IncidencePercent,
        (false, true) => SurvivalScale::Incidence,
    };
    findings.push(decision(scale, &shapes[0], smallest, largest));
    Ok(scale)
}

/// The finding that says what was decided. Rising curves deserve a look: a small incidence in percent (all
/// values up to 1) would look like a fraction.
fn decision(scale: SurvivalScale, shape: &Shape, smallest: f64, largest: f64) -> Finding {
    let direction = if scale.is_incidence() { "rise" } else { "fall" };
    let message = format!(
        "the scale was taken for `{}`: values lie between {smallest} and {largest} and {direction} (first {}, \
         last {}); state the scale if this is wrong",
        scale.name(),
        shape.first,
        shape.last
    );
    let (code, place) = ("survival-scale-detected", "survival axis");
    if scale.is_incidence() {
        Finding::warning(code, place, message)
    } else {
        Finding::note(code, place, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(values: &[f64]) -> ParsedCurve {
        let times = (0..values.len()).map(|index| index as f64).collect();
        ParsedCurve { name: "A".into(), times, values: values.to_vec() }
    }

    fn auto(curves: &[&[f64]]) -> Result<SurvivalScale, ClicksError> {
        let curves: Vec<ParsedCurve> = curves.iter().map(|values| curve(values)).collect();
        resolve(SurvivalScale::Auto, &curves, &mut Vec::new())
    }

    #[test]
    fn scales_are_told_from_values() {
        assert_eq!(auto(&[&[100.2, 80.0, 30.0]]), Ok(SurvivalScale::Percent));
        assert_eq!(auto(&[&[1.0, 0.8, 0.3]]), Ok(SurvivalScale::Fraction));
        assert_eq!(auto(&[&[0.0, 0.1, 0.3]]), Ok(SurvivalScale::Incidence));
        assert_eq!(auto(&[&[0.1, 12.0, 30.0]]), Ok(SurvivalScale::IncidencePercent));
        assert_eq!(auto(&[&[1.0, 1.0]]), Ok(SurvivalScale::Fraction));
    }

    #[test]
    fn ambiguous_values_are_refused() {
        for curves in [
            &[&[1.3, 0.9][..]][..],
            &[&[250.0, 90.0]],
            &[&[0.4, 0.6]],
            &[&[0.0, 0.0]],
            &[&[0.5, -0.5]],
            &[&[1.0, 0.5], &[0.0, 0.5]],
        ] {
            assert!(matches!(auto(curves), Err(ClicksError::ScaleAmbiguous { .. })), "{curves:?}");
        }
    }

    #[test]
    fn stated_scales_are_checked() {
        let stated = |scale, values: &[f64]| resolve(scale, &[curve(values)], &mut Vec::new());
        for (scale, values) in [
            (SurvivalScale::Fraction, &[98.0, 60.0][..]),
            (SurvivalScale::Percent, &[0.98, 0.6]),
            (SurvivalScale::Incidence, &[1.0, 0.6]),
            (SurvivalScale::Fraction, &[0.0, 0.6]),
        ] {
            assert!(
                matches!(stated(scale, values), Err(ClicksError::ScaleContradicted { .. })),
                "{values:?}"
            );
        }
        assert_eq!(stated(SurvivalScale::IncidencePercent, &[0.0, 0.8]), Ok(SurvivalScale::IncidencePercent));
    }
}
