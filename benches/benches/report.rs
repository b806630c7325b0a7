//! The report of a study of the size of the anaplastic-thyroid-cancer example: two response rates and two curves of six
//! trials, nine figures of 90 kB, nine reconstructions.

use divan::{Bencher, black_box};
use kmeta_benches::{response_counts, trial_patients};
use kmeta_evidence_pool::{ProportionOptions, SurvivalOptions, pool_proportions, pool_survival};
use kmeta_plot_svg::{
    ForestOptions, FunnelOptions, SurvivalFigureOptions, forest_plot, funnel_plot, survival_figure,
};
use kmeta_report_html::{
    ArmSummary, CurvePoint, EffectSection, FigureSection, PanelSummary, Report, ReportProvenance,
    SurvivalSection, TrialCharacteristics, render, render_tables,
};
use kmeta_trial_data::{FigureSource, TimeUnit, Verdict};

fn main() {
    divan::main();
}

/// HTML from results with their figures drawn: text, tables, pictures.
#[divan::bench]
fn render_report(bencher: Bencher<'_, '_>) {
    let report = report();
    bencher.bench(|| render(black_box(&report)).expect("a plain report"));
}

/// The tables to paste.
#[divan::bench]
fn render_all_tables(bencher: Bencher<'_, '_>) {
    let report = report();
    bencher.bench(|| render_tables(black_box(&report)).expect("a plain report"));
}

fn report() -> Report {
    let patients = trial_patients(6);
    Report {
        title: "Bench".to_owned(),
        subtitle: String::new(),
        notices: Vec::new(),
        time_unit: TimeUnit::Months,
        methods: Vec::new(),
        trials: patients
            .iter()
            .map(|trial| TrialCharacteristics {
                id: trial.trial.clone(),
                label: trial.label.clone(),
                printed: vec!["n = 34; orr 1 of 34".to_owned()],
                columns: vec![("Patients".to_owned(), trial.patients.len().to_string())],
                source: format!("{}, a journal 2021", trial.label),
            })
            .collect(),
        responses: vec![response("orr"), response("dcr")],
        survival: vec![survival("os"), survival("pfs")],
        hazard_ratios: Vec::new(),
        effects: Vec::new(),
        tabulated: Vec::new(),
        comparisons: Vec::new(),
        further: Vec::new(),
        failures: Vec::new(),
        adverse_events_title: String::new(),
        adverse_events: Vec::new(),
        figures: (0..9).map(figure).collect(),
        reconstructions: Vec::new(),
        findings: Vec::new(),
        provenance: ReportProvenance {
            generator: "kmeta".to_owned(),
            command: String::new(),
            inputs: Vec::new(),
            seed: None,
            settings: Vec::new(),
            date: String::new(),
        },
    }
}

fn response(id: &str) -> EffectSection {
    let options =
        ProportionOptions { id: id.to_owned(), title: id.to_owned(), ..ProportionOptions::default() };
    let result = pool_proportions(&response_counts(6), &options).expect("valid counts");
    EffectSection {
        forest: forest_plot(&result, &ForestOptions::default()),
        funnel: Some(funnel_plot(&result, &FunnelOptions::default())),
        figures: Vec::new(),
        further: Vec::new(),
        notes: Vec::new(),
        left_out: Vec::new(),
        result,
    }
}

fn survival(id: &str) -> SurvivalSection {
    let times = vec![3.0, 6.0, 9.0, 12.0, 18.0, 24.0];
    let options =
        SurvivalOptions { id: id.to_owned(), title: id.to_owned(), times, ..SurvivalOptions::default() };
    let result = pool_survival(&trial_patients(6), &options).expect("valid patients");
    SurvivalSection {
        endpoint: id.to_owned(),
        figure: survival_figure(&result, &SurvivalFigureOptions::default()),
        figures: Vec::new(),
        further: Vec::new(),
        notes: Vec::new(),
        left_out: Vec::new(),
        result,
    }
}

/// A figure of one curve with forty corners, its overlay 90 kB that do not repeat.
fn figure(index: u32) -> FigureSection {
    let noise = |position: u32| ((position.wrapping_mul(2_654_435_761) ^ index) >> 13) as u8;
    let corner = |position: u32| CurvePoint {
        time: 0.6 * f64::from(position),
        survival: 1.0 - 0.02 * f64::from(position),
        x_px: 80.0 + 14.7 * f64::from(position),
        y_px: 40.0 + 9.1 * f64::from(position),
    };
    FigureSection {
        title: format!("Trial {index}"),
        notes: Vec::new(),
        source: FigureSource {
            file: format!("trial-{index}.png"),
            sha256: "ab".repeat(32),
            format: "png".to_owned(),
            page: None,
            width: 900,
            height: 700,
            pixels_per_inch: None,
            picture: None,
        },
        verdict: Verdict::Ok,
        checks: Vec::new(),
        panels: vec![PanelSummary {
            name: String::new(),
            time_axis: "0 to 24 months, 9 ticks".to_owned(),
            time_residual_px: 0.1,
            survival_axis: "0 to 1, 6 ticks".to_owned(),
            survival_residual_px: 0.1,
            risk_table: Some((1, 7)),
            arms: vec![ArmSummary {
                label: String::new(),
                color: "#1f4e79".to_owned(),
                corners: 40,
                curve_end: 24.0,
                survival_end: 0.2,
                censor_marks: 5,
                median: Some(9.0),
                points: (0..40).map(corner).collect(),
            }],
        }],
        curves: 1,
        overlay_png: (0..90_000).map(noise).collect(),
    }
}
