//! Multiverses: every specification is the analysis it claims to be.

use std::path::Path;

use approx::assert_relative_eq;
use kmeta_evidence_pool::{
    Axis, EffectMultiverseInput, EffectOptions, EffectVariant, GridFreeOptions, Multiverse, MultiverseAxes,
    MultiverseSettings, ProportionCount, ProportionModel, ProportionOptions, ProportionTrial, Specification,
    SurvivalMultiverseInput, SurvivalOptions, SurvivalQuantity, SurvivalVariant, SurvivalWay, TrialPatients,
    TwoArmCount, TwoArmCountOptions, effect_multiverse, pool_effects, pool_grid_free_survival,
    pool_proportions, pool_survival, pool_two_arm_counts, proportion_multiverse, survival_multiverse,
    two_arm_count_multiverse,
};
use kmeta_trial_data::{
    BackTransformSize, EffectEstimate, EffectMeasure, IntervalMethod, PatientRecord, Provenance,
    TauSquaredEstimator,
};

/// Responders of the thyroid trials: Cao RB et al., Medicine 2024;103:31(e38679).
fn trials() -> Vec<ProportionTrial> {
    [
        ("ha2010", "Imatinib", 2, 8, 11),
        ("bible2012", "Pazopanib", 0, 15, 16),
        ("savvides2013", "Sorafenib", 2, 20, 20),
        ("tahara2017", "Lenvatinib", 4, 17, 17),
        ("wirth2021", "Lenvatinib", 1, 34, 34),
        ("higashiyama2022", "Lenvatinib", 5, 42, 42),
    ]
    .map(|(trial, group, events, evaluable, patients)| ProportionTrial {
        trial: trial.to_owned(),
        subgroup: Some(group.to_owned()),
        events,
        evaluable,
        patients: Some(patients),
    })
    .to_vec()
}

fn protocol() -> ProportionOptions {
    ProportionOptions { id: "orr".to_owned(), measure: EffectMeasure::FreemanTukey, ..Default::default() }
}

fn response(settings: &MultiverseSettings) -> Multiverse {
    proportion_multiverse(&trials(), &protocol(), &MultiverseAxes::default(), settings).unwrap()
}

fn everything() -> MultiverseSettings {
    MultiverseSettings { maximum: 100_000, decision_line: Some(0.1), ..Default::default() }
}

/// The word of a specification on an axis.
fn word<'a>(multiverse: &'a Multiverse, specification: &Specification, axis: &str) -> &'a str {
    let position = multiverse.axes.iter().position(|known| known.name == axis).unwrap();
    match specification.choices[position] {
        Some(choice) => &multiverse.axes[position].choices[usize::from(choice)].name,
        None => "",
    }
}

#[test]
fn the_protocol_is_the_analysis_itself() {
    let found = response(&everything());
    let own = found.protocol().unwrap();
    assert!(own.plausible);
    let result = own.result.unwrap();
    // R meta: metaprop(sm = "PFT", method.tau = "REML"), fixtures/atc-tki/published.json.
    assert_eq!(
        format!("{:.4} {:.4} {:.4}", result.estimate, result.lower.unwrap(), result.upper.unwrap()),
        "0.0873 0.0248 0.1739"
    );
}

