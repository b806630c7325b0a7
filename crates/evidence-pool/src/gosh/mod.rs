//! All subsets of the studies, pooled (Olkin, Dahabreh & Trikalinos 2012, "GOSH: a graphical display of study
//! heterogeneity", Res Synth Methods 3:214).
//!
//! | part | holds |
//! |---|---|
//! | [`subsets`] | which studies a subset has: all subsets, or a seeded sample of them |
//! | [`presence`] | what the presence of a study does to the pooled results, and which studies are outliers |

mod presence;
mod subsets;

use kmeta_numerics::order_statistics::quantile_of_sorted;
use kmeta_trial_data::IntervalMethod;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use presence::{PresenceMeans, StudyPresence};

use crate::model::sums::Group;
use crate::model::{checked_group, fit_group};
use crate::{ModelOptions, PoolError};
use presence::presence_of_all;
use subsets::Subsets;

/// Up to this many studies every subset is pooled: 2²⁰ of them.
pub const MAX_STUDIES_FOR_ALL_SUBSETS: usize = 20;

/// Subsets that one thread takes at a time. The number is fixed so that results do not depend on the threads.
const CHUNK: usize = 4096;

/// Cells of the density in each direction.
const CELLS: usize = 50;

/// How all subsets are pooled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GoshOptions {
    /// Estimator of τ² and what belongs to it. With `preset_tau_squared = 0` the model is the common-effect one.
    pub model: ModelOptions,
    /// Subsets drawn when there are more than 20 studies, each study being in or out with probability ½.
    pub draws: u32,
    /// Seed of these draws.
    pub seed: u64,
    /// Subsets kept one by one for drawing; 0 keeps none. They are spread evenly over all that were pooled.
    pub points: u32,
}

impl Default for GoshOptions {
    fn default() -> Self {
        Self { model: ModelOptions::default(), draws: 1_000_000, seed: 1, points: 5_000 }
    }
}

/// One subset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoshPoint {
    /// Positions of its studies, from 0.
    pub studies: Vec<u32>,
    /// Pooled mean on the analysis scale.
    pub estimate: f64,
    /// I², a fraction.
    pub i_squared: f64,
}

/// How a number is spread over the subsets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoshSpread {
    /// Mean over subsets.
    pub mean: f64,
    /// Standard deviation over subsets.
    pub standard_deviation: f64,
    /// Smallest.
    pub smallest: f64,
    /// Lower quartile.
    pub lower_quartile: f64,
    /// Median.
    pub median: f64,
    /// Upper quartile.
    pub upper_quartile: f64,
    /// Largest.
    pub largest: f64,
}

/// How many subsets have which estimate and which I²: a grid of equal cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoshDensity {
    /// Estimate at the left edge of the first column of cells.
    pub estimate_from: f64,
    /// Estimate at the right edge of the last column.
    pub estimate_to: f64,
    /// Columns (estimate).
    pub columns: u32,
    /// Rows (I², from 0 to 1).
    pub rows: u32,
    /// Subsets in each cell, row after row, the row of the smallest I² first.
    pub counts: Vec<u32>,
}

/// All subsets of two studies or more, pooled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gosh {
    /// Number of studies.
    pub studies: u32,
    /// Whether every subset was pooled, rather than a sample.
    pub exhaustive: bool,
    /// Subsets pooled.
    pub subsets: u64,
    /// Subsets among them whose model could not be fitted; they are in nothing below.
    pub failed: u64,
    /// Pooled mean of all studies together.
    pub estimate_of_all: f64,
    /// I² of all studies together.
    pub i_squared_of_all: f64,
    /// Spread of the estimate.
    pub estimate: GoshSpread,
    /// Spread of I².
    pub i_squared: GoshSpread,
    /// Estimate by I².
    pub density: GoshDensity,
    /// What each study's presence does, in the order of the studies.
    pub presence: Vec<StudyPresence>,
    /// Share of the variance of the estimate above which a study is called an outlier; see [`StudyPresence`].
    pub outlier_limit: f64,
    /// The same of the variance of I².
    pub i_squared_outlier_limit: f64,
    /// Subsets to draw one by one.
    pub points: Vec<GoshPoint>,
}

