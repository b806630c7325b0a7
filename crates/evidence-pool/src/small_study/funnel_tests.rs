//! Tests of funnel asymmetry.

use kmeta_numerics::distributions::normal_two_sided;
use kmeta_trial_data::{EffectMeasure, Finding, Interval, TauSquaredEstimator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::counts::{Table, standardized_counts};
use super::input::{FunnelStudy, StudySize, check_settings, check_studies, effects};
use super::line::{Line, NoLine, additive, multiplicative};
use super::rank::{exact_p_value, kendall};
use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::meta_regression::EffectsModel;

/// No test has fewer studies.
const FEWEST: usize = 3;

/// Below this number of studies and without ties the p value of a rank test is exact as well (R `cor.test`).
const EXACT_BELOW: usize = 50;

/// A test of funnel asymmetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FunnelTest {
    /// Egger et al. 1997: effect on standard error, weights 1/v, multiplicative error (R meta `"Egger"`, metafor
    /// `regtest(model = "lm")`).
    Egger,
    /// The same on the variance (metafor `predictor = "vi"`).
    EggerVariance,
    /// Effect on standard error with additive heterogeneity, normal quantiles (metafor `regtest(model = "rma")`).
    MixedEgger,
    /// The same on the variance.
    MixedEggerVariance,
    /// Thompson & Sharp 1999: `mixed-egger` with t quantiles (R meta `"Thompson"`).
    ThompsonSharp,
    /// Begg & Mazumdar 1994: rank correlation of standardized effects and variances.
    Begg,
    /// Peters et al. 2006: effect on 1/N, weights by events and others; for one arm as for two.
    Peters,
    /// Harbord, Egger & Sterne 2006: score of the odds ratio (or of the risk ratio, when that is the measure).
    Harbord,
    /// Deeks, Macaskill & Irwig 2005: effect on 1/√ESS, weights ESS, the effective sample size; for diagnostic odds
    /// ratios.
    Deeks,
    /// Schwarzer, Antes & Schumacher 2007: rank correlation of standardized counts and their variances.
    Schwarzer,
    /// Macaskill, Walter & Irwig 2001: effect on N, weights 1/v.
    Macaskill,
    /// Pustejovsky & Rodgers 2019: effect on √(1/n₁ + 1/n₂), weights 1/v; for standardized mean differences.
    Pustejovsky,
    /// Effect on 1/N, weights 1/v (metafor `predictor = "ninv"`).
    InverseSampleSize,
}

impl FunnelTest {
    /// True for the tests that answer for effects of any kind, without counts.
    pub fn needs_no_counts(self) -> bool {
        matches!(
            self,
            Self::Egger
                | Self::EggerVariance
                | Self::MixedEgger
                | Self::MixedEggerVariance
                | Self::ThompsonSharp
                | Self::Begg
        )
    }
}

/// Which tests are made and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FunnelTestOptions {
    /// The tests.
    pub tests: Vec<FunnelTest>,
    /// Scale of the effects. The Harbord test uses the score of the risk ratio for log risk ratios.
    pub measure: EffectMeasure,
    /// Tests of fewer studies are not answered (Sterne et al. 2011 advise ten; R meta `k.min`). At least three are always
    /// needed.
    pub minimum_studies: u32,
    /// Whether rank tests take 1 off |S| before it is divided by its standard deviation (R meta `correct = TRUE`).
    pub continuity_correction: bool,
    /// Heterogeneity about the line of the mixed tests.
    pub model: EffectsModel,
    /// Estimator of that heterogeneity.
    pub tau_squared: TauSquaredEstimator,
    /// REML and ML scoring ends once a step of tau-squared is this small; R uses 1e-5.
    pub scoring_threshold: f64,
    /// Level of intervals, strictly between 0 and 1.
    pub confidence_level: f64,
}

