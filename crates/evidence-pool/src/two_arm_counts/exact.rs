//! Tests of a single two-by-two table.

use kmeta_numerics::distributions::chi_squared_upper;
use kmeta_numerics::search::find_root;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::{Cells, check_count};
use super::options::TwoArmCount;
use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::model::two_sided_normal;

/// Tables whose probability exceeds the observed one by less than this factor count as equally likely, so that
/// rounding does not decide (R `fisher.test` uses the same).
const EQUALLY_LIKELY: f64 = 1.0 + 1e-7;

/// Logarithms of odds ratios are searched within ± this.
const LOG_ODDS_RANGE: f64 = 700.0;

/// Tests of the two-by-two table of one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TwoArmTests {
    /// Fisher's exact test, two-sided: the probability, given the margins, of tables no likelier than the one found.
    pub fisher_p_value: f64,
    /// Conditional maximum-likelihood odds ratio given the margins (R `fisher.test`); not the odds ratio of the four
    /// counts. Absent when infinite or when the margins allow a single table.
    pub conditional_odds_ratio: Option<f64>,
    /// Lower limit of its exact interval; 0 when the treatment arm has as few events as the margins allow.
    pub conditional_lower: f64,
    /// Upper limit; absent when infinite.
    pub conditional_upper: Option<f64>,
    /// Pearson's chi-squared with one degree of freedom; absent when nobody or everybody had the event.
    pub chi_squared: Option<f64>,
    /// Its p value.
    pub chi_squared_p_value: Option<f64>,
    /// Chi-squared with the continuity correction of Yates 1934.
    pub yates_chi_squared: Option<f64>,
    /// Its p value.
    pub yates_p_value: Option<f64>,
}

/// Fisher's exact test with the conditional odds ratio and its exact interval (Fisher 1935; Cornfield 1956), and
/// Pearson's chi-squared test with and without Yates' correction, of one trial's counts (R `fisher.test`,
/// `chisq.test`).
///
/// # Errors
/// [`PoolError`] for impossible counts and levels.
///
/// ```
/// use kmeta_evidence_pool::{TwoArmCount, test_two_arms};
/// use kmeta_trial_data::Provenance;
/// // Fisher's tea tasting: three of four cups recognized.
/// let count = TwoArmCount {
///     trial: "tea".into(),
///     label: "Tea".into(),
///     subgroup: None,
///     events: 3,
///     total: 4,
///     control_events: 1,
///     control_total: 4,
///     provenance: Provenance::printed("cups"),
/// };
/// let tests = test_two_arms(&count, 0.95)?;
/// assert!((tests.fisher_p_value - 34.0 / 70.0).abs() < 1e-12);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn test_two_arms(count: &TwoArmCount, confidence_level: f64) -> Result<TwoArmTests, PoolError> {
    two_sided_normal(confidence_level)?;
    check_count(count)?;
    let tables = TablesOfMargins::of(count);
    let tail = 0.5 - confidence_level / 2.0;
    let pearson = chi_squared(count, 0.0)?;
    let yates = chi_squared(count, 0.5)?;
    finite_answer(
        &format!("trial `{}`", count.trial),
        TwoArmTests {
            fisher_p_value: tables.two_sided(),
            conditional_odds_ratio: tables.conditional_odds_ratio()?,
            conditional_lower: tables.lower(tail)?,
            conditional_upper: tables.upper(tail)?,
            chi_squared: pearson.map(|(statistic, _)| statistic),
            chi_squared_p_value: pearson.map(|(_, p_value)| p_value),
            yates_chi_squared: yates.map(|(statistic, _)| statistic),
            yates_p_value: yates.map(|(_, p_value)| p_value),
        },
    )
}

/// N(|ad − bc| − correction · N)²/(n₁n₂m(N − m)), the correction at most |ad − bc|/N, with its p value.
fn chi_squared(count: &TwoArmCount, correction: f64) -> Result<Option<(f64, f64)>, PoolError> {
    let cells = Cells::plain(count);
    let (total, control_total, events) = (cells.total(), cells.control_total(), cells.a + cells.c);
    let patients = total + control_total;
    if events == 0.0 || events == patients {
        return Ok(None);
    }
    let difference = ((cells.a * cells.d - cells.b * cells.c).abs() - correction * patients).max(0.0);
    let statistic =
        patients * difference * difference / (total * control_total * events * (patients - events));
    Ok(Some((statistic, chi_squared_upper(statistic, 1.0)?)))
}