/// Every specification that the pooling function has options for, against that function.
#[test]
fn specifications_are_what_pooling_gives() {
    let found = response(&everything());
    let mut compared = 0;
    for specification in &found.specifications {
        let of = |axis: &str| word(&found, specification, axis);
        if !matches!(of("zero_correction"), "" | "half-in-affected") || compared > 900 && compared % 7 != 0 {
            compared += 1;
            continue;
        }
        let counts: Vec<ProportionCount> = trials()
            .into_iter()
            .filter(|trial| of("subgroup") == "none" || trial.subgroup.as_deref() == Some(of("subgroup")))
            .filter(|trial| of("left_out") != trial.trial)
            .map(|trial| ProportionCount {
                trial: trial.trial.clone(),
                label: trial.trial,
                subgroup: None,
                events: trial.events,
                total: if of("denominator") == "evaluable" {
                    trial.evaluable
                } else {
                    trial.patients.unwrap()
                },
                provenance: Provenance::printed("test"),
            })
            .collect();
        let (measure, model) = match of("measure") {
            "glmm" => (EffectMeasure::Logit, ProportionModel::Glmm),
            "beta-binomial" => (EffectMeasure::Logit, ProportionModel::BetaBinomial),
            "freeman-tukey" => (EffectMeasure::FreemanTukey, ProportionModel::InverseVariance),
            "arcsine" => (EffectMeasure::Arcsine, ProportionModel::InverseVariance),
            "logit" => (EffectMeasure::Logit, ProportionModel::InverseVariance),
            "log" => (EffectMeasure::Log, ProportionModel::InverseVariance),
            _ => (EffectMeasure::Raw, ProportionModel::InverseVariance),
        };
        let named = |name: &str| serde_json::from_value(serde_json::Value::from(name));
        let options = ProportionOptions {
            measure,
            model: Some(model),
            tau_squared: named(of("tau_squared")).unwrap_or(TauSquaredEstimator::RestrictedMaximumLikelihood),
            interval: serde_json::from_value(of("interval").into()).unwrap_or(IntervalMethod::Wald),
            back_transform: serde_json::from_value(of("back_transform").into())
                .unwrap_or(BackTransformSize::HarmonicMean),
            ..ProportionOptions::default()
        };
        let Ok(pooled) = pool_proportions(&counts, &options) else {
            assert!(specification.result.is_none(), "{specification:?}");
            continue;
        };
        let common = of("mean") == "common";
        let expected = if common { &pooled.common } else { &pooled.random };
        let result = specification.result.unwrap();
        let close = |ours: f64, theirs: f64| {
            assert_relative_eq!(ours, theirs, max_relative = 1e-10, epsilon = 1e-12);
        };
        close(result.estimate, expected.shown);
        close(result.lower.unwrap(), expected.shown_interval.lower);
        close(result.upper.unwrap(), expected.shown_interval.upper);
        assert_eq!(result.studies as usize, counts.len());
        compared += 1;
    }
    assert!(compared > 1_500, "{compared}");
}

#[test]
fn the_axes_of_a_response_analysis() {
    let found = response(&everything());
    let names: Vec<&str> = found.axes.iter().map(|axis| axis.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "measure",
            "back_transform",
            "zero_correction",
            "denominator",
            "subgroup",
            "left_out",
            "mean",
            "tau_squared",
            "interval"
        ]
    );
    assert_eq!(found.possible, Some(found.specifications.len() as u64));
    assert!(found.specifications.len() > 10_000, "{}", found.specifications.len());
    assert!(found.plausible.specifications < found.all.specifications / 10);
    // The choice of measure is what the result rests on (design: 3.6 to 13.8 % over 312 specifications).
    let share =
        |axis: &str| found.influence.iter().find(|known| known.axis == axis).unwrap().variance_share.unwrap();
    assert!(
        names
            .iter()
            .all(|name| share(name) <= share("measure").max(share("left_out")).max(share("subgroup")))
    );
    let sides = found.all.decision.unwrap();
    assert_relative_eq!(sides.estimate_below + sides.estimate_above, 1.0, epsilon = 1e-12);
    assert_relative_eq!(
        sides.interval_below + sides.interval_across + sides.interval_above,
        1.0,
        epsilon = 1e-12
    );
    // Kenward-Roger goes with REML only.
    for specification in &found.specifications {
        if word(&found, specification, "interval") == "kenward-roger" {
            assert_eq!(word(&found, specification, "tau_squared"), "REML");
        }
    }
}

#[test]
fn a_sample_is_seeded_and_part_of_the_whole() {
    let whole = response(&everything());
    let settings = MultiverseSettings { maximum: 500, ..MultiverseSettings::default() };
    let (one, again) = (response(&settings), response(&settings));
    assert_eq!(one, again);
    assert_eq!((one.specifications.len(), one.sample_seed), (500, Some(1)));
    assert!(one.protocol().is_some());
    for found in &one.specifications {
        let known = whole.specifications.iter().find(|known| known.choices == found.choices).unwrap();
        assert_eq!(found.result, known.result);
    }
    let other = response(&MultiverseSettings { seed: 2, ..settings });
    assert_ne!(one.specifications, other.specifications);
}

