//! Hazards that are constant within intervals of time.

use kmeta_numerics::distributions::{chi_squared_quantile, normal_two_sided};
use kmeta_trial_data::PatientRecord;

use crate::SurvivalError;
use crate::cox_regression::ChiSquaredTest;
use crate::kaplan_meier::level_quantile;
use crate::patients::check_patients;

/// Newton steps for a concave function of one variable; five are usual.
const MAX_ITERATIONS: u32 = 100;

/// One interval (start, end]; the first holds time 0 too, the last is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExponentialPiece {
    /// Start.
    pub start: f64,
    /// End; `None` for the last.
    pub end: Option<f64>,
    /// Events.
    pub events: u32,
    /// Follow-up of all patients within the interval, in patient × unit of time.
    pub exposure: f64,
    /// events/exposure; `None` without follow-up.
    pub rate: Option<f64>,
}

impl ExponentialPiece {
    /// Exact interval of the rate, `(lower, upper)`, from the Poisson distribution of the events (Garwood 1936; R
    /// `poisson.test(events, exposure)`); `None` without follow-up.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`] unless 0 < level < 1.
    pub fn rate_interval(&self, level: f64) -> Result<Option<(f64, f64)>, SurvivalError> {
        level_quantile(level)?;
        let half = |p: f64, events: u32| {
            let quantile = chi_squared_quantile(p, 2.0 * f64::from(events));
            quantile.map(|quantile| 0.5 * quantile).map_err(|_| SurvivalError::InvalidLevel { level })
        };
        let tail = 0.5 * (1.0 - level);
        let lower = if self.events == 0 { 0.0 } else { half(tail, self.events)? };
        let upper = half(1.0 - tail, self.events + 1)?;
        Ok((self.exposure > 0.0).then(|| (lower / self.exposure, upper / self.exposure)))
    }
}

/// The piecewise-exponential model of one group (Holford 1976; Friedman 1982).
///
/// ```
/// use kmeta_survival_estimate::PiecewiseExponential;
/// use kmeta_trial_data::PatientRecord;
/// let patients = [(1.0, true), (3.0, true), (4.0, false)].map(|(time, event)| PatientRecord { time, event });
/// let fit = PiecewiseExponential::fit(&patients, &[2.0])?;
/// assert_eq!((fit.pieces()[0].exposure, fit.pieces()[1].exposure), (5.0, 3.0));
/// assert_eq!(fit.survival_at(2.0), Some((-2.0_f64 / 5.0).exp()));
/// # Ok::<(), kmeta_survival_estimate::SurvivalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PiecewiseExponential {
    pieces: Vec<ExponentialPiece>,
}

impl PiecewiseExponential {
    /// Counts events and follow-up between the cuts; an event at a cut belongs to the interval that ends there (R
    /// `survSplit`). No cut: one constant hazard.
    ///
    /// # Errors
    /// [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`]; [`SurvivalError::InvalidCut`] unless the cuts
    /// ascend from above 0; [`SurvivalError::EventsWithoutFollowUp`] when all follow-up ends at 0, with events.
    pub fn fit(patients: &[PatientRecord], cuts: &[f64]) -> Result<Self, SurvivalError> {
        check_patients("patients", patients)?;
        let before = |index: usize| if index == 0 { 0.0 } else { cuts[index - 1] };
        if let Some(index) =
            (0..cuts.len()).find(|&index| !(cuts[index] > before(index) && cuts[index].is_finite()))
        {
            return Err(SurvivalError::InvalidCut { index, cut: cuts[index] });
        }
        let piece = |index: usize| {
            let (start, end) = (before(index), cuts.get(index).copied());
            ExponentialPiece { start, end, events: 0, exposure: 0.0, rate: None }
        };
        let mut pieces: Vec<ExponentialPiece> = (0..=cuts.len()).map(piece).collect();
        for patient in patients {
            let last = cuts.partition_point(|&cut| cut < patient.time);
            for piece in &mut pieces[..=last] {
                piece.exposure += piece.end.map_or(patient.time, |end| end.min(patient.time)) - piece.start;
            }
            pieces[last].events += u32::from(patient.event);
        }
        for piece in &mut pieces {
            piece.rate = (piece.exposure > 0.0).then(|| f64::from(piece.events) / piece.exposure);
            if piece.rate.is_none() && piece.events > 0 {
                return Err(SurvivalError::EventsWithoutFollowUp { events: piece.events });
            }
        }
        Ok(Self { pieces })
    }

    /// The intervals, ascending.
    pub fn pieces(&self) -> &[ExponentialPiece] {
        &self.pieces
    }

    /// Survival exp(−Σ rate × time) at `time`; `None` where that needs the rate of an interval without follow-up, and
    /// for a time that is negative or not a number.
    pub fn survival_at(&self, time: f64) -> Option<f64> {
        if time.is_nan() || time < 0.0 {
            return None;
        }
        let mut hazard = 0.0;
        for piece in self.pieces.iter().take_while(|piece| piece.start < time) {
            let rate = piece.rate?;
            if rate > 0.0 {
                hazard += rate * (piece.end.map_or(time, |end| end.min(time)) - piece.start);
            }
        }
        Some((-hazard).exp())
    }
}

/// A ratio of rates, treated over reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRatio {
    /// Its logarithm.
    pub log_ratio: f64,
    /// Standard error of the logarithm.
    pub standard_error: f64,
}

impl RateRatio {
    /// The ratio.
    pub fn ratio(&self) -> f64 {
        self.log_ratio.exp()
    }

    /// Wald interval of the ratio, `(lower, upper)`.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`] unless 0 < level < 1.
    pub fn interval(&self, level: f64) -> Result<(f64, f64), SurvivalError> {
        let width = level_quantile(level)? * self.standard_error;
        Ok(((self.log_ratio - width).exp(), (self.log_ratio + width).exp()))
    }

