//! Mantel-Haenszel means and tests of several two-by-two tables.

use kmeta_numerics::distributions::{chi_squared_upper, normal_two_sided};
use kmeta_trial_data::EffectMeasure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::{Cells, check_count};
use super::options::TwoArmCount;
use crate::PoolError;
use crate::finite_answer::finite_answer;

/// A Mantel-Haenszel mean on the analysis scale.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MantelHaenszel {
    pub(super) value: f64,
    pub(super) standard_error: f64,
    /// One per study, not summing to 1.
    pub(super) weights: Vec<f64>,
}

/// The mean of the given counts; `None` where it is not finite, as without any event in one of the arms.
pub(super) fn mantel_haenszel(measure: EffectMeasure, cells: &[Cells]) -> Option<MantelHaenszel> {
    let mean = match measure {
        EffectMeasure::LogRiskRatio => log_risk_ratio(cells),
        EffectMeasure::RiskDifference => risk_difference(cells),
        _ => log_odds_ratio(cells),
    };
    let usable = mean.value.is_finite() && mean.standard_error.is_finite() && mean.standard_error > 0.0;
    usable.then_some(mean)
}

/// ln(ΣR/ΣS), R = ad/N, S = bc/N, with the variance of Robins, Breslow & Greenland 1986:
/// ½ [ΣPR/(ΣR)² + Σ(PS + QR)/(ΣRΣS) + ΣQS/(ΣS)²], P = (a + d)/N, Q = (b + c)/N. Weights S.
fn log_odds_ratio(cells: &[Cells]) -> MantelHaenszel {
    let (mut r_sum, mut s_sum, mut pr, mut ps_qr, mut qs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut weights = Vec::with_capacity(cells.len());
    for &Cells { a, b, c, d, .. } in cells {
        let patients = a + b + c + d;
        let (r, s, p, q) = (a * d / patients, b * c / patients, (a + d) / patients, (b + c) / patients);
        r_sum += r;
        s_sum += s;
        pr += p * r;
        ps_qr += p * s + q * r;
        qs += q * s;
        weights.push(s);
    }
    let variance = 0.5 * (pr / (r_sum * r_sum) + ps_qr / (r_sum * s_sum) + qs / (s_sum * s_sum));
    MantelHaenszel { value: (r_sum / s_sum).ln(), standard_error: variance.sqrt(), weights }
}

/// ln(ΣR/ΣS), R = an₂/N, S = cn₁/N, with the variance ΣD/(ΣRΣS), D = (n₁n₂(a + c) − acN)/N² (Greenland & Robins
/// 1985, equation 13). Weights S.
fn log_risk_ratio(cells: &[Cells]) -> MantelHaenszel {
    let (mut r_sum, mut s_sum, mut d_sum) = (0.0, 0.0, 0.0);
    let mut weights = Vec::with_capacity(cells.len());
    for study in cells {
        let (total, control_total) = (study.total(), study.control_total());
        let patients = total + control_total;
        r_sum += study.a * control_total / patients;
        s_sum += study.c * total / patients;
        d_sum += (total * control_total * (study.a + study.c) - study.a * study.c * patients)
            / (patients * patients);
        weights.push(study.c * total / patients);
    }
    let variance = d_sum / (r_sum * s_sum);
    MantelHaenszel { value: (r_sum / s_sum).ln(), standard_error: variance.sqrt(), weights }
}

/// Σw(a/n₁ − c/n₂)/Σw, w = n₁n₂/N, with the variance ΣJ/(Σw)², J = (abn₂³ + cdn₁³)/(n₁n₂N²) (Greenland & Robins
/// 1985, equation 5). Differences are those of the counts without correction, as in R meta. Weights w.
fn risk_difference(cells: &[Cells]) -> MantelHaenszel {
    let (mut sum, mut j_sum, mut w_sum) = (0.0, 0.0, 0.0);
    let mut weights = Vec::with_capacity(cells.len());
    for study in cells {
        let (total, control_total) = (study.total(), study.control_total());
        let patients = total + control_total;
        let weight = total * control_total / patients;
        let plain = (study.a - study.increment) / (total - 2.0 * study.increment)
            - (study.c - study.control_increment) / (control_total - 2.0 * study.control_increment);
        sum += weight * plain;
        j_sum += (study.a * study.b * control_total.powi(3) + study.c * study.d * total.powi(3))
            / (total * control_total * patients * patients);
        w_sum += weight;
        weights.push(weight);
    }
    MantelHaenszel { value: sum / w_sum, standard_error: j_sum.sqrt() / w_sum, weights }
}

/// Tests of several two-by-two tables, without continuity correction of cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MantelHaenszelTests {
    /// Cochran-Mantel-Haenszel chi-squared with one degree of freedom that all odds ratios are 1, (|Σ(a − E)| − ½)²/ΣV
    /// (metafor `rma.mh`, R `mantelhaen.test`).
    pub cochran_mantel_haenszel: f64,
    /// Its p value.
    pub cochran_mantel_haenszel_p_value: f64,
    /// Breslow & Day 1980: chi-squared that all odds ratios are equal; absent without a finite Mantel-Haenszel odds
    /// ratio, and where it expects so close to no events in an arm that double precision cannot hold their variance.
    pub breslow_day: Option<f64>,
    /// Breslow-Day with Tarone's correction (Tarone 1985).
    pub tarone: Option<f64>,
    /// Degrees of freedom of the last two, tables with an event and another − 1.
    pub degrees_of_freedom: u32,
    /// p value of Breslow-Day.
    pub breslow_day_p_value: Option<f64>,
    /// p value of Tarone's test.
    pub tarone_p_value: Option<f64>,
}

