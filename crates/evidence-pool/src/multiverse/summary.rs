//! How results are spread, and on which side of a line they lie.

use kmeta_numerics::order_statistics::quantile_of_sorted;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::{Specification, SpecificationResult};

/// The scale on which two results are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResultScale {
    /// Differences, for proportions, survival and differences.
    Difference,
    /// Differences of logarithms, for ratios and times.
    Logarithm,
}

impl ResultScale {
    /// The number to compare.
    pub(super) fn of(self, estimate: f64) -> Option<f64> {
        let value = match self {
            Self::Difference => estimate,
            Self::Logarithm => estimate.ln(),
        };
        value.is_finite().then_some(value)
    }
}

/// Shares of specifications by side of a decision line, fractions of those that gave a result.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionShares {
    /// The line.
    pub line: f64,
    /// Estimate below the line.
    pub estimate_below: f64,
    /// Estimate on the line or above.
    pub estimate_above: f64,
    /// The whole interval below the line.
    pub interval_below: f64,
    /// The interval holds the line, or there is none.
    pub interval_across: f64,
    /// The whole interval above the line.
    pub interval_above: f64,
}

/// Specifications in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MultiverseSummary {
    /// Specifications.
    pub specifications: u32,
    /// Those that gave no result.
    pub without_result: u32,
    /// Smallest estimate; absent, as the following ones, when there is no result.
    pub smallest: Option<f64>,
    /// Lower quartile of the estimates.
    pub lower_quartile: Option<f64>,
    /// Their median.
    pub median: Option<f64>,
    /// Upper quartile.
    pub upper_quartile: Option<f64>,
    /// Largest estimate.
    pub largest: Option<f64>,
    /// By side of the decision line, where one was stated.
    pub decision: Option<DecisionShares>,
}

/// The specifications that `belongs` picks, in short.
pub(super) fn summary(
    specifications: &[Specification],
    line: Option<f64>,
    belongs: impl Fn(&Specification) -> bool,
) -> MultiverseSummary {
    let chosen: Vec<&Specification> = specifications.iter().filter(|found| belongs(found)).collect();
    let results: Vec<SpecificationResult> = chosen.iter().filter_map(|found| found.result).collect();
    let mut estimates: Vec<f64> = results.iter().map(|result| result.estimate).collect();
    estimates.sort_unstable_by(f64::total_cmp);
    let quantile = |probability| quantile_of_sorted(&estimates, probability);
    MultiverseSummary {
        specifications: chosen.len() as u32,
        without_result: (chosen.len() - results.len()) as u32,
        smallest: quantile(0.0),
        lower_quartile: quantile(0.25),
        median: quantile(0.5),
        upper_quartile: quantile(0.75),
        largest: quantile(1.0),
        decision: line.filter(|_| !results.is_empty()).map(|line| decision(&results, line)),
    }
}

fn decision(results: &[SpecificationResult], line: f64) -> DecisionShares {
    let share = |is: &dyn Fn(&SpecificationResult) -> bool| {
        results.iter().filter(|result| is(result)).count() as f64 / results.len() as f64
    };
    let below = |result: &SpecificationResult| result.upper.is_some_and(|upper| upper < line);
    let above = |result: &SpecificationResult| result.lower.is_some_and(|lower| lower > line);
    DecisionShares {
        line,
        estimate_below: share(&|result| result.estimate < line),
        estimate_above: share(&|result| result.estimate >= line),
        interval_below: share(&below),
        interval_across: share(&|result| !below(result) && !above(result)),
        interval_above: share(&above),
    }
}
