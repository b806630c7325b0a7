//! Imputed sets, their pooled intervals, and two arms at once.

use kmeta_ipd_reconstruct::simulation::{
    FigureReading, Information, coverage, figure_of, log_hazard_ratio_error, simulated_pairs,
};
use kmeta_ipd_reconstruct::{
    ImputationOptions, PrintedComparison, ReconstructionOptions, impute, reconstruct, reconstruct_pair,
};
use kmeta_survival_estimate::{KaplanMeier, Ties, cox_two_arms};
use kmeta_trial_data::ReconstructedArm;

const PIXELS: FigureReading = FigureReading::Pixels { columns: 800, rows: 500 };

/// 200 trials: a 95 % interval that covers with its nominal probability covers between 91 % and 98.5 % of them
/// with a probability of 0.99 (binomial). `--example imputation_coverage` takes more.
#[test]
fn pooled_intervals_cover_the_population() {
    for row in coverage(200, 10, 5) {
        assert!(row.intervals >= 195, "{row:?}");
        assert!((0.91..=0.985).contains(&row.share()), "{row:?}");
    }
}

#[test]
fn imputations_keep_what_is_printed_and_their_seed() {
    let pair = &simulated_pairs(9, 3)[8];
    let information = Information { number_at_risk: true, events: true, marks: false };
    let input = figure_of("imputed", &pair.reference, PIXELS, information).expect("patients");
    let options = ReconstructionOptions::default();
    let imputation = ImputationOptions { imputations: 5, seed: 11 };
    let sets = impute(&input, &options, &imputation).expect("a complete input");
    assert_eq!(sets.len(), 5);
    assert_eq!(sets, impute(&input, &options, &imputation).expect("as before"));
    assert!(sets.windows(2).any(|two| two[0] != two[1]), "the draws differ");
    let risk = input.number_at_risk.as_ref().expect("printed");
    for set in &sets {
        let fit = KaplanMeier::fit(set).expect("patients");
        assert_eq!(fit.total_events(), input.total_events.expect("printed"));
        for (&time, &count) in risk.times().iter().zip(risk.counts()) {
            assert_eq!(fit.number_at_risk_at(time), count, "at {time}");
        }
    }
}

/// With the curve and the number of patients alone, the printed comparison tells much of the censoring.
#[test]
fn a_printed_comparison_brings_two_arms_closer_to_the_truth() {
    let options = ReconstructionOptions::default();
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for pair in simulated_pairs(24, 7).iter().filter(|pair| pair.reference.len() <= 200) {
        let Ok(truth) = cox_two_arms(&pair.reference, &pair.treated, Ties::Efron) else { continue };
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        let (lower, upper) = truth.hazard_ratio_interval(0.95).expect("a level");
        let comparison = PrintedComparison {
            hazard_ratio: Some(rounded(truth.hazard_ratio())),
            hazard_ratio_interval: Some((rounded(lower), rounded(upper))),
            log_rank_p: None,
        };
        let input =
            |arm| figure_of(&pair.name, arm, FigureReading::Exact, Information::default()).expect("patients");
        let (reference, treated) = (input(&pair.reference), input(&pair.treated));
        let both = reconstruct_pair(&reference, &treated, &comparison, &options).expect("complete inputs");
        let one = |input| reconstruct(input, &options).expect("a complete input").patients;
        let error = |arms: [&[_]; 2]| {
            log_hazard_ratio_error([&pair.reference, &pair.treated], arms).expect("a true hazard ratio")
        };
        alone.push(error([&one(&reference), &one(&treated)]));
        together.push(error([&both.reference.patients, &both.treated.patients]));
    }
    let mean = |errors: &[f64]| errors.iter().sum::<f64>() / errors.len() as f64;
    assert!(alone.len() >= 10);
    assert!(mean(&together) < 0.7 * mean(&alone), "{} {}", mean(&together), mean(&alone));
}

#[test]
fn patients_that_can_be_counted_are_kept_by_imputations_and_pairs() {
    let information = Information { number_at_risk: true, events: true, marks: true };
    let options = ReconstructionOptions::default();
    let imputation = ImputationOptions { imputations: 3, seed: 5 };
    let mut counted = 0;
    for pair in simulated_pairs(6, 11) {
        let input = |arm| {
            let mut input = figure_of(&pair.name, arm, FigureReading::Exact, information).expect("patients");
            // As a curve that is read from paths states it.
            input.survival_uncertainty = Some(4e-5);
            input
        };
        let (reference, treated) = (input(&pair.reference), input(&pair.treated));
        let one = |input| reconstruct(input, &options).expect("a complete input");
        let alone = [one(&reference), one(&treated)];
        // A comparison that the patients do not have would move those that are free to be chosen.
        let comparison =
            PrintedComparison { hazard_ratio: Some(0.3), hazard_ratio_interval: None, log_rank_p: None };
        let both = reconstruct_pair(&reference, &treated, &comparison, &options).expect("complete inputs");
        let is_counted =
            |arm: &ReconstructedArm| arm.findings.iter().any(|finding| finding.code == "patients-counted");
        for (arm, (input, of_pair)) in
            alone.iter().zip([(&reference, &both.reference), (&treated, &both.treated)])
        {
            if is_counted(arm) {
                counted += 1;
                assert_eq!(arm.patients, of_pair.patients, "{}", pair.name);
                let sets = impute(input, &options, &imputation).expect("a complete input");
                assert!(sets.iter().all(|set| *set == arm.patients), "{}", pair.name);
            }
        }
    }
    assert!(counted >= 6, "{counted}");
}
