//! Weighted least squares by orthogonal factors, and the traces that estimators of τ² need.

use kmeta_numerics::NumericsError;
use nalgebra::{DMatrix, DVector};

use crate::PoolError;

/// A column whose part that is orthogonal to the columns before it is smaller than this, relative to the column,
/// is a combination of them: six digits more than its values usually carry.
const COLLINEAR: f64 = 1e-9;

/// Effects, their sampling variances and a design matrix with one row per study.
#[derive(Debug, Clone)]
pub(crate) struct Regression {
    pub(crate) values: DVector<f64>,
    pub(crate) variances: Vec<f64>,
    /// k × p.
    pub(crate) design: DMatrix<f64>,
}

/// A fit at given weights W. With P = W − WX(XᵀWX)⁻¹XᵀW all traces follow from √W X = Q R without a k × k matrix:
/// the leverage of study i is |Qᵢ|².
#[derive(Debug, Clone)]
pub(crate) struct WeightedFit {
    pub(crate) weights: Vec<f64>,
    /// β = (XᵀWX)⁻¹XᵀWy.
    pub(crate) coefficients: DVector<f64>,
    /// (XᵀWX)⁻¹.
    pub(crate) inverse_information: DMatrix<f64>,
    /// y − Xβ.
    pub(crate) residuals: DVector<f64>,
    /// Diagonal of the hat matrix.
    pub(crate) leverages: Vec<f64>,
    /// Σ w (y − Xβ)².
    pub(crate) squares: f64,
    /// log |XᵀWX|.
    pub(crate) log_determinant: f64,
    /// tr P = Σ w (1 − h).
    pub(crate) trace_p: f64,
    /// tr PP = Σ w² (1 − 2h) + tr (QᵀWQ)².
    pub(crate) trace_pp: f64,
}

/// The column of a design that depends on those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Collinear(pub(crate) usize);

impl From<Collinear> for PoolError {
    fn from(_: Collinear) -> Self {
        Self::Computation { what: "a weighted regression (weights are too unequal)".to_owned() }
    }
}

impl Regression {
    /// A mean.
    pub(crate) fn mean(values: &[f64], variances: &[f64]) -> Self {
        Self {
            values: DVector::from_column_slice(values),
            variances: variances.to_vec(),
            design: DMatrix::from_element(values.len(), 1, 1.0),
        }
    }

    /// A straight line y = a + b x.
    pub(crate) fn line(values: &[f64], variances: &[f64], predictor: &[f64]) -> Self {
        let rows = values.len();
        Self {
            values: DVector::from_column_slice(values),
            variances: variances.to_vec(),
            design: DMatrix::from_fn(rows, 2, |row, column| if column == 0 { 1.0 } else { predictor[row] }),
        }
    }

    pub(crate) fn studies(&self) -> usize {
        self.design.nrows()
    }

    pub(crate) fn coefficients(&self) -> usize {
        self.design.ncols()
    }

    /// k − p.
    pub(crate) fn residual_df(&self) -> f64 {
        self.studies() as f64 - self.coefficients() as f64
    }

    /// The fit with weights 1/(v + τ²).
    pub(crate) fn at(&self, tau_squared: f64) -> Result<WeightedFit, Collinear> {
        self.weighted(self.variances.iter().map(|variance| 1.0 / (variance + tau_squared)).collect())
    }

