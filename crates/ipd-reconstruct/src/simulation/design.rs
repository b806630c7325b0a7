//! Populations with known survival, and patients drawn from them.

use kmeta_numerics::distributions::normal_quantile;
use kmeta_numerics::streams::{random_stream, uniform};
use kmeta_trial_data::PatientRecord;
use rand_chacha::ChaCha8Rng;

/// The distribution of the time to the event.
#[derive(Debug, Clone, PartialEq)]
pub enum EventTimes {
    /// Constant hazard.
    Exponential {
        /// Events per unit of time.
        rate: f64,
    },
    /// S(t) = exp(−(t/scale)^shape).
    Weibull {
        /// Below 1 for a falling hazard, above 1 for a rising one.
        shape: f64,
        /// Time at which survival is exp(−1).
        scale: f64,
    },
    /// The hazard is `early` until `change` and `late` from then on.
    Piecewise {
        /// Hazard before the change.
        early: f64,
        /// Hazard after it.
        late: f64,
        /// Time of the change.
        change: f64,
    },
    /// ln T is normal.
    LogNormal {
        /// Mean of ln T.
        location: f64,
        /// Standard deviation of ln T.
        spread: f64,
    },
}

impl EventTimes {
    /// The time at which survival falls to `survival`, a fraction strictly between 0 and 1.
    pub fn quantile(&self, survival: f64) -> f64 {
        let hazard = -survival.ln();
        match *self {
            Self::Exponential { rate } => hazard / rate,
            Self::Weibull { shape, scale } => scale * hazard.powf(shape.recip()),
            Self::Piecewise { early, late, change } => {
                let at_change = early * change;
                if hazard <= at_change { hazard / early } else { change + (hazard - at_change) / late }
            }
            // The argument lies strictly between 0 and 1, where the quantile exists.
            Self::LogNormal { location, spread } => {
                (location + spread * normal_quantile(1.0 - survival).unwrap_or(0.0)).exp()
            }
        }
    }

