//! Made-up results for the tests of this crate. The numbers are invented; only their shapes matter.

use kmeta_trial_data::{
    BackTransformSize, BetweenSubgroups, EffectMeasure, EggerTest, Estimand, Estimate, Heterogeneity,
    Interval, IntervalMethod, PatientRecord, PooledEffect, PooledSurvival, PoolingModel, Provenance,
    StepCurve, StudyIntervalMethod, StudyRow, SubgroupResult, SubgroupTauSquared, SurvivalHeterogeneity,
    SurvivalPoint, TauSquaredEstimator, TimeUnit, TrialSurvival,
};

fn estimate(value: f64, standard_error: f64, show: fn(f64) -> f64) -> Estimate {
    let interval = Interval { lower: value - 1.96 * standard_error, upper: value + 1.96 * standard_error };
    let shown_interval = Interval { lower: show(interval.lower), upper: show(interval.upper) };
    Estimate {
        value,
        standard_error,
        interval,
        shown: show(value),
        shown_interval,
        statistic: None,
        degrees_of_freedom: None,
        p_value: None,
    }
}

fn heterogeneity(studies: u32) -> Heterogeneity {
    let several = studies > 1;
    Heterogeneity {
        q: 9.25,
        degrees_of_freedom: studies.saturating_sub(1),
        p_value: several.then_some(0.0994),
        i_squared: several.then_some(0.4595),
        i_squared_interval: (studies > 2).then_some(Interval { lower: 0.0, upper: 0.786 }),
        h: several.then_some(1.36),
        h_interval: None,
        tau_squared: several.then_some(0.009169),
        tau_squared_interval: (studies > 2).then_some(Interval { lower: 0.0, upper: 0.153281 }),
        ..Heterogeneity::default()
    }
}

/// `studies` studies named by `label`, in subgroups of the given sizes (none when empty).
pub(crate) fn effect(
    measure: EffectMeasure,
    studies: u32,
    subgroup_sizes: &[u32],
    label: impl Fn(u32) -> String,
) -> PooledEffect {
    let show: fn(f64) -> f64 = if measure.is_proportion() { |value| value.clamp(0.0, 1.0) } else { f64::exp };
    let center = if measure.is_proportion() { 0.3 } else { -0.6 };
    let subgroup_of = |index: u32| {
        let mut end = 0;
        subgroup_sizes.iter().position(|size| {
            end += size;
            index < end
        })
    };
    let rows = (0..studies).map(|index| {
        let spread = f64::from(index * 7 % 11) / 11.0 - 0.5;
        let weight = f64::from(1 + index * 5 % 7);
        StudyRow {
            trial: format!("trial{index}"),
            label: label(index),
            subgroup: subgroup_of(index).map(|group| format!("Group {}", group + 1)),
            events: measure.is_proportion().then_some(index % 9),
            total: measure.is_proportion().then_some(10 + index),
            control_events: None,
            control_total: None,
            estimate: estimate(center + 0.4 * spread, 0.25 / weight.sqrt(), show),
            weight_common: Some(weight / (4.0 * f64::from(studies))),
            weight_random: Some((weight + 3.0) / (7.0 * f64::from(studies))),
            provenance: Provenance::printed("made up"),
        }
    });
    let groups = subgroup_sizes.iter().enumerate().map(|(index, &size)| SubgroupResult {
        name: format!("Group {}", index + 1),
        studies: size,
        events: measure.is_proportion().then_some(4 * size),
        total: measure.is_proportion().then_some(12 * size),
        control_events: None,
        control_total: None,
        common: estimate(center, 0.08, show),
        random: estimate(center + 0.05, 0.1, show),
        heterogeneity: heterogeneity(size),
        back_transform_size: None,
        marginal_mean: None,
    });
    PooledEffect {
        id: "made-up".to_owned(),
        title: "Made-up response rate".to_owned(),
        measure,
        model: PoolingModel::InverseVariance,
        estimand: Estimand::TypicalStudy,
        tau_squared_estimator: TauSquaredEstimator::RestrictedMaximumLikelihood,
        interval_method: IntervalMethod::Wald,
        study_interval_method: StudyIntervalMethod::ClopperPearson,
        back_transform: measure.is_proportion().then_some(BackTransformSize::HarmonicMean),
        back_transform_size: measure.is_proportion().then_some(15.2),
        confidence_level: 0.95,
        studies: rows.collect(),
        common: estimate(center, 0.04, show),
        random: estimate(center + 0.02, 0.06, show),
        marginal_mean: None,
        likelihood: None,
        two_arm: None,
        prediction: (studies > 2).then(|| Interval { lower: show(center - 0.25), upper: show(center + 0.3) }),
        prediction_details: None,
        fit_statistics: None,
        heterogeneity: heterogeneity(studies),
        subgroups: groups.collect(),
        between_subgroups: (subgroup_sizes.len() > 1).then_some(BetweenSubgroups {
            q_common: 5.2,
            p_value_common: 0.158,
            q_random: 4.36,
            p_value_random: 0.2255,
            degrees_of_freedom: 3,
            tau_squared: SubgroupTauSquared::Separate,
            residual: None,
        }),
        egger: (studies > 2).then_some(EggerTest {
            intercept: 0.61,
            standard_error: 1.2,
            t: 0.51,
            degrees_of_freedom: studies.saturating_sub(2),
            p_value: 0.6372,
        }),
        findings: Vec::new(),
    }
}

