//! Distributions, root finding, small linear algebra and seeded random streams for kmeta.
//!
//! The crate hides which library computes what, so that a faulty routine can be replaced in one place:
//!
//! | module | holds | from |
//! |---|---|---|
//! | [`distributions`] | normal, chi-squared, t, F, beta | `libm` erfc, `statrs` cdfs, own quantiles |
//! | [`imputations`] | moments of Rubin's rules | own |
//! | [`search`] | roots and minima in one dimension | `argmin` (Brent) |
//! | [`quadrature`] | Gauss-Hermite and Gauss-Legendre nodes and weights | `nalgebra` eigenvalues, own Newton steps |
//! | [`linear`] | Cholesky, inverse, nearest positive semidefinite matrix | `nalgebra` |
//! | [`order_statistics`] | quantiles of samples | own |
//! | [`piecewise`] | adaptive polynomial interpolation and quadrature | own |
//! | [`quadratic_form`] | positive combinations of chi-squares | own contour integral |
//! | [`streams`] | random streams by seed and name | `rand_chacha` |
//!
//! ```
//! use kmeta_numerics::distributions::{normal_quantile, student_t_quantile};
//! assert!((normal_quantile(0.975)? - 1.959963984540054).abs() < 1e-14);
//! assert!((student_t_quantile(0.975, 5.0)? - 2.570581835636315).abs() < 1e-13);
//! # Ok::<(), kmeta_numerics::NumericsError>(())
//! ```

pub mod distributions;
mod error;
pub mod imputations;
pub mod linear;
pub mod order_statistics;
pub mod piecewise;
pub mod quadratic_form;
pub mod quadrature;
pub mod search;
pub mod streams;

pub use error::NumericsError;
