//! Pooling: random-effects models, response rates by logistic regression, survival curves, the Bayesian model.

use divan::{Bencher, black_box};
use kmeta_benches::{effects, response_counts, thyroid_responses, thyroid_survival, trial_patients};
use kmeta_evidence_pool::{
    BayesOptions, EffectOptions, GoshOptions, ModelOptions, MultiverseAxes, MultiverseSettings,
    ProportionOptions, SurvivalOptions, bayesian_random_effects, fit_random_effects, gosh, pool_effects,
    pool_proportions, pool_survival, proportion_multiverse, survival_multiverse,
};
use kmeta_trial_data::EffectMeasure;

fn main() {
    divan::main();
}

/// One REML fit of bare numbers: what R `metafor::rma(yi, vi)` computes.
#[divan::bench(args = [10, 1_000, 10_000, 100_000])]
fn reml_fit(bencher: Bencher<'_, '_>, studies: u32) {
    let (values, variances): (Vec<f64>, Vec<f64>) =
        effects(studies).iter().map(|effect| (effect.value, effect.variance)).unzip();
    let options = ModelOptions::default();
    bencher.bench(|| fit_random_effects(black_box(&values), &variances, &options).expect("valid effects"));
}

/// Everything that a forest plot shows: rows, intervals, heterogeneity, notes.
#[divan::bench(args = [10, 1_000, 10_000])]
fn reml_with_report(bencher: Bencher<'_, '_>, studies: u32) {
    let effects = effects(studies);
    let options = EffectOptions::default();
    bencher.bench(|| pool_effects(black_box(&effects), &options).expect("valid effects"));
}

#[divan::bench(args = [6, 1000])]
fn freeman_tukey_reml(bencher: Bencher<'_, '_>, studies: u32) {
    let counts = response_counts(studies);
    let options = ProportionOptions { measure: EffectMeasure::FreemanTukey, ..ProportionOptions::default() };
    bencher.bench(|| pool_proportions(black_box(&counts), &options).expect("valid counts"));
}

/// The default of response rates.
#[divan::bench(args = [6, 100])]
fn logistic_random_intercept(bencher: Bencher<'_, '_>, studies: u32) {
    let counts = response_counts(studies);
    let options = ProportionOptions::default();
    bencher.bench(|| pool_proportions(black_box(&counts), &options).expect("valid counts"));
}

/// 27 trials at 20 times with 10,000 draws for the median, the size of metaSurvival's example.
#[divan::bench]
fn summary_survival_curve(bencher: Bencher<'_, '_>) {
    let trials = trial_patients(27);
    let times = (1..=20).map(|step| 1.5 * f64::from(step)).collect();
    let options = SurvivalOptions { times, ..SurvivalOptions::default() };
    bencher.bench(|| pool_survival(black_box(&trials), &options).expect("valid patients"));
}

#[divan::bench(args = [13])]
fn bayesian(bencher: Bencher<'_, '_>, studies: u32) {
    let effects = effects(studies);
    let options = BayesOptions::default();
    bencher.bench(|| bayesian_random_effects(black_box(&effects), &options).expect("valid effects"));
}

/// Every subset of at least two of k studies, by REML: what R `metafor::gosh` does.
#[divan::bench(args = [13, 20], sample_count = 3)]
fn all_subsets_reml(bencher: Bencher<'_, '_>, studies: u32) {
    let (values, variances): (Vec<f64>, Vec<f64>) =
        effects(studies).iter().map(|effect| (effect.value, effect.variance)).unzip();
    let options = GoshOptions::default();
    bencher.bench(|| gosh(black_box(&values), &variances, &options).expect("valid effects"));
}

/// 10,000 specifications of the response analysis of the thyroid trials.
#[divan::bench(sample_count = 5)]
fn response_multiverse(bencher: Bencher<'_, '_>) {
    let trials = thyroid_responses();
    let options = ProportionOptions { measure: EffectMeasure::FreemanTukey, ..ProportionOptions::default() };
    let (axes, settings) = (MultiverseAxes::default(), MultiverseSettings::default());
    bencher.bench(|| {
        let found =
            proportion_multiverse(black_box(&trials), &options, &axes, &settings).expect("valid counts");
        assert_eq!(found.specifications.len(), 10_000);
        found
    });
}

/// All 4,800 specifications of the median survival of five trials of the size of the thyroid trials, their patients
/// reconstructed in six ways.
#[divan::bench(sample_count = 1)]
fn survival_multiverse_of_five_trials(bencher: Bencher<'_, '_>) {
    let input = thyroid_survival();
    let times = (1..=8).map(|step| 3.0 * f64::from(step)).collect();
    let options = SurvivalOptions { times, ..SurvivalOptions::default() };
    let axes = MultiverseAxes::default();
    let settings = MultiverseSettings::default();
    bencher.bench(|| {
        let found =
            survival_multiverse(black_box(&input), &options, &axes, &settings).expect("valid patients");
        assert_eq!(found.specifications.len(), 4_800, "{:?}", found.possible);
        found
    });
}
