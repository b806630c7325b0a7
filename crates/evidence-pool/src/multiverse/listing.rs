//! The combinations: all of them, or a seeded sample.

use std::collections::HashSet;

use kmeta_numerics::streams::{random_stream, uniform};

use super::axes::{Axis, Choices, combination, met, protocol};

/// Combinations that are listed before a sample is drawn from the list; with more the sample is drawn from the product
/// of the axes, and combinations that cannot be are drawn again.
const MOST_LISTED: usize = 2_000_000;

/// Draws per combination wanted before sampling gives up finding more.
const DRAWS_PER_COMBINATION: usize = 1_000;

/// Combinations to compute.
pub(super) struct Listing {
    /// In the order of the axes and their choices.
    pub(super) combinations: Vec<Choices>,
    /// How many there are in all; `None` when there are too many to count.
    pub(super) possible: Option<u64>,
}

/// Up to `most` combinations, that of the protocol and its neighbours, which differ on one axis, always among them.
pub(super) fn list(axes: &[Axis], most: usize, seed: u64, name: &str) -> Listing {
    let mut all = Vec::new();
    let counted = collect(axes, &mut Choices::with_capacity(axes.len()), &mut all);
    let possible = counted.then_some(all.len() as u64);
    if counted && all.len() <= most {
        return Listing { combinations: all, possible };
    }
    let kept = around_protocol(axes);
    let mut seen: HashSet<Choices> = kept.iter().cloned().collect();
    let mut chosen = kept;
    let mut stream = random_stream(seed, &format!("specifications of {name}"));
    let mut draw = |below: usize| ((uniform(&mut stream) * below as f64) as usize).min(below - 1);
    if counted {
        // Fisher and Yates, as far as it takes.
        for position in 0..all.len() {
            if chosen.len() >= most {
                break;
            }
            let other = position + draw(all.len() - position);
            all.swap(position, other);
            if seen.insert(all[position].clone()) {
                chosen.push(all[position].clone());
            }
        }
    } else {
        for _ in 0..most.saturating_mul(DRAWS_PER_COMBINATION) {
            if chosen.len() >= most {
                break;
            }
            let wanted: Vec<u16> = axes.iter().map(|axis| draw(axis.choices.len()) as u16).collect();
            let Some(made) = combination(axes, &wanted) else { continue };
            // One draw in each class of draws that mean the same combination counts, so that all are equally likely.
            let first = made.iter().zip(&wanted).all(|(made, wanted)| made.is_some() || *wanted == 0);
            if first && seen.insert(made.clone()) {
                chosen.push(made);
            }
        }
    }
    chosen.sort();
    Listing { combinations: chosen, possible }
}

/// The protocol's combination and those that differ from it on one axis.
pub(super) fn around_protocol(axes: &[Axis]) -> Vec<Choices> {
    let protocol = protocol(axes);
    let mut found: Vec<Choices> = combination(axes, &protocol).into_iter().collect();
    for (index, axis) in axes.iter().enumerate() {
        for choice in 0..axis.choices.len() as u16 {
            let mut wanted = protocol.clone();
            wanted[index] = choice;
            if let Some(made) = combination(axes, &wanted).filter(|made| !found.contains(made)) {
                found.push(made);
            }
        }
    }
    found
}

/// Adds every combination that continues `made`; false when there are too many.
fn collect(axes: &[Axis], made: &mut Choices, all: &mut Vec<Choices>) -> bool {
    let Some(axis) = axes.get(made.len()) else {
        all.push(made.clone());
        return all.len() < MOST_LISTED;
    };
    if !met(&axis.applies, made) {
        made.push(None);
        let complete = collect(axes, made, all);
        made.pop();
        return complete;
    }
    for (choice, possible) in axis.choices.iter().enumerate() {
        if !met(&possible.needs, made) {
            continue;
        }
        made.push(Some(choice as u16));
        let complete = collect(axes, made, all);
        made.pop();
        if !complete {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::axes::{AxisChoice, ChoiceCondition};
    use super::*;

    fn axis(name: &str, choices: usize, applies: Vec<ChoiceCondition>) -> Axis {
        let choices = (0..choices).map(|choice| AxisChoice::new(choice.to_string(), true)).collect();
        Axis { name: name.to_owned(), choices, protocol: 0, applies }
    }

    fn example() -> Vec<Axis> {
        let when =
            |axis, choices: &[u16]| vec![ChoiceCondition { axis, choices: choices.to_vec(), or_open: false }];
        let mut axes = vec![axis("a", 3, vec![]), axis("b", 2, when(0, &[1])), axis("c", 4, vec![])];
        axes[2].choices[3].needs = when(0, &[0]);
        axes
    }

    #[test]
    fn combinations_that_mean_the_same_are_listed_once() {
        // a=0: 4; a=1: b 2 × c 3; a=2: c 3.
        let listing = list(&example(), 100, 1, "x");
        assert_eq!((listing.combinations.len(), listing.possible), (13, Some(13)));
        assert!(listing.combinations.iter().all(|made| (made[0] == Some(1)) == made[1].is_some()));
    }

    #[test]
    fn a_sample_keeps_the_protocol_and_its_neighbours() {
        let listing = list(&example(), 10, 1, "x");
        assert_eq!((listing.combinations.len(), listing.possible), (10, Some(13)));
        for made in around_protocol(&example()) {
            assert!(listing.combinations.contains(&made), "{made:?}");
        }
        assert_eq!(listing.combinations, list(&example(), 10, 1, "x").combinations);
        assert_ne!(listing.combinations, list(&example(), 10, 2, "x").combinations);
    }

    #[test]
    fn more_combinations_than_can_be_listed_are_sampled() {
        let axes: Vec<Axis> = (0..12).map(|index| axis(&index.to_string(), 6, vec![])).collect();
        let listing = list(&axes, 500, 1, "x");
        assert_eq!((listing.combinations.len(), listing.possible), (500, None));
    }
}
