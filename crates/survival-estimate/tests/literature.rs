//! Small data with known answers, and truth worked out by hand.

use approx::assert_relative_eq;
use kmeta_survival_estimate::{IntervalType, KaplanMeier, SurvivalError, Ties, cox_two_arms, log_rank};
use kmeta_trial_data::PatientRecord;

fn patients(events: &[f64], censored: &[f64]) -> Vec<PatientRecord> {
    let record = |event| move |&time: &f64| PatientRecord { time, event };
    events.iter().map(record(true)).chain(censored.iter().map(record(false))).collect()
}

/// Remission in weeks of acute leukaemia, 6-mercaptopurine arm. Freireich et al. Blood 1963;21:699, as printed
/// in Gehan, Biometrika 1965;52:203, and Cox & Oakes 1984, table 1.1.
fn mercaptopurine() -> Vec<PatientRecord> {
    patients(
        &[6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0],
        &[6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0],
    )
}

/// The placebo arm of the same trial: every patient relapsed.
fn placebo() -> Vec<PatientRecord> {
    let weeks = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];
    patients(&weeks.map(f64::from), &[])
}

#[test]
fn kaplan_meier_of_freireich_by_hand() {
    let fit = KaplanMeier::fit(&mercaptopurine()).unwrap();
    // Patients at risk at the seven event times: 21, 17, 15, 12, 11, 7, 6, with 3 events at the first.
    let steps = [
        (6.0, 18.0 / 21.0),
        (7.0, 16.0 / 17.0),
        (10.0, 14.0 / 15.0),
        (13.0, 11.0 / 12.0),
        (16.0, 10.0 / 11.0),
        (22.0, 6.0 / 7.0),
        (23.0, 5.0 / 6.0),
    ];
    let mut survival = 1.0;
    for (time, step) in steps {
        assert_relative_eq!(fit.survival_at(time - 1e-9), survival, max_relative = 1e-14);
        survival *= step;
        assert_relative_eq!(fit.survival_at(time), survival, max_relative = 1e-14);
    }
    assert_eq!(fit.survival_at(35.0), fit.survival_at(23.0));
    assert_eq!(fit.number_at_risk_at(10.0), 15);
    assert_eq!(fit.number_at_risk_at(35.5), 0);
    assert_eq!((fit.patients(), fit.total_events(), fit.follow_up_end()), (21, 9, 35.0));
    assert_eq!(fit.median(), Some(23.0));
    assert_eq!(KaplanMeier::fit(&placebo()).unwrap().median(), Some(8.0));
    // Greenwood at 6 weeks: S² · 3 / (21 · 18).
    let first = fit.times().iter().position(|&time| time == 6.0).unwrap();
    let error = fit.survival()[first] * fit.greenwood()[first].sqrt();
    assert_relative_eq!(error, 18.0 / 21.0 * (3.0_f64 / (21.0 * 18.0)).sqrt(), max_relative = 1e-14);
    assert_eq!((error * 1e4).round(), 764.0); // 0.0764 in Klein & Moeschberger 2003, table 4.1A
}

#[test]
fn curve_has_corners_at_events_only() {
    let curve = KaplanMeier::fit(&mercaptopurine()).unwrap().curve();
    assert_eq!(curve.times(), [0.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0, 35.0]);
}

#[test]
fn log_rank_of_freireich() {
    let test = log_rank(&[&mercaptopurine(), &placebo()]).unwrap();
    // Printed by R survdiff and in many textbooks: 9 observed, 19.3 expected; 21 and 10.7; chi-squared 16.8.
    assert_eq!((test.groups[0].observed, test.groups[1].observed), (9.0, 21.0));
    assert_eq!((test.groups[0].expected * 100.0).round(), 1925.0);
    assert_eq!((test.chi_squared * 100.0).round(), 1679.0);
    assert_eq!(test.degrees_of_freedom, 1);
    assert!(test.p_value < 1e-4);
}

#[test]
fn cox_of_freireich() {
    // R coxph, also Venables & Ripley, MASS 2002, section 13.3: 1.5721 (0.4124) by Efron,
    // Cox & Oakes 1984: 1.509 (0.410) by Breslow.
    let efron = cox_two_arms(&mercaptopurine(), &placebo(), Ties::Efron).unwrap();
    assert_eq!((efron.log_hazard_ratio * 1e4).round(), 15721.0);
    assert_eq!((efron.standard_error * 1e4).round(), 4124.0);
    let breslow = cox_two_arms(&mercaptopurine(), &placebo(), Ties::Breslow).unwrap();
    assert_eq!((breslow.log_hazard_ratio * 1e3).round(), 1509.0);
    assert_eq!((breslow.standard_error * 1e3).round(), 410.0);
    let swapped = cox_two_arms(&placebo(), &mercaptopurine(), Ties::Efron).unwrap();
    assert_relative_eq!(swapped.log_hazard_ratio, -efron.log_hazard_ratio, max_relative = 1e-12);
    let (lower, upper) = efron.hazard_ratio_interval(0.95).unwrap();
    assert!(lower < efron.hazard_ratio() && efron.hazard_ratio() < upper);
    assert!(efron.p_value() < 1e-3);
}

