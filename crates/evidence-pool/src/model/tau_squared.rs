//! Estimators of the between-study variance τ², each in a number of operations proportional to the number of
//! studies.
//!
//! Notation: w = 1/(v + τ²), μ = Σwy/Σw, S_j = Σw^j. With strata (subgroups that share a τ²) μ, tr(P) and tr(PP)
//! are taken in each stratum and summed, and k − 1 becomes k less the number of strata p: the mixed model with the
//! subgroup as a factor. All estimates are cut at 0. References: DerSimonian & Laird 1986; Paule & Mandel 1982;
//! Hedges & Olkin 1985; Hunter & Schmidt 2004; Sidik & Jonkman 2005; Morris 1983; Viechtbauer 2005 (scoring and
//! standard errors); Veroniki et al. 2016; Brannick et al. 2019 (HSk); Viechtbauer 2021 (PMM).

use kmeta_numerics::distributions::chi_squared_quantile;
use kmeta_numerics::search::find_root;
use kmeta_trial_data::TauSquaredEstimator;

use super::likelihood::Likelihood;
use super::sums::{Group, Sums};
use crate::PoolError;
use crate::model::Effects;

/// Newton steps towards a root of the generalized Q before Brent's method takes over.
const MAX_NEWTON_STEPS: u32 = 60;

/// Strata of studies; each has a mean of its own, all have one τ². A single group is a plain meta-analysis.
pub(crate) type Strata<'a> = &'a [Group<'a>];

/// The estimate; needs at least two studies. Scoring ends at steps of `threshold`, or at machine precision when
/// that is coarser.
pub(crate) fn estimate_tau_squared(
    effects: &Effects,
    estimator: TauSquaredEstimator,
    threshold: f64,
) -> Result<f64, PoolError> {
    estimate_in_strata(&[effects.group()], estimator, threshold)
}

/// The estimate of a τ² that strata share; needs at least one more study than strata.
pub(crate) fn estimate_in_strata(
    strata: Strata<'_>,
    estimator: TauSquaredEstimator,
    threshold: f64,
) -> Result<f64, PoolError> {
    let k = studies(strata);
    let df = degrees_of_freedom(strata);
    let fixed = || Fixed::of(strata);
    let estimate = match estimator {
        TauSquaredEstimator::DerSimonianLaird => fixed().moment(df),
        TauSquaredEstimator::Hedges => hedges(strata),
        TauSquaredEstimator::HunterSchmidt => (fixed().q - k) / fixed().s1,
        TauSquaredEstimator::HunterSchmidtCorrected => (fixed().q * k / df - k) / fixed().s1,
        TauSquaredEstimator::SidikJonkman => sidik_jonkman(strata),
        TauSquaredEstimator::PauleMandel | TauSquaredEstimator::EmpiricalBayes => {
            q_root_in_strata(strata, df)?
        }
        TauSquaredEstimator::MedianUnbiasedPauleMandel => {
            q_root_in_strata(strata, chi_squared_quantile(0.5, df)?)?
        }
        TauSquaredEstimator::RestrictedMaximumLikelihood => {
            Likelihood::Restricted.maximize(strata, hedges(strata).max(0.0), threshold)?
        }
        TauSquaredEstimator::MaximumLikelihood => {
            Likelihood::Full.maximize(strata, hedges(strata).max(0.0), threshold)?
        }
    };
    if estimate.is_finite() {
        Ok(estimate.max(0.0))
    } else {
        Err(PoolError::Computation { what: "the between-study variance".to_owned() })
    }
}

pub(crate) fn studies(strata: Strata<'_>) -> f64 {
    strata.iter().map(Group::len).sum::<usize>() as f64
}

/// Studies less strata.
pub(crate) fn degrees_of_freedom(strata: Strata<'_>) -> f64 {
    studies(strata) - strata.len() as f64
}

/// Sums over strata of what the common-effect model gives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fixed {
    /// Cochran's Q.
    pub(crate) q: f64,
    s1: f64,
    trace: f64,
    trace_of_square: f64,
}

