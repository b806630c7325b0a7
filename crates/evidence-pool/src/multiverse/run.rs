//! Every combination computed.

use kmeta_trial_data::Finding;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axes::{Axis, combination, is_plausible, protocol};
use super::influence::{AxisInfluence, influence};
use super::listing::list;
use super::shared_axes::MultiverseSettings;
use super::summary::{MultiverseSummary, ResultScale, summary};

/// What one combination of choices gives, on the scale that people read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpecificationResult {
    /// Studies pooled.
    pub studies: u32,
    /// The pooled result.
    pub estimate: f64,
    /// Lower limit of its interval; absent where there is none.
    pub lower: Option<f64>,
    /// Upper limit; absent where there is none, or for a median where it is not reached.
    pub upper: Option<f64>,
    /// Between-study variance on the analysis scale, where the model has one.
    pub tau_squared: Option<f64>,
    /// I², a fraction, where the model has one.
    pub i_squared: Option<f64>,
}

/// One combination of choices with its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Specification {
    /// Position of the choice on each axis; null where the axis means nothing in this combination.
    pub choices: Vec<Option<u16>>,
    /// Whether every choice is plausible.
    pub plausible: bool,
    /// Whether it is the protocol's.
    pub protocol: bool,
    /// What it gives; absent when it cannot be computed.
    pub result: Option<SpecificationResult>,
    /// Why it cannot be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An analysis under all combinations of choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Multiverse {
    /// Identifier of the analysis.
    pub id: String,
    /// What the results are, in words.
    pub quantity: String,
    /// The scale on which results are compared.
    pub scale: ResultScale,
    /// What can be chosen.
    pub axes: Vec<Axis>,
    /// Number of combinations there are; absent when there are too many to count.
    pub possible: Option<u64>,
    /// Seed of the sample; absent when all combinations were computed.
    pub sample_seed: Option<u64>,
    /// The combinations, in the order of the axes and their choices.
    pub specifications: Vec<Specification>,
    /// All of them in short.
    pub all: MultiverseSummary,
    /// The plausible ones in short.
    pub plausible: MultiverseSummary,
    /// What each axis does to the result, in the order of the axes.
    pub influence: Vec<AxisInfluence>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

impl Multiverse {
    /// The protocol's combination.
    pub fn protocol(&self) -> Option<&Specification> {
        self.specifications.iter().find(|specification| specification.protocol)
    }

    /// The words for a combination, axis by axis; empty where an axis means nothing.
    pub fn words(&self, specification: &Specification) -> Vec<&str> {
        self.axes
            .iter()
            .zip(&specification.choices)
            .map(|(axis, choice)| choice.map_or("", |choice| axis.choices[usize::from(choice)].name.as_str()))
            .collect()
    }
}

/// Runs a multiverse: lists the combinations, computes each by `compute`, and says what moves the result.
pub(super) fn run(
    (id, quantity, scale): (&str, String, ResultScale),
    axes: Vec<Axis>,
    settings: &MultiverseSettings,
    compute: impl Fn(&[Option<u16>]) -> Result<SpecificationResult, String> + Sync,
) -> Multiverse {
    let listing = list(&axes, settings.maximum.max(1) as usize, settings.seed, id);
    let of_protocol = combination(&axes, &protocol(&axes));
    let specifications: Vec<Specification> = listing
        .combinations
        .into_par_iter()
        .map(|choices| {
            let (result, reason) = match compute(&choices).and_then(usable) {
                Ok(result) => (Some(result), None),
                Err(reason) => (None, Some(reason)),
            };
            Specification {
                plausible: is_plausible(&axes, &choices),
                protocol: Some(&choices) == of_protocol.as_ref(),
                choices,
                result,
                reason,
            }
        })
        .collect();
    let sampled = listing.possible != Some(specifications.len() as u64);
    let findings = findings(&specifications);
    Multiverse {
        id: id.to_owned(),
        quantity,
        scale,
        possible: listing.possible,
        sample_seed: sampled.then_some(settings.seed),
        all: summary(&specifications, settings.decision_line, |_| true),
        plausible: summary(&specifications, settings.decision_line, |found| found.plausible),
        influence: influence(&axes, &specifications, scale),
        axes,
        specifications,
        findings,
    }
}

fn usable(result: SpecificationResult) -> Result<SpecificationResult, String> {
    if result.estimate.is_finite() { Ok(result) } else { Err("the result is not a finite number".to_owned()) }
}

/// What there is to say about combinations that gave nothing.
fn findings(specifications: &[Specification]) -> Vec<Finding> {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for reason in specifications.iter().filter_map(|found| found.reason.as_deref()) {
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    let mut findings: Vec<Finding> = reasons
        .into_iter()
        .map(|(reason, count)| {
            let of = specifications.len();
            Finding::note(
                "specifications-without-result",
                "sensitivity",
                format!("{count} of {of} specifications gave no result: {reason}"),
            )
        })
        .collect();
    if specifications.iter().any(|found| found.protocol && found.result.is_none()) {
        findings.push(Finding::warning(
            "protocol-without-result",
            "sensitivity",
            "the protocol's own specification is among those that gave no result",
        ));
    }
    findings
}