    /// Two-sided p value of Wald's test.
    pub fn p_value(&self) -> f64 {
        normal_two_sided(self.log_ratio / self.standard_error)
    }
}

/// Two arms with the same intervals.
#[derive(Debug, Clone, PartialEq)]
pub struct PiecewiseComparison {
    /// For each interval the ratio of rates, with variance 1/d₁ + 1/d₀; `None` unless both arms have events.
    pub ratios: Vec<Option<RateRatio>>,
    /// The one ratio of all intervals: the hazard ratio of a model with a constant baseline in each.
    pub common: RateRatio,
    /// Likelihood-ratio test that the ratio is the same in all intervals; `None` when fewer than two intervals have
    /// events and follow-up of both arms.
    pub heterogeneity: Option<ChiSquaredTest>,
}

/// Compares the rates of two arms: interval by interval, and by maximum likelihood of a common ratio (R
/// `glm(events ~ interval + arm + offset(log(exposure)), poisson)`).
///
/// # Errors
/// [`SurvivalError::DifferingIntervals`]; [`SurvivalError::NothingToCompare`] without an event in an interval in which
/// both arms have follow-up; [`SurvivalError::MonotoneLikelihood`] when all of these fell into one arm.
pub fn compare_piecewise(
    treated: &PiecewiseExponential,
    reference: &PiecewiseExponential,
) -> Result<PiecewiseComparison, SurvivalError> {
    let cells: Vec<(ExponentialPiece, ExponentialPiece)> =
        treated.pieces.iter().copied().zip(reference.pieces.iter().copied()).collect();
    let counts = (reference.pieces.len(), treated.pieces.len());
    if counts.0 != counts.1 || cells.iter().any(|(one, zero)| one.end != zero.end) {
        return Err(SurvivalError::DifferingIntervals { reference: counts.0, treated: counts.1 });
    }
    let ratio = |&(one, zero): &(ExponentialPiece, ExponentialPiece)| {
        let (d1, d0) = (f64::from(one.events), f64::from(zero.events));
        let log_ratio = (one.rate? / zero.rate?).ln();
        let standard_error = (d1.recip() + d0.recip()).sqrt();
        (d1 > 0.0 && d0 > 0.0).then_some(RateRatio { log_ratio, standard_error })
    };
    let shared: Vec<SharedPiece> = cells.iter().filter_map(SharedPiece::new).collect();
    let common = common_ratio(&shared)?;
    Ok(PiecewiseComparison {
        ratios: cells.iter().map(ratio).collect(),
        common,
        heterogeneity: heterogeneity(&shared, common.log_ratio)?,
    })
}

/// An interval with events in which both arms have follow-up. Given its events, those of the treated arm are binomial
/// with odds (ratio × exposure of the treated)/(exposure of the reference).
struct SharedPiece {
    treated: f64,
    events: f64,
    log_odds: f64,
}

impl SharedPiece {
    fn new((one, zero): &(ExponentialPiece, ExponentialPiece)) -> Option<Self> {
        let (treated, events) = (f64::from(one.events), f64::from(one.events + zero.events));
        let used = events > 0.0 && one.exposure > 0.0 && zero.exposure > 0.0;
        used.then(|| Self { treated, events, log_odds: (one.exposure / zero.exposure).ln() })
    }

    fn probability(&self, log_ratio: f64) -> f64 {
        (1.0 + (-log_ratio - self.log_odds).exp()).recip()
    }
}

/// Newton's method; the step is limited, for the score is bounded and the function concave.
fn common_ratio(pieces: &[SharedPiece]) -> Result<RateRatio, SurvivalError> {
    let treated: f64 = pieces.iter().map(|piece| piece.treated).sum();
    let events: f64 = pieces.iter().map(|piece| piece.events).sum();
    let monotone = |arm: &str, limit: &str| {
        Err(SurvivalError::MonotoneLikelihood { arm: arm.to_owned(), limit: limit.to_owned() })
    };
    match (treated, events - treated) {
        (0.0, 0.0) => return Err(SurvivalError::NothingToCompare),
        (0.0, _) => return monotone("reference", "0"),
        (_, 0.0) => return monotone("treated", "infinity"),
        _ => {}
    }
    let mut log_ratio = 0.0;
    for _ in 0..MAX_ITERATIONS {
        let (mut score, mut information) = (treated, 0.0);
        for piece in pieces {
            let p = piece.probability(log_ratio);
            score -= piece.events * p;
            information += piece.events * p * (1.0 - p);
        }
        let step = (score / information).clamp(-2.0, 2.0);
        log_ratio += step;
        if step.abs() * information.sqrt() < 1e-11 {
            return Ok(RateRatio { log_ratio, standard_error: information.sqrt().recip() });
        }
    }
    Err(SurvivalError::NotConverged { iterations: MAX_ITERATIONS, score: f64::INFINITY })
}

/// Twice the log likelihood of a ratio per interval less that of the common one.
fn heterogeneity(pieces: &[SharedPiece], common: f64) -> Result<Option<ChiSquaredTest>, SurvivalError> {
    if pieces.len() < 2 {
        return Ok(None);
    }
    let term = |count: f64, expected: f64| if count > 0.0 { count * (count / expected).ln() } else { 0.0 };
    let deviance = |piece: &SharedPiece| {
        let expected = piece.events * piece.probability(common);
        term(piece.treated, expected) + term(piece.events - piece.treated, piece.events - expected)
    };
    let statistic = 2.0 * pieces.iter().map(deviance).sum::<f64>();
    ChiSquaredTest::new(statistic, pieces.len() as u32 - 1).map(Some)
}
