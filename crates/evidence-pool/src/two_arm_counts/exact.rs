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

/// They are first searched within so many standard errors of the unconditional one.
const FIRST_STANDARD_ERRORS: f64 = 20.0;

/// Up to this number all tables with the margins are written down; of more only those whose probability a double can
/// hold, so that trials of billions of patients take no more than a fraction of a second.
const ALL_TABLES: f64 = 1e5;

/// Further than so many standard deviations, and so many tables, from the likeliest table probabilities are below
/// 1e-320.
const CENTRAL_REACH: (f64, f64) = (40.0, 200.0);

/// Further from the table found probabilities at the odds ratios that are asked for are below 1e-18.
const FOUND_REACH: (f64, f64) = (9.0, 100.0);

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
    let margins = Margins::of(count);
    let tables = TablesOfMargins::about_found(&margins);
    let tail = 0.5 - confidence_level / 2.0;
    let pearson = chi_squared(count, 0.0)?;
    let yates = chi_squared(count, 0.5)?;
    finite_answer(
        &format!("trial `{}`", count.trial),
        TwoArmTests {
            fisher_p_value: TablesOfMargins::likeliest(&margins).two_sided(),
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

/// The margins of a table, and the events of its treatment arm.
struct Margins {
    total: f64,
    control_total: f64,
    events: f64,
    found: f64,
}

impl Margins {
    fn of(count: &TwoArmCount) -> Self {
        Self {
            total: f64::from(count.total),
            control_total: f64::from(count.control_total),
            events: f64::from(count.events) + f64::from(count.control_events),
            found: f64::from(count.events),
        }
    }

    /// Fewest events of the treatment arm.
    fn fewest(&self) -> f64 {
        (self.events - self.control_total).max(0.0)
    }

    /// Most events of the treatment arm.
    fn most(&self) -> f64 {
        self.events.min(self.total)
    }

    /// How many times likelier a table is with one event more in the treatment arm, at an odds ratio of 1.
    fn ratio(&self, x: f64) -> f64 {
        (self.total - x) * (self.events - x) / ((x + 1.0) * (self.control_total - self.events + x + 1.0))
    }

    /// The four cells of the table found, with ½ each.
    fn cells(&self) -> [f64; 4] {
        let control = self.events - self.found;
        [self.found, self.total - self.found, control, self.control_total - control].map(|cell| cell + 0.5)
    }
}

/// Tables with the margins of the one found, by the events of the treatment arm: all of them, or those about one.
struct TablesOfMargins {
    /// Position of the table found, which may lie outside.
    found: Option<usize>,
    /// Whether the table found has the fewest, and whether it has the most events that the margins allow.
    found_at_end: [bool; 2],
    /// ln of the number of ways to each table, up to a constant.
    log_ways: Vec<f64>,
    /// Log odds ratio of the cells with its standard error: where to look first.
    guess: (f64, f64),
}

impl TablesOfMargins {
    /// The tables that are not impossibly unlikely at an odds ratio of 1.
    fn likeliest(margins: &Margins) -> Self {
        let (total, control_total, events) = (margins.total, margins.control_total, margins.events);
        let patients = total + control_total;
        let mode = ((total + 1.0) * (events + 1.0) / (patients + 2.0)).floor();
        let variance = events * (total / patients) * (control_total / patients) * (patients - events)
            / (patients - 1.0).max(1.0);
        Self::within(margins, mode, CENTRAL_REACH.0 * variance.sqrt() + CENTRAL_REACH.1)
    }

    /// The tables that are not impossibly unlikely at odds ratios that suit the table found.
    fn about_found(margins: &Margins) -> Self {
        let variance = margins.cells().iter().map(|cell| cell.recip()).sum::<f64>().recip();
        Self::within(margins, margins.found, FOUND_REACH.0 * variance.sqrt() + FOUND_REACH.1)
    }

    fn within(margins: &Margins, centre: f64, reach: f64) -> Self {
        let (mut first, mut last) = (margins.fewest(), margins.most());
        if last - first > ALL_TABLES {
            let reach = reach.ceil();
            (first, last) = (first.max(centre - reach), last.min(centre + reach));
        }
        let mut log_ways = vec![0.0];
        // C(n₁, x) C(n₂, m − x) by the ratio of neighbours.
        let (mut x, mut log) = (first, 0.0);
        while x < last {
            log += margins.ratio(x).ln();
            log_ways.push(log);
            x += 1.0;
        }
        let [a, b, c, d] = margins.cells();
        let inside = (first..=last).contains(&margins.found);
        Self {
            found: inside.then_some((margins.found - first) as usize),
            found_at_end: [margins.found == margins.fewest(), margins.found == margins.most()],
            log_ways,
            guess: ((a * d / (b * c)).ln(), (a.recip() + b.recip() + c.recip() + d.recip()).sqrt()),
        }
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

    /// 0 where the table found is too unlikely for a double.
    fn two_sided(&self) -> f64 {
        let Some(found) = self.found else { return 0.0 };
        let probabilities = self.probabilities(0.0);
        let limit = probabilities[found] * EQUALLY_LIKELY;
        probabilities.into_iter().filter(|&probability| probability <= limit).sum::<f64>().min(1.0)
    }

    /// The log odds ratio at which a function of it changes its sign.
    fn root(&self, function: impl Fn(f64) -> f64) -> Result<f64, PoolError> {
        let (centre, error) = self.guess;
        let reach = FIRST_STANDARD_ERRORS * error;
        let (low, high) = ((centre - reach).max(-LOG_ODDS_RANGE), (centre + reach).min(LOG_ODDS_RANGE));
        if let Ok(root) = find_root(&function, low, high, 0.0) {
            return Ok(root);
        }
        Ok(find_root(function, -LOG_ODDS_RANGE, LOG_ODDS_RANGE, 0.0)?)
    }

    /// The odds ratio at which the events expected are those found.
    fn conditional_odds_ratio(&self) -> Result<Option<f64>, PoolError> {
        let (Some(found), [fewest, most]) = (self.found, self.found_at_end) else { return Ok(None) };
        if most {
            return Ok(None);
        }
        if fewest {
            return Ok(Some(0.0));
        }
        let excess = |log_odds_ratio: f64| {
            let probabilities = self.probabilities(log_odds_ratio);
            let distance = |(index, probability): (usize, &f64)| (index as f64 - found as f64) * probability;
            probabilities.iter().enumerate().map(distance).sum::<f64>()
        };
        Ok(Some(self.root(excess)?.exp()))
    }

    /// The odds ratio at which as many events or more have the probability of the tail; 0 with the fewest events.
    fn lower(&self, tail: f64) -> Result<f64, PoolError> {
        let (Some(found), [false, _]) = (self.found, self.found_at_end) else { return Ok(0.0) };
        let as_many = |log_odds_ratio: f64| self.probabilities(log_odds_ratio)[found..].iter().sum::<f64>();
        let root = self.root(|log| as_many(log).max(f64::MIN_POSITIVE).ln() - tail.ln())?;
        Ok(root.exp())
    }

    /// The odds ratio at which as many events or fewer have the probability of the tail; infinite with the most.
    fn upper(&self, tail: f64) -> Result<Option<f64>, PoolError> {
        let (Some(found), [_, false]) = (self.found, self.found_at_end) else { return Ok(None) };
        let as_few = |log_odds_ratio: f64| self.probabilities(log_odds_ratio)[..=found].iter().sum::<f64>();
        let root = self.root(|log| as_few(log).max(f64::MIN_POSITIVE).ln() - tail.ln())?;
        Ok(Some(root.exp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// The tables about the one found do the work of all.
    #[test]
    fn a_part_of_the_tables_is_enough() {
        for (total, control_total, events, found) in
            [(60_000.0, 80_000.0, 70_000.0, 30_100.0), (90_000.0, 50_000.0, 70_000.0, 44_000.0)]
        {
            let margins = Margins { total, control_total, events, found };
            assert!(margins.most() - margins.fewest() <= ALL_TABLES);
            let all = TablesOfMargins::about_found(&margins);
            let variance = margins.cells().iter().map(|cell| cell.recip()).sum::<f64>().recip();
            let reach = (FOUND_REACH.0 * variance.sqrt() + FOUND_REACH.1).ceil();
            let first = (found - reach - margins.fewest()) as usize;
            let about = TablesOfMargins {
                found: Some(reach as usize),
                log_ways: all.log_ways[first..=first + 2 * reach as usize].to_vec(),
                ..TablesOfMargins::about_found(&margins)
            };
            assert!(about.log_ways.len() < 5_000);
            let close = |one: f64, other: f64| assert_relative_eq!(one, other, max_relative = 1e-11);
            close(about.lower(0.025).unwrap(), all.lower(0.025).unwrap());
            close(about.upper(0.025).unwrap().unwrap(), all.upper(0.025).unwrap().unwrap());
            let ratio = |tables: &TablesOfMargins| tables.conditional_odds_ratio().unwrap().unwrap();
            close(ratio(&about), ratio(&all));
        }
    }

    /// Two arms of four billion patients: the exact interval is the normal one.
    #[test]
    fn billions_of_patients() {
        let total = f64::from(u32::MAX);
        let half = f64::from(u32::MAX / 2);
        let (events, found) = (2.0 * half + 40_000.0, half + 40_000.0);
        let margins = Margins { total, control_total: total, events, found };
        let tables = TablesOfMargins::about_found(&margins);
        let (log, error) = tables.guess;
        let ratio = tables.conditional_odds_ratio().unwrap().unwrap();
        assert_relative_eq!(ratio.ln(), log, max_relative = 1e-6);
        let lower = log - 1.959_963_984_540_054 * error;
        assert_relative_eq!(tables.lower(0.025).unwrap().ln(), lower, max_relative = 1e-3);
        let normal = kmeta_numerics::distributions::normal_two_sided(log / error);
        assert_relative_eq!(TablesOfMargins::likeliest(&margins).two_sided(), normal, max_relative = 1e-3);
    }
}
