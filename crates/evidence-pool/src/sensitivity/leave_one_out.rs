//! Pooling without each study in turn, and pooling with one study more at a time.

use kmeta_trial_data::{EffectMeasure, Estimate, Finding, Heterogeneity, Interval, PooledEffect, StudyRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PoolError;

/// What a row of a sensitivity analysis shows of its pooled result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledSummary {
    /// Number of studies pooled.
    pub studies: u32,
    /// Common-effect mean, with its test.
    pub common: Estimate,
    /// Random-effects mean, with its test.
    pub random: Estimate,
    /// Q, I², H and τ² of the studies pooled.
    pub heterogeneity: Heterogeneity,
    /// Prediction interval on the reading scale.
    pub prediction: Option<Interval>,
}

impl PooledSummary {
    fn of(pooled: PooledEffect) -> Self {
        Self {
            studies: pooled.studies.len() as u32,
            common: pooled.common,
            random: pooled.random,
            heterogeneity: pooled.heterogeneity,
            prediction: pooled.prediction,
        }
    }
}

/// The result without one study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeaveOneOutRow {
    /// Identifier of the trial left out.
    pub omitted: String,
    /// Its name to print.
    pub label: String,
    /// The result of the other studies; absent when they cannot be pooled.
    pub pooled: Option<PooledSummary>,
    /// Why they cannot be pooled.
    pub reason: Option<String>,
}

/// A leave-one-out analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeaveOneOut {
    /// The result of all studies.
    pub all: PooledSummary,
    /// A row for each study, in the order of the studies.
    pub rows: Vec<LeaveOneOutRow>,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

/// The result after one study more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CumulativeRow {
    /// Identifier of the trial added.
    pub added: String,
    /// Its name to print.
    pub label: String,
    /// The result of this study and all before it; absent when they cannot be pooled.
    pub pooled: Option<PooledSummary>,
    /// Why they cannot be pooled.
    pub reason: Option<String>,
}

/// A cumulative analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cumulative {
    /// A row for each study, in the order of adding.
    pub rows: Vec<CumulativeRow>,
}

/// Pools all studies but one, for each study (R `meta::metainf`, `metafor::leave1out`). `pool` is the analysis
/// itself, so that every row repeats its settings; a row that cannot be pooled says why and the others stand.
///
/// # Errors
/// [`PoolError::TooFewStudies`] with fewer than two studies; the error of pooling them all.
///
/// ```
/// use kmeta_evidence_pool::{EffectOptions, leave_one_out, pool_effects};
/// use kmeta_trial_data::{EffectEstimate, EffectMeasure, IntervalMethod, Provenance};
/// let effect = |trial: &str, hazard_ratio: f64, standard_error: f64| EffectEstimate {
///     trial: trial.into(),
///     label: trial.into(),
///     subgroup: None,
///     measure: EffectMeasure::LogHazardRatio,
///     value: hazard_ratio.ln(),
///     variance: standard_error * standard_error,
///     provenance: Provenance::printed("hazard ratio"),
/// };
/// let effects = [effect("a", 0.46, 0.18), effect("b", 0.71, 0.12), effect("c", 0.93, 0.21)];
/// let options = EffectOptions { interval: IntervalMethod::HartungKnapp, ..EffectOptions::default() };
/// let without_each = leave_one_out(&effects, |studies| pool_effects(studies, &options))?;
/// let without_a = without_each.rows[0].pooled.as_ref().unwrap();
/// assert_eq!(without_a.random.degrees_of_freedom, Some(1.0));
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn leave_one_out<T: Clone>(
    studies: &[T],
    pool: impl Fn(&[T]) -> Result<PooledEffect, PoolError>,
) -> Result<LeaveOneOut, PoolError> {
    if studies.len() < 2 {
        return Err(PoolError::TooFewStudies {
            what: "a leave-one-out analysis".to_owned(),
            found: studies.len(),
            needed: 2,
        });
    }
    let all = pool(studies)?;
    let measure = all.measure;
    let names = names_of(&all, studies.len());
    let id = all.id.clone();
    let all = PooledSummary { studies: studies.len() as u32, ..PooledSummary::of(all) };
    let rows: Vec<LeaveOneOutRow> = names
        .into_iter()
        .enumerate()
        .map(|(index, (omitted, label))| {
            let others: Vec<T> = [&studies[..index], &studies[index + 1..]].concat();
            let (pooled, reason) = summary(pool(&others));
            LeaveOneOutRow { omitted, label, pooled, reason }
        })
        .collect();
    let findings = conclusion_rests_on(&id, measure, &all, &rows).into_iter().collect();
    Ok(LeaveOneOut { all, rows, findings })
}