impl Default for FunnelTestOptions {
    fn default() -> Self {
        Self {
            tests: vec![FunnelTest::Egger],
            measure: EffectMeasure::Generic,
            minimum_studies: 10,
            continuity_correction: false,
            model: EffectsModel::Random,
            tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
            scoring_threshold: 0.0,
            confidence_level: 0.95,
        }
    }
}

/// Why a test is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotAnsweredReason {
    /// Fewer studies than asked for, or than three.
    FewStudies,
    /// A study lacks the counts or patients that the test needs.
    NoCounts,
    /// All studies are of the same size or precision.
    EqualPredictors,
    /// All effects lie on a line.
    PerfectFit,
    /// The pooled odds ratio is 0 or infinite.
    NoOddsRatio,
}

/// The intercept of a regression: the effect of a study of unlimited size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LimitEffect {
    /// The effect on the analysis scale.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its interval.
    pub interval: Interval,
}

/// The numbers of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FunnelTestAnswer {
    /// The slope of a regression, or S of a rank test; 0 for a symmetric funnel.
    pub bias: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The test statistic.
    pub statistic: f64,
    /// Degrees of freedom of t; absent where the statistic is normal.
    pub degrees_of_freedom: Option<u32>,
    /// Two-sided p value.
    pub p_value: f64,
    /// The effect at unlimited size, where the predictor falls to 0 there.
    pub limit: Option<LimitEffect>,
    /// Square root of the residual variance of a regression with multiplicative error (R meta's `tau`).
    pub residual_standard_deviation: Option<f64>,
    /// Residual between-study variance of a mixed regression.
    pub tau_squared: Option<f64>,
    /// Kendall's τ_b of a rank test.
    pub kendall_tau: Option<f64>,
    /// Exact p value of a rank test of fewer than 50 studies without ties (metafor `ranktest`).
    pub exact_p_value: Option<f64>,
}

/// Answer or reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum FunnelTestOutcome {
    /// The test was made.
    Answered(FunnelTestAnswer),
    /// It was not.
    NotAnswered {
        /// Why.
        reason: NotAnsweredReason,
        /// Why, in words.
        message: String,
    },
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FunnelTestResult {
    /// The test.
    pub test: FunnelTest,
    /// Studies that it uses.
    pub studies: u32,
    /// Trials that it leaves out: without an event in either arm, or with nothing but events.
    pub left_out: Vec<String>,
    /// What it says.
    pub outcome: FunnelTestOutcome,
}

impl FunnelTestResult {
    /// The numbers, if there are any.
    pub fn answer(&self) -> Option<&FunnelTestAnswer> {
        match &self.outcome {
            FunnelTestOutcome::Answered(answer) => Some(answer),
            FunnelTestOutcome::NotAnswered { .. } => None,
        }
    }
}

/// Tests of funnel asymmetry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FunnelTests {
    /// One result for each test asked for, in that order.
    pub results: Vec<FunnelTestResult>,
    /// How they were made.
    pub options: FunnelTestOptions,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

/// Tests whether small studies show other effects than large ones, as R `meta::metabias`, `metafor::regtest` and
/// `metafor::ranktest` do. Formulas and when to use which: `docs/methods/small-study-effects.md`.
///
/// A test that cannot be answered says why; it is no error. Studies without an event in either arm, or with nothing but
/// events, are left out of the tests of Peters, Harbord and Schwarzer.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: no studies, duplicate ids, effects or variances that are not finite,
/// impossible counts, levels or thresholds.
///
/// ```
/// use kmeta_evidence_pool::{FunnelStudy, FunnelTestOptions, StudySize, test_funnel_asymmetry};
/// let study = |trial: &str, value, standard_error: f64| FunnelStudy {
///     trial: trial.into(),
///     label: trial.into(),
///     value,
///     variance: standard_error * standard_error,
///     size: StudySize::Unknown,
/// };
/// let studies = [study("a", 0.6, 0.4), study("b", 0.5, 0.3), study("c", 0.2, 0.1), study("d", 0.3, 0.2)];
/// let options = FunnelTestOptions { minimum_studies: 4, ..Default::default() };
/// let tests = test_funnel_asymmetry(&studies, &options)?;
/// assert_eq!(format!("{:.2}", tests.results[0].answer().unwrap().bias), "1.35");
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn test_funnel_asymmetry(
    studies: &[FunnelStudy],
    options: &FunnelTestOptions,
) -> Result<FunnelTests, PoolError> {
    check_settings(options.confidence_level, options.scoring_threshold)?;
    check_studies(studies)?;
    let results: Vec<FunnelTestResult> =
        options.tests.iter().map(|&test| one_test(test, studies, options)).collect::<Result<_, _>>()?;
    let findings = findings(&results, options);
    finite_answer("tests of funnel asymmetry", FunnelTests { results, options: options.clone(), findings })
}

