//! Derivatives against differences, the generalized gamma distribution against its special cases, and the integral over
//! the random location against a fine sum.

use approx::assert_relative_eq;
use kmeta_numerics::quadrature::gauss_hermite;

use super::SurvivalDistribution;
use super::distribution::{Conditional, Observation};
use super::generalized_gamma::GeneralizedGamma;
use super::likelihood::Model;
use super::standard::{Kernel, Standard};

fn observation(time: f64, events: f64, censored: f64) -> Observation {
    Observation { time, log_time: time.ln(), events, censored }
}

fn trials() -> Vec<Vec<Observation>> {
    vec![
        vec![observation(0.5, 1.0, 0.0), observation(2.0, 2.0, 1.0), observation(9.0, 0.0, 3.0)],
        vec![observation(1.0, 2.0, 0.0), observation(1.5, 1.0, 1.0), observation(4.0, 1.0, 0.0)],
        vec![observation(3.0, 0.0, 2.0)],
    ]
}

fn parameters(distribution: SurvivalDistribution) -> Vec<f64> {
    let all = match distribution {
        SurvivalDistribution::Gompertz => [-1.2, 0.15, 0.0],
        _ => [1.1, if distribution == SurvivalDistribution::Exponential { 0.0 } else { -0.2 }, 0.4],
    };
    all[..distribution.parameters()].to_vec()
}

/// Score and Hessian of the log likelihood, common and with τ, against central differences.
#[test]
fn derivatives_are_those_of_the_likelihood() {
    let (trials, rule) = (trials(), gauss_hermite(40).unwrap());
    for distribution in SurvivalDistribution::ALL {
        let model = Model { distribution, trials: &trials, rule: &rule };
        for tau in [None, Some(0.6)] {
            let place: Vec<f64> = parameters(distribution).into_iter().chain(tau).collect();
            let here = model.score(&place).unwrap();
            for index in 0..place.len() {
                let at = |step: f64| {
                    let mut moved = place.clone();
                    moved[index] += step;
                    model.score(&moved).unwrap()
                };
                let step = 1e-4;
                let (above, below) = (at(step), at(-step));
                let slope = (above.value - below.value) / (2.0 * step);
                assert_relative_eq!(here.gradient[index], slope, max_relative = 1e-6, epsilon = 1e-6);
                let curvature = (above.gradient - below.gradient) / (2.0 * step);
                for row in 0..place.len() {
                    assert_relative_eq!(
                        here.hessian[(row, index)],
                        curvature[row],
                        max_relative = 1e-6,
                        epsilon = 1e-6
                    );
                }
            }
        }
    }
}

fn close(one: &Kernel, two: &Kernel) {
    assert_relative_eq!(one.value, two.value, max_relative = 1e-12, epsilon = 1e-14);
    assert_relative_eq!(one.w, two.w, max_relative = 1e-11, epsilon = 1e-13);
    assert_relative_eq!(one.ww, two.ww, max_relative = 1e-10, epsilon = 1e-12);
}

/// Q = 0 is normal, Q = 1 the smallest extreme value, Q = −1 the largest one.
#[test]
fn special_cases_of_the_generalized_gamma_distribution() {
    let (normal, extreme) = (GeneralizedGamma::new(0.0).unwrap(), GeneralizedGamma::new(1.0).unwrap());
    let largest = GeneralizedGamma::new(-1.0).unwrap();
    for w in [-12.0, -4.0, -1.3, -0.01, 0.0, 0.4, 1.9, 3.2, 5.0] {
        close(&normal.log_density(w), &Standard::Normal.log_density(w));
        close(&normal.log_survival(w), &Standard::Normal.log_survival(w));
        close(&extreme.log_density(w), &Standard::ExtremeValue.log_density(w));
        close(&extreme.log_survival(w), &Standard::ExtremeValue.log_survival(w));
        let expected = -(-(-w).exp()).exp_m1();
        assert_relative_eq!(largest.log_survival(w).value.exp(), expected, max_relative = 1e-12);
    }
}

/// Q = 2: the tail is that of a gamma distribution with shape ¼, Q(¼, e^(2w)/4). mpmath, 50 digits.
#[test]
fn a_steep_generalized_gamma_tail() {
    let steep = GeneralizedGamma::new(2.0).unwrap();
    for (w, expected) in STEEP_TAIL {
        assert_relative_eq!(steep.log_survival(w).value.exp(), expected, max_relative = 1e-11);
    }
}

#[test]
fn normal_tails_join() {
    let (below, above) =
        (Standard::Normal.log_survival(29.999_999), Standard::Normal.log_survival(30.000_001));
    assert_relative_eq!(below.value, above.value, max_relative = 1e-6);
    assert_relative_eq!(below.w, above.w, max_relative = 1e-7);
    assert!(Standard::Normal.log_survival(1e6).value.is_finite());
}

/// Adaptive quadrature against a trapezoidal sum of step 0.005.
#[test]
fn the_integral_over_the_random_location() {
    let (trials, rule) = (trials(), gauss_hermite(61).unwrap());
    for distribution in SurvivalDistribution::ALL {
        let model = Model { distribution, trials: &trials, rule: &rule };
        for tau in [0.05, 0.5, 1.5] {
            let own = parameters(distribution);
            let place: Vec<f64> = own.iter().copied().chain([tau]).collect();
            let conditional = Conditional::new(distribution, &own).unwrap();
            let expected: f64 = trials
                .iter()
                .map(|trial| {
                    let term = |z: f64| {
                        let inner = conditional.log_likelihood(own[0] + tau * z, trial).value;
                        (inner - 0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
                    };
                    let sum: f64 = (-1800..=1800).map(|index| term(f64::from(index) * 0.005)).sum();
                    (sum * 0.005).ln()
                })
                .sum();
            assert_relative_eq!(model.score(&place).unwrap().value, expected, max_relative = 1e-9);
        }
    }
}

const STEEP_TAIL: [(f64, f64); 4] = [
    (-3.0, 0.8259522649134976),
    (-0.5, 0.4033343500772238),
    (0.0, 0.25632205526853896),
    (1.5, 0.0004802846805445177),
];
