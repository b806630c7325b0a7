//! The response analyses of Cao RB et al., Medicine 2024;103:31(e38679), to the digits that R meta prints:
//! Freeman-Tukey, REML, inverse variance, normal intervals, harmonic mean, subgroups with their own τ².

use kmeta_evidence_pool::{ProportionCount, ProportionOptions, pool_proportions};
use kmeta_trial_data::{EffectMeasure, Estimate, Interval, PooledEffect, Provenance, SubgroupResult};

const DRUGS: [&str; 6] = ["Imatinib", "Pazopanib", "Sorafenib", "Lenvatinib", "Lenvatinib", "Lenvatinib"];
const TRIALS: [&str; 6] =
    ["ha2010", "bible2012", "savvides2013", "tahara2017", "wirth2021", "higashiyama2022"];
const EVALUABLE: [u32; 6] = [8, 15, 20, 17, 34, 42];

/// Where R meta and metafor end scoring by default: visible in the fourth digit of τ².
const R_THRESHOLD: f64 = 1e-5;

fn pool(events: [u32; 6], scoring_threshold: f64) -> PooledEffect {
    let counts: Vec<ProportionCount> = (0..6)
        .map(|row| ProportionCount {
            trial: TRIALS[row].to_owned(),
            label: TRIALS[row].to_owned(),
            subgroup: Some(DRUGS[row].to_owned()),
            events: events[row],
            total: EVALUABLE[row],
            provenance: Provenance::printed("response count"),
        })
        .collect();
    let options = ProportionOptions {
        id: "response".to_owned(),
        measure: EffectMeasure::FreemanTukey,
        subgroups: true,
        scoring_threshold,
        ..ProportionOptions::default()
    };
    pool_proportions(&counts, &options).unwrap()
}

fn shown(estimate: &Estimate) -> String {
    let Interval { lower, upper } = estimate.shown_interval;
    format!("{:.4} [{lower:.4}; {upper:.4}]", estimate.shown)
}

fn interval(interval: Option<Interval>, digits: usize) -> String {
    let Interval { lower, upper } = interval.unwrap();
    format!("[{lower:.digits$}; {upper:.digits$}]")
}

fn percent(interval: Option<Interval>) -> String {
    let Interval { lower, upper } = interval.unwrap();
    format!("[{:.1}%; {:.1}%]", 100.0 * lower, 100.0 * upper)
}

fn subgroup<'a>(pooled: &'a PooledEffect, name: &str) -> &'a SubgroupResult {
    pooled.subgroups.iter().find(|group| group.name == name).unwrap()
}

#[test]
fn objective_response() {
    let pooled = pool([2, 0, 2, 4, 1, 5], R_THRESHOLD);
    assert_eq!(shown(&pooled.common), "0.0823 [0.0362; 0.1409]");
    assert_eq!(shown(&pooled.random), "0.0873 [0.0248; 0.1739]");
    assert_eq!(format!("{:.3}", pooled.back_transform_size.unwrap()), "16.963");
    let heterogeneity = &pooled.heterogeneity;
    assert_eq!(format!("{:.6}", heterogeneity.tau_squared.unwrap()), "0.009169");
    assert!((heterogeneity.tau_squared.unwrap() - 0.009169020978970207).abs() < 1e-15);
    assert!(pooled.findings.iter().any(|finding| finding.code == "scoring-threshold"));
    // 0.153281 with R meta's tolerance of 1.2e-4 for the root.
    assert_eq!(interval(heterogeneity.tau_squared_interval, 6), "[0.000000; 0.153279]");
    assert_eq!(format!("{:.1}", 100.0 * heterogeneity.i_squared.unwrap()), "46.0");
    assert_eq!(percent(heterogeneity.i_squared_interval), "[0.0%; 78.6%]");
    assert_eq!(format!("{:.2}", heterogeneity.h.unwrap()), "1.36");
    assert_eq!(interval(heterogeneity.h_interval, 2), "[1.00; 2.16]");
    assert_eq!(format!("{:.2} {:.4}", heterogeneity.q, heterogeneity.p_value.unwrap()), "9.25 0.0994");

    assert_eq!(shown(&subgroup(&pooled, "Imatinib").random), "0.2500 [0.0078; 0.6153]");
    assert_eq!(shown(&subgroup(&pooled, "Pazopanib").random), "0.0000 [0.0000; 0.1116]");
    assert_eq!(shown(&subgroup(&pooled, "Sorafenib").random), "0.1000 [0.0020; 0.2783]");
    let lenvatinib = subgroup(&pooled, "Lenvatinib");
    assert_eq!(shown(&lenvatinib.common), "0.0949 [0.0392; 0.1675]");
    assert_eq!(shown(&lenvatinib.random), "0.1040 [0.0184; 0.2346]");
    assert_eq!((lenvatinib.studies, lenvatinib.events, lenvatinib.total), (3, Some(10), Some(93)));
    assert_eq!(format!("{:.3}", lenvatinib.back_transform_size.unwrap()), "26.775");
    assert_eq!(format!("{:.1}", 100.0 * lenvatinib.heterogeneity.i_squared.unwrap()), "59.5");
    assert_eq!(format!("{:.4}", lenvatinib.heterogeneity.p_value.unwrap()), "0.0845");
    let between = pooled.between_subgroups.as_ref().unwrap();
    assert_eq!(format!("{:.2} {:.4}", between.q_random, between.p_value_random), "4.36 0.2255");
    assert_eq!(format!("{:.2} {:.4}", between.q_common, between.p_value_common), "4.31 0.2296");
    assert_eq!(between.degrees_of_freedom, 3);
}

