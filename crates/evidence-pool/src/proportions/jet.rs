//! Numbers that carry their first and second derivatives with respect to two parameters.
//!
//! The log likelihood of a random-intercept model by adaptive quadrature depends on its parameters also through
//! the places of the nodes. Derivatives by the chain rule, carried along with each number, are those of the very
//! sum that is computed, to machine precision (second-order forward differentiation; Griewank & Walther 2008,
//! chapter 13).

use std::ops::{Add, Mul, Sub};

/// A value with its gradient and Hessian: derivatives with respect to the first and the second parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Jet {
    pub(super) value: f64,
    /// ∂/∂a, ∂/∂b.
    pub(super) gradient: [f64; 2],
    /// ∂²/∂a², ∂²/∂a∂b, ∂²/∂b².
    pub(super) hessian: [f64; 3],
}

impl Jet {
    pub(super) const ZERO: Self = Self::constant(0.0);

    pub(super) const fn constant(value: f64) -> Self {
        Self { value, gradient: [0.0; 2], hessian: [0.0; 3] }
    }

    /// The first parameter itself.
    pub(super) const fn first(value: f64) -> Self {
        Self { value, gradient: [1.0, 0.0], hessian: [0.0; 3] }
    }

    /// The second parameter itself.
    pub(super) const fn second(value: f64) -> Self {
        Self { value, gradient: [0.0, 1.0], hessian: [0.0; 3] }
    }

    /// f(self), from f, f' and f'' at the value.
    pub(super) fn map(self, value: f64, slope: f64, curvature: f64) -> Self {
        let [a, b] = self.gradient;
        let [aa, ab, bb] = self.hessian;
        Self {
            value,
            gradient: [slope * a, slope * b],
            hessian: [
                slope * aa + curvature * a * a,
                slope * ab + curvature * a * b,
                slope * bb + curvature * b * b,
            ],
        }
    }

    pub(super) fn scale(self, factor: f64) -> Self {
        Self {
            value: factor * self.value,
            gradient: self.gradient.map(|part| factor * part),
            hessian: self.hessian.map(|part| factor * part),
        }
    }

    pub(super) fn plus(self, shift: f64) -> Self {
        Self { value: self.value + shift, ..self }
    }

    pub(super) fn exp(self) -> Self {
        let value = self.value.exp();
        self.map(value, value, value)
    }

    pub(super) fn ln(self) -> Self {
        let slope = self.value.recip();
        self.map(self.value.ln(), slope, -slope * slope)
    }

    pub(super) fn reciprocal(self) -> Self {
        let value = self.value.recip();
        self.map(value, -value * value, 2.0 * value.powi(3))
    }

    /// self^(−½).
    pub(super) fn reciprocal_root(self) -> Self {
        let value = self.value.sqrt().recip();
        let slope = -0.5 * value / self.value;
        self.map(value, slope, -1.5 * slope / self.value)
    }

    /// 1/(1 + e^(−self)).
    pub(super) fn logistic(self) -> Self {
        let p = logistic(self.value);
        let slope = p * logistic(-self.value);
        self.map(p, slope, slope * (1.0 - 2.0 * p))
    }

    /// ln(1 + e^self).
    pub(super) fn log_one_plus_exp(self) -> Self {
        let p = logistic(self.value);
        self.map(log_one_plus_exp(self.value), p, p * logistic(-self.value))
    }
}

/// 1/(1 + e^(−x)).
pub(super) fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let power = x.exp();
        power / (1.0 + power)
    }
}

/// ln(1 + e^x) without overflow.
pub(super) fn log_one_plus_exp(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

impl Add for Jet {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            gradient: [0, 1].map(|part| self.gradient[part] + other.gradient[part]),
            hessian: [0, 1, 2].map(|part| self.hessian[part] + other.hessian[part]),
        }
    }
}

impl Sub for Jet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + other.scale(-1.0)
    }
}

impl Mul for Jet {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.gradient, other.gradient);
        Self {
            value: self.value * other.value,
            gradient: [0, 1]
                .map(|part| self.value * other.gradient[part] + other.value * self.gradient[part]),
            hessian: [
                self.value * other.hessian[0] + other.value * self.hessian[0] + 2.0 * a * c,
                self.value * other.hessian[1] + other.value * self.hessian[1] + a * d + b * c,
                self.value * other.hessian[2] + other.value * self.hessian[2] + 2.0 * b * d,
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// f(a, b) = ln(1 + e^(ab)) / √(a + b) · logistic(b), against differences of its values.
    #[test]
    fn derivatives_agree_with_differences() {
        let at = |a: f64, b: f64| {
            let (a, b) = (Jet::first(a), Jet::second(b));
            (a * b).log_one_plus_exp()
                * (a + b).reciprocal_root()
                * b.logistic()
                * (a * a).plus(1.0).ln().exp()
                - (b * b).plus(2.0).reciprocal()
        };
        let (a, b, h) = (0.7, 1.3, 1e-4);
        let jet = at(a, b);
        let first = |forward: f64, back: f64| (forward - back) / (2.0 * h);
        for part in 0..2 {
            let (da, db) = if part == 0 { (h, 0.0) } else { (0.0, h) };
            let (forward, back) = (at(a + da, b + db), at(a - da, b - db));
            assert_relative_eq!(jet.gradient[part], first(forward.value, back.value), max_relative = 1e-6);
            for other in 0..2 {
                let second = first(forward.gradient[other], back.gradient[other]);
                assert_relative_eq!(jet.hessian[part + other], second, max_relative = 1e-6);
            }
        }
    }
}
