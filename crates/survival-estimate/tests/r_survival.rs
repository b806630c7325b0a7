//! Against R `survival` 3.5-3 on five of its data sets, where the reference folder lies beside the repository.
//! The data come with an R package under the LGPL and are not part of this repository.

#![allow(clippy::print_stderr, reason = "a skipped comparison must say so")]

use std::path::{Path, PathBuf};

use kmeta_survival_estimate::{IntervalType, KaplanMeier, Ties, cox_two_arms, log_rank};
use kmeta_trial_data::PatientRecord;
use serde_json::Value;

const CLOSED_FORM: f64 = 1e-8;
const ITERATIVE: f64 = 1e-6;

fn reference_folder() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference")).to_path_buf();
    if folder.join("d_survival.json").exists() {
        return Some(folder);
    }
    eprintln!("skipped: R's answers are not beside the repository");
    None
}

fn read_groups(path: &Path, column: &str) -> Vec<(String, Vec<PatientRecord>)> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let headers = reader.headers().unwrap().clone();
    let position = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (time, event, group) = (position("time"), position("event"), position(column));
    let mut groups: Vec<(String, Vec<PatientRecord>)> = Vec::new();
    for row in reader.records().map(Result::unwrap) {
        let patient = PatientRecord { time: row[time].parse().unwrap(), event: &row[event] == "1" };
        match groups.iter_mut().find(|(name, _)| name == &row[group]) {
            Some((_, patients)) => patients.push(patient),
            None => groups.push((row[group].to_owned(), vec![patient])),
        }
    }
    groups
}

/// Relative difference, absolute below 1.
fn difference(ours: f64, theirs: &Value) -> f64 {
    let theirs = theirs.as_f64().unwrap();
    (ours - theirs).abs() / theirs.abs().max(1.0)
}

fn groups_of<'a>(name: &str, groups: &'a [(String, Vec<PatientRecord>)]) -> &'a [PatientRecord] {
    let level = name.split_once('=').unwrap().1;
    &groups.iter().find(|(group, _)| group == level).unwrap().1
}

#[test]
fn five_data_sets() {
    let Some(folder) = reference_folder() else { return };
    let text = std::fs::read_to_string(folder.join("d_survival.json")).unwrap();
    let reference: Value = serde_json::from_str(&text).unwrap();
    let mut compared = 0;
    for (name, set) in reference["datasets"].as_object().unwrap() {
        let path = folder.join(set["csv"].as_str().unwrap());
        let groups = read_groups(&path, set["group"].as_str().unwrap());
        let all: Vec<PatientRecord> = groups.iter().flat_map(|(_, patients)| patients.clone()).collect();
        compared += compare_curves(name, &set["km"], &all, &groups);
        compared += compare_restricted_means(name, &set["rmst"], &all, &groups);
        compared += compare_log_rank(name, &set["logrank"][0], &set["km"], &groups);
        if groups.len() == 2 {
            compared += compare_cox(name, &set["cox"], &groups);
        }
    }
    assert!(compared > 10_000, "only {compared} numbers were compared");
}

fn compare_curves(
    name: &str,
    km: &Value,
    all: &[PatientRecord],
    groups: &[(String, Vec<PatientRecord>)],
) -> usize {
    let fit = KaplanMeier::fit(all).unwrap();
    let mut compared = 0;
    for (kind, interval) in [("logit", IntervalType::Logit), ("arcsin", IntervalType::Arcsine)] {
        for (limits, row) in fit.intervals(0.95, interval).unwrap().iter().zip(0..) {
            for (ours, side) in [(limits.lower, "lower"), (limits.upper, "upper")] {
                let theirs = &km[format!("{kind}/overall")][side][row];
                assert_eq!(ours.is_none(), theirs.is_null(), "{name} {kind} {row} {side}");
                if let Some(ours) = ours {
                    assert!(difference(ours, theirs) < CLOSED_FORM, "{name} {kind} {row} {side}");
                    compared += 1;
                }
            }
        }
    }
    for (kind, interval) in
        [("plain", IntervalType::Plain), ("log", IntervalType::Log), ("log-log", IntervalType::LogLog)]
    {
        let curve = &km[format!("{kind}/overall")];
        let limits = fit.intervals(0.95, interval).unwrap();
        for (row, limits) in limits.iter().enumerate() {
            assert_eq!(f64::from(fit.number_at_risk()[row]), curve["n_risk"][row].as_f64().unwrap());
            assert_eq!(f64::from(fit.censored()[row]), curve["n_censor"][row].as_f64().unwrap());
            assert!(difference(limits.survival, &curve["surv"][row]) < CLOSED_FORM, "{name} {kind} {row}");
            for (ours, theirs) in [(limits.lower, "lower"), (limits.upper, "upper")] {
                assert_eq!(
                    ours.is_none(),
                    curve[theirs][row].as_f64().is_none(),
                    "{name} {kind} {row} {theirs}"
                );
                if let Some(ours) = ours {
                    assert!(difference(ours, &curve[theirs][row]) < CLOSED_FORM, "{name} {kind} {row}");
                    compared += 1;
                }
            }
        }
        let medians = &km[format!("{kind}/grouped")]["median_table"];
        for (group, quantiles) in medians["quantile"].as_object().unwrap() {
            let fit = KaplanMeier::fit(groups_of(group, groups)).unwrap();
            let (lower, upper) = fit.median_interval(0.95, interval).unwrap();
            let ours = [fit.median(), lower, upper];
            for (ours, theirs) in
                ours.iter().zip([&quantiles[1], &medians["lower"][group][1], &medians["upper"][group][1]])
            {
                assert_eq!(*ours, theirs.as_f64(), "{name} {kind} {group} median");
                compared += 1;
            }
        }
    }
    compared
}