/// Without a threshold τ² is the exact maximum, which R gives with its tolerances tightened.
#[test]
fn exact_between_study_variance() {
    let exact = |events| pool(events, 0.0).heterogeneity.tau_squared.unwrap();
    assert!((exact([2, 0, 2, 4, 1, 5]) - 0.00916756495399677).abs() < 1e-9);
    assert!((exact([6, 0, 7, 16, 18, 31]) - 0.14477434675628204).abs() < 1e-8);
}

#[test]
fn disease_control() {
    let pooled = pool([6, 0, 7, 16, 18, 31], R_THRESHOLD);
    assert_eq!(shown(&pooled.common), "0.5663 [0.4786; 0.6522]");
    assert_eq!(shown(&pooled.random), "0.5343 [0.2139; 0.8411]");
    let heterogeneity = &pooled.heterogeneity;
    assert_eq!(format!("{:.6}", heterogeneity.tau_squared.unwrap()), "0.144774");
    assert_eq!(percent(heterogeneity.i_squared_interval), "[83.2%; 95.2%]");
    assert_eq!(format!("{:.1}", 100.0 * heterogeneity.i_squared.unwrap()), "91.0");
    assert_eq!(format!("{:.2}", heterogeneity.q), "55.61");
    let lenvatinib = subgroup(&pooled, "Lenvatinib");
    assert_eq!(shown(&lenvatinib.random), "0.7441 [0.4893; 0.9359]");
    assert_eq!(format!("{:.1}", 100.0 * lenvatinib.heterogeneity.i_squared.unwrap()), "80.9");
    let between = pooled.between_subgroups.as_ref().unwrap();
    assert_eq!(format!("{:.2}", between.q_random), "30.12");
    assert_eq!(format!("{:.2}", between.q_common), "45.15");
}

/// The study rows of the paper's forest plots.
#[test]
fn study_intervals_as_printed() {
    let printed = |events: [u32; 6], expected: [&str; 6]| {
        for (study, expected) in pool(events, 0.0).studies.iter().zip(expected) {
            let Interval { lower, upper } = study.estimate.shown_interval;
            assert_eq!(format!("{lower:.2} {upper:.2}"), expected, "{}", study.trial);
        }
    };
    printed(
        [2, 0, 2, 4, 1, 5],
        ["0.03 0.65", "0.00 0.22", "0.01 0.32", "0.07 0.50", "0.00 0.15", "0.04 0.26"],
    );
    printed(
        [6, 0, 7, 16, 18, 31],
        ["0.35 0.97", "0.00 0.22", "0.15 0.59", "0.71 1.00", "0.35 0.70", "0.58 0.86"],
    );
}

#[test]
fn what_a_reader_should_know_is_said() {
    let pooled = pool([2, 0, 2, 4, 1, 5], 0.0);
    let codes: Vec<&str> = pooled.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&"freeman-tukey-size-matters"), "{codes:?}");
    assert!(codes.contains(&"egger-low-power"), "{codes:?}");
    assert_eq!(pooled.egger.unwrap().degrees_of_freedom, 4);
}
