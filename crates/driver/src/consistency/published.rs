//! An earlier meta-analysis against its own numbers.

use kmeta_trial_data::{EffectMeasure, Finding, Interval};

use crate::project::{Analysis, Project, PublishedResult, half_of_last_digit};
use crate::results::AnalysisResult;

/// Papers print pooled results with two decimals at least.
const LEAST_DECIMALS: f64 = 0.005;

/// Whether what a paper calls a result can be what was pooled.
pub(super) fn check_labels(project: &Project) -> Vec<Finding> {
    let each = |published: &PublishedResult| {
        let analysis = project.analyses.iter().find(|analysis| analysis.id() == published.analysis)?;
        let called = published.called.as_deref()?;
        let kind = kind(analysis);
        let contradicts = ratio_of_two_arms(called) && !(kind.two_arms && kind.fits(called));
        contradicts.then(|| {
            Finding::warning(
                "label-contradicts-numbers",
                place(published),
                format!(
                    "the result is labelled \"{called}\", but what was pooled are {}. Rule: odds ratios, risk ratios and \
                     hazard ratios compare two arms; numbers of single arms are proportions",
                    kind.words
                ),
            )
        })
    };
    project.published_results.iter().filter_map(each).collect()
}

/// What an analysis pools.
struct Kind {
    words: &'static str,
    two_arms: bool,
    names: &'static [&'static str],
}

impl Kind {
    fn fits(&self, called: &str) -> bool {
        self.names.is_empty() || self.names.contains(&called.to_lowercase().as_str())
    }
}

fn kind(analysis: &Analysis) -> Kind {
    let of = |words, two_arms, names| Kind { words, two_arms, names };
    match analysis {
        Analysis::Proportion(_) => of("proportions of single arms", false, &[]),
        Analysis::Survival(_) => of("survival of single arms", false, &[]),
        Analysis::HazardRatio(_) | Analysis::TwoArmSurvival(_) => {
            of("hazard ratios", true, &["hr", "hazard ratio"])
        }
        Analysis::TwoArmCounts(analysis) => match analysis.options.measure {
            EffectMeasure::LogOddsRatio => of("odds ratios", true, &["or", "odds ratio"]),
            EffectMeasure::LogRiskRatio => of("risk ratios", true, &["rr", "risk ratio", "relative risk"]),
            _ => of("differences of two arms", true, &[]),
        },
    }
}

/// Whether a label is one that only a comparison of two arms can have.
fn ratio_of_two_arms(called: &str) -> bool {
    let called = called.to_lowercase();
    let words = [
        "or",
        "rr",
        "hr",
        "rd",
        "odds ratio",
        "risk ratio",
        "relative risk",
        "hazard ratio",
        "risk difference",
    ];
    words.contains(&called.as_str())
}

fn place(published: &PublishedResult) -> String {
    match &published.source {
        Some(source) => format!("analysis `{}`, printed in {source}", published.analysis),
        None => format!("analysis `{}`, as printed", published.analysis),
    }
}

/// Whether pooling the same numbers gives what a paper prints.
pub(super) fn check_results(project: &Project, analyses: &[AnalysisResult]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for published in &project.published_results {
        let Some(analysis) = analyses.iter().find(|analysis| analysis.id == published.analysis) else {
            continue;
        };
        findings.extend(patients(published, analysis));
        findings.extend(value(published, analysis));
    }
    findings
}

fn patients(published: &PublishedResult, analysis: &AnalysisResult) -> Option<Finding> {
    let printed = u64::from(published.patients?);
    let totals = analysis.outcome.effect()?.studies.iter().map(|study| study.total.map(u64::from));
    let sum: u64 = totals.sum::<Option<u64>>()?;
    (sum != printed).then(|| {
        Finding::warning(
            "published-total-differs",
            place(published),
            format!(
                "{printed} patients are printed, but the trials pooled have {sum} together. Rule: the total is the sum \
                 of the trials"
            ),
        )
    })
}

fn value(published: &PublishedResult, analysis: &AnalysisResult) -> Option<Finding> {
    let pooled = &analysis.outcome.effect()?.random;
    let Interval { lower, upper } = pooled.shown_interval;
    let pairs = [
        ("pooled value", published.value, pooled.shown),
        ("lower limit", published.lower, lower),
        ("upper limit", published.upper, upper),
    ];
    let differing: Vec<String> = pairs
        .into_iter()
        .filter_map(|(name, printed, found)| Some((name, printed?, found)))
        .filter(|(_, printed, found)| {
            let half_unit = half_of_last_digit(&printed.to_string()).min(LEAST_DECIMALS);
            (printed - found).abs() > half_unit + 1e-9
        })
        .map(|(name, printed, found)| format!("{name} {printed} printed, {found:.4} here"))
        .collect();
    (!differing.is_empty()).then(|| {
        Finding::warning(
            "published-result-differs",
            place(published),
            format!(
                "the same counts pooled with the settings of this analysis give other numbers: {}. Rule: a printed \
                 number is the computed one, rounded",
                differing.join("; ")
            ),
        )
    })
}