    /// Median survival time of the population.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Survival of the population at `time`, to 1e-12, by halving on [`Self::quantile`].
    pub fn survival_at(&self, time: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        while high - low > 1e-12 {
            let middle = 0.5 * (low + high);
            if self.quantile(middle) > time { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// Restricted mean survival time of the population to `horizon`, by the midpoint rule on a thousand cells:
    /// an error of about 1e-6 of the horizon, far below any standard error.
    pub fn restricted_mean_survival_time(&self, horizon: f64) -> f64 {
        let cells = 1000;
        let width = horizon / f64::from(cells);
        (0..cells).map(|cell| width * self.survival_at((f64::from(cell) + 0.5) * width)).sum()
    }
}

/// A population and how it is followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// Patients of the arm.
    pub patients: u32,
    /// Time to the event.
    pub event_times: EventTimes,
    /// Rate of dropping out, per unit of time.
    pub dropout_rate: f64,
    /// Shortest and longest time from entry to the end of the study; uniform in between.
    pub study_end: (f64, f64),
    /// Times are rounded up to multiples of this (days, tenths of months); 0 for no rounding.
    pub time_unit: f64,
}

/// Draws the patients of one arm, sorted by time with events before censorings.
pub fn simulate_arm(population: &Population, stream: &mut ChaCha8Rng) -> Vec<PatientRecord> {
    let mut patients: Vec<PatientRecord> = (0..population.patients)
        .map(|_| {
            let event = population.event_times.quantile(uniform(stream));
            let (first, last) = population.study_end;
            let study_end = first + (last - first) * uniform(stream);
            let dropout = -uniform(stream).ln() / population.dropout_rate.max(f64::MIN_POSITIVE);
            let censored = study_end.min(dropout);
            let time = event.min(censored);
            let time = if population.time_unit > 0.0 {
                (time / population.time_unit).ceil().max(1.0) * population.time_unit
            } else {
                time
            };
            PatientRecord { time, event: event <= censored }
        })
        .collect();
    patients.sort_by(|one, next| one.time.total_cmp(&next.time).then(next.event.cmp(&one.event)));
    patients
}

/// Two arms of one simulated trial.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedPair {
    /// What was simulated, in words.
    pub name: String,
    /// Patients of the reference arm.
    pub reference: Vec<PatientRecord>,
    /// Patients of the treated arm.
    pub treated: Vec<PatientRecord>,
}

/// Sizes of arms.
const SIZES: [u32; 6] = [20, 50, 100, 200, 500, 1000];
/// Rates of dropping out, and shortest and longest follow-up in medians: low, medium and heavy censoring.
const FOLLOW_UP: [(f64, (f64, f64)); 3] = [(0.02, (3.0, 5.0)), (0.15, (0.8, 2.5)), (0.4, (0.2, 1.5))];
/// Recorded to the day of a median of two years, to the tenth of a month, or exactly.
const TIME_UNITS: [f64; 3] = [0.0, 1.0 / 730.0, 1.0 / 240.0];
/// The median survival time of every reference arm, in months.
const MEDIAN: f64 = 24.0;

/// `count` trials over all sizes, degrees of censoring, shapes of hazard and ways of recording time. The same
/// seed gives the same trials, and the first trials do not depend on how many there are.
pub fn simulated_pairs(count: usize, seed: u64) -> Vec<SimulatedPair> {
    (0..count).map(|index| simulated_pair(index, seed)).collect()
}

fn simulated_pair(index: usize, seed: u64) -> SimulatedPair {
    let size = SIZES[index % SIZES.len()];
    let (dropout, (first, last)) = FOLLOW_UP[(index / 6) % 3];
    let time_unit = TIME_UNITS[(index / 18) % 3];
    let mut stream = random_stream(seed, &format!("simulated-pair-{index}"));
    let (shape, event_times) = standard_shape(index % 7, &mut stream);
    let hazard_ratio = (-1.0 + 1.2 * uniform(&mut stream)).exp();
    let population = |stretch: f64| Population {
        patients: size,
        event_times: stretched(&event_times, MEDIAN * stretch),
        dropout_rate: dropout / MEDIAN,
        study_end: (first * MEDIAN, last * MEDIAN),
        time_unit: time_unit * MEDIAN,
    };
    let reference = simulate_arm(&population(1.0), &mut stream);
    let treated = simulate_arm(&population(hazard_ratio.recip()), &mut stream);
    SimulatedPair { name: format!("{index} {shape} n {size} dropout {dropout}"), reference, treated }
}

/// A distribution with a median near 1.
fn standard_shape(kind: usize, stream: &mut ChaCha8Rng) -> (&'static str, EventTimes) {
    match kind {
        0 | 4 => ("exponential", EventTimes::Exponential { rate: std::f64::consts::LN_2 }),
        1 | 5 => {
            let shape = 0.6 + 1.4 * uniform(stream);
            ("Weibull", EventTimes::Weibull { shape, scale: std::f64::consts::LN_2.powf(-shape.recip()) })
        }
        2 | 6 => {
            let early = 0.3 + 1.2 * uniform(stream);
            ("piecewise", EventTimes::Piecewise { early, late: 0.2 + 0.8 * uniform(stream), change: 0.5 })
        }
        _ => ("lognormal", EventTimes::LogNormal { location: 0.0, spread: 0.6 + 0.6 * uniform(stream) }),
    }
}

/// The distribution with every time multiplied by `factor`.
fn stretched(event_times: &EventTimes, factor: f64) -> EventTimes {
    match *event_times {
        EventTimes::Exponential { rate } => EventTimes::Exponential { rate: rate / factor },
        EventTimes::Weibull { shape, scale } => EventTimes::Weibull { shape, scale: scale * factor },
        EventTimes::Piecewise { early, late, change } => {
            EventTimes::Piecewise { early: early / factor, late: late / factor, change: change * factor }
        }
        EventTimes::LogNormal { location, spread } => {
            EventTimes::LogNormal { location: location + factor.ln(), spread }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_survival_are_inverse() {
        for kind in 0..4 {
            let (_, times) = standard_shape(kind, &mut random_stream(3, "test"));
            for survival in [0.05, 0.5, 0.9] {
                assert!((times.survival_at(times.quantile(survival)) - survival).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn the_restricted_mean_of_an_exponential_is_closed() {
        let times = EventTimes::Exponential { rate: 0.1 };
        let closed = (1.0 - (-1.0_f64).exp()) / 0.1;
        assert!((times.restricted_mean_survival_time(10.0) - closed).abs() < 1e-5);
    }

    #[test]
    fn more_trials_do_not_change_the_first() {
        assert_eq!(simulated_pairs(2, 1)[1], simulated_pairs(9, 1)[1]);
    }
}
