//! Pooling: random-effects models, response rates by logistic regression, survival curves, the Bayesian model.

use divan::{Bencher, black_box};
use kmeta_benches::{effects, response_counts, trial_patients};
use kmeta_evidence_pool::{
    BayesOptions, EffectOptions, ModelOptions, ProportionOptions, SurvivalOptions, bayesian_random_effects,
    fit_random_effects, pool_effects, pool_proportions, pool_survival,
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
