//! Deletion diagnostics of a random-effects model, Baujat coordinates and shrunken effects.
//!
//! Each deletion is a fit of k − 1 studies and takes O(k); all together take O(k²) time and O(k) memory.

use kmeta_numerics::distributions::chi_squared_upper;
use kmeta_trial_data::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::model::sums::Group;
use crate::model::{ModelOptions, RandomEffectsFit, checked_group, fit_group, two_sided_normal};

/// What one study does to the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InfluenceRow {
    /// Position of the study, from 0.
    pub study: usize,
    /// Weight in the random-effects model, a fraction; the diagonal of the hat matrix.
    pub weight: f64,
    /// Distance from the mean, y − μ.
    pub residual: f64,
    /// Standard error of the residual, √(v + τ² − 1/Σw).
    pub residual_standard_error: f64,
    /// residual / standard error (metafor `rstandard`).
    pub standardized_residual: f64,
    /// Distance from the mean of the other studies, y − μ₍ᵢ₎.
    pub deleted_residual: f64,
    /// Its standard error, √(v + τ²₍ᵢ₎ + SE₍ᵢ₎²).
    pub deleted_residual_standard_error: f64,
    /// Externally standardized residual (metafor `rstudent`).
    pub studentized_residual: f64,
    /// (μ − μ₍ᵢ₎)/√(h (v + τ²₍ᵢ₎)) with h the weight: standard deviations that the fitted value moves by.
    pub dffits: f64,
    /// Cook's distance (μ − μ₍ᵢ₎)²/SE².
    pub cooks_distance: f64,
    /// Ratio of variances of the mean, without the study over with it; below 1 the study makes the mean less certain.
    pub covariance_ratio: f64,
    /// τ² without the study.
    pub tau_squared_deleted: f64,
    /// Cochran's Q without the study.
    pub q_deleted: f64,
    /// (μ − μ₍ᵢ₎) over the standard error of μ with τ²₍ᵢ₎.
    pub dfbetas: f64,
    /// Whether the study is influential: |dffits| > 3√(1/(k − 1)), or Cook's distance beyond the median of χ²₁, or a
    /// weight above 3/k, or |dfbetas| > 1 (Viechtbauer & Cheung 2010).
    pub influential: bool,
}

/// Deletion diagnostics of every study (Viechtbauer & Cheung 2010, Res Synth Methods 1:112).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InfluenceDiagnostics {
    /// The model of all studies.
    pub all: RandomEffectsFit,
    /// A row for each study, in their order.
    pub rows: Vec<InfluenceRow>,
}

/// A study's coordinates in the plot of Baujat et al. 2002.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaujatPoint {
    /// Position of the study, from 0.
    pub study: usize,
    /// Contribution to heterogeneity: the squared Pearson residual (y − μ)²/(v + τ²).
    pub heterogeneity: f64,
    /// Influence on the mean: (μ − μ₍ᵢ₎)²/SE₍ᵢ₎².
    pub influence: f64,
}

/// A study's effect drawn towards the mean (empirical Bayes, BLUP).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShrunkenEffect {
    /// Position of the study, from 0.
    pub study: usize,
    /// λy + (1 − λ)μ with λ = τ²/(τ² + v).
    pub value: f64,
    /// √(λv + (1 − λ)²/Σw).
    pub standard_error: f64,
    /// Interval of the study's true effect.
    pub interval: Interval,
}

/// Influence of each study on a random-effects model (R `metafor::influence`, `rstudent`, `rstandard`). Standard
/// errors of means are those of `options.interval`; with a Hartung-Knapp method v + τ²₍ᵢ₎ is multiplied by the factor
/// that the method puts on the variance of the mean, as metafor does. Set `preset_tau_squared` to 0 for the
/// common-effect model.
///
/// # Errors
/// [`PoolError::TooFewStudies`] with fewer than two studies; else as [`crate::fit_random_effects`].
pub fn influence_diagnostics(
    values: &[f64],
    variances: &[f64],
    options: &ModelOptions,
) -> Result<InfluenceDiagnostics, PoolError> {
    let group = checked(values, variances, options)?;
    let all = fit_group(group, options)?;
    let inverse_weight_sum = group.sums(all.tau_squared).s1.recip();
    let k = group.len() as f64;
    let mut deletions = Deletions::of(group);
    let rows = group
        .pairs()
        .enumerate()
        .map(|(study, (value, variance))| {
            let without = deletions.fit(study, options)?;
            let shift = all.mean - without.mean;
            let weight = inverse_weight_sum / (variance + all.tau_squared);
            let residual = value - all.mean;
            let residual_standard_error = (variance + all.tau_squared - inverse_weight_sum).sqrt();
            let scale = deletions.scale(&without);
            let spread = scale * (variance + without.tau_squared);
            let deleted_residual = value - without.mean;
            let deleted_residual_standard_error = (spread + without.standard_error.powi(2)).sqrt();
            let dffits = shift / (weight * spread).sqrt();
            let cooks_distance = (shift / all.standard_error).powi(2);
            let dfbetas = shift / (scale / group.sums(without.tau_squared).s1).sqrt();
            let influential = dffits.abs() > 3.0 * (1.0 / (k - 1.0)).sqrt()
                || chi_squared_upper(cooks_distance, 1.0)? < 0.5
                || weight > 3.0 / k
                || dfbetas.abs() > 1.0;
            Ok(InfluenceRow {
                study,
                weight,
                residual,
                residual_standard_error,
                standardized_residual: residual / residual_standard_error,
                deleted_residual,
                deleted_residual_standard_error,
                studentized_residual: deleted_residual / deleted_residual_standard_error,
                dffits,
                cooks_distance,
                covariance_ratio: (without.standard_error / all.standard_error).powi(2),
                tau_squared_deleted: without.tau_squared,
                q_deleted: without.q,
                dfbetas,
                influential,
            })
        })
        .collect::<Result<Vec<_>, PoolError>>()?;
    finite_answer("influence of single studies", InfluenceDiagnostics { all, rows })
}