/// `count` patients of an exponential cohort with the given median; every fifth is censored.
pub(crate) fn patients(count: u32, median: f64) -> Vec<PatientRecord> {
    (0..count)
        .map(|index| {
            let survival = 1.0 - (f64::from(index) + 0.5) / f64::from(count);
            PatientRecord { time: -survival.ln() * median / std::f64::consts::LN_2, event: index % 5 != 4 }
        })
        .collect()
}

/// The Kaplan-Meier curve of patients in order of time.
pub(crate) fn kaplan_meier(patients: &[PatientRecord]) -> StepCurve {
    let (mut times, mut survival) = (vec![0.0], vec![1.0]);
    let mut level = 1.0;
    for (index, patient) in patients.iter().enumerate().filter(|(_, patient)| patient.event) {
        #[allow(clippy::cast_precision_loss, reason = "small counts")]
        let at_risk = (patients.len() - index) as f64;
        level *= 1.0 - 1.0 / at_risk;
        times.push(patient.time);
        survival.push(f64::max(level, 0.0));
    }
    StepCurve::new(times, survival).unwrap()
}

/// A pooled curve of `trials` trials at 3, 6, … 24 months.
pub(crate) fn survival(trials: u32, label: impl Fn(u32) -> String) -> PooledSurvival {
    let trial = |index: u32| {
        let patients = patients(12 + 5 * index, 3.0 + f64::from(index));
        TrialSurvival {
            trial: format!("trial{index}"),
            label: label(index),
            curve: kaplan_meier(&patients),
            follow_up_end: patients.last().map_or(0.0, |patient| patient.time),
            patients: 12 + 5 * index,
            events: 10,
            median: Some(3.0 + f64::from(index)),
            provenance: Provenance::printed("made up"),
        }
    };
    let point = |index: u32| {
        let time = 3.0 * f64::from(index);
        let survival = 0.5_f64.powf(time / 4.5);
        SurvivalPoint {
            time,
            survival,
            interval: Interval { lower: 0.7 * survival, upper: survival.powf(0.7) },
            number_at_risk: 130 / index,
            trials: trials.min(9 - index),
            prediction: None,
            tau_squared: None,
        }
    };
    let random: Vec<SurvivalPoint> = (1..=8).map(point).collect();
    PooledSurvival {
        id: "os".to_owned(),
        title: "Made-up overall survival".to_owned(),
        time_unit: TimeUnit::Months,
        confidence_level: 0.95,
        method: Default::default(),
        estimand: Default::default(),
        common: random.clone(),
        random,
        median: Some(4.5),
        median_lower: Some(2.7),
        median_upper: None,
        median_draws: 1000,
        seed: 1,
        restricted_mean: None,
        heterogeneity: Some(SurvivalHeterogeneity {
            q: 26.53,
            degrees_of_freedom: 25,
            h_squared: 1.061,
            i_squared: 0.0578,
        }),
        trials: (0..trials).map(trial).collect(),
        findings: Vec::new(),
    }
}

/// Every text inside the figure, and no two on top of each other.
pub(crate) fn assert_texts_are_apart(svg: &crate::Svg, width: f64, height: f64) {
    let texts = svg.texts();
    for (index, text) in texts.iter().enumerate() {
        assert!(
            text.left >= 0.0 && text.right <= width + 0.01 && text.top >= 0.0 && text.bottom <= height + 0.01,
            "outside {width} x {height}: {text:?}"
        );
        for other in &texts[..index] {
            assert!(!text.overlaps(other), "{text:?} lies on {other:?}");
        }
    }
}

