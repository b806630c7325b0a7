//! Scales on which intervals of a probability are symmetric.

/// Scale on which an interval of a survival probability is symmetric. p is the probability, σ the standard error of
/// its logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntervalType {
    /// Survival itself, p ± z·p·σ (R `conf.type = "plain"`).
    Plain,
    /// log p: p·exp(±z·σ) (R `survfit`'s default, `conf.type = "log"`).
    Log,
    /// log(−log p): p^exp(±z·σ/log p) (R `conf.type = "log-log"`; Kalbfleisch & Prentice 2002, 1.4).
    LogLog,
    /// asin √p ± z·σ·√(p/(1 − p))/2 (R `conf.type = "arcsin"`; Borgan & Liestøl 1990, eq. 2.5). Never leaves 0 to 1.
    Arcsine,
    /// log(p/(1 − p)) ± z·σ/(1 − p) (R `conf.type = "logit"`; Meeker & Escobar 1998, 3.6). Never leaves 0 to 1.
    Logit,
}

impl IntervalType {
    /// Limits of the probability `p` with the normal quantile `z`, cut at 0 and 1; `None` at 0, where no scale but
    /// the plain one is defined. At 1 both limits are 1.
    pub(crate) fn limits(self, p: f64, log_error: f64, z: f64) -> Option<(f64, f64)> {
        if p <= 0.0 {
            return None;
        }
        if p >= 1.0 {
            return Some((1.0, 1.0));
        }
        let width = z * log_error;
        let (lower, upper) = match self {
            Self::Plain => (p - width * p, p + width * p),
            Self::Log => (p * (-width).exp(), p * width.exp()),
            Self::LogLog => {
                let power = (width / p.ln().abs()).exp();
                (p.powf(power), p.powf(1.0 / power))
            }
            Self::Arcsine => {
                let (angle, half) = (p.sqrt().asin(), 0.5 * width * (p / (1.0 - p)).sqrt());
                let square = |angle: f64| angle.clamp(0.0, std::f64::consts::FRAC_PI_2).sin().powi(2);
                (square(angle - half), square(angle + half))
            }
            Self::Logit => {
                let (middle, half) = ((p / (1.0 - p)).ln(), width / (1.0 - p));
                let fraction = |logit: f64| (1.0 + (-logit).exp()).recip();
                (fraction(middle - half), fraction(middle + half))
            }
        };
        Some((lower.max(0.0), upper.min(1.0)))
    }
}
