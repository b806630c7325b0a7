//! Which axis moves the result.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axes::{Axis, Choices, combination, protocol};
use super::run::Specification;
use super::summary::ResultScale;

/// Two specifications that differ on one axis only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Choice of the one.
    pub from: String,
    /// Choice of the other.
    pub to: String,
    /// Estimate of the one.
    pub estimate_from: f64,
    /// Estimate of the other.
    pub estimate_to: f64,
    /// Position of the one among the specifications.
    pub specification_from: u32,
    /// Position of the other.
    pub specification_to: u32,
    /// Distance of the two on the scale of the comparison.
    pub distance: f64,
}

/// What one axis does to the result.
///
/// The share of variance is that of the means by choice: Σ n_c (m_c − m)² over the specifications that have the axis,
/// divided by the whole Σ (y − m)² over all specifications, y on the scale of the comparison. Where axes are not
/// balanced (one means something with some choices of another only) shares overlap and need not add up to 1; what they
/// leave is interaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AxisInfluence {
    /// Name of the axis.
    pub axis: String,
    /// Share of the variance over all specifications, a fraction; absent when they do not vary.
    pub variance_share: Option<f64>,
    /// The same over the plausible ones.
    pub plausible_variance_share: Option<f64>,
    /// The largest step from the protocol when this choice alone is changed, every other one staying the protocol's.
    pub from_protocol: Option<Step>,
    /// The largest step between any two plausible specifications that differ on this axis only.
    pub largest_plausible: Option<Step>,
    /// The same between any two.
    pub largest: Option<Step>,
}

/// What each axis does.
pub(super) fn influence(
    axes: &[Axis],
    specifications: &[Specification],
    scale: ResultScale,
) -> Vec<AxisInfluence> {
    let results: Vec<Found<'_>> = specifications
        .iter()
        .enumerate()
        .filter_map(|(position, specification)| {
            let estimate = specification.result?.estimate;
            Some(Found { position, specification, estimate, value: scale.of(estimate)? })
        })
        .collect();
    let plausible: Vec<Found<'_>> =
        results.iter().filter(|found| found.specification.plausible).copied().collect();
    let by_choices: HashMap<&Choices, Found<'_>> =
        results.iter().map(|found| (&found.specification.choices, *found)).collect();
    (0..axes.len())
        .map(|index| AxisInfluence {
            axis: axes[index].name.clone(),
            variance_share: variance_share(&results, index),
            plausible_variance_share: variance_share(&plausible, index),
            from_protocol: from_protocol(axes, index, &by_choices),
            largest_plausible: largest_step(axes, index, &plausible),
            largest: largest_step(axes, index, &results),
        })
        .collect()
}

/// A specification with its result on the scale of the comparison.
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    position: usize,
    specification: &'a Specification,
    estimate: f64,
    value: f64,
}

