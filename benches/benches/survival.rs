//! Single data sets: Kaplan-Meier, log-rank, Cox regression and concordance of many patients.

use divan::{Bencher, black_box};
use kmeta_benches::patients_with_covariate;
use kmeta_survival_estimate::{
    CoxData, CoxTerm, KaplanMeier, PredictorDirection, Ties, concordance, cox_regression, robust_covariance,
};

fn main() {
    divan::main();
}

#[divan::bench(args = [1_000, 1_000_000], sample_count = 10)]
fn kaplan_meier(bencher: Bencher<'_, '_>, patients: u32) {
    let (patients, _) = patients_with_covariate(patients);
    bencher.bench(|| KaplanMeier::fit(black_box(&patients)).expect("valid patients"));
}

/// R: `coxph(Surv(time, event) ~ x)`. A quarter of the patients is censored; nearly all times differ.
#[divan::bench(args = [1_000, 100_000, 1_000_000], sample_count = 10)]
fn cox_one_covariate(bencher: Bencher<'_, '_>, patients: u32) {
    let (patients, covariate) = patients_with_covariate(patients);
    let terms = [CoxTerm::number("x", covariate)];
    let data = CoxData { patients: &patients, terms: &terms, strata: &[] };
    bencher.bench(|| cox_regression(black_box(&data), Ties::Efron).expect("a finite estimate"));
}

/// The same with R's `robust = TRUE`.
#[divan::bench(args = [1_000_000], sample_count = 5)]
fn cox_robust(bencher: Bencher<'_, '_>, patients: u32) {
    let (patients, covariate) = patients_with_covariate(patients);
    let terms = [CoxTerm::number("x", covariate)];
    let data = CoxData { patients: &patients, terms: &terms, strata: &[] };
    let fit = cox_regression(&data, Ties::Efron).expect("a finite estimate");
    bencher.bench(|| robust_covariance(black_box(&data), &fit, &[]).expect("a finite estimate"));
}

/// R: `concordance(Surv(time, event) ~ x)`.
#[divan::bench(args = [1_000, 1_000_000], sample_count = 5)]
fn harrell_c(bencher: Bencher<'_, '_>, patients: u32) {
    let (patients, covariate) = patients_with_covariate(patients);
    let direction = PredictorDirection::ShorterSurvival;
    bencher
        .bench(|| concordance(black_box(&patients), &covariate, &[], direction).expect("comparable pairs"));
}
