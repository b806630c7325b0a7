//! Shared frailty against R: `coxph` with gamma frailty by EM, and the marginal likelihood with all jumps of the baseline
//! maximised in R (`tools/reference_fixtures/frailty_survival.R` has the calls).

mod support;

use std::path::Path;

use kmeta_evidence_pool::{
    FrailtyDistribution, FrailtySurvival, FrailtySurvivalOptions, PoolError, TrialPatients,
    pool_frailty_survival,
};
use kmeta_trial_data::{PatientRecord, Provenance};
use serde_json::Value;
use support::{Agreement, ITERATIVE, reference};

fn trial(id: &str, patients: Vec<PatientRecord>) -> TrialPatients {
    let provenance = Provenance::printed("test");
    TrialPatients { trial: id.to_owned(), label: id.to_owned(), patients, provenance }
}

fn cohort(name: &str) -> TrialPatients {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/atc-tki/cohorts");
    let mut reader = csv::Reader::from_path(folder.join(format!("{name}.csv"))).unwrap();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        PatientRecord { time: row[1].parse().unwrap(), event: &row[2] == "1" }
    });
    trial(name, rows.collect())
}

fn drawn(trials: &Value) -> Vec<TrialPatients> {
    let numbers = |one: &Value, key: &str| -> Vec<f64> {
        one[key].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let patients = |one: &Value| {
        let status = numbers(one, "status");
        let times = numbers(one, "times").into_iter().zip(status);
        times.map(|(time, status)| PatientRecord { time, event: status == 1.0 }).collect()
    };
    let trials = trials.as_array().unwrap().iter().enumerate();
    trials.map(|(index, one)| trial(&format!("trial {index}"), patients(one))).collect()
}

fn trials(set: &str, answers: &Value) -> Vec<TrialPatients> {
    let names: &[&str] = match set {
        "atc_os" => {
            &["bible2012-os", "higashiyama2022-os", "savvides2013-os", "tahara2017-os", "wirth2021-os"]
        }
        "atc_pfs" => &["bible2012-pfs", "savvides2013-pfs", "tahara2017-pfs", "wirth2021-pfs"],
        "simulated" => return drawn(&reference("parametric_survival.json")["sets"]["simulated"]["trials"]),
        _ => return drawn(&answers["trials"]),
    };
    names.iter().map(|name| cohort(name)).collect()
}

/// Σ (d log d − d): what a Breslow partial likelihood lacks of a likelihood with jumps.
fn constant(trials: &[TrialPatients]) -> f64 {
    let mut times: Vec<f64> = trials
        .iter()
        .flat_map(|trial| &trial.patients)
        .filter(|patient| patient.event)
        .map(|patient| patient.time)
        .collect();
    times.sort_by(f64::total_cmp);
    let tied = times.chunk_by(|one, two| one == two).map(|group| group.len() as f64);
    tied.map(|events| events * events.ln() - events).sum()
}

fn compare_all_jumps(agreement: &mut Agreement, pooled: &FrailtySurvival, theirs: &Value, place: &str) {
    let parameter = theirs["parameter"][0].as_f64().unwrap();
    let error = theirs["parameter_error"][0].as_f64().unwrap();
    let (theta, theta_error) = match pooled.options.frailty {
        FrailtyDistribution::Gamma => (parameter, error),
        FrailtyDistribution::LogNormal => (parameter * parameter, 2.0 * parameter * error),
    };
    agreement.close("theta", pooled.theta, theta, ITERATIVE, place);
    agreement.close("theta, SE", pooled.theta_standard_error.unwrap(), theta_error, ITERATIVE, place);
    agreement.close_to(
        "log likelihood",
        pooled.log_likelihood,
        &theirs["log_likelihood"][0],
        ITERATIVE,
        place,
    );
    // R draws curves on beyond follow-up; here such times are left out.
    let asked = &pooled.options.times;
    for (offset, curve) in [(0, &pooled.typical), (asked.len(), &pooled.average)] {
        for point in &curve.survival {
            let index = offset + asked.iter().position(|&time| time == point.time).unwrap();
            agreement.close_to("survival", point.survival, &theirs["survival"][index], ITERATIVE, place);
            let error = &theirs["survival_error"][index];
            agreement.close_to("survival, SE", point.standard_error, error, ITERATIVE, place);
        }
    }
    for (index, one) in pooled.frailties.iter().enumerate() {
        agreement.close_to("frailty", one.frailty, &theirs["frailties"][index], ITERATIVE, place);
    }
}

#[test]
fn r_frailty_survival() {
    let answers = reference("frailty_survival.json");
    let mut agreement = Agreement::new("frailty survival");
    for (set, theirs) in answers["sets"].as_object().unwrap() {
        let trials = trials(set, theirs);
        let without = theirs["without"][0].as_f64().unwrap() + constant(&trials);
        for (frailty, theirs) in [FrailtyDistribution::Gamma, FrailtyDistribution::LogNormal]
            .into_iter()
            .zip(theirs["fits"].as_array().unwrap())
        {
            agreement.case();
            let options =
                FrailtySurvivalOptions { times: vec![3.0, 6.0, 12.0, 24.0], frailty, ..Default::default() };
            let pooled = pool_frailty_survival(&trials, &options).unwrap();
            let place = format!("{set}, {frailty:?}");
            let ours = pooled.log_likelihood - pooled.heterogeneity_test.statistic / 2.0;
            agreement.close("log likelihood without frailty", ours, without, ITERATIVE, &place);
            if let Some(coxph) = theirs.get("coxph") {
                // coxph ends its search for theta at four to five digits; the likelihood there is the same to 1e-9.
                let integrated = &coxph["integrated_log_likelihood"][0].as_f64().unwrap();
                let ours = pooled.log_likelihood - constant(&trials);
                agreement.close("coxph: integrated log likelihood", ours, *integrated, ITERATIVE, &place);
            }
            match theirs.get("all_jumps") {
                Some(theirs) => compare_all_jumps(&mut agreement, &pooled, theirs, &place),
                None => assert_eq!(pooled.theta, 0.0),
            }
        }
    }
    agreement.finish(8, 214);
}

#[test]
fn unusable_input_is_refused() {
    let event = |time| PatientRecord { time, event: true };
    let options = FrailtySurvivalOptions::default();
    assert_eq!(pool_frailty_survival(&[], &options), Err(PoolError::NoStudies));
    let one = trial("one", vec![event(1.0), event(2.0)]);
    assert!(matches!(
        pool_frailty_survival(std::slice::from_ref(&one), &options),
        Err(PoolError::TooFewStudies { .. })
    ));
    let censored = |id: &str| trial(id, vec![PatientRecord { time: 3.0, event: false }]);
    assert_eq!(pool_frailty_survival(&[censored("a"), censored("b")], &options), Err(PoolError::NoEvents));
    assert!(matches!(
        pool_frailty_survival(&[one.clone(), one.clone()], &options),
        Err(PoolError::DuplicateTrial { .. })
    ));
    // A trial without events is an answer like any other.
    let pooled = pool_frailty_survival(&[one, censored("b")], &options).unwrap();
    assert!(pooled.frailties.iter().all(|trial| trial.frailty.is_finite()));
}