impl Fixed {
    pub(crate) fn of(strata: Strata<'_>) -> Self {
        let mut total = Self::default();
        for sums in strata.iter().map(|group| group.sums(0.0)) {
            total.add(&sums);
        }
        total
    }

    fn add(&mut self, sums: &Sums) {
        self.q += sums.squares;
        self.s1 += sums.s1;
        self.trace += sums.trace();
        self.trace_of_square += sums.trace_of_square();
    }

    /// DerSimonian & Laird: (Q − df)/tr(P).
    fn moment(&self, df: f64) -> f64 {
        (self.q - df) / self.trace
    }

    /// The typical sampling variance df/tr(P) (Higgins & Thompson 2002, eq. 9).
    pub(crate) fn typical_variance(&self, df: f64) -> f64 {
        df / self.trace
    }

    /// Variance of Q at this τ²: 2 df + 4τ² tr(P) + 2τ⁴ tr(PP).
    fn variance_of_q(&self, df: f64, tau_squared: f64) -> f64 {
        2.0 * df + 4.0 * tau_squared * self.trace + 2.0 * tau_squared.powi(2) * self.trace_of_square
    }
}

/// Σ(y − ȳ)²/df − Σv(1 − 1/k)/df: the variance of the effects less the mean sampling variance.
fn hedges(strata: Strata<'_>) -> f64 {
    let excess: f64 = strata
        .iter()
        .map(|group| {
            let sampling = group.variances.iter().sum::<f64>() * (1.0 - 1.0 / group.len() as f64);
            group.unweighted().1 - sampling
        })
        .sum();
    excess / degrees_of_freedom(strata)
}

/// The crude τ₀² of Sidik & Jonkman, Σ(y − ȳ)²/k about the mean of all studies (as metafor takes it with strata
/// also).
fn crude_tau_squared(strata: Strata<'_>) -> f64 {
    let k = studies(strata);
    let values = || strata.iter().flat_map(|group| group.values);
    let mean = values().sum::<f64>() / k;
    values().map(|value| (value - mean).powi(2)).sum::<f64>() / k
}

/// τ₀² Σw₀(y − μ₀)²/df with w₀ = 1/(v + τ₀²).
fn sidik_jonkman(strata: Strata<'_>) -> f64 {
    let crude = crude_tau_squared(strata);
    if crude == 0.0 {
        return 0.0;
    }
    let squares: f64 = strata.iter().map(|group| group.sums(crude).squares).sum();
    crude * squares / degrees_of_freedom(strata)
}

/// The τ² at which the generalized Q(τ²) = Σ w (y − μ)² falls to `target`; 0 when it starts below.
#[allow(dead_code, reason = "the form for one group, which other families use")]
pub(crate) fn generalized_q_root(effects: &Effects, target: f64) -> Result<f64, PoolError> {
    q_root_in_strata(&[effects.group()], target)
}

/// The τ² at which the generalized Q(τ²) = Σ w (y − μ)² over all strata falls to `target`; 0 when it starts below.
/// Q falls strictly with τ² and is convex, so that the root is unique and Newton's steps from 0 rise to it
/// (DerSimonian & Kacker 2007). Paule-Mandel sets Q to k − 1, Q-profile limits to chi-squared quantiles.
pub(crate) fn q_root_in_strata(strata: Strata<'_>, target: f64) -> Result<f64, PoolError> {
    let at = |tau_squared: f64| {
        strata.iter().map(|group| group.sums(tau_squared)).fold((-target, 0.0), |(excess, slope), sums| {
            (excess + sums.squares, slope + sums.weighted_squares)
        })
    };
    let mut tau_squared = 0.0;
    for _ in 0..MAX_NEWTON_STEPS {
        let (excess, slope) = at(tau_squared);
        if excess <= 0.0 || slope == 0.0 {
            return Ok(tau_squared);
        }
        let next = tau_squared + excess / slope;
        if next - tau_squared <= f64::EPSILON * next {
            return Ok(next);
        }
        tau_squared = next;
    }
    // The last step may have ended at the root.
    if at(tau_squared).0 <= 0.0 {
        return Ok(tau_squared);
    }
    let mut upper = 4.0 * tau_squared;
    while at(upper).0 > 0.0 {
        upper *= 4.0;
        if !upper.is_finite() {
            return Err(PoolError::Computation { what: "a root of the generalized Q".to_owned() });
        }
    }
    Ok(find_root(|tau_squared| at(tau_squared).0, tau_squared, upper, 0.0)?)
}

