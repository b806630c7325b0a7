//! Small symmetric matrices.

use nalgebra::{Cholesky, DMatrix, SymmetricEigen};

use crate::NumericsError;

/// The inverse of a symmetric positive definite matrix, by Cholesky factors.
///
/// # Errors
/// [`NumericsError::NotPositiveDefinite`].
pub fn inverse_positive_definite(matrix: &DMatrix<f64>) -> Result<DMatrix<f64>, NumericsError> {
    Cholesky::new(matrix.clone())
        .map(|factors| factors.inverse())
        .filter(|inverse| inverse.iter().all(|value| value.is_finite()))
        .ok_or(NumericsError::NotPositiveDefinite { order: matrix.nrows() })
}

/// The lower triangular L with L Lᵀ equal to a symmetric positive definite matrix.
///
/// # Errors
/// [`NumericsError::NotPositiveDefinite`].
pub fn cholesky_factor(matrix: &DMatrix<f64>) -> Result<DMatrix<f64>, NumericsError> {
    Cholesky::new(matrix.clone())
        .map(|factors| factors.l())
        .ok_or(NumericsError::NotPositiveDefinite { order: matrix.nrows() })
}

/// The nearest (Frobenius) positive semidefinite matrix: negative eigenvalues are set to 0.
pub fn truncate_negative_eigenvalues(matrix: DMatrix<f64>) -> DMatrix<f64> {
    let mut eigen = SymmetricEigen::new(matrix);
    eigen.eigenvalues.iter_mut().for_each(|value| *value = value.max(0.0));
    eigen.recompose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn inverse_and_factor_of_a_two_by_two_matrix() {
        let matrix = DMatrix::from_row_slice(2, 2, &[4.0, 2.0, 2.0, 3.0]);
        let inverse = inverse_positive_definite(&matrix).unwrap();
        let by_hand = DMatrix::from_row_slice(2, 2, &[0.375, -0.25, -0.25, 0.5]);
        assert_relative_eq!(inverse, by_hand, epsilon = 1e-15);
        let factor = cholesky_factor(&matrix).unwrap();
        let by_hand = DMatrix::from_row_slice(2, 2, &[2.0, 0.0, 1.0, 2.0_f64.sqrt()]);
        assert_relative_eq!(factor, by_hand, epsilon = 1e-15);
    }

    #[test]
    fn indefinite_matrices_are_refused_or_truncated() {
        let matrix = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 1.0]); // eigenvalues 3 and −1
        assert!(inverse_positive_definite(&matrix).is_err());
        assert!(cholesky_factor(&matrix).is_err());
        let by_hand = DMatrix::from_element(2, 2, 1.5);
        assert_relative_eq!(truncate_negative_eigenvalues(matrix), by_hand, epsilon = 1e-14);
    }
}
