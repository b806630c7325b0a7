//! Draws one figure of each kind into a folder: `cargo run -p kmeta-plot-svg --example gallery -- FOLDER`.
//!
//! The response counts are those of six published trials as a review prints them (Cao 2024, Medicine
//! 103:e38679); everything else, survival above all, is made up to show the drawing.

use std::error::Error;
use std::path::Path;

use kmeta_plot_svg::{
    ArmCurve, Figure, ForestOptions, FunnelOptions, KaplanMeierOptions, SurvivalFigureOptions, forest_plot,
    funnel_plot, kaplan_meier_figure, reconstructed_over_digitized, survival_figure,
};
use kmeta_trial_data::{
    BackTransformSize, BetweenSubgroups, EffectMeasure, EggerTest, Estimand, Estimate, Heterogeneity,
    Interval, IntervalMethod, PatientRecord, PooledEffect, PooledSurvival, PoolingModel, Provenance,
    StepCurve, StudyIntervalMethod, StudyRow, SubgroupResult, SubgroupTauSquared, SurvivalHeterogeneity,
    SurvivalPoint, TauSquaredEstimator, TimeUnit, TrialSurvival,
};

const MADE_UP: &str = "Made-up survival data: this figure shows the drawing, not a result.";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("give a folder to write to")?;
    std::fs::create_dir_all(&folder)?;
    let responses = response_rate();
    let ratios = hazard_ratios(6);
    let favours = ForestOptions {
        favours_left: "favours combination".to_owned(),
        favours_right: "favours control".to_owned(),
        note: MADE_UP.to_owned(),
        ..ForestOptions::default()
    };
    let percent = ForestOptions { percent: true, show_common: false, ..ForestOptions::default() };
    let arms = [arm("Anlotinib", 110, 3.0, 0), arm("Placebo", 55, 1.4, 1)];
    let two_arms = KaplanMeierOptions {
        title: "Progression-free survival".to_owned(),
        survival_title: "Progression-free survival".to_owned(),
        time_unit: Some(TimeUnit::Months),
        statistics: vec!["Hazard ratio 0.46 [0.32, 0.66]".to_owned(), "Log-rank p < 0.0001".to_owned()],
        note: MADE_UP.to_owned(),
        ..KaplanMeierOptions::default()
    };
    let small = KaplanMeierOptions {
        width: 440.0,
        plot_height: 220.0,
        statistics: Vec::new(),
        title: "Anlotinib".to_owned(),
        ..two_arms.clone()
    };
    let digitized = arm("Anlotinib", 108, 3.02, 3).curve;
    let end = digitized.last_time();
    let figures = [
        ("forest-proportions", forest_plot(&responses, &ForestOptions::default())),
        ("forest-percent", forest_plot(&responses, &percent)),
        ("forest-hazard-ratios", forest_plot(&ratios, &favours)),
        ("forest-two-studies", forest_plot(&hazard_ratios(2), &favours)),
        ("forest-120-studies", forest_plot(&hazard_ratios(120), &favours)),
        ("funnel-proportions", funnel_plot(&responses, &FunnelOptions::default())),
        ("funnel-hazard-ratios", funnel_plot(&hazard_ratios(24), &FunnelOptions::default())),
        ("pooled-survival", survival_figure(&pooled_survival(), &survival_options())),
        ("kaplan-meier", kaplan_meier_figure(&arms, &two_arms)),
        ("reconstructed", reconstructed_over_digitized(&arms[0], &digitized, end, &small)),
    ];
    figures.iter().try_for_each(|(name, figure)| write(Path::new(&folder), name, figure))
}

fn write(folder: &Path, name: &str, figure: &Figure) -> Result<(), Box<dyn Error>> {
    std::fs::write(folder.join(format!("{name}.svg")), &figure.svg)?;
    std::fs::write(folder.join(format!("{name}.png")), figure.to_png(2.0)?)?;
    Ok(())
}

fn survival_options() -> SurvivalFigureOptions {
    SurvivalFigureOptions {
        survival_title: "Overall survival".to_owned(),
        note: MADE_UP.to_owned(),
        ..SurvivalFigureOptions::default()
    }
}

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

fn shown(shown: f64, lower: f64, upper: f64) -> Estimate {
    let arcsine = |p: f64| p.sqrt().asin();
    let interval = Interval { lower: arcsine(lower), upper: arcsine(upper) };
    let standard_error = (interval.upper - interval.lower) / 3.92;
    let shown_interval = Interval { lower, upper };
    Estimate {
        value: arcsine(shown),
        standard_error,
        interval,
        shown,
        shown_interval,
        statistic: None,
        degrees_of_freedom: None,
        p_value: None,
    }
}

