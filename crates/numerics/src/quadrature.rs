//! Gauss-Hermite quadrature for integrals over the whole line of functions that fall like a normal density, and
//! Gauss-Legendre quadrature for integrals over an interval.

use nalgebra::DMatrix;

use crate::NumericsError;

/// Largest number of nodes. With about twice as many e^(−x²/2) at the outermost node leaves the range of a double.
pub const MAX_HERMITE_NODES: usize = 350;

/// Nodes and weights of Gauss-Hermite quadrature.
///
/// ∫ f(x) dx ≈ Σ `scaled_weights[k]` · f(`nodes[k]`), exact when f(x) = e^(−x²) times a polynomial of degree up to
/// 2n − 1. The scaled weight is the usual one times e^(x²), so that f may be computed as it is, for example from a
/// log density.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussHermite {
    /// The nodes, increasing.
    pub nodes: Vec<f64>,
    /// The weights times e^(x²).
    pub scaled_weights: Vec<f64>,
}

/// The rule with n nodes: eigenvalues of the Jacobi matrix (Golub & Welsch 1969), sharpened by Newton steps on the
/// Hermite function ψ_n; scaled weights 1/Σ_{j<n} ψ_j(x)², which keeps the relative precision of the outer ones.
///
/// # Errors
/// [`NumericsError::Domain`] unless 1 ≤ n ≤ [`MAX_HERMITE_NODES`].
///
/// ```
/// use kmeta_numerics::quadrature::gauss_hermite;
/// let rule = gauss_hermite(5)?;
/// let fourth_moment: f64 = rule
///     .nodes
///     .iter()
///     .zip(&rule.scaled_weights)
///     .map(|(x, weight)| weight * x.powi(4) * (-x * x).exp())
///     .sum();
/// assert!((fourth_moment - 0.75 * std::f64::consts::PI.sqrt()).abs() < 1e-14);
/// # Ok::<(), kmeta_numerics::NumericsError>(())
/// ```
pub fn gauss_hermite(nodes: usize) -> Result<GaussHermite, NumericsError> {
    if nodes == 0 || nodes > MAX_HERMITE_NODES {
        return Err(NumericsError::Domain {
            function: "gauss_hermite",
            argument: "nodes",
            value: nodes as f64,
            expected: "from 1 to 350",
        });
    }
    let mut jacobi = DMatrix::zeros(nodes, nodes);
    for row in 1..nodes {
        let beside = (row as f64 / 2.0).sqrt();
        (jacobi[(row, row - 1)], jacobi[(row - 1, row)]) = (beside, beside);
    }
    let mut places: Vec<f64> = jacobi.symmetric_eigenvalues().iter().copied().collect();
    places.sort_by(f64::total_cmp);
    for place in &mut places {
        for _ in 0..2 {
            let (at, slope, _) = hermite_function(nodes, *place);
            *place -= at / slope;
        }
    }
    // The rule is symmetric; rounding shall not make it otherwise.
    let places: Vec<f64> =
        (0..nodes).map(|index| 0.5 * (places[index] - places[nodes - 1 - index])).collect();
    let scaled_weights = places.iter().map(|&place| hermite_function(nodes, place).2.recip()).collect();
    Ok(GaussHermite { nodes: places, scaled_weights })
}

/// ψ_n(x), its derivative, and Σ_{j<n} ψ_j(x)², with ψ_j the Hermite functions, which are orthonormal on the line.
fn hermite_function(degree: usize, x: f64) -> (f64, f64, f64) {
    let mut before = 0.0;
    let mut here = std::f64::consts::PI.powf(-0.25) * (-0.5 * x * x).exp();
    let mut squares = 0.0;
    for index in 0..degree {
        squares += here * here;
        let next = index as f64 + 1.0;
        let after = x * (2.0 / next).sqrt() * here - (index as f64 / next).sqrt() * before;
        (before, here) = (here, after);
    }
    (here, (2.0 * degree as f64).sqrt() * before - x * here, squares)
}

/// Nodes and weights of Gauss-Legendre quadrature on [−1, 1].
///
/// ∫ f(x) dx ≈ Σ `weights[k]` · f(`nodes[k]`), exact for polynomials of degree up to 2n − 1.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussLegendre {
    /// The nodes, increasing.
    pub nodes: Vec<f64>,
    /// The weights.
    pub weights: Vec<f64>,
}

impl GaussLegendre {
    /// The nodes and weights of an integral from `lower` to `upper`.
    pub fn on(&self, lower: f64, upper: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let (middle, half) = (0.5 * (lower + upper), 0.5 * (upper - lower));
        self.nodes.iter().zip(&self.weights).map(move |(node, weight)| (middle + half * node, half * weight))
    }
}