#[test]
fn stated_choices_are_all_plausible_and_the_only_ones() {
    let axes = MultiverseAxes {
        tau_squared: Some(vec![TauSquaredEstimator::DerSimonianLaird, TauSquaredEstimator::Hedges]),
        leave_one_out: Some(false),
        subgroups: Some(false),
        ..MultiverseAxes::default()
    };
    let found = proportion_multiverse(&trials(), &protocol(), &axes, &everything()).unwrap();
    let axis = found.axes.iter().find(|axis| axis.name == "tau_squared").unwrap();
    let names: Vec<&str> = axis.choices.iter().map(|choice| choice.name.as_str()).collect();
    assert_eq!(names, ["REML", "DL", "HE"]);
    assert!(axis.choices.iter().all(|choice| choice.plausible));
    assert!(!found.axes.iter().any(|axis| axis.name == "left_out" || axis.name == "subgroup"));
}

fn effects() -> Vec<EffectEstimate> {
    [(0.46, 0.18), (0.71, 0.12), (0.93, 0.21), (0.60, 0.15)]
        .iter()
        .enumerate()
        .map(|(index, (hazard_ratio, standard_error)): (usize, &(f64, f64))| EffectEstimate {
            trial: format!("trial-{index}"),
            label: format!("Trial {index}"),
            subgroup: None,
            measure: EffectMeasure::LogHazardRatio,
            value: hazard_ratio.ln(),
            variance: standard_error.powi(2),
            provenance: Provenance::printed("test"),
        })
        .collect()
}

#[test]
fn hazard_ratios_of_two_sources() {
    let mut turned = effects();
    turned.iter_mut().for_each(|effect| effect.value *= 0.5);
    let source = Axis {
        name: "source".to_owned(),
        choices: vec![
            kmeta_evidence_pool::AxisChoice::new("printed", true),
            kmeta_evidence_pool::AxisChoice::new("reconstructed", true),
        ],
        protocol: 1,
        applies: Vec::new(),
    };
    let variant = |choice, effects| EffectVariant { choices: vec![Some(choice)], effects: Ok(effects) };
    let input = EffectMultiverseInput {
        quantity: "hazard ratio".to_owned(),
        leading: vec![source],
        variants: vec![variant(0, effects()), variant(1, turned.clone())],
    };
    let options = EffectOptions { id: "pfs".to_owned(), ..EffectOptions::default() };
    let found = effect_multiverse(&input, &options, &MultiverseAxes::default(), &everything()).unwrap();
    let own = found.protocol().unwrap().result.unwrap();
    let expected = pool_effects(&turned, &options).unwrap().random;
    assert_relative_eq!(own.estimate, expected.shown, max_relative = 1e-12);
    assert_relative_eq!(own.upper.unwrap(), expected.shown_interval.upper, max_relative = 1e-12);
    // Halving every log hazard ratio moves the pooled one by as much.
    let step = found.influence[0].from_protocol.as_ref().unwrap();
    assert_relative_eq!(
        step.estimate_to.ln(),
        pool_effects(&effects(), &options).unwrap().random.value,
        max_relative = 1e-12
    );
}

fn cohorts() -> Vec<(TrialPatients, Option<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/atc-tki/cohorts");
    ["bible2012", "savvides2013", "tahara2017", "wirth2021", "higashiyama2022"]
        .map(|trial| {
            let mut reader = csv::Reader::from_path(folder.join(format!("{trial}-os.csv"))).unwrap();
            let headers = reader.headers().unwrap().clone();
            let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
            let (time, status) = (column("time"), column("status"));
            let patients = reader
                .records()
                .map(|row| {
                    let row = row.unwrap();
                    PatientRecord { time: row[time].parse().unwrap(), event: &row[status] == "1" }
                })
                .collect();
            let trial = TrialPatients {
                trial: trial.to_owned(),
                label: trial.to_owned(),
                patients,
                provenance: Provenance::printed("cohort"),
            };
            (trial, None)
        })
        .to_vec()
}