fn one_test(
    test: FunnelTest,
    studies: &[FunnelStudy],
    options: &FunnelTestOptions,
) -> Result<FunnelTestResult, PoolError> {
    let Some((used, left_out)) = usable(test, studies) else {
        let message = "a trial lacks the numbers of patients (or events) that this test needs".to_owned();
        return Ok(FunnelTestResult {
            test,
            studies: 0,
            left_out: Vec::new(),
            outcome: FunnelTestOutcome::NotAnswered { reason: NotAnsweredReason::NoCounts, message },
        });
    };
    let minimum = (options.minimum_studies as usize).max(FEWEST);
    let outcome = if used.len() < minimum {
        Err(NotAnsweredReason::FewStudies)
    } else if matches!(test, FunnelTest::Begg | FunnelTest::Schwarzer) {
        rank_test(test, &used, options)
    } else {
        regression_test(test, &used, options)?
    };
    Ok(FunnelTestResult {
        test,
        studies: used.len() as u32,
        left_out,
        outcome: match outcome {
            Ok(answer) => FunnelTestOutcome::Answered(answer),
            Err(reason) => {
                FunnelTestOutcome::NotAnswered { reason, message: explain(reason, used.len(), minimum) }
            }
        },
    })
}

fn explain(reason: NotAnsweredReason, found: usize, minimum: usize) -> String {
    match reason {
        NotAnsweredReason::FewStudies => format!(
            "{found} studies, of which tests of funnel asymmetry say little (Sterne et al. 2011); at least {minimum} are \
             asked for"
        ),
        NotAnsweredReason::NoCounts => "counts are missing".to_owned(),
        NotAnsweredReason::EqualPredictors => {
            "all studies are of the same size or precision, so that there is no trend to test".to_owned()
        }
        NotAnsweredReason::PerfectFit => {
            "all effects lie on a line, so that there is no error to test against".to_owned()
        }
        NotAnsweredReason::NoOddsRatio => "the Mantel-Haenszel odds ratio is 0 or infinite".to_owned(),
    }
}

/// The studies that a test uses and the ids of the others. `None` when counts that it needs are missing.
fn usable(test: FunnelTest, studies: &[FunnelStudy]) -> Option<(Vec<FunnelStudy>, Vec<String>)> {
    let mut used = Vec::with_capacity(studies.len());
    let mut left_out = Vec::new();
    for study in studies {
        let informative = match test {
            FunnelTest::Peters => {
                let (events, others) = events_and_others(study)?;
                events > 0.0 && others > 0.0
            }
            FunnelTest::Harbord | FunnelTest::Schwarzer => Table::of(study)?.is_informative(),
            FunnelTest::Deeks | FunnelTest::Pustejovsky => Table::of(study).map(|_| true)?,
            FunnelTest::Macaskill | FunnelTest::InverseSampleSize => patients(study).map(|_| true)?,
            _ => true,
        };
        if informative { used.push(study.clone()) } else { left_out.push(study.trial.clone()) }
    }
    Some((used, left_out))
}

fn patients(study: &FunnelStudy) -> Option<f64> {
    match study.size {
        StudySize::Unknown => None,
        StudySize::Patients { total } | StudySize::OneArm { total, .. } => Some(f64::from(total)),
        StudySize::TwoArms { total, control_total, .. } => Some(f64::from(total) + f64::from(control_total)),
    }
}

