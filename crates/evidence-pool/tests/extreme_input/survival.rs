//! Patients.

use kmeta_evidence_pool::*;
use kmeta_trial_data::{PatientRecord, Provenance};

use crate::examination::{Examination, Sequence};

/// Arms of patients: times of a size, with and without events, ties, or impossible.
pub(crate) fn arms() -> Vec<Vec<PatientRecord>> {
    let mut sequence = Sequence(5);
    let mut arms = vec![Vec::new(), vec![PatientRecord { time: 0.0, event: true }]];
    for size in [1e-300, 1e-100, 1e-8, 1.0, 1e8, 1e100, 1e300] {
        for patients in [1, 2, 12] {
            let arm = |sequence: &mut Sequence, events: u64| {
                (0..patients)
                    .map(|_| PatientRecord {
                        time: size * sequence.factor(),
                        event: sequence.next() % 4 < events,
                    })
                    .collect::<Vec<_>>()
            };
            arms.extend([0, 2, 4].map(|events| arm(&mut sequence, events)));
            arms.push(vec![PatientRecord { time: size, event: true }; patients]);
        }
    }
    for time in [-1.0, f64::NAN, f64::INFINITY] {
        arms.push(vec![PatientRecord { time, event: true }, PatientRecord { time: 1.0, event: false }]);
    }
    arms
}

/// Trials whose arms are of one kind, and of different ones.
pub(crate) fn choices(
    arms: &[Vec<PatientRecord>],
    k: usize,
    turn: usize,
    sequence: &mut Sequence,
) -> Vec<Vec<PatientRecord>> {
    // Neighbours in the list have times of the same size.
    let start = sequence.below(arms.len() - 12);
    (0..k)
        .map(|_| match turn % 2 {
            0 => arms[start + sequence.below(12)].clone(),
            _ => arms[sequence.below(arms.len())].clone(),
        })
        .collect()
}

#[test]
fn survival_of_single_arms() {
    let mut examination = Examination::default();
    let mut sequence = Sequence(13);
    let arms = arms();
    for turn in 0..160 {
        let chosen = choices(&arms, turn % 5, turn, &mut sequence);
        let trials: Vec<TrialPatients> = chosen
            .iter()
            .enumerate()
            .map(|(index, patients)| TrialPatients {
                trial: format!("trial {index}"),
                label: String::new(),
                patients: patients.clone(),
                provenance: Provenance::printed("patients"),
            })
            .collect();
        let size = chosen.first().and_then(|arm| arm.first()).map_or(1.0, |patient| patient.time);
        let times = vec![0.6 * size, 0.9 * size, 1.2 * size];
        let what = |name: &str| format!("{name} at {times:?} of {chosen:?}");
        let curve = SurvivalOptions { times: times.clone(), median_draws: 200, ..SurvivalOptions::default() };
        examination.examine(|| what("summary curve"), || pool_survival(&trials, &curve));
        let strata: Vec<StratumCurve> = trials
            .iter()
            .enumerate()
            .map(|(index, trial)| StratumCurve {
                stratum: format!("{}", index % 2),
                curve: TrialCurve::Patients(trial.clone()),
            })
            .collect();
        examination.examine(|| what("strata"), || pool_survival_strata(&strata, &curve));
        let free = GridFreeOptions { times: times.clone(), ..GridFreeOptions::default() };
        examination.examine(|| what("grid-free"), || pool_grid_free_survival(&trials, &free));
        let landmark = LandmarkOptions { times: times.clone(), ..LandmarkOptions::default() };
        examination.examine(|| what("landmark"), || pool_landmark_survival(&trials, &landmark));
        let medians: Vec<TrialMedian> = trials
            .iter()
            .map(|trial| TrialMedian {
                trial: trial.trial.clone(),
                label: String::new(),
                source: MedianSource::Patients(trial.patients.clone()),
                provenance: trial.provenance.clone(),
            })
            .collect();
        let pooling = SurvivalTimeOptions::default();
        examination.examine(|| what("median"), || pool_median_survival(&medians, &pooling));
        let mean = RestrictedMeanOptions { horizon: 0.9 * size, pooling };
        examination.examine(|| what("restricted mean"), || pool_restricted_mean_survival(&trials, &mean));
        let frailty = FrailtySurvivalOptions { times: times.clone(), ..FrailtySurvivalOptions::default() };
        examination.examine(|| what("frailty"), || pool_frailty_survival(&trials, &frailty));
        let parametric = ParametricSurvivalOptions {
            times: times.clone(),
            restricted_mean_horizon: Some(size),
            distributions: vec![
                SurvivalDistribution::Exponential,
                SurvivalDistribution::Weibull,
                SurvivalDistribution::LogNormal,
            ],
            quadrature_nodes: 9,
            ..ParametricSurvivalOptions::default()
        };
        examination.examine(|| what("parametric"), || pool_parametric_survival(&trials, &parametric));
    }
    examination.finish("survival of single arms", 100);
}

#[test]
fn survival_of_two_arms() {
    let mut examination = Examination::default();
    let mut sequence = Sequence(17);
    let arms = arms();
    for turn in 0..300 {
        let chosen = choices(&arms, 2 * (turn % 4), turn, &mut sequence);
        let trials: Vec<TwoArmTrial> = chosen
            .chunks_exact(2)
            .enumerate()
            .map(|(index, pair)| TwoArmTrial {
                trial: format!("trial {index}"),
                label: String::new(),
                subgroup: None,
                treated: pair[0].clone(),
                control: pair[1].clone(),
                provenance: Provenance::printed("patients"),
            })
            .collect();
        let size = chosen.first().and_then(|arm| arm.first()).map_or(1.0, |patient| patient.time);
        for model in [TwoArmModel::TwoStage, TwoArmModel::OneStageCommon, TwoArmModel::OneStageRandom] {
            let options = TwoArmSurvivalOptions {
                model,
                trial_hazard_ratio: [
                    TrialHazardRatio::Cox,
                    TrialHazardRatio::LogRank,
                    TrialHazardRatio::ObservedExpectedRatio,
                ][turn % 3],
                restricted_mean_horizon: (turn % 2 == 0).then_some(0.8 * size),
                piecewise_cuts: if turn % 2 == 0 { vec![0.8 * size] } else { Vec::new() },
                ..TwoArmSurvivalOptions::default()
            };
            examination.examine(
                || format!("{options:?} of {chosen:?}"),
                || pool_two_arm_survival(&trials, &options),
            );
        }
    }
    examination.finish("survival of two arms", 50);
}