fn heterogeneity(studies: u32, numbers: [f64; 4]) -> Heterogeneity {
    let several = studies > 1;
    Heterogeneity {
        q: numbers[0],
        degrees_of_freedom: studies - 1,
        p_value: several.then_some(numbers[1]),
        i_squared: several.then_some(numbers[2]),
        i_squared_interval: (studies > 2).then_some(Interval { lower: 0.0, upper: 0.786 }),
        h: None,
        h_interval: None,
        tau_squared: several.then_some(numbers[3]),
        tau_squared_interval: (studies > 3).then_some(Interval { lower: 0.0, upper: 0.1533 }),
        ..Heterogeneity::default()
    }
}

/// Objective response of six trials by drug.
fn response_rate() -> PooledEffect {
    let trials = [
        ("Huan T. Ha 2010", "Imatinib", 2, 8, [0.0319, 0.6509], [0.061, 0.094]),
        ("Keith C. Bible 2012", "Pazopanib", 0, 15, [0.0, 0.2180], [0.111, 0.136]),
        ("Panayiotis Savvides 2013", "Sorafenib", 2, 20, [0.0123, 0.3170], [0.147, 0.158]),
        ("Makoto Tahara 2017", "Lenvatinib", 4, 17, [0.0681, 0.4990], [0.126, 0.146]),
        ("Lori J. Wirth 2021", "Lenvatinib", 1, 34, [0.0007, 0.1533], [0.248, 0.213]),
        ("Takuya Higashiyama 2022", "Lenvatinib", 5, 42, [0.0398, 0.2563], [0.306, 0.253]),
    ];
    let studies = trials.map(|(label, drug, events, total, limits, weights)| StudyRow {
        trial: label.to_owned(),
        label: label.to_owned(),
        subgroup: Some(drug.to_owned()),
        events: Some(events),
        total: Some(total),
        control_events: None,
        control_total: None,
        estimate: shown(f64::from(events) / f64::from(total), limits[0], limits[1]),
        weight_common: Some(weights[0]),
        weight_random: Some(weights[1]),
        provenance: Provenance::printed("printed counts"),
    });
    let group = |name: &str, studies: u32, events: u32, total: u32| SubgroupResult {
        name: name.to_owned(),
        studies,
        events: Some(events),
        total: Some(total),
        control_events: None,
        control_total: None,
        common: shown(0.0871, 0.0344, 0.1557),
        random: shown(0.1040, 0.0184, 0.2346),
        heterogeneity: heterogeneity(studies, [5.01, 0.0817, 0.601, 0.013]),
        back_transform_size: None,
        marginal_mean: None,
    };
    PooledEffect {
        id: "orr".to_owned(),
        title: "Objective response rate".to_owned(),
        measure: EffectMeasure::FreemanTukey,
        model: PoolingModel::InverseVariance,
        estimand: Estimand::TypicalStudy,
        tau_squared_estimator: TauSquaredEstimator::RestrictedMaximumLikelihood,
        interval_method: IntervalMethod::Wald,
        study_interval_method: StudyIntervalMethod::ClopperPearson,
        back_transform: Some(BackTransformSize::HarmonicMean),
        back_transform_size: Some(16.5),
        confidence_level: 0.95,
        studies: studies.to_vec(),
        common: shown(0.0830, 0.0387, 0.1383),
        random: shown(0.0873, 0.0248, 0.1739),
        marginal_mean: None,
        likelihood: None,
        two_arm: None,
        prediction: Some(Interval { lower: 0.0, upper: 0.3711 }),
        prediction_details: None,
        fit_statistics: None,
        heterogeneity: heterogeneity(6, [9.25, 0.0994, 0.4595, 0.009169]),
        subgroups: vec![
            group("Imatinib", 1, 2, 8),
            group("Pazopanib", 1, 0, 15),
            group("Sorafenib", 1, 2, 20),
            group("Lenvatinib", 3, 10, 93),
        ],
        between_subgroups: Some(BetweenSubgroups {
            q_common: 5.1,
            p_value_common: 0.1646,
            q_random: 4.36,
            p_value_random: 0.2255,
            degrees_of_freedom: 3,
            tau_squared: SubgroupTauSquared::Separate,
            residual: None,
        }),
        egger: Some(EggerTest {
            intercept: 1.71,
            standard_error: 2.05,
            t: 0.83,
            degrees_of_freedom: 4,
            p_value: 0.4518,
        }),
        findings: Vec::new(),
    }
}

