//! Meta-regression: effects explained by properties of the studies.

pub(crate) mod checks;
mod design;
mod options;
mod result;
mod summary;
pub(crate) mod tau_squared;
pub(crate) mod weighted;

use nalgebra::{DMatrix, DVector};

use self::design::Design;
pub use self::options::{
    EffectsModel, MetaRegressionOptions, MissingModerator, Moderator, ModeratorValue, PredictionPoint,
    RegressionInterval, RegressionStudy,
};
pub use self::result::{
    FitStatistics, LeftOutStudy, MetaRegression, ModeratorTest, RegressionCoefficient, RegressionPrediction,
    RegressionRow, ResidualHeterogeneity,
};
use self::summary::Model;
use self::tau_squared::residual_tau_squared;
use self::weighted::{Collinear, Regression};
use crate::PoolError;

/// Regresses effects on moderators by weighted least squares with weights 1/(v + τ²), as R
/// `metafor::rma(yi, vi, mods =)` does: y = Xβ + u + e, u ~ N(0, τ²), e ~ N(0, v).
///
/// Moderators are named values of the studies, numbers or levels of a factor (compared with a reference level). τ² is
/// the residual between-study variance by any of the estimators. The work grows with k p², k studies and p
/// coefficients. Formulas and sources: `docs/methods/meta-regression.md` (Thompson & Higgins 2002; Knapp & Hartung
/// 2003; Viechtbauer 2005; Raudenbush 2009).
///
/// # Errors
/// [`PoolError`] naming the trial, moderator or option at fault: no studies, duplicate ids, effects or variances that
/// are not finite, a moderator that is missing everywhere or both number and level, moderators that depend on each
/// other, not more studies than coefficients, an unknown level, an impossible level of confidence.
///
/// ```
/// use kmeta_evidence_pool::{
///     MetaRegressionOptions, Moderator, ModeratorValue, RegressionStudy, meta_regression,
/// };
/// let study = |trial: &str, value, variance, year| RegressionStudy {
///     trial: trial.into(),
///     label: trial.into(),
///     value,
///     variance,
///     moderators: [("year".to_owned(), ModeratorValue::Number(year))].into(),
/// };
/// let studies = [
///     study("a", -0.10, 0.02, 2001.0),
///     study("b", -0.25, 0.03, 2006.0),
///     study("c", -0.32, 0.02, 2012.0),
///     study("d", -0.41, 0.05, 2019.0),
/// ];
/// let options = MetaRegressionOptions { moderators: vec![Moderator::named("year")], ..Default::default() };
/// let model = meta_regression(&studies, &options)?;
/// assert_eq!(format!("{:.4}", model.coefficients[1].value), "-0.0175");
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn meta_regression(
    studies: &[RegressionStudy],
    options: &MetaRegressionOptions,
) -> Result<MetaRegression, PoolError> {
    checks::check(studies, options)?;
    let (used, left_out) = checks::with_all_moderators(studies, options)?;
    let design = Design::new(&used, options)?;
    let coefficients = design.columns.len();
    if used.len() <= coefficients {
        return Err(PoolError::TooFewStudies {
            found: used.len(),
            needed: coefficients + 1,
            what: format!("a meta-regression with {coefficients} coefficients"),
        });
    }
    let regression = regression(&used, &design)?;
    let common = regression.at(0.0).map_err(|Collinear(column)| PoolError::CollinearModerators {
        coefficient: design.columns[column].name(),
    })?;
    let tau_squared = match options.model {
        EffectsModel::Common => 0.0,
        EffectsModel::Random => {
            residual_tau_squared(&regression, options.tau_squared, options.scoring_threshold)?
        }
    };
    let fit = regression.at(tau_squared)?;
    Model { options, design: &design, regression: &regression, common: &common, fit: &fit, tau_squared }
        .summarize(&used, left_out)
}

/// The design matrix of the studies.
fn regression(studies: &[&RegressionStudy], design: &Design) -> Result<Regression, PoolError> {
    let rows: Vec<DVector<f64>> = studies
        .iter()
        .map(|study| design.row(&study.moderators, &format!("trial `{}`", study.trial)))
        .collect::<Result<_, _>>()?;
    Ok(Regression {
        values: DVector::from_iterator(studies.len(), studies.iter().map(|study| study.value)),
        variances: studies.iter().map(|study| study.variance).collect(),
        design: DMatrix::from_fn(rows.len(), design.columns.len(), |row, column| rows[row][column]),
    })
}