#[test]
fn survival_of_single_arms() {
    let options = SurvivalOptions {
        id: "os".to_owned(),
        times: vec![3., 6., 9., 12., 15., 18., 21., 24.],
        median_draws: 500,
        seed: 20_240_802,
        ..SurvivalOptions::default()
    };
    let patients: Vec<TrialPatients> = cohorts().into_iter().map(|(trial, _)| trial).collect();
    let expected = pool_survival(&patients, &options).unwrap();
    for quantity in [SurvivalQuantity::Median, SurvivalQuantity::SurvivalAt(12.0)] {
        let input = SurvivalMultiverseInput {
            quantity,
            leading: Vec::new(),
            variants: vec![SurvivalVariant { choices: Vec::new(), trials: Ok(cohorts()) }],
            way: SurvivalWay::SummaryCurve,
            tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
            interval: IntervalMethod::Wald,
            landmark_scale: Default::default(),
        };
        let found = survival_multiverse(&input, &options, &MultiverseAxes::default(), &everything()).unwrap();
        let own = found.protocol().unwrap().result.unwrap();
        let point = &expected.random[3];
        match quantity {
            SurvivalQuantity::Median => {
                assert_eq!(Some(own.estimate), expected.median);
                assert_eq!((own.lower, own.upper), (expected.median_lower, expected.median_upper));
            }
            SurvivalQuantity::SurvivalAt(_) => {
                assert_relative_eq!(own.estimate, point.survival, epsilon = 1e-12)
            }
        }
        // Without one trial, by the curve that has no grid.
        let specification = found
            .specifications
            .iter()
            .find(|found_one| {
                word(&found, found_one, "survival_method") == "grid-free"
                    && word(&found, found_one, "left_out") == "wirth2021"
                    && word(&found, found_one, "tau_squared") == "DL"
                    && word(&found, found_one, "interval") == "hartung-knapp"
            })
            .unwrap();
        let others: Vec<TrialPatients> =
            patients.iter().filter(|trial| trial.trial != "wirth2021").cloned().collect();
        let grid_free = pool_grid_free_survival(
            &others,
            &GridFreeOptions {
                times: vec![12.0],
                tau_squared: TauSquaredEstimator::DerSimonianLaird,
                interval: IntervalMethod::HartungKnapp,
                ..GridFreeOptions::default()
            },
        )
        .unwrap();
        let expected = match quantity {
            SurvivalQuantity::Median => grid_free.median.unwrap(),
            SurvivalQuantity::SurvivalAt(_) => grid_free.random[0].survival,
        };
        assert_relative_eq!(specification.result.unwrap().estimate, expected, max_relative = 1e-12);
        assert!(found.specifications.iter().all(|found| found.result.is_some()), "{:?}", found.findings);
    }
}

#[test]
fn a_landmark_must_be_a_time_of_the_analysis() {
    let options = SurvivalOptions { times: vec![6.0], ..SurvivalOptions::default() };
    let input = SurvivalMultiverseInput {
        quantity: SurvivalQuantity::SurvivalAt(12.0),
        leading: Vec::new(),
        variants: vec![SurvivalVariant { choices: Vec::new(), trials: Ok(cohorts()) }],
        way: SurvivalWay::Landmark,
        tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
        interval: IntervalMethod::Wald,
        landmark_scale: Default::default(),
    };
    let error = survival_multiverse(&input, &options, &MultiverseAxes::default(), &everything()).unwrap_err();
    assert!(error.to_string().contains("12"), "{error}");
}

#[test]
fn counts_of_two_arms() {
    let counts: Vec<(TwoArmCount, Option<String>)> =
        [(3, 40, 8, 41), (0, 25, 4, 24), (6, 60, 9, 58), (2, 31, 2, 30)]
            .iter()
            .enumerate()
            .map(|(index, &(events, total, control_events, control_total))| {
                let count = TwoArmCount {
                    trial: format!("trial-{index}"),
                    label: format!("Trial {index}"),
                    subgroup: None,
                    events,
                    total,
                    control_events,
                    control_total,
                    provenance: Provenance::printed("test"),
                };
                (count, None)
            })
            .collect();
    let options =
        TwoArmCountOptions { measure: EffectMeasure::LogOddsRatio, ..TwoArmCountOptions::default() };
    let found =
        two_arm_count_multiverse(&counts, &options, &MultiverseAxes::default(), &everything()).unwrap();
    let all: Vec<TwoArmCount> = counts.iter().map(|(count, _)| count.clone()).collect();
    let own = found.protocol().unwrap().result.unwrap();
    assert_eq!(own.estimate, pool_two_arm_counts(&all, &options).unwrap().random.shown);
    let names: Vec<&str> = found.axes.iter().map(|axis| axis.name.as_str()).collect();
    assert_eq!(
        names,
        ["continuity_correction", "increment", "left_out", "mean", "tau_squared", "interval", "pooling"]
    );
    // Without correction nothing is added.
    for specification in &found.specifications {
        let none = word(&found, specification, "continuity_correction") == "none";
        assert_eq!(word(&found, specification, "increment").is_empty(), none);
        let common = word(&found, specification, "mean") == "common";
        assert_eq!(word(&found, specification, "pooling").is_empty(), !common);
    }
}
