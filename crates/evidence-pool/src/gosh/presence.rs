//! What the presence of a study does to pooled results.

use kmeta_numerics::distributions::beta_quantile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::subsets::Subsets;
use super::{GoshSpread, SubsetFit};
use crate::PoolError;

/// Chance that any of exchangeable, normally distributed studies is said to pull the estimate.
const ESTIMATE_LEVEL: f64 = 0.05;

/// The same formula's level for I², whose shares have a heavier tail: with this one 3 to 9 % of simulated sets without
/// outliers (6 to 11 studies, homogeneous or not) have a study named; with 0.05 it would be 9 to 23 %.
const I_SQUARED_LEVEL: f64 = 0.002;

/// Means over the subsets with, or without, a study.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceMeans {
    /// Number of subsets.
    pub subsets: u64,
    /// Mean of the estimate.
    pub estimate: f64,
    /// Mean of I².
    pub i_squared: f64,
}

/// What the presence of one study does.
///
/// With p the share of subsets that hold the study and D the difference of the means with and without it, p(1 − p)D² is
/// the part of the variance over subsets that its presence explains, and its share of the whole variance says how much
/// of the scatter of the figure is this one study. The rule for outliers: of k studies whose effects are exchangeable
/// and normal, the share of one is that of a squared residual among all, (k − 1)/k times a
/// Beta(½, (k − 2)/2) variable (Grubbs 1950; Thompson 1935). A study is called an outlier when its share of the
/// variance of the estimate exceeds the 1 − 0.05/k quantile of that, or when its share of the variance of I² exceeds the
/// 1 − 0.002/k quantile (a level found by simulation, since these shares have a heavier tail) and its presence raises I².
/// No cluster analysis and no choice of a number of clusters is involved. With three or four studies the rule all but
/// never names one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StudyPresence {
    /// Subsets that hold the study.
    pub with: PresenceMeans,
    /// Subsets that do not.
    pub without: PresenceMeans,
    /// Share of the variance of the estimate over subsets that the study's presence explains, a fraction.
    pub estimate_share: f64,
    /// Share of the variance of I².
    pub i_squared_share: f64,
    /// The study pulls the estimate more than chance explains.
    pub pulls_estimate: bool,
    /// The study raises I² more than chance explains.
    pub raises_i_squared: bool,
    /// Subsets with the study in each cell of the density.
    pub counts: Vec<u32>,
}

impl StudyPresence {
    /// Whether the study is called an outlier.
    pub fn is_outlier(&self) -> bool {
        self.pulls_estimate || self.raises_i_squared
    }
}

/// Every study's presence, and the limits that its shares of the variance of estimate and I² are compared with.
pub(super) fn presence_of_all(
    subsets: &Subsets,
    fitted: &[usize],
    fits: &[SubsetFit],
    cells: &[usize],
    (estimate, i_squared): (&GoshSpread, &GoshSpread),
    size: usize,
) -> Result<(Vec<StudyPresence>, [f64; 2]), PoolError> {
    let limits = [limit(subsets.studies, ESTIMATE_LEVEL)?, limit(subsets.studies, I_SQUARED_LEVEL)?];
    let presence = (0..subsets.studies)
        .map(|study| {
            let (mut with, mut without) = (PresenceMeans::default(), PresenceMeans::default());
            let mut counts = vec![0_u32; size];
            for (&index, &cell) in fitted.iter().zip(cells) {
                let held = subsets.has(index, study);
                let side = if held { &mut with } else { &mut without };
                side.subsets += 1;
                side.estimate += fits[index].estimate;
                side.i_squared += fits[index].i_squared;
                counts[cell] += u32::from(held);
            }
            for side in [&mut with, &mut without] {
                let count = side.subsets.max(1) as f64;
                side.estimate /= count;
                side.i_squared /= count;
            }
            let held = with.subsets as f64 / fitted.len() as f64;
            let share = |difference: f64, spread: &GoshSpread| {
                let whole = spread.standard_deviation.powi(2);
                if whole > 0.0 { held * (1.0 - held) * difference.powi(2) / whole } else { 0.0 }
            };
            let estimate_share = share(with.estimate - without.estimate, estimate);
            let i_squared_share = share(with.i_squared - without.i_squared, i_squared);
            StudyPresence {
                with,
                without,
                estimate_share,
                i_squared_share,
                pulls_estimate: estimate_share > limits[0],
                raises_i_squared: i_squared_share > limits[1] && with.i_squared > without.i_squared,
                counts,
            }
        })
        .collect();
    Ok((presence, limits))
}

/// (k − 1)/k times the 1 − level/k quantile of Beta(½, (k − 2)/2).
fn limit(studies: usize, level: f64) -> Result<f64, PoolError> {
    let k = studies as f64;
    Ok((k - 1.0) / k * beta_quantile(1.0 - level / k, 0.5, (k - 2.0) / 2.0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grubbs' two-sided critical values G at 5 %, of which the share is G²/(k − 1): 1.887 for six, 2.020 for seven,
    /// 2.290 for ten observations (Grubbs & Beck 1972, table 1, at 2.5 %).
    #[test]
    fn the_limit_is_that_of_grubbs() {
        for (k, critical) in [(6, 1.887), (7, 2.020), (10, 2.290)] {
            let share: f64 = f64::powi(critical, 2) / (f64::from(k) - 1.0);
            let limit = limit(k as usize, ESTIMATE_LEVEL).unwrap();
            // share of Σr² with r²/s² = G², Σr² = (k − 1)s².
            assert!((limit - share).abs() < 2e-3, "{k}: {limit} {share}");
        }
    }
}