/// Every table with the margins of the one found, by the events of the treatment arm.
struct TablesOfMargins {
    /// Position of the table found.
    found: usize,
    /// ln of the number of ways to each table, up to a constant.
    log_ways: Vec<f64>,
}

impl TablesOfMargins {
    fn of(count: &TwoArmCount) -> Self {
        let (total, control_total) = (f64::from(count.total), f64::from(count.control_total));
        let events = f64::from(count.events) + f64::from(count.control_events);
        let fewest = (events - control_total).max(0.0);
        let most = events.min(total);
        let mut log_ways = vec![0.0];
        // C(n₁, x) C(n₂, m − x) by the ratio of neighbours.
        let mut x = fewest;
        let mut last = 0.0;
        while x < most {
            last += ((total - x) * (events - x) / ((x + 1.0) * (control_total - events + x + 1.0))).ln();
            log_ways.push(last);
            x += 1.0;
        }
        Self { found: (f64::from(count.events) - fewest) as usize, log_ways }
    }

    /// Probabilities of the tables at a log odds ratio.
    fn probabilities(&self, log_odds_ratio: f64) -> Vec<f64> {
        let logs: Vec<f64> = self
            .log_ways
            .iter()
            .enumerate()
            .map(|(index, ways)| ways + index as f64 * log_odds_ratio)
            .collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let parts: Vec<f64> = logs.iter().map(|log| (log - largest).exp()).collect();
        let sum: f64 = parts.iter().sum();
        parts.into_iter().map(|part| part / sum).collect()
    }

    fn two_sided(&self) -> f64 {
        let probabilities = self.probabilities(0.0);
        let limit = probabilities[self.found] * EQUALLY_LIKELY;
        probabilities.into_iter().filter(|&probability| probability <= limit).sum::<f64>().min(1.0)
    }

    fn last(&self) -> usize {
        self.log_ways.len() - 1
    }

    /// The odds ratio at which the events expected are those found.
    fn conditional_odds_ratio(&self) -> Result<Option<f64>, PoolError> {
        if self.found == self.last() {
            return Ok(None);
        }
        if self.found == 0 {
            return Ok(Some(0.0));
        }
        let excess = |log_odds_ratio: f64| {
            let probabilities = self.probabilities(log_odds_ratio);
            let expected: f64 =
                probabilities.iter().enumerate().map(|(index, probability)| index as f64 * probability).sum();
            expected - self.found as f64
        };
        Ok(Some(find_root(excess, -LOG_ODDS_RANGE, LOG_ODDS_RANGE, 0.0)?.exp()))
    }

    /// The odds ratio at which as many events or more have the probability of the tail; 0 with the fewest events.
    fn lower(&self, tail: f64) -> Result<f64, PoolError> {
        if self.found == 0 {
            return Ok(0.0);
        }
        let as_many =
            |log_odds_ratio: f64| self.probabilities(log_odds_ratio)[self.found..].iter().sum::<f64>();
        let root = find_root(
            |log| as_many(log).max(f64::MIN_POSITIVE).ln() - tail.ln(),
            -LOG_ODDS_RANGE,
            LOG_ODDS_RANGE,
            0.0,
        )?;
        Ok(root.exp())
    }

    /// The odds ratio at which as many events or fewer have the probability of the tail; infinite with the most.
    fn upper(&self, tail: f64) -> Result<Option<f64>, PoolError> {
        if self.found == self.last() {
            return Ok(None);
        }
        let as_few =
            |log_odds_ratio: f64| self.probabilities(log_odds_ratio)[..=self.found].iter().sum::<f64>();
        let root = find_root(
            |log| as_few(log).max(f64::MIN_POSITIVE).ln() - tail.ln(),
            -LOG_ODDS_RANGE,
            LOG_ODDS_RANGE,
            0.0,
        )?;
        Ok(Some(root.exp()))
    }
}