/// The rule with n nodes: roots of the Legendre polynomial P_n by Newton steps, weights 2/((1 − x²) P_n'(x)²)
/// (Abramowitz & Stegun 1964, 25.4.29).
///
/// # Errors
/// [`NumericsError::Domain`] unless 1 ≤ n ≤ 1,000.
///
/// ```
/// use kmeta_numerics::quadrature::gauss_legendre;
/// let rule = gauss_legendre(12)?;
/// let integral: f64 = rule.on(0.0, 1.0).map(|(x, weight)| weight * x.exp()).sum();
/// assert!((integral - (1.0_f64.exp() - 1.0)).abs() < 1e-15);
/// # Ok::<(), kmeta_numerics::NumericsError>(())
/// ```
pub fn gauss_legendre(nodes: usize) -> Result<GaussLegendre, NumericsError> {
    if nodes == 0 || nodes > 1_000 {
        return Err(NumericsError::Domain {
            function: "gauss_legendre",
            argument: "nodes",
            value: nodes as f64,
            expected: "from 1 to 1,000",
        });
    }
    let mut places = Vec::with_capacity(nodes);
    let mut weights = Vec::with_capacity(nodes);
    for index in (0..nodes).rev() {
        let mut place = (std::f64::consts::PI * (index as f64 + 0.75) / (nodes as f64 + 0.5)).cos();
        if 2 * index + 1 == nodes {
            place = 0.0;
        }
        // Newton doubles the correct digits; the start has two.
        for _ in 0..6 {
            let (value, slope) = legendre_polynomial(nodes, place);
            place -= value / slope;
        }
        let (_, slope) = legendre_polynomial(nodes, place);
        places.push(place);
        weights.push(2.0 / ((1.0 - place * place) * slope * slope));
    }
    Ok(GaussLegendre { nodes: places, weights })
}

/// P_n(x) and its derivative, for |x| < 1.
fn legendre_polynomial(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut here) = (0.0, 1.0);
    for index in 0..degree {
        let j = index as f64;
        let after = ((2.0 * j + 1.0) * x * here - j * before) / (j + 1.0);
        (before, here) = (here, after);
    }
    (here, degree as f64 * (x * here - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Abramowitz & Stegun 1964, table 25.10: nodes, weights and weights times e^(x²) for n = 2, 5 and 20.
    #[test]
    fn printed_nodes_and_weights() {
        let two = gauss_hermite(2).unwrap();
        assert_relative_eq!(two.nodes[1], 0.5_f64.sqrt(), max_relative = 1e-15);
        assert_relative_eq!(two.scaled_weights[1], 1.461_141_182_661_1, max_relative = 1e-12);
        let five = gauss_hermite(5).unwrap();
        assert_relative_eq!(five.nodes[4], 2.020_182_870_456_09, max_relative = 1e-13);
        assert_relative_eq!(five.scaled_weights[4], 1.181_488_625_536_0, max_relative = 1e-12);
        let twenty = gauss_hermite(20).unwrap();
        assert_relative_eq!(twenty.nodes[19], 5.387_480_890_011_23, max_relative = 1e-13);
        assert_relative_eq!(twenty.scaled_weights[19], 0.898_591_961_453_2, max_relative = 1e-12);
    }

    /// ∫ x^m e^(−x²) dx = Γ((m + 1)/2) for every even m up to 2n − 2, relative to the largest term of the sum.
    #[test]
    fn moments_are_exact() {
        for nodes in [1, 7, 61, 240, MAX_HERMITE_NODES] {
            let rule = gauss_hermite(nodes).unwrap();
            let mut expected = std::f64::consts::PI.sqrt();
            for power in (0..2 * nodes.min(60)).step_by(2) {
                let sum: f64 = rule
                    .nodes
                    .iter()
                    .zip(&rule.scaled_weights)
                    .map(|(x, weight)| weight * x.powi(power as i32) * (-x * x).exp())
                    .sum();
                assert_relative_eq!(sum, expected, max_relative = 1e-11);
                expected *= (power as f64 + 1.0) / 2.0;
            }
        }
    }

    /// Abramowitz & Stegun 1964, table 25.4, n = 5; ∫ x^m dx = 2/(m + 1) for every even m up to 2n − 2.
    #[test]
    fn legendre_rules() {
        let five = gauss_legendre(5).unwrap();
        assert_eq!(five.nodes[2], 0.0);
        assert_relative_eq!(five.nodes[4], 0.906_179_845_938_664, max_relative = 1e-14);
        assert_relative_eq!(five.weights[4], 0.236_926_885_056_189, max_relative = 1e-13);
        for nodes in [1, 2, 16, 41, 200] {
            let rule = gauss_legendre(nodes).unwrap();
            assert!(rule.nodes.is_sorted());
            for power in (0..2 * nodes).step_by(2) {
                let sum: f64 = rule.on(-1.0, 1.0).map(|(x, weight)| weight * x.powi(power as i32)).sum();
                assert_relative_eq!(sum, 2.0 / (power as f64 + 1.0), max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn impossible_numbers_of_nodes_are_refused() {
        assert!(gauss_legendre(0).is_err());
        assert!(gauss_legendre(1_001).is_err());
        assert!(gauss_hermite(0).is_err());
        assert!(gauss_hermite(MAX_HERMITE_NODES + 1).is_err());
    }
}