/// Six patients with one tie between the arms: r = exp(log hazard ratio) solves r² = 3r + 6 under Breslow's
/// and r³ = 23r + 30 under Efron's likelihood.
#[test]
fn cox_by_hand() {
    let reference = patients(&[6.0, 9.0], &[8.0]);
    let treated = patients(&[1.0, 6.0], &[1.0]);
    let breslow = cox_two_arms(&reference, &treated, Ties::Breslow).unwrap();
    assert_relative_eq!(breslow.hazard_ratio(), (3.0 + 33.0_f64.sqrt()) / 2.0, max_relative = 1e-10);
    assert_relative_eq!(
        breslow.log_likelihood_null,
        -(6.0_f64.ln() + 2.0 * 4.0_f64.ln()),
        max_relative = 1e-14
    );
    let efron = cox_two_arms(&reference, &treated, Ties::Efron).unwrap();
    let third = 23.0_f64 / 3.0;
    let root = 2.0 * third.sqrt() * ((15.0 / third.powf(1.5)).acos() / 3.0).cos();
    assert_relative_eq!(efron.hazard_ratio(), root, max_relative = 1e-10);
    let (a, b, c) = (root / (root + 1.0), root / (root + 3.0), root / (root + 5.0));
    let information = a * (1.0 - a) + b * (1.0 - b) + c * (1.0 - c);
    assert_relative_eq!(efron.standard_error, information.sqrt().recip(), max_relative = 1e-9);
}

#[test]
fn no_finite_hazard_ratio_is_an_error() {
    let early = patients(&[1.0, 2.0], &[3.0]);
    let late = patients(&[5.0], &[4.0, 6.0]);
    let refused = cox_two_arms(&late, &early, Ties::Efron);
    assert!(
        matches!(refused, Err(SurvivalError::MonotoneLikelihood { ref limit, .. }) if limit == "infinity")
    );
    let refused = cox_two_arms(&early, &late, Ties::Efron);
    assert!(matches!(refused, Err(SurvivalError::MonotoneLikelihood { ref limit, .. }) if limit == "0"));
    let without_events = patients(&[], &[3.0, 4.0]);
    let refused = cox_two_arms(&without_events, &without_events, Ties::Efron);
    assert_eq!(refused, Err(SurvivalError::NothingToCompare));
    assert_eq!(log_rank(&[&without_events, &without_events]), Err(SurvivalError::NothingToCompare));
}

#[test]
fn impossible_patients_are_named() {
    assert!(matches!(KaplanMeier::fit(&[]), Err(SurvivalError::NoPatients { .. })));
    let mut some = placebo();
    some[3].time = f64::NAN;
    assert!(matches!(KaplanMeier::fit(&some), Err(SurvivalError::InvalidTime { index: 3, .. })));
    assert!(matches!(log_rank(&[&placebo()]), Err(SurvivalError::TooFewGroups { groups: 1 })));
    let fit = KaplanMeier::fit(&placebo()).unwrap();
    assert!(matches!(fit.intervals(95.0, IntervalType::Log), Err(SurvivalError::InvalidLevel { .. })));
}

#[test]
fn median_where_the_curve_rests_on_one_half() {
    let fit = KaplanMeier::fit(&patients(&[1.0, 2.0, 5.0, 6.0], &[])).unwrap();
    assert_eq!(fit.median(), Some(3.5)); // S = 0.5 from 2 to 5: R survfit gives the middle
    let fit = KaplanMeier::fit(&patients(&[1.0], &[2.0, 3.0])).unwrap();
    assert_eq!(fit.median(), None);
}

#[test]
fn restricted_mean_by_hand() {
    let fit = KaplanMeier::fit(&patients(&[1.0, 3.0], &[4.0])).unwrap();
    // 1·1 + 2/3·2 + 1/3·1 up to 4; areas after the events are 5/3 and 1/3.
    let mean = fit.restricted_mean_survival_time(4.0).unwrap();
    assert_relative_eq!(mean.mean, 1.0 + 4.0 / 3.0 + 1.0 / 3.0, max_relative = 1e-14);
    let variance: f64 = (5.0_f64 / 3.0).powi(2) / 6.0 + (1.0_f64 / 3.0).powi(2) / 2.0;
    assert_relative_eq!(mean.standard_error, variance.sqrt(), max_relative = 1e-14);
    assert!(matches!(
        fit.restricted_mean_survival_time(5.0),
        Err(SurvivalError::HorizonBeyondFollowUp { .. })
    ));
    assert!(fit.restricted_mean_survival_time(-1.0).is_err());
}
