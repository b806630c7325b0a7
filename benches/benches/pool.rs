//! Pooling response rates by REML.

use divan::{Bencher, black_box};
use kmeta_benches::response_counts;
use kmeta_evidence_pool::{ProportionOptions, pool_proportions};
use kmeta_trial_data::EffectMeasure;

fn main() {
    divan::main();
}

#[divan::bench(args = [6, 1000])]
fn freeman_tukey_reml(bencher: Bencher<'_, '_>, studies: u32) {
    let counts = response_counts(studies);
    let options = ProportionOptions { measure: EffectMeasure::FreemanTukey, ..ProportionOptions::default() };
    bencher.bench(|| pool_proportions(black_box(&counts), &options).expect("valid counts"));
}