fn events_and_others(study: &FunnelStudy) -> Option<(f64, f64)> {
    match study.size {
        StudySize::Unknown | StudySize::Patients { .. } => None,
        StudySize::OneArm { events, total } => Some((f64::from(events), f64::from(total - events))),
        StudySize::TwoArms { .. } => Table::of(study).map(|table| (table.events, table.others)),
    }
}

fn regression_test(
    test: FunnelTest,
    studies: &[FunnelStudy],
    options: &FunnelTestOptions,
) -> Result<Result<FunnelTestAnswer, NotAnsweredReason>, PoolError> {
    let funnel = effects(studies);
    let errors: Vec<f64> = funnel.variances.iter().map(|variance| variance.sqrt()).collect();
    let inverse_variances = || funnel.variances.iter().map(|variance| variance.recip()).collect::<Vec<f64>>();
    let of_patients = |x: fn(f64) -> f64| studies.iter().filter_map(patients).map(x).collect::<Vec<f64>>();
    let of_tables = |x: fn(Table) -> f64| studies.iter().filter_map(Table::of).map(x).collect::<Vec<f64>>();
    let mixed = |predictor: &[f64], student_t: bool| {
        additive(
            &funnel.values,
            &funnel.variances,
            predictor,
            options.model,
            options.tau_squared,
            options.scoring_threshold,
            student_t,
        )
    };
    let free = |predictor: &[f64], weights: Vec<f64>| Ok(multiplicative(&funnel.values, predictor, weights));
    let line = match test {
        FunnelTest::Egger => free(&errors, inverse_variances()),
        FunnelTest::EggerVariance => free(&funnel.variances, inverse_variances()),
        FunnelTest::MixedEgger => mixed(&errors, false),
        FunnelTest::MixedEggerVariance => mixed(&funnel.variances, false),
        FunnelTest::ThompsonSharp => mixed(&errors, true),
        FunnelTest::Peters => {
            let counts = studies.iter().filter_map(events_and_others);
            free(&of_patients(f64::recip), counts.map(|(x, y)| x * y / (x + y)).collect())
        }
        FunnelTest::Harbord => harbord(studies, options.measure),
        FunnelTest::Deeks => free(
            &of_tables(|table| table.effective_sample_size().sqrt().recip()),
            of_tables(|table| table.effective_sample_size()),
        ),
        FunnelTest::Macaskill => free(&of_patients(|total| total), inverse_variances()),
        FunnelTest::Pustejovsky => free(
            &of_tables(|table| (table.treated.recip() + table.controls.recip()).sqrt()),
            inverse_variances(),
        ),
        FunnelTest::InverseSampleSize => free(&of_patients(f64::recip), inverse_variances()),
        FunnelTest::Begg | FunnelTest::Schwarzer => Ok(Err(NoLine::EqualPredictors)),
    }?;
    match line {
        Ok(line) => answer(test, &line, options.confidence_level).map(Ok),
        Err(NoLine::EqualPredictors) => Ok(Err(NotAnsweredReason::EqualPredictors)),
        Err(NoLine::PerfectFit) => Ok(Err(NotAnsweredReason::PerfectFit)),
    }
}

/// Z/V on 1/√V with weights V.
fn harbord(studies: &[FunnelStudy], measure: EffectMeasure) -> Result<Result<Line, NoLine>, PoolError> {
    let scores: Vec<(f64, f64)> = studies
        .iter()
        .filter_map(Table::of)
        .map(|table| match measure {
            EffectMeasure::LogRiskRatio => table.score_of_log_risk_ratio(),
            _ => table.score_of_log_odds_ratio(),
        })
        .collect();
    let values: Vec<f64> = scores.iter().map(|(z, v)| z / v).collect();
    let predictor: Vec<f64> = scores.iter().map(|(_, v)| v.sqrt().recip()).collect();
    Ok(multiplicative(&values, &predictor, scores.iter().map(|(_, v)| *v).collect()))
}

