//! The standard generalized gamma distribution of w = (log t − μ)/σ, in the parametrisation of Prentice 1974
//! (Biometrika 61:539).
//!
//! Its density is e^(−φ(w; Q))/C(Q) with φ = w² e₂(Qw), e₂(x) = (eˣ − 1 − x)/x². That is smooth in Q through 0,
//! where it is the normal one; Q = 1 gives the extreme-value density of the Weibull distribution. The usual form
//! by the incomplete gamma function with shape 1/Q² is not: it loses its digits as Q falls to 0. Tail integrals
//! are therefore Gauss-Legendre sums, which give the derivatives in Q as well.

use kmeta_numerics::quadrature::{GaussLegendre, gauss_legendre};

use super::standard::Kernel;
use crate::PoolError;

/// Nodes of a tail integral. 40 give 14 digits for |Q| up to 3.
const NODES: usize = 40;

/// A tail is cut where its density is e^(−40) of that at its start.
const TAIL_DEPTH: f64 = 40.0;

/// Below this |x| the functions e₁ and e₂ are summed as series.
const SERIES_RANGE: f64 = 1.0;

/// The distribution with one value of Q.
#[derive(Debug, Clone)]
pub(super) struct GeneralizedGamma {
    q: f64,
    rule: GaussLegendre,
    /// log C and its first two derivatives in Q.
    log_constant: [f64; 3],
}

/// φ and its derivatives.
struct Exponent {
    value: f64,
    w: f64,
    ww: f64,
    q: f64,
    wq: f64,
    qq: f64,
}

/// log ∫_w^∞ e^(−φ) and its derivatives, without the constant; `anchor` is φ(w).
struct Tail {
    log_mills: f64,
    anchor: f64,
    mean_q: f64,
    mean_qq: f64,
    variance_q: f64,
}

impl GeneralizedGamma {
    pub(super) fn new(q: f64) -> Result<Self, PoolError> {
        let rule = gauss_legendre(NODES)?;
        // Both halves of the line; φ(w; Q) = φ(−w; −Q), and φ is least at w = 0, where it is 0.
        let (right, left) = (tail(&rule, 0.0, q), tail(&rule, 0.0, -q));
        let (mass_right, mass_left) = (right.log_mills.exp(), left.log_mills.exp());
        let total = mass_right + mass_left;
        let (share_right, share_left) = (mass_right / total, mass_left / total);
        let mean = share_right * right.mean_q - share_left * left.mean_q;
        let second_moment = share_right * (right.variance_q + right.mean_q.powi(2))
            + share_left * (left.variance_q + left.mean_q.powi(2));
        let curvature =
            second_moment - mean * mean - (share_right * right.mean_qq + share_left * left.mean_qq);
        Ok(Self { q, rule, log_constant: [total.ln(), -mean, curvature] })
    }

    /// log density of w.
    pub(super) fn log_density(&self, w: f64) -> Kernel {
        let phi = exponent(w, self.q);
        let [constant, slope, curvature] = self.log_constant;
        Kernel {
            value: -phi.value - constant,
            w: -phi.w,
            ww: -phi.ww,
            q: -phi.q - slope,
            wq: -phi.wq,
            qq: -phi.qq - curvature,
        }
    }

    /// log P(W > w).
    pub(super) fn log_survival(&self, w: f64) -> Kernel {
        if w >= 0.0 {
            return self.log_tail(w, self.q, 1.0);
        }
        // The left tail is the right tail of −w with −Q.
        let left = self.log_tail(-w, -self.q, -1.0);
        let left = Kernel { w: -left.w, q: -left.q, ..left };
        let probability = left.value.exp();
        let ratio = probability / (1.0 - probability);
        let second =
            |both: f64, one: f64, other: f64| -ratio * (both + one * other) - ratio * ratio * one * other;
        Kernel {
            value: (-probability).ln_1p(),
            w: -ratio * left.w,
            ww: second(left.ww, left.w, left.w),
            q: -ratio * left.q,
            wq: second(left.wq, left.w, left.q),
            qq: second(left.qq, left.q, left.q),
        }
    }

    /// log of the normalised tail beyond w ≥ 0 of the distribution with shape q, which is `sign` times that of
    /// `self`; derivatives are in q.
    fn log_tail(&self, w: f64, q: f64, sign: f64) -> Kernel {
        let phi = exponent(w, q);
        let tail = tail(&self.rule, w, q);
        let [constant, slope, curvature] = self.log_constant;
        let hazard = (-tail.log_mills).exp();
        Kernel {
            value: -tail.anchor + tail.log_mills - constant,
            w: -hazard,
            ww: -hazard * (hazard - phi.w),
            q: -tail.mean_q - sign * slope,
            wq: -hazard * (tail.mean_q - phi.q),
            qq: tail.variance_q - tail.mean_qq - curvature,
        }
    }
}

