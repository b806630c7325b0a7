//! Standardised distributions of w = (log t − μ)/σ: log density and log survival with their derivatives.

use kmeta_numerics::distributions::normal_cdf;

use super::generalized_gamma::GeneralizedGamma;

/// Beyond this the normal tail is taken from its asymptotic series.
const NORMAL_SERIES_START: f64 = 30.0;

/// A function of w and the shape Q with its derivatives. Distributions without Q leave its derivatives 0.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kernel {
    pub(super) value: f64,
    pub(super) w: f64,
    pub(super) ww: f64,
    pub(super) q: f64,
    pub(super) wq: f64,
    pub(super) qq: f64,
}

/// A standardised distribution of log time.
#[derive(Debug, Clone)]
pub(super) enum Standard {
    /// Smallest extreme value: log of an exponential or Weibull time.
    ExtremeValue,
    /// Normal: log of a log-normal time.
    Normal,
    /// Logistic: log of a log-logistic time.
    Logistic,
    /// log of a generalized gamma time.
    GeneralizedGamma(GeneralizedGamma),
}

impl Standard {
    pub(super) fn log_density(&self, w: f64) -> Kernel {
        match self {
            Self::ExtremeValue => {
                let power = w.exp();
                Kernel { value: w - power, w: 1.0 - power, ww: -power, ..Kernel::default() }
            }
            Self::Normal => {
                let value = -0.5 * (w * w + (2.0 * std::f64::consts::PI).ln());
                Kernel { value, w: -w, ww: -1.0, ..Kernel::default() }
            }
            Self::Logistic => {
                let tail = log_logistic_survival(w);
                let share = 1.0 - tail.exp();
                Kernel {
                    value: w + 2.0 * tail,
                    w: 1.0 - 2.0 * share,
                    ww: -2.0 * share * (1.0 - share),
                    ..Kernel::default()
                }
            }
            Self::GeneralizedGamma(gamma) => gamma.log_density(w),
        }
    }

    pub(super) fn log_survival(&self, w: f64) -> Kernel {
        match self {
            Self::ExtremeValue => {
                let power = w.exp();
                Kernel { value: -power, w: -power, ww: -power, ..Kernel::default() }
            }
            Self::Normal => normal_log_survival(w),
            Self::Logistic => {
                let value = log_logistic_survival(w);
                let share = 1.0 - value.exp();
                Kernel { value, w: -share, ww: -share * (1.0 - share), ..Kernel::default() }
            }
            Self::GeneralizedGamma(gamma) => gamma.log_survival(w),
        }
    }
}

/// −log(1 + e^w) without overflow.
fn log_logistic_survival(w: f64) -> f64 {
    if w > 0.0 { -w - (-w).exp().ln_1p() } else { -w.exp().ln_1p() }
}

/// log Φ(−w): the hazard is φ(w)/Φ(−w).
fn normal_log_survival(w: f64) -> Kernel {
    let log_density = -0.5 * (w * w + (2.0 * std::f64::consts::PI).ln());
    let value = if w > NORMAL_SERIES_START {
        // Abramowitz & Stegun 1964, 26.2.12.
        let square = w.powi(-2);
        let correction = square * (-1.0 + square * (3.0 + square * (-15.0 + square * 105.0)));
        log_density - w.ln() + correction.ln_1p()
    } else if w > 0.0 {
        normal_cdf(-w).ln()
    } else {
        (-normal_cdf(w)).ln_1p()
    };
    let hazard = (log_density - value).exp();
    Kernel { value, w: -hazard, ww: -hazard * (hazard - w), ..Kernel::default() }
}