    /// The fit with any weights above 0, one per study.
    pub(crate) fn weighted(&self, weights: Vec<f64>) -> Result<WeightedFit, Collinear> {
        let roots = DVector::from_iterator(weights.len(), weights.iter().map(|weight| weight.sqrt()));
        let scaled = DMatrix::from_fn(self.studies(), self.coefficients(), |row, column| {
            roots[row] * self.design[(row, column)]
        });
        let lengths: Vec<f64> = scaled.column_iter().map(|column| column.norm()).collect();
        let factors = scaled.qr();
        let (q, r) = (factors.q(), factors.r());
        for (column, length) in lengths.iter().enumerate() {
            let own = r[(column, column)].abs();
            if own.is_nan() || own <= COLLINEAR * length {
                return Err(Collinear(column));
            }
        }
        let target = q.tr_mul(&self.values.component_mul(&roots));
        let last = Collinear(self.coefficients() - 1);
        let coefficients = r.solve_upper_triangular(&target).ok_or(last)?;
        let identity = DMatrix::identity(self.coefficients(), self.coefficients());
        let inverse = r.solve_upper_triangular(&identity).ok_or(last)?;
        let residuals = &self.values - &self.design * &coefficients;
        let leverages: Vec<f64> = q.row_iter().map(|row| row.norm_squared()).collect();
        let pairs = || weights.iter().zip(&leverages);
        let weighted_q =
            DMatrix::from_fn(q.nrows(), q.ncols(), |row, column| weights[row] * q[(row, column)]);
        let inner = q.tr_mul(&weighted_q);
        Ok(WeightedFit {
            squares: weights
                .iter()
                .zip(&residuals)
                .map(|(weight, residual)| weight * residual * residual)
                .sum(),
            log_determinant: 2.0
                * (0..self.coefficients()).map(|column| r[(column, column)].abs().ln()).sum::<f64>(),
            trace_p: pairs().map(|(weight, leverage)| weight * (1.0 - leverage)).sum(),
            trace_pp: pairs().map(|(weight, leverage)| weight * weight * (1.0 - 2.0 * leverage)).sum::<f64>()
                + inner.norm_squared(),
            inverse_information: &inverse * inverse.transpose(),
            weights,
            coefficients,
            residuals,
            leverages,
        })
    }
}

impl WeightedFit {
    /// Mean weighted square of the residuals, Σ w (y − Xβ)² / (k − p).
    pub(crate) fn mean_square(&self) -> f64 {
        self.squares / (self.weights.len() - self.coefficients.len()) as f64
    }

    /// xᵀβ and xᵀ(XᵀWX)⁻¹x.
    pub(crate) fn predict(&self, row: &DVector<f64>) -> (f64, f64) {
        (row.dot(&self.coefficients), row.dot(&(&self.inverse_information * row)))
    }

    /// The Wald statistic βᵀ V⁻¹ β of the coefficients at `tested`, with V their part of `covariance`.
    pub(crate) fn joint_statistic(
        &self,
        covariance: &DMatrix<f64>,
        tested: &[usize],
    ) -> Result<f64, NumericsError> {
        let part = DMatrix::from_fn(tested.len(), tested.len(), |row, column| {
            covariance[(tested[row], tested[column])]
        });
        // Scaled to correlations, so that predictors of very different units do no harm.
        let scales: Vec<f64> = (0..tested.len()).map(|index| part[(index, index)].sqrt()).collect();
        let correlations = DMatrix::from_fn(tested.len(), tested.len(), |row, column| {
            part[(row, column)] / (scales[row] * scales[column])
        });
        let inverse = kmeta_numerics::linear::inverse_positive_definite(&correlations)?;
        let standardized =
            DVector::from_fn(tested.len(), |index, _| self.coefficients[tested[index]] / scales[index]);
        Ok(standardized.dot(&(&inverse * &standardized)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// P written out for four studies.
    #[test]
    fn traces_are_those_of_the_whole_matrix() {
        let regression =
            Regression::line(&[0.3, -0.1, 0.5, 0.9], &[0.1, 0.2, 0.05, 0.4], &[1.0, 2.0, 5.0, 3.0]);
        let fit = regression.at(0.07).unwrap();
        let w = DMatrix::from_diagonal(&DVector::from_vec(fit.weights.clone()));
        let x = &regression.design;
        let information = x.transpose() * &w * x;
        let p = &w - &w * x * information.clone().try_inverse().unwrap() * x.transpose() * &w;
        assert_relative_eq!(fit.trace_p, p.trace(), max_relative = 1e-13);
        assert_relative_eq!(fit.trace_pp, (&p * &p).trace(), max_relative = 1e-12);
        assert_relative_eq!(fit.log_determinant, information.determinant().ln(), max_relative = 1e-12);
        let squares = (regression.values.transpose() * &p * &regression.values)[0];
        assert_relative_eq!(fit.squares, squares, max_relative = 1e-12);
    }

    #[test]
    fn a_dependent_column_is_named() {
        let mut regression = Regression::line(&[0.3, -0.1, 0.5], &[0.1; 3], &[2.0; 3]);
        assert_eq!(regression.at(0.0).unwrap_err(), Collinear(1));
        regression.design[(0, 1)] = 3.0;
        assert!(regression.at(0.0).is_ok());
    }
}
