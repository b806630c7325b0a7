//! Summary survival curves of strata of trials, and the test that they are equal.

use kmeta_numerics::distributions::chi_squared_upper;
use kmeta_numerics::linear::inverse_positive_definite;
use kmeta_trial_data::{Finding, PooledSurvival};
use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Arm, PooledCells, TrialCells, between_trial_matrix, check_options, computation, place, pool_arms,
    pool_cells, truncate_negative_eigenvalues,
};
use crate::finite_answer::finite_answer;
use crate::{PoolError, SurvivalOptions, TrialCurve};

/// A trial with the stratum it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StratumCurve {
    /// Name of the stratum.
    pub stratum: String,
    /// The trial.
    pub curve: TrialCurve,
}

/// The summary curve of one stratum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StratumSurvival {
    /// Name of the stratum.
    pub stratum: String,
    /// Its curve, up to the horizon of the comparison.
    pub curve: PooledSurvival,
}

/// A chi-squared test of equal curves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StrataTest {
    /// Q between strata.
    pub q: f64,
    /// Degrees of freedom: (strata − 1) × times.
    pub degrees_of_freedom: u32,
    /// Its p value.
    pub p_value: f64,
}

/// Summary curves by stratum and their comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SurvivalStrata {
    /// Last asked time at which every stratum has at least two trials; the comparison ends there.
    pub horizon: f64,
    /// The strata in order of first appearance.
    pub strata: Vec<StratumSurvival>,
    /// All trials together, up to the horizon.
    pub overall: PooledSurvival,
    /// Test of the common-effect model: Q of all trials less the Q within strata. It rejects also where the trials
    /// of one stratum differ from each other.
    pub common: StrataTest,
    /// Test of the random-effects model: Σ (β_g − β̄)ᵀ C_g⁻¹ (β_g − β̄), each stratum with its own between-trial matrix.
    /// It asks whether strata differ by more than their trials do.
    pub random: StrataTest,
    /// What the comparison noticed.
    pub findings: Vec<Finding>,
}

/// Pools the curve of each stratum and tests that they are equal (Combescure, Foucher & Jackson 2014), up to the
/// last asked time at which each stratum has at least two trials.
///
/// # Errors
/// As [`pool_survival_curves`](crate::pool_survival_curves); [`PoolError::Stratum`] with fewer than two strata or
/// a stratum without two trials at the first time.
pub fn pool_survival_strata(
    trials: &[StratumCurve],
    options: &SurvivalOptions,
) -> Result<SurvivalStrata, PoolError> {
    check_options(trials.iter().map(|trial| trial.curve.trial()), options)?;
    let mut names: Vec<&str> = Vec::new();
    for trial in trials {
        if !names.contains(&trial.stratum.as_str()) {
            names.push(&trial.stratum);
        }
    }
    if names.len() < 2 {
        return Err(PoolError::Stratum {
            stratum: names[0].to_owned(),
            reason: "all trials are in this one stratum; strata are compared when there are two or more"
                .to_owned(),
        });
    }
    let mut groups = Vec::with_capacity(names.len());
    for name in &names {
        let members = trials.iter().filter(|trial| trial.stratum == *name);
        groups.push(members.map(|trial| Arm::new(&trial.curve)).collect::<Result<Vec<_>, _>>()?);
    }
    let reached = common_times(&names, &groups, options)?;
    let shortened = SurvivalOptions { times: options.times[..reached].to_vec(), ..options.clone() };
    let mut findings = Vec::new();
    if reached < options.times.len() {
        findings.push(Finding::note(
            "strata-horizon",
            place(options),
            format!(
                "strata are compared up to {}: later a stratum has fewer than two trials",
                options.times[reached - 1]
            ),
        ));
    }
    let strata = names
        .iter()
        .zip(&groups)
        .map(|(name, arms)| {
            Ok(StratumSurvival { stratum: (*name).to_owned(), curve: pool_arms(arms, &shortened)? })
        })
        .collect::<Result<Vec<_>, PoolError>>()?;
    let everyone = trials.iter().map(|trial| Arm::new(&trial.curve)).collect::<Result<Vec<_>, _>>()?;
    finite_answer(
        "strata of survival",
        SurvivalStrata {
            horizon: options.times[reached - 1],
            strata,
            overall: pool_arms(&everyone, &shortened)?,
            common: between_strata(&groups, &shortened.times, false)?,
            random: between_strata(&groups, &shortened.times, true)?,
            findings,
        },
    )
}

/// The number of asked times at which every stratum has two trials.
fn common_times(
    names: &[&str],
    groups: &[Vec<Arm<'_>>],
    options: &SurvivalOptions,
) -> Result<usize, PoolError> {
    let mut reached = options.times.len();
    for (name, arms) in names.iter().zip(groups) {
        let mut covered: Vec<usize> = arms.iter().map(|arm| arm.cells(&options.times).values.len()).collect();
        covered.sort_unstable_by(|one, two| two.cmp(one));
        let second = covered.get(1).copied().unwrap_or(0);
        if second == 0 {
            return Err(PoolError::Stratum {
                stratum: (*name).to_owned(),
                reason: format!(
                    "fewer than two of its trials are followed up to the first time, {}; join it with another",
                    options.times[0]
                ),
            });
        }
        reached = reached.min(second);
    }
    Ok(reached)
}

/// Q between the strata's pooled vectors about their mean weighted by the inverse covariances.
fn between_strata(
    groups: &[Vec<Arm<'_>>],
    times: &[f64],
    random_effects: bool,
) -> Result<StrataTest, PoolError> {
    let size = times.len();
    let mut pooled: Vec<(PooledCells, DMatrix<f64>)> = Vec::with_capacity(groups.len());
    let (mut weights, mut weighted) = (DMatrix::zeros(size, size), DVector::zeros(size));
    for arms in groups {
        let cells: Vec<TrialCells> = arms.iter().map(|arm| arm.cells(times)).collect();
        let between = if random_effects {
            truncate_negative_eigenvalues(between_trial_matrix(&cells, size))
        } else {
            DMatrix::zeros(size, size)
        };
        let stratum = pool_cells(&cells, size, &between)?;
        let precision = inverse_positive_definite(&stratum.covariance)
            .map_err(|_| computation("the weight matrix of a stratum"))?;
        weights += &precision;
        weighted += &precision * &stratum.beta;
        pooled.push((stratum, precision));
    }
    let mean = inverse_positive_definite(&weights).map_err(|_| computation("the mean of strata"))? * weighted;
    let q: f64 = pooled
        .iter()
        .map(|(stratum, precision)| {
            let difference = &stratum.beta - &mean;
            difference.dot(&(precision * &difference))
        })
        .sum();
    let degrees_of_freedom = (size * (groups.len() - 1)) as u32;
    Ok(StrataTest { q, degrees_of_freedom, p_value: chi_squared_upper(q, f64::from(degrees_of_freedom))? })
}