/// The mean of the sampling variances: a scale to start from.
pub(crate) fn sampling_scale(strata: Strata<'_>) -> f64 {
    strata.iter().flat_map(|group| group.variances).sum::<f64>() / studies(strata)
}

/// Standard error of the estimate from the asymptotic or, for quadratic estimators, the normal-theory variance
/// (Viechtbauer 2005, section 3; Viechtbauer et al. 2015), as metafor prints it (`se.tau2`). `None` where it is
/// not a finite number.
pub(crate) fn standard_error(
    group: Group<'_>,
    estimator: TauSquaredEstimator,
    tau_squared: f64,
) -> Option<f64> {
    let strata = [group];
    let (k, df) = (studies(&strata), degrees_of_freedom(&strata));
    let fixed = Fixed::of(&strata);
    let at = || group.sums(tau_squared);
    let error = match estimator {
        TauSquaredEstimator::DerSimonianLaird => fixed.variance_of_q(df, tau_squared).sqrt() / fixed.trace,
        TauSquaredEstimator::HunterSchmidt => fixed.variance_of_q(df, tau_squared).sqrt() / fixed.s1,
        TauSquaredEstimator::HunterSchmidtCorrected => {
            fixed.variance_of_q(df, tau_squared).sqrt() / fixed.s1 * k / df
        }
        TauSquaredEstimator::Hedges => hedges_standard_error(group, tau_squared),
        TauSquaredEstimator::SidikJonkman => sidik_jonkman_standard_error(group, tau_squared),
        TauSquaredEstimator::PauleMandel
        | TauSquaredEstimator::EmpiricalBayes
        | TauSquaredEstimator::MedianUnbiasedPauleMandel => (2.0 * k * k / df).sqrt() / at().s1,
        TauSquaredEstimator::RestrictedMaximumLikelihood => (2.0 / at().trace_of_square()).sqrt(),
        TauSquaredEstimator::MaximumLikelihood => (2.0 / at().s2).sqrt(),
    };
    error.is_finite().then_some(error)
}

/// √(2 tr(PVPV) + 4τ² tr(PV) + 2τ⁴ df)/df with P = I − 11'/k.
fn hedges_standard_error(group: Group<'_>, tau_squared: f64) -> f64 {
    let k = group.len() as f64;
    let df = k - 1.0;
    let sum: f64 = group.variances.iter().sum();
    let squares: f64 = group.variances.iter().map(|variance| variance * variance).sum();
    let trace_of_square = squares * (1.0 - 2.0 / k) + (sum / k).powi(2);
    let variance = 2.0 * trace_of_square + 4.0 * tau_squared * sum * df / k + 2.0 * tau_squared.powi(2) * df;
    variance.sqrt() / df
}