/// Coordinates of the Baujat plot (Baujat et al. 2002, Stat Med 21:2641; R `metafor::baujat`). Set
/// `preset_tau_squared` to 0 for the common-effect model, for which R `meta::baujat` draws it.
///
/// # Errors
/// As [`influence_diagnostics`].
pub fn baujat(
    values: &[f64],
    variances: &[f64],
    options: &ModelOptions,
) -> Result<Vec<BaujatPoint>, PoolError> {
    let group = checked(values, variances, options)?;
    let all = fit_group(group, options)?;
    let mut deletions = Deletions::of(group);
    let points = group
        .pairs()
        .enumerate()
        .map(|(study, (value, variance))| {
            let without = deletions.fit(study, options)?;
            Ok(BaujatPoint {
                study,
                heterogeneity: (value - all.mean).powi(2) / (variance + all.tau_squared),
                influence: ((all.mean - without.mean) / without.standard_error).powi(2),
            })
        })
        .collect::<Result<Vec<_>, PoolError>>()?;
    finite_answer("Baujat coordinates", points)
}

/// Best linear unbiased predictions of the studies' true effects (Raudenbush & Bryk 1985; R `metafor::blup`), with
/// normal intervals.
///
/// # Errors
/// As [`crate::fit_random_effects`].
pub fn shrunken_effects(
    values: &[f64],
    variances: &[f64],
    options: &ModelOptions,
) -> Result<Vec<ShrunkenEffect>, PoolError> {
    let group = checked_group(values, variances)?;
    options.check()?;
    let fit = fit_group(group, options)?;
    let z = two_sided_normal(options.confidence_level)?;
    let mean_variance = group.sums(fit.tau_squared).s1.recip();
    let shrunken: Vec<ShrunkenEffect> = group
        .pairs()
        .enumerate()
        .map(|(study, (effect, variance))| {
            let share = fit.tau_squared / (fit.tau_squared + variance);
            let value = share * effect + (1.0 - share) * fit.mean;
            let standard_error = (share * variance + (1.0 - share).powi(2) * mean_variance).sqrt();
            let interval = Interval { lower: value - z * standard_error, upper: value + z * standard_error };
            ShrunkenEffect { study, value, standard_error, interval }
        })
        .collect();
    finite_answer("shrunken effects", shrunken)
}

fn checked<'a>(
    values: &'a [f64],
    variances: &'a [f64],
    options: &ModelOptions,
) -> Result<Group<'a>, PoolError> {
    let group = checked_group(values, variances)?;
    options.check()?;
    if group.len() < 2 {
        return Err(PoolError::TooFewStudies {
            what: "the influence of single studies".to_owned(),
            found: group.len(),
            needed: 2,
        });
    }
    Ok(group)
}

/// All studies but one. Going from one deletion to the next moves a single study.
struct Deletions<'a> {
    all: Group<'a>,
    values: Vec<f64>,
    variances: Vec<f64>,
    deleted: usize,
}

impl<'a> Deletions<'a> {
    fn of(all: Group<'a>) -> Self {
        let (values, variances) = (all.values[1..].to_vec(), all.variances[1..].to_vec());
        Self { all, values, variances, deleted: 0 }
    }

    /// The fit without `study`; studies are to be deleted in increasing order.
    fn fit(&mut self, study: usize, options: &ModelOptions) -> Result<RandomEffectsFit, PoolError> {
        for position in self.deleted..study {
            self.values[position] = self.all.values[position];
            self.variances[position] = self.all.variances[position];
        }
        self.deleted = study;
        fit_group(Group { values: &self.values, variances: &self.variances }, options)
    }

    /// By how much the interval method's variance of the mean exceeds 1/Σw: 1 for Wald, Hartung and Knapp's
    /// Σw(y − μ)²/(k − 2) of the studies that remain.
    fn scale(&self, without: &RandomEffectsFit) -> f64 {
        let group = Group { values: &self.values, variances: &self.variances };
        without.standard_error.powi(2) * group.sums(without.tau_squared).s1
    }
}