/// Made-up hazard ratios.
fn hazard_ratios(count: u32) -> PooledEffect {
    let names =
        ["Gao 2025", "ALTER1102 2021", "Étude PRÉCISION-3 (groupe coopérateur français) 2019", "Müller 2020"];
    let studies: Vec<StudyRow> = (0..count)
        .map(|index| {
            let spread = f64::from(index * 37 % 101) / 101.0 - 0.5;
            let precision = 1.0 + f64::from(index * 17 % 23);
            StudyRow {
                trial: index.to_string(),
                label: names
                    .get(index as usize)
                    .map_or(format!("Trial {} et al. {}", index + 1, 1990 + index % 35), |name| {
                        (*name).to_owned()
                    }),
                subgroup: None,
                events: None,
                total: None,
                control_events: None,
                control_total: None,
                estimate: estimate(-0.55 + 1.1 * spread / precision.sqrt(), 0.6 / precision.sqrt(), f64::exp),
                weight_common: Some(precision / (12.0 * f64::from(count))),
                weight_random: Some((precision + 4.0) / (16.0 * f64::from(count))),
                provenance: Provenance::printed("made up"),
            }
        })
        .collect();
    PooledEffect {
        id: "hr".to_owned(),
        title: "Progression-free survival, hazard ratio".to_owned(),
        measure: EffectMeasure::LogHazardRatio,
        back_transform: None,
        back_transform_size: None,
        study_interval_method: StudyIntervalMethod::Wald,
        common: estimate(-0.56, 0.09, f64::exp),
        random: estimate(-0.53, 0.12, f64::exp),
        marginal_mean: None,
        likelihood: None,
        two_arm: None,
        prediction: (count > 2).then_some(Interval { lower: 0.38, upper: 0.91 }),
        prediction_details: None,
        fit_statistics: None,
        heterogeneity: heterogeneity(count, [7.4, 0.1924, 0.324, 0.021]),
        subgroups: Vec::new(),
        between_subgroups: None,
        studies,
        ..response_rate()
    }
}

/// A made-up arm: exponential event times, some patients censored.
fn arm(label: &str, count: u32, median: f64, shift: u32) -> ArmCurve {
    let mut patients: Vec<PatientRecord> = (0..count)
        .map(|index| {
            let level = 1.0 - (f64::from(index) + 0.5) / f64::from(count);
            let wobble = 1.0 + 0.15 * f64::from((index + shift) * 7 % 5) / 5.0;
            let time = -level.ln() * median * wobble / std::f64::consts::LN_2;
            PatientRecord { time: time.min(18.0), event: (index + shift) % 6 != 5 && time < 18.0 }
        })
        .collect();
    patients.sort_by(|one, two| one.time.total_cmp(&two.time));
    let (mut times, mut survival, mut level) = (vec![0.0], vec![1.0], 1.0);
    for (index, patient) in patients.iter().enumerate().filter(|(_, patient)| patient.event) {
        level *= 1.0 - 1.0 / f64::from(count - u32::try_from(index).unwrap_or(0));
        times.push(patient.time);
        survival.push(level.max(0.0));
    }
    let curve =
        StepCurve::new(times, survival).unwrap_or_else(|error| unreachable!("made-up curve: {error}"));
    ArmCurve { label: label.to_owned(), curve, patients }
}

/// A made-up pooled curve of six trials.
fn pooled_survival() -> PooledSurvival {
    let names = ["Ha 2010", "Bible 2012", "Savvides 2013", "Tahara 2017", "Wirth 2021", "Higashiyama 2022"];
    let sizes = [11, 15, 20, 17, 34, 42];
    let trials = names.iter().zip(sizes).enumerate().map(|(index, (name, size))| {
        let arm = arm(name, size, 3.0 + 1.4 * index as f64, u32::try_from(index).unwrap_or(0));
        TrialSurvival {
            trial: (*name).to_owned(),
            label: (*name).to_owned(),
            follow_up_end: arm.patients.last().map_or(0.0, |patient| patient.time),
            patients: size,
            events: size,
            median: arm.curve.median(),
            curve: arm.curve,
            provenance: Provenance::printed("made up"),
        }
    });
    let table = [
        (3.0, 0.628, 0.467, 0.843, 139, 6),
        (6.0, 0.422, 0.271, 0.610, 84, 6),
        (9.0, 0.326, 0.197, 0.538, 52, 6),
        (12.0, 0.240, 0.139, 0.443, 36, 5),
        (15.0, 0.187, 0.096, 0.361, 24, 5),
        (18.0, 0.132, 0.051, 0.304, 15, 3),
    ];
    let point = |&(time, survival, lower, upper, number_at_risk, trials): &(f64, f64, f64, f64, u32, u32)| {
        SurvivalPoint {
            time,
            survival,
            interval: Interval { lower, upper },
            number_at_risk,
            trials,
            prediction: None,
            tau_squared: None,
        }
    };
    PooledSurvival {
        id: "os".to_owned(),
        title: "Overall survival".to_owned(),
        time_unit: TimeUnit::Months,
        confidence_level: 0.95,
        method: Default::default(),
        estimand: Default::default(),
        random: table.iter().map(point).collect(),
        common: table.iter().map(point).collect(),
        median: Some(4.80),
        median_lower: Some(2.74),
        median_upper: Some(8.84),
        median_draws: 10_000,
        seed: 1,
        restricted_mean: None,
        heterogeneity: Some(SurvivalHeterogeneity {
            q: 26.53,
            degrees_of_freedom: 25,
            h_squared: 1.061,
            i_squared: 0.0578,
        }),
        trials: trials.collect(),
        findings: Vec::new(),
    }
}