/// Pools the first study of `order`, then the first two, and so on (R `meta::metacum`, `metafor::cumul`). `order`
/// holds positions in `studies`; [`order_by`] makes it from years, precisions or other keys.
///
/// # Errors
/// [`PoolError::NoStudies`]; [`PoolError::InvalidOrder`] unless every position occurs once.
pub fn cumulative<T: Clone>(
    studies: &[T],
    order: &[usize],
    pool: impl Fn(&[T]) -> Result<PooledEffect, PoolError>,
) -> Result<Cumulative, PoolError> {
    if studies.is_empty() {
        return Err(PoolError::NoStudies);
    }
    check_order(order, studies.len())?;
    let ordered: Vec<T> = order.iter().map(|&position| studies[position].clone()).collect();
    let rows = (1..=ordered.len())
        .map(|count| {
            let pooled = pool(&ordered[..count]);
            let last = pooled.as_ref().ok().and_then(|pooled| pooled.studies.last());
            let (added, label) = name(last, order[count - 1]);
            let (pooled, reason) = summary(pooled);
            CumulativeRow { added, label, pooled, reason }
        })
        .collect();
    Ok(Cumulative { rows })
}

/// Positions of the keys from smallest to largest; equal keys keep their order.
///
/// ```
/// use kmeta_evidence_pool::order_by;
/// assert_eq!(order_by(&[2017.0, 2012.0, 2021.0, 2012.0]), [1, 3, 0, 2]);
/// ```
pub fn order_by(keys: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&one, &two| keys[one].total_cmp(&keys[two]));
    order
}

fn check_order(order: &[usize], studies: usize) -> Result<(), PoolError> {
    let mut seen = vec![false; studies];
    for &position in order {
        match seen.get_mut(position) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(PoolError::InvalidOrder { position, studies }),
        }
    }
    match seen.iter().position(|seen| !seen) {
        Some(position) => Err(PoolError::InvalidOrder { position, studies }),
        None => Ok(()),
    }
}

fn summary(pooled: Result<PooledEffect, PoolError>) -> (Option<PooledSummary>, Option<String>) {
    match pooled {
        Ok(pooled) => (Some(PooledSummary::of(pooled)), None),
        Err(error) => (None, Some(error.to_string())),
    }
}

/// Identifier and name of each study.
fn names_of(pooled: &PooledEffect, studies: usize) -> Vec<(String, String)> {
    // A way of pooling that leaves studies out of its rows gives no names to rely on.
    let complete = pooled.studies.len() == studies;
    (0..studies).map(|index| name(pooled.studies.get(index).filter(|_| complete), index)).collect()
}

fn name(row: Option<&StudyRow>, position: usize) -> (String, String) {
    row.map_or_else(
        || {
            let words = format!("study at position {position} (counted from 0)");
            (words.clone(), words)
        },
        |row| (row.trial.clone(), row.label.clone()),
    )
}

/// The studies without which the interval of the random-effects mean includes no effect where that of all does not,
/// or the other way round. Proportions have no value of no effect.
fn conclusion_rests_on(
    id: &str,
    measure: EffectMeasure,
    all: &PooledSummary,
    rows: &[LeaveOneOutRow],
) -> Option<Finding> {
    if measure.is_proportion() {
        return None;
    }
    let excludes = |estimate: &Estimate| estimate.interval.lower > 0.0 || estimate.interval.upper < 0.0;
    let whole = excludes(&all.random);
    let decisive: Vec<&str> = rows
        .iter()
        .filter(|row| row.pooled.as_ref().is_some_and(|pooled| excludes(&pooled.random) != whole))
        .map(|row| row.omitted.as_str())
        .collect();
    let place = if id.is_empty() { "analysis".to_owned() } else { format!("analysis `{id}`") };
    let (with, without) = if whole { ("excludes", "includes") } else { ("includes", "excludes") };
    (!decisive.is_empty()).then(|| {
        Finding::warning(
            "conclusion-rests-on-one-study",
            place,
            format!(
                "the interval of the random-effects mean {with} no effect, but {without} it without any one of: {}",
                decisive.join(", ")
            ),
        )
    })
}