/// Pools every subset of at least two studies (R `metafor::gosh`, which also lists single studies): all of them up to
/// 20 studies, above that a sample. I² is τ²/(τ² + typical sampling variance), as metafor's; from Q where τ² is preset.
/// Each subset is fitted as [`crate::fit_random_effects`] fits it.
///
/// # Errors
/// [`PoolError::TooFewStudies`] with fewer than three studies; else as [`crate::fit_random_effects`].
///
/// ```
/// use kmeta_evidence_pool::{GoshOptions, gosh};
/// let found = gosh(&[0.1, 0.3, 0.2, 0.1, 2.0], &[0.05, 0.04, 0.06, 0.03, 0.05], &GoshOptions::default())?;
/// assert_eq!(found.subsets, 26);
/// assert!(found.presence[4].estimate_share > 0.5);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn gosh(values: &[f64], variances: &[f64], options: &GoshOptions) -> Result<Gosh, PoolError> {
    let group = checked_group(values, variances)?;
    let k = group.len();
    if k < 3 {
        return Err(PoolError::TooFewStudies { what: "all subsets".to_owned(), found: k, needed: 3 });
    }
    options.model.check()?;
    // The interval of the mean is not asked for: the cheapest one does.
    let model = ModelOptions { interval: IntervalMethod::Wald, ..options.model.clone() };
    let all = fit_group(group, &model)?;
    let subsets = Subsets::of(k, options.draws, options.seed);
    let fits = fit_subsets(group, &subsets, &model);
    let fitted: Vec<usize> = (0..fits.len()).filter(|&index| fits[index].estimate.is_finite()).collect();
    let estimates: Vec<f64> = fitted.iter().map(|&index| fits[index].estimate).collect();
    let shares: Vec<f64> = fitted.iter().map(|&index| fits[index].i_squared).collect();
    if fitted.is_empty() {
        return Err(PoolError::Computation { what: "the model of any subset".to_owned() });
    }
    let (estimate, i_squared) = (spread(&estimates), spread(&shares));
    let grid = Grid::over(&estimate);
    let cells: Vec<usize> = fitted.iter().map(|&index| grid.cell(fits[index])).collect();
    let mut counts = vec![0_u32; CELLS * CELLS];
    cells.iter().for_each(|&cell| counts[cell] += 1);
    let (presence, [outlier_limit, i_squared_outlier_limit]) =
        presence_of_all(&subsets, &fitted, &fits, &cells, (&estimate, &i_squared), CELLS * CELLS)?;
    Ok(Gosh {
        studies: k as u32,
        exhaustive: subsets.exhaustive,
        subsets: fits.len() as u64,
        failed: (fits.len() - fitted.len()) as u64,
        estimate_of_all: all.mean,
        i_squared_of_all: SubsetFit::i_squared(&all, &model),
        estimate,
        i_squared,
        density: grid.density(counts),
        presence,
        outlier_limit,
        i_squared_outlier_limit,
        points: points(&subsets, &fitted, &fits, options.points),
    })
}

/// What is kept of the fit of a subset; both are NaN where the model could not be fitted.
#[derive(Debug, Clone, Copy)]
struct SubsetFit {
    estimate: f64,
    i_squared: f64,
}

impl SubsetFit {
    fn i_squared(fit: &crate::RandomEffectsFit, model: &ModelOptions) -> f64 {
        if model.preset_tau_squared.is_some() { fit.i_squared } else { fit.i_squared_from_tau_squared }
    }
}

/// Every subset's fit, in the order of the subsets.
fn fit_subsets(group: Group<'_>, subsets: &Subsets, model: &ModelOptions) -> Vec<SubsetFit> {
    let chunk = |first: usize| {
        let (mut values, mut variances) = (Vec::with_capacity(group.len()), Vec::with_capacity(group.len()));
        let last = (first + CHUNK).min(subsets.len());
        (first..last)
            .map(|index| {
                values.clear();
                variances.clear();
                for study in subsets.studies(index) {
                    values.push(group.values[study]);
                    variances.push(group.variances[study]);
                }
                match fit_group(Group { values: &values, variances: &variances }, model) {
                    Ok(fit) => SubsetFit { estimate: fit.mean, i_squared: SubsetFit::i_squared(&fit, model) },
                    Err(_) => SubsetFit { estimate: f64::NAN, i_squared: f64::NAN },
                }
            })
            .collect::<Vec<_>>()
    };
    let starts: Vec<usize> = (0..subsets.len()).step_by(CHUNK).collect();
    starts.into_par_iter().flat_map_iter(chunk).collect()
}

/// Moments and quartiles (R's type 7).
fn spread(numbers: &[f64]) -> GoshSpread {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count;
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let quantile = |probability| quantile_of_sorted(&sorted, probability).unwrap_or(f64::NAN);
    GoshSpread {
        mean,
        standard_deviation: variance.sqrt(),
        smallest: sorted[0],
        lower_quartile: quantile(0.25),
        median: quantile(0.5),
        upper_quartile: quantile(0.75),
        largest: sorted[sorted.len() - 1],
    }
}

/// The cells of the density.
struct Grid {
    from: f64,
    to: f64,
}

impl Grid {
    /// From the smallest to the largest estimate; a little wider where they are one.
    fn over(estimate: &GoshSpread) -> Self {
        let (from, to) = (estimate.smallest, estimate.largest);
        let least = 1e-9 * from.abs().max(to.abs()).max(1e-9);
        if to - from > least { Self { from, to } } else { Self { from: from - least, to: to + least } }
    }

    fn cell(&self, fit: SubsetFit) -> usize {
        let place = |share: f64| ((share * CELLS as f64) as usize).min(CELLS - 1);
        place(fit.i_squared) * CELLS + place((fit.estimate - self.from) / (self.to - self.from))
    }

    fn density(&self, counts: Vec<u32>) -> GoshDensity {
        GoshDensity {
            estimate_from: self.from,
            estimate_to: self.to,
            columns: CELLS as u32,
            rows: CELLS as u32,
            counts,
        }
    }
}

/// Subsets spread evenly over the order in which they were pooled.
fn points(subsets: &Subsets, fitted: &[usize], fits: &[SubsetFit], wanted: u32) -> Vec<GoshPoint> {
    let wanted = (wanted as usize).min(fitted.len());
    (0..wanted)
        .map(|point| {
            // An odd multiplier keeps the pattern of the binary numbers out of the sample.
            let index = fitted[(point * fitted.len() + fitted.len() / 2) / wanted];
            GoshPoint {
                studies: subsets.studies(index).map(|study| study as u32).collect(),
                estimate: fits[index].estimate,
                i_squared: fits[index].i_squared,
            }
        })
        .collect()
}