/// (τ₀²/df) √(2 tr(P₀DP₀D)) with P₀ at the crude τ₀² and D = V + τ²I.
fn sidik_jonkman_standard_error(group: Group<'_>, tau_squared: f64) -> f64 {
    let crude = crude_tau_squared(&[group]);
    let (mut s1, mut first, mut second, mut third) = (0.0, 0.0, 0.0, 0.0);
    for variance in group.variances {
        let weight = 1.0 / (variance + crude);
        let product = weight * (variance + tau_squared);
        s1 += weight;
        first += weight * product;
        second += product * product;
        third += weight * product * product;
    }
    let trace_of_square = second - 2.0 * third / s1 + (first / s1).powi(2);
    crude / (group.len() as f64 - 1.0) * (2.0 * trace_of_square).sqrt()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const ALL: [TauSquaredEstimator; 10] = [
        TauSquaredEstimator::DerSimonianLaird,
        TauSquaredEstimator::PauleMandel,
        TauSquaredEstimator::RestrictedMaximumLikelihood,
        TauSquaredEstimator::MaximumLikelihood,
        TauSquaredEstimator::Hedges,
        TauSquaredEstimator::HunterSchmidt,
        TauSquaredEstimator::SidikJonkman,
        TauSquaredEstimator::EmpiricalBayes,
        TauSquaredEstimator::HunterSchmidtCorrected,
        TauSquaredEstimator::MedianUnbiasedPauleMandel,
    ];

    /// Log risk ratios of the BCG vaccine trials (Colditz et al. JAMA 1994;271:698), from the counts.
    pub(crate) fn bcg() -> Effects {
        let counts: [[f64; 4]; 13] = [
            [4., 119., 11., 128.],
            [6., 300., 29., 274.],
            [3., 228., 11., 209.],
            [62., 13536., 248., 12619.],
            [33., 5036., 47., 5761.],
            [180., 1361., 372., 1079.],
            [8., 2537., 10., 619.],
            [505., 87886., 499., 87892.],
            [29., 7470., 45., 7232.],
            [17., 1699., 65., 1600.],
            [186., 50448., 141., 27197.],
            [5., 2493., 3., 2338.],
            [27., 16886., 29., 17825.],
        ];
        let mut effects = Effects::default();
        for [a, b, c, d] in counts {
            effects.values.push((a / (a + b)).ln() - (c / (c + d)).ln());
            effects.variances.push(1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d));
        }
        effects
    }

    /// R metafor 3.8-1 `rma.uni` with its tolerances tightened.
    #[test]
    fn bcg_trials() {
        let cases = [
            (TauSquaredEstimator::DerSimonianLaird, 0.3087602629),
            (TauSquaredEstimator::PauleMandel, 0.3180684522),
            (TauSquaredEstimator::RestrictedMaximumLikelihood, 0.3132432581),
            (TauSquaredEstimator::MaximumLikelihood, 0.2800281373),
            (TauSquaredEstimator::Hedges, 0.3285638580),
            (TauSquaredEstimator::HunterSchmidt, 0.2283628637),
            (TauSquaredEstimator::SidikJonkman, 0.3455157016),
            (TauSquaredEstimator::EmpiricalBayes, 0.3180684522),
        ];
        for (estimator, expected) in cases {
            assert_relative_eq!(
                estimate_tau_squared(&bcg(), estimator, 0.0).unwrap(),
                expected,
                max_relative = 1e-9
            );
        }
    }

    #[test]
    fn equal_effects_have_no_variance_between_them() {
        let effects = Effects { values: vec![0.4; 5], variances: vec![0.1, 0.2, 0.05, 0.4, 0.1] };
        for estimator in ALL {
            assert_eq!(estimate_tau_squared(&effects, estimator, 0.0).unwrap(), 0.0);
        }
    }

    /// R metafor 3.8-1: `rma(yi, vi, mods = ~ g - 1, method =, control = list(threshold = 1e-14, tol = 1e-14))`
    /// for eight made-up studies in three groups.
    #[test]
    fn strata_with_one_tau_squared() {
        let values = [0.1, 0.5, -0.2, 0.8, 0.3, 1.1, 0.0, 0.4];
        let variances = [0.05, 0.1, 0.02, 0.2, 0.03, 0.09, 0.04, 0.06];
        let part =
            |from: usize, to: usize| Group { values: &values[from..to], variances: &variances[from..to] };
        let strata = [part(0, 3), part(3, 6), part(6, 8)];
        let expected = [
            0.0800893340552247,
            0.0735865496469328,
            0.0831111273468436,
            0.0256049551444166,
            0.0553333333333333,
            0.0229402269079235,
            0.0959258754414075,
            0.073586549646933,
            0.0647563111046257,
            0.0928523761787163,
        ];
        for (estimator, expected) in ALL.into_iter().zip(expected) {
            let ours = estimate_in_strata(&strata, estimator, 0.0).unwrap();
            assert_relative_eq!(ours, expected, max_relative = 1e-9);
        }
    }
}