fn compare_restricted_means(
    name: &str,
    rmst: &Value,
    all: &[PatientRecord],
    groups: &[(String, Vec<PatientRecord>)],
) -> usize {
    let mut compared = 0;
    for (horizon, results) in rmst.as_object().unwrap() {
        let horizon: f64 = horizon.trim_start_matches("tau_").parse().unwrap();
        let overall = [("all", all, &results["overall"]["all"])];
        let grouped = results["grouped"].as_object().unwrap();
        let grouped =
            grouped.iter().map(|(group, result)| (group.as_str(), groups_of(group, groups), result));
        for (group, patients, theirs) in overall.into_iter().chain(grouped) {
            let fit = KaplanMeier::fit(patients).unwrap();
            let ours = fit.restricted_mean_survival_time(horizon);
            if horizon > fit.follow_up_end() && fit.survival_at(horizon) > 0.0 {
                assert!(ours.is_err()); // R draws the last step on to the horizon
                continue;
            }
            let ours = ours.unwrap();
            assert!(difference(ours.mean, &theirs["rmean"]) < CLOSED_FORM, "{name} {group} {horizon}");
            assert!(difference(ours.standard_error, &theirs["se"]) < CLOSED_FORM, "{name} {group} {horizon}");
            compared += 2;
        }
    }
    compared
}

fn compare_log_rank(
    name: &str,
    theirs: &Value,
    km: &Value,
    groups: &[(String, Vec<PatientRecord>)],
) -> usize {
    let order = km["log/grouped"]["median_table"]["quantile"].as_object().unwrap();
    let ordered: Vec<&[PatientRecord]> = order.keys().map(|group| groups_of(group, groups)).collect();
    let ours = log_rank(&ordered).unwrap();
    assert!(difference(ours.chi_squared, &theirs["chisq"]) < CLOSED_FORM, "{name} log-rank");
    assert!(difference(ours.p_value, &theirs["p"]) < CLOSED_FORM, "{name} log-rank p");
    3
}

fn compare_cox(name: &str, cox: &Value, groups: &[(String, Vec<PatientRecord>)]) -> usize {
    let mut ordered: Vec<_> = groups.iter().collect();
    ordered.sort_by(|one, two| one.0.cmp(&two.0));
    for (ties, method) in [("efron", Ties::Efron), ("breslow", Ties::Breslow), ("exact", Ties::Exact)] {
        let theirs = &cox[ties]["univariate"];
        let ours = cox_two_arms(&ordered[0].1, &ordered[1].1, method).unwrap();
        let only = |value: &Value| value.as_object().unwrap().values().next().unwrap().clone();
        assert!(difference(ours.log_hazard_ratio, &only(&theirs["coef"])) < ITERATIVE, "{name} {ties}");
        assert!(difference(ours.standard_error, &only(&theirs["se"])) < ITERATIVE, "{name} {ties}");
        assert!(difference(ours.log_likelihood_null, &theirs["loglik"][0]) < CLOSED_FORM, "{name} {ties}");
        assert!(difference(ours.log_likelihood, &theirs["loglik"][1]) < ITERATIVE, "{name} {ties}");
    }
    12
}