fn answer(test: FunnelTest, line: &Line, level: f64) -> Result<FunnelTestAnswer, PoolError> {
    let mixed = line.tau_squared.is_some();
    // The intercept of Macaskill's line is a study without patients.
    let has_limit = test != FunnelTest::Macaskill;
    Ok(FunnelTestAnswer {
        bias: line.slope.value,
        standard_error: line.slope.standard_error,
        statistic: line.slope.statistic(),
        degrees_of_freedom: line.df,
        p_value: line.p_value(line.slope)?,
        limit: match has_limit {
            true => Some(LimitEffect {
                value: line.intercept.value,
                standard_error: line.intercept.standard_error,
                interval: line.interval(line.intercept, level)?,
            }),
            false => None,
        },
        residual_standard_deviation: (!mixed).then_some(line.residual_standard_deviation),
        tau_squared: line.tau_squared,
        kendall_tau: None,
        exact_p_value: None,
    })
}

fn rank_test(
    test: FunnelTest,
    studies: &[FunnelStudy],
    options: &FunnelTestOptions,
) -> Result<FunnelTestAnswer, NotAnsweredReason> {
    let (standardized, variances) = match test {
        FunnelTest::Schwarzer => {
            let tables: Vec<Table> = studies.iter().filter_map(Table::of).collect();
            let (counts, variances) = standardized_counts(&tables).ok_or(NotAnsweredReason::NoOddsRatio)?;
            // The rank of precision falls as the variance of a log odds ratio rises.
            (counts, variances.into_iter().map(f64::recip).collect())
        }
        _ => {
            let funnel = effects(studies);
            let common = funnel.weighted(0.0);
            let deviation = |(value, variance): (&f64, &f64)| {
                (value - common.mean) / (variance - common.total.recip()).max(f64::MIN_POSITIVE).sqrt()
            };
            (
                funnel.values.iter().zip(&funnel.variances).map(deviation).collect::<Vec<f64>>(),
                funnel.variances,
            )
        }
    };
    let found = kendall(&standardized, &variances).ok_or(NotAnsweredReason::EqualPredictors)?;
    let standard_error = found.variance.sqrt();
    let shift = if options.continuity_correction { found.s.abs().min(1.0) * found.s.signum() } else { 0.0 };
    let statistic = (found.s - shift) / standard_error;
    let exact = !found.tied && studies.len() < EXACT_BELOW;
    Ok(FunnelTestAnswer {
        bias: found.s,
        standard_error,
        statistic,
        degrees_of_freedom: None,
        p_value: normal_two_sided(statistic),
        limit: None,
        residual_standard_deviation: None,
        tau_squared: None,
        kendall_tau: Some(found.tau),
        exact_p_value: exact.then(|| exact_p_value(studies.len(), found.s)),
    })
}

fn findings(results: &[FunnelTestResult], options: &FunnelTestOptions) -> Vec<Finding> {
    let mut findings = Vec::new();
    let few = results
        .iter()
        .filter(|result| result.answer().is_some() && result.studies < 10)
        .min_by_key(|one| one.studies);
    if let Some(result) = few {
        findings.push(Finding::note(
            "funnel-test-low-power",
            "funnel tests",
            format!(
                "tests of {} studies have little power: a large p value does not speak for a symmetric funnel",
                result.studies
            ),
        ));
    }
    let ratio = matches!(options.measure, EffectMeasure::LogOddsRatio | EffectMeasure::Logit);
    let own_errors = results.iter().any(|result| result.answer().is_some() && result.test.needs_no_counts());
    if ratio && own_errors {
        findings.push(Finding::note(
            "funnel-test-odds",
            "funnel tests",
            "log odds and their standard errors depend on each other, which makes funnels asymmetric without any missing \
             study; prefer the tests of Peters or Harbord",
        ));
    }
    findings
}