fn variance_share(results: &[Found<'_>], axis: usize) -> Option<f64> {
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
    let values: Vec<f64> = results.iter().map(|found| found.value).collect();
    let whole = mean(&values);
    let total: f64 = values.iter().map(|value| (value - whole).powi(2)).sum();
    // Equal but for rounding.
    if values.is_empty() || total <= 1e-20 * whole.powi(2).max(1e-10) * values.len() as f64 {
        return None;
    }
    let mut by_choice: BTreeMap<u16, Vec<f64>> = BTreeMap::new();
    for found in results {
        if let Some(choice) = found.specification.choices[axis] {
            by_choice.entry(choice).or_default().push(found.value);
        }
    }
    let having: Vec<f64> = by_choice.values().flatten().copied().collect();
    if having.is_empty() {
        return Some(0.0);
    }
    let of_axis = mean(&having);
    let between: f64 =
        by_choice.values().map(|group| group.len() as f64 * (mean(group) - of_axis).powi(2)).sum();
    Some(between / total)
}

fn from_protocol(axes: &[Axis], index: usize, found: &HashMap<&Choices, Found<'_>>) -> Option<Step> {
    let protocol = protocol(axes);
    let start = found.get(&combination(axes, &protocol)?)?;
    // An axis that means nothing in the protocol cannot be changed alone.
    start.specification.choices[index]?;
    let mut best: Option<Step> = None;
    for choice in 0..axes[index].choices.len() as u16 {
        let mut wanted = protocol.clone();
        wanted[index] = choice;
        let Some(end) = combination(axes, &wanted).and_then(|made| found.get(&made)) else { continue };
        keep_larger(&mut best, step(&axes[index], (*start, protocol[index]), (*end, choice)));
    }
    best.filter(|step| step.distance > 0.0)
}

fn step(axis: &Axis, (start, from): (Found<'_>, u16), (end, to): (Found<'_>, u16)) -> Step {
    let name = |choice: u16| axis.choices[usize::from(choice)].name.clone();
    Step {
        from: name(from),
        to: name(to),
        estimate_from: start.estimate,
        estimate_to: end.estimate,
        specification_from: start.position as u32,
        specification_to: end.position as u32,
        distance: (end.value - start.value).abs(),
    }
}

fn keep_larger(best: &mut Option<Step>, step: Step) {
    if best.as_ref().is_none_or(|best| step.distance > best.distance) {
        *best = Some(step);
    }
}

/// Axes that mean something only with some choices of `axis`, directly or through another.
fn dependents(axes: &[Axis], axis: usize) -> Vec<bool> {
    let mut depends = vec![false; axes.len()];
    depends[axis] = true;
    for (index, other) in axes.iter().enumerate() {
        if other.applies.iter().any(|condition| depends[usize::from(condition.axis)]) {
            depends[index] = true;
        }
    }
    depends
}

/// The two specifications furthest apart among those that agree on every other axis; axes that depend on this one must
/// be at the protocol's choice where they mean something.
fn largest_step(axes: &[Axis], index: usize, results: &[Found<'_>]) -> Option<Step> {
    let depends = dependents(axes, index);
    let mut groups: HashMap<Choices, (Found<'_>, Found<'_>)> = HashMap::new();
    for found in results {
        let choices = &found.specification.choices;
        let usable = choices.iter().enumerate().all(|(other, choice)| {
            other == index || !depends[other] || choice.is_none_or(|choice| choice == axes[other].protocol)
        });
        if choices[index].is_none() || !usable {
            continue;
        }
        let key: Choices = choices
            .iter()
            .enumerate()
            .map(|(other, choice)| if depends[other] { None } else { *choice })
            .collect();
        let (least, most) = groups.entry(key).or_insert((*found, *found));
        if found.value < least.value {
            *least = *found;
        }
        if found.value > most.value {
            *most = *found;
        }
    }
    let mut best: Option<Step> = None;
    let mut pairs: Vec<_> = groups.into_values().collect();
    // The order of a hash map is not that of the specifications.
    pairs.sort_by_key(|(least, most)| (least.position, most.position));
    for (least, most) in pairs {
        let choice = |found: Found<'_>| found.specification.choices[index].unwrap_or_default();
        keep_larger(&mut best, step(&axes[index], (least, choice(least)), (most, choice(most))));
    }
    best.filter(|step| step.distance > 0.0)
}

#[cfg(test)]
mod tests {
    use super::super::axes::AxisChoice;
    use super::super::run::SpecificationResult;
    use super::*;
    use approx::assert_relative_eq;

    fn axis(name: &str, choices: usize, protocol: u16) -> Axis {
        let choices = (0..choices).map(|choice| AxisChoice::new(choice.to_string(), true)).collect();
        Axis { name: name.to_owned(), choices, protocol, applies: vec![] }
    }

    /// y = 10·a + 3·b + c: a balanced grid without interactions, whose shares are those of the squared effects.
    #[test]
    fn shares_of_a_balanced_grid_add_up() {
        let axes = [axis("a", 2, 0), axis("b", 2, 1), axis("c", 3, 0)];
        let mut specifications = Vec::new();
        for a in 0..2_u16 {
            for b in 0..2_u16 {
                for c in 0..3_u16 {
                    let estimate = 10.0 * f64::from(a) + 3.0 * f64::from(b) + f64::from(c);
                    specifications.push(Specification {
                        choices: vec![Some(a), Some(b), Some(c)],
                        plausible: b == 1,
                        protocol: (a, b, c) == (0, 1, 0),
                        result: Some(SpecificationResult {
                            studies: 3,
                            estimate,
                            lower: None,
                            upper: None,
                            tau_squared: None,
                            i_squared: None,
                        }),
                        reason: None,
                    });
                }
            }
        }
        let found = influence(&axes, &specifications, ResultScale::Difference);
        // Variances: 10²/4, 3²/4, 2/3.
        let total = 25.0 + 2.25 + 2.0 / 3.0;
        for (axis, variance) in found.iter().zip([25.0, 2.25, 2.0 / 3.0]) {
            assert_relative_eq!(axis.variance_share.unwrap(), variance / total, max_relative = 1e-12);
        }
        assert_eq!(found[1].plausible_variance_share, Some(0.0));
        let step = found[0].from_protocol.as_ref().unwrap();
        assert_eq!((step.from.as_str(), step.to.as_str(), step.distance), ("0", "1", 10.0));
        assert_eq!(found[2].largest.as_ref().unwrap().distance, 2.0);
        assert_eq!(found[1].largest_plausible, None);
    }
}