/// ∫_w^∞ e^(−(φ(u) − φ(w))) du, w ≥ 0, and moments of ∂φ/∂Q over that tail.
fn tail(rule: &GaussLegendre, w: f64, q: f64) -> Tail {
    let anchor = exponent(w, q).value;
    if !anchor.is_finite() {
        return Tail { log_mills: 0.0, anchor: f64::INFINITY, mean_q: 0.0, mean_qq: 0.0, variance_q: 0.0 };
    }
    let (mut mass, mut sum_q, mut sum_qq, mut sum_squares) = (0.0, 0.0, 0.0, 0.0);
    let length = tail_length(w, q, anchor);
    // Nodes are denser where the tail starts, as most of it is there.
    for (root, weight) in rule.on(0.0, 1.0) {
        let (distance, weight) = (length * root * root, 2.0 * length * root * weight);
        let phi = exponent(w + distance, q);
        let density = weight * (anchor - phi.value).exp();
        mass += density;
        sum_q += density * phi.q;
        sum_qq += density * phi.qq;
        sum_squares += density * phi.q * phi.q;
    }
    let mean_q = sum_q / mass;
    Tail {
        log_mills: mass.ln(),
        anchor,
        mean_q,
        mean_qq: sum_qq / mass,
        variance_q: sum_squares / mass - mean_q * mean_q,
    }
}

/// The s with φ(w + s) − φ(w) = [`TAIL_DEPTH`], roughly. Newton's steps on a convex function come down from the
/// right after the first.
fn tail_length(w: f64, q: f64, anchor: f64) -> f64 {
    let normal = (w * w + 2.0 * TAIL_DEPTH).sqrt() - w;
    let mut length = if q > 0.0 { normal.min(((TAIL_DEPTH * q * q).ln_1p() + 2.0) / q) } else { normal };
    for _ in 0..30 {
        let phi = exponent(w + length, q);
        let step = (phi.value - anchor - TAIL_DEPTH) / phi.w;
        if !step.is_finite() {
            length *= 0.5;
            continue;
        }
        length -= step;
        if step.abs() < 1e-3 * length {
            break;
        }
    }
    length
}

fn exponent(w: f64, q: f64) -> Exponent {
    let x = q * w;
    let ([one, one_slope], [two, two_slope, two_curvature]) = exponential_remainders(x);
    let squared = w * w;
    Exponent {
        value: squared * two,
        w: w * one,
        ww: x.exp(),
        q: squared * w * two_slope,
        wq: squared * one_slope,
        qq: squared * squared * two_curvature,
    }
}

/// e₁ = (eˣ − 1)/x with its derivative, and e₂ = (eˣ − 1 − x)/x² with its first two.
fn exponential_remainders(x: f64) -> ([f64; 2], [f64; 3]) {
    if x.abs() < SERIES_RANGE {
        return remainder_series(x);
    }
    let power = x.exp();
    let (square, cube) = (x * x, x * x * x);
    (
        [x.exp_m1() / x, (power * (x - 1.0) + 1.0) / square],
        [
            (x.exp_m1() - x) / square,
            (power * (x - 2.0) + x + 2.0) / cube,
            (power * (square - 4.0 * x + 6.0) - 2.0 * x - 6.0) / (square * square),
        ],
    )
}

/// Σ xⁿ/(n + 1)! and Σ xⁿ/(n + 2)!, term by term.
fn remainder_series(x: f64) -> ([f64; 2], [f64; 3]) {
    let (mut one, mut one_slope) = (0.0, 0.0);
    let (mut two, mut two_slope, mut two_curvature) = (0.0, 0.0, 0.0);
    // Coefficients 1/(n + 1)! and 1/(n + 2)!, and the powers x^n, x^(n−1), x^(n−2).
    let (mut inverse_factorial, mut power, mut before, mut before_that) = (1.0, 1.0, 0.0, 0.0);
    for index in 0..20 {
        let n = f64::from(index);
        let next = inverse_factorial / (n + 2.0);
        one += inverse_factorial * power;
        one_slope += inverse_factorial * n * before;
        two += next * power;
        two_slope += next * n * before;
        two_curvature += next * n * (n - 1.0) * before_that;
        inverse_factorial = next;
        (power, before, before_that) = (power * x, power, before);
    }
    ([one, one_slope], [two, two_slope, two_curvature])
}