/// The same of a finished figure; and no number in it that is none.
pub(crate) fn assert_figure_is_readable(figure: &crate::Figure) {
    for (index, text) in figure.texts.iter().enumerate() {
        assert!(
            text.left >= 0.0
                && text.right <= figure.width + 0.01
                && text.top >= 0.0
                && text.bottom <= figure.height + 0.01,
            "outside {} x {}: {text:?}",
            figure.width,
            figure.height
        );
        for other in &figure.texts[..index] {
            assert!(!text.overlaps(other), "{text:?} lies on {other:?}");
        }
    }
    assert!(!figure.svg.contains("NaN") && !figure.svg.contains("=\"inf") && !figure.svg.contains(",inf"));
}

/// `count` made-up specifications along four axes.
pub(crate) fn specifications(count: usize, measure: EffectMeasure) -> crate::SpecificationCurve {
    let axis = |name: &str, options: &[&str]| crate::ChoiceAxis {
        name: name.to_owned(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
    };
    let axes = vec![
        axis("Measure", &["Freeman-Tukey double arcsine", "logit", "untransformed"]),
        axis("Estimator of τ²", &["REML", "DL", "PM", "ML"]),
        axis("Interval", &["Wald", "Hartung-Knapp"]),
        axis(
            "Left out",
            &["none", "Étude PRÉCISION-3 du groupe coopérateur français en oncologie 2019", "试验一"],
        ),
    ];
    let specification = |index: usize| {
        let choices: Vec<usize> = vec![index % 3, index / 3 % 4, index / 12 % 2, index / 24 % 3];
        let moved = choices[0] as f64 * 0.02 + choices[3] as f64 * 0.015 + (index * 31 % 17) as f64 * 0.002;
        let estimate = if measure.is_proportion() { 0.06 + moved } else { (-0.5 + 4.0 * moved).exp() };
        let half = 0.03 + 0.02 * choices[2] as f64;
        let interval = if measure.is_proportion() {
            Interval { lower: (estimate - half).max(0.0), upper: estimate + 1.4 * half }
        } else {
            Interval { lower: estimate * (-6.0 * half).exp(), upper: estimate * (6.0 * half).exp() }
        };
        crate::Specification {
            estimate,
            interval: Some(interval),
            choices,
            is_protocol: index == 0,
            is_plausible: index % 3 != 2,
        }
    };
    crate::SpecificationCurve {
        title: "Made-up response rate: every way to pool it".to_owned(),
        measure,
        axes,
        specifications: (0..count).map(specification).collect(),
        decision_lines: if measure.is_proportion() { vec![0.1] } else { vec![0.8] },
    }
}

/// A made-up GOSH density with two clouds, one for each presence of a trial.
pub(crate) fn gosh(measure: EffectMeasure) -> crate::GoshDensity {
    let (columns, rows) = (40, 25);
    let edge = |index: usize| {
        if measure.is_log_ratio() {
            (-1.0 + 1.5 * index as f64 / 40.0).exp()
        } else {
            0.4 * index as f64 / 40.0
        }
    };
    let mut counts = Vec::new();
    let mut with = Vec::new();
    for column in 0..columns {
        for row in 0..rows {
            let cloud = |x: f64, y: f64, size: f64| {
                let square = ((column as f64 - x) / 5.0).powi(2) + ((row as f64 - y) / 4.0).powi(2);
                (size * (-square).exp()) as u64
            };
            let (one, two) = (cloud(14.0, 6.0, 200.0), cloud(25.0, 16.0, 150.0));
            counts.push(one + two);
            with.push(two);
        }
    }
    crate::GoshDensity {
        title: "Made-up hazard ratios: every subset of the trials".to_owned(),
        measure,
        estimate_edges: (0..=columns).map(edge).collect(),
        i_squared_edges: (0..=rows).map(|index| index as f64 / rows as f64).collect(),
        highlighted: Some(crate::GoshHighlight { label: "Müller 2020".to_owned(), counts: with }),
        trials: 13,
        subsets: counts.iter().sum(),
        counts,
        is_sample: false,
        all_trials: Some(edge(19)),
    }
}