/// Tests whether all odds ratios are 1 (Mantel & Haenszel 1959, with Cochran's variance) and whether they are equal
/// (Breslow & Day 1980, equation 4.30; Tarone 1985).
///
/// # Errors
/// [`PoolError`] for impossible counts and when no table has both an event and a patient without one.
pub fn mantel_haenszel_tests(counts: &[TwoArmCount]) -> Result<MantelHaenszelTests, PoolError> {
    counts.iter().try_for_each(check_count)?;
    let tables: Vec<Cells> =
        counts.iter().filter(|count| !count.says_nothing_of_ratios()).map(Cells::plain).collect();
    let (mut difference, mut variance) = (0.0, 0.0);
    for table in &tables {
        let (total, control_total) = (table.total(), table.control_total());
        let (patients, events) = (total + control_total, table.a + table.c);
        difference += table.a - total * events / patients;
        variance +=
            total * control_total * events * (patients - events) / (patients * patients * (patients - 1.0));
    }
    if variance <= 0.0 {
        return Err(PoolError::NotEstimable {
            what: "the Cochran-Mantel-Haenszel test".to_owned(),
            reason: "no trial has both patients with the event and patients without".to_owned(),
        });
    }
    let root = (difference.abs() - 0.5).max(0.0) / variance.sqrt();
    let degrees_of_freedom = tables.len() as u32 - 1;
    let equal = mantel_haenszel(EffectMeasure::LogOddsRatio, &tables)
        .filter(|_| degrees_of_freedom > 0)
        .map(|mean| breslow_day(&tables, mean.value.exp()))
        .filter(|(plain, corrected)| plain.is_finite() && (0.0..=*plain).contains(corrected));
    let p_value = |statistic: f64| chi_squared_upper(statistic, f64::from(degrees_of_freedom));
    finite_answer(
        "Mantel-Haenszel tests",
        MantelHaenszelTests {
            cochran_mantel_haenszel: root * root,
            cochran_mantel_haenszel_p_value: normal_two_sided(root),
            breslow_day: equal.map(|(plain, _)| plain),
            tarone: equal.map(|(_, corrected)| corrected),
            degrees_of_freedom,
            breslow_day_p_value: equal.map(|(plain, _)| p_value(plain)).transpose()?,
            tarone_p_value: equal.map(|(_, corrected)| p_value(corrected)).transpose()?,
        },
    )
}

/// Σ(a − A)²/V with A the events expected at the common odds ratio given the margins, and Tarone's correction
/// − (Σ(a − A))²/ΣV.
fn breslow_day(tables: &[Cells], odds_ratio: f64) -> (f64, f64) {
    let (mut statistic, mut difference, mut variances) = (0.0, 0.0, 0.0);
    for table in tables {
        let (total, control_total, events) = (table.total(), table.control_total(), table.a + table.c);
        let expected = expected_events(total, control_total, events, odds_ratio);
        let cells = [expected, total - expected, events - expected, control_total - events + expected];
        let variance = 1.0 / cells.iter().map(|cell| 1.0 / cell).sum::<f64>();
        statistic += (table.a - expected).powi(2) / variance;
        difference += table.a - expected;
        variances += variance;
    }
    (statistic, statistic - difference * difference / variances)
}

/// A with A(n₂ − m + A)/((n₁ − A)(m − A)) = odds ratio: the root of a quadratic that leaves no cell negative.
fn expected_events(total: f64, control_total: f64, events: f64, odds_ratio: f64) -> f64 {
    let a = 1.0 - odds_ratio;
    let b = control_total - events + odds_ratio * (total + events);
    let c = -odds_ratio * total * events;
    // The form −2c/(b + √…) is the root of that branch and stays exact for an odds ratio near 1.
    -2.0 * c / (b + (b * b - 4.0 * a * c).max(0.0).sqrt())
}
