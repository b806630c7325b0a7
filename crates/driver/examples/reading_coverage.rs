//! The whole way from known patients to pooled results and back: how often do the 95 % intervals that hold the
//! uncertainty of reading figures hold the truth?
//!
//! Each replicate is a meta-analysis of four trials of two arms, with trials that differ. Every trial's Kaplan-Meier
//! figure is drawn to a picture, and `kmeta run` digitizes, reconstructs, draws readings and pools.
//!
//! `cargo run --release -p kmeta --example reading_coverage -- target/release/kmeta [REPLICATES] [SEED] [KIND]`;
//! KIND 0 draws numbers at risk and censor marks, 1 curves alone; both when left out.
#![allow(clippy::print_stdout, reason = "the table is the purpose of this program")]

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kmeta_ipd_reconstruct::simulation::{EventTimes, Population, simulate_arm};
use kmeta_numerics::streams::{random_stream, standard_normal, uniform};
use kmeta_plot_svg::{ArmCurve, KaplanMeierOptions, kaplan_meier_figure};
use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::PatientRecord;
use serde_json::Value;

/// Trials of a meta-analysis.
const TRIALS: usize = 4;
/// A picture 620 pixels wide, as in a journal's web page.
const PIXELS_PER_UNIT: f64 = 1.0;
/// Meta-analyses of one run of the program.
const REPLICATES_PER_RUN: usize = 5;
/// Readings of each figure.
const IMPUTATIONS: u32 = 50;
/// The control arm of the typical trial: S(t) = exp(−(t/SCALE)^SHAPE), months.
const SHAPE: f64 = 1.1;
const SCALE: f64 = 14.0;
/// The typical trial's log hazard ratio.
const LOG_HAZARD_RATIO: f64 = -0.35;
/// Standard deviations between trials, of the log hazard of the control arm and of the log hazard ratio.
const BETWEEN: (f64, f64) = (0.2, 0.15);
/// The time at which survival is asked for.
const LANDMARK: f64 = 12.0;

/// What the figures show beside their curves.
#[derive(Debug, Clone, Copy)]
struct Shown {
    name: &'static str,
    number_at_risk: bool,
    marks: bool,
}

const SHOWN: [Shown; 2] = [
    Shown { name: "numbers at risk and censor marks", number_at_risk: true, marks: true },
    Shown { name: "curves alone", number_at_risk: false, marks: false },
];

/// How often intervals of one quantity held the truth.
#[derive(Debug, Default, Clone)]
struct Count {
    intervals: u32,
    with: u32,
    without: u32,
    share: f64,
    width_ratio: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let program = PathBuf::from(arguments.next().unwrap_or_else(|| "target/release/kmeta".to_owned()));
    let mut number = |default: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (replicates, seed, kind) = (number(200) as usize, number(20_260_601), number(u64::MAX));
    println!(
        "| figures show | estimate | intervals | cover % | without reading % | width ratio | share of variance % |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|");
    for (_, shown) in SHOWN.into_iter().enumerate().filter(|(index, _)| kind > 1 || kind == *index as u64) {
        let mut counts = vec![Count::default(); quantities().len()];
        let mut left = replicates;
        for run in 0.. {
            let size = left.min(REPLICATES_PER_RUN);
            if size == 0 {
                break;
            }
            left -= size;
            replicate(&program, shown, run, size, seed, &mut counts)?;
        }
        for ((name, ..), count) in quantities().iter().zip(&counts) {
            let of = f64::from(count.intervals.max(1));
            println!(
                "| {} | {name} | {} | {:.1} | {:.1} | {:.3} | {:.1} |",
                shown.name,
                count.intervals,
                100.0 * f64::from(count.with) / of,
                100.0 * f64::from(count.without) / of,
                count.width_ratio / of,
                100.0 * count.share / of
            );
        }
    }
    Ok(())
}

/// Name, analysis and truth of each quantity.
fn quantities() -> [(&'static str, &'static str, f64); 3] {
    [
        ("hazard ratio", "hr", LOG_HAZARD_RATIO.exp()),
        ("survival at 12 months, control", "os12", (-(LANDMARK / SCALE).powf(SHAPE)).exp()),
        ("median, control", "median", SCALE * std::f64::consts::LN_2.powf(SHAPE.recip())),
    ]
}

/// Some meta-analyses as one study.
fn replicate(
    program: &Path,
    shown: Shown,
    run: usize,
    size: usize,
    seed: u64,
    counts: &mut [Count],
) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut text = format!(
        "title = \"Simulation\"\ntime_unit = \"months\"\nuncertainty = {{ imputations = {IMPUTATIONS}, seed = {} }}\n",
        run + 1
    );
    let mut figures = String::new();
    let mut analyses = String::new();
    for index in 0..size {
        let mut trials = Vec::new();
        for trial in 0..TRIALS {
            let id = format!("r{index}t{trial}");
            let name =
                format!("reading-coverage-{}-{}-{trial}", shown.name, run * REPLICATES_PER_RUN + index);
            let arms = simulated_trial(seed, &name)?;
            fs::write(folder.path().join(format!("{id}.png")), picture(&arms, shown)?)?;
            write!(text, "\n[[trial]]\nid = \"{id}\"\nlabel = \"{id}\"\nreference_arm = \"control\"\n")?;
            for (arm, patients) in ["control", "treated"].iter().zip(&arms) {
                let n = patients.len();
                writeln!(text, "[[trial.arm]]\nid = \"{arm}\"\nlabel = \"{arm}\"\nn = {n}")?;
            }
            write!(figures, "\n[[figure]]\nfile = \"{id}.png\"\ntrial = \"{id}\"\nendpoint = \"os\"\n")?;
            writeln!(figures, "arms = {{ \"Control\" = \"control\", \"Treated\" = \"treated\" }}")?;
            trials.push(id);
        }
        let list =
            |suffix: &str| trials.iter().map(|id| format!("\"{id}{suffix}\"")).collect::<Vec<_>>().join(", ");
        let common = "tau_squared = \"REML\"\ninterval = \"hartung-knapp\"";
        write!(
            analyses,
            "\n[[analysis]]\nkind = \"hazard-ratio\"\nid = \"hr{index}\"\ntitle = \"hr\"\nendpoint = \"os\"\n\
             source = \"reconstructed\"\n{common}\ntrials = [{}]\n",
            list("")
        )?;
        for (id, method) in [("os12", "landmark"), ("median", "median")] {
            write!(
                analyses,
                "\n[[analysis]]\nkind = \"survival\"\nid = \"{id}{index}\"\ntitle = \"{id}\"\nendpoint = \"os\"\n\
                 method = \"{method}\"\n{common}\ntimes = [{LANDMARK:.1}]\ntrials = [{}]\n",
                list("/control")
            )?;
        }
    }
    let study = folder.path().join("study.toml");
    fs::write(&study, [text, figures, analyses].concat())?;
    // A figure that was not read is an exit code of 1, and its trial is missing from the results.
    let output = Command::new(program).args(["run", "--quiet"]).arg(&study).output()?;
    let results = fs::read(folder.path().join("study.kmeta-out/results.json"))
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let results: Value = serde_json::from_slice(&results)?;
    for index in 0..size {
        for ((_, id, truth), count) in quantities().iter().zip(&mut *counts) {
            let id = format!("{id}{index}");
            let analysis =
                results["analyses"].as_array().and_then(|all| all.iter().find(|of| of["id"] == *id));
            let reading = analysis.and_then(|analysis| analysis["reading"].get(0));
            count.add(reading.ok_or_else(|| format!("{id} was not pooled"))?, *truth);
        }
    }
    Ok(())
}

impl Count {
    fn add(&mut self, reading: &Value, truth: f64) {
        let number = |name: &str| reading[name].as_f64();
        let (lower, upper) = (number("lower"), number("upper"));
        let (lower_without, upper_without) = (number("lower_without"), number("upper_without"));
        // A limit that is not reached does not exclude.
        let holds = |lower: Option<f64>, upper: Option<f64>| {
            lower.is_none_or(|lower| lower <= truth) && upper.is_none_or(|upper| truth <= upper)
        };
        self.intervals += 1;
        self.with += u32::from(holds(lower, upper));
        self.without += u32::from(holds(lower_without, upper_without));
        self.share += number("reading_share").unwrap_or(0.0);
        let width = |lower: Option<f64>, upper: Option<f64>| Some(upper? - lower?);
        let ratio = width(lower, upper).zip(width(lower_without, upper_without));
        self.width_ratio += ratio.map_or(1.0, |(with, without)| with / without);
    }
}

/// Control and treated patients of a trial.
fn simulated_trial(seed: u64, name: &str) -> Result<[Vec<PatientRecord>; 2], Box<dyn Error>> {
    let mut stream = random_stream(seed, name);
    let log_hazard = BETWEEN.0 * standard_normal(&mut stream)?;
    let log_ratio = LOG_HAZARD_RATIO + BETWEEN.1 * standard_normal(&mut stream)?;
    let patients = 60 + (140.0 * uniform(&mut stream)) as u32;
    Ok([log_hazard, log_hazard + log_ratio].map(|log_hazard| {
        let population = Population {
            patients,
            event_times: EventTimes::Weibull { shape: SHAPE, scale: SCALE * (-log_hazard / SHAPE).exp() },
            dropout_rate: 0.01,
            study_end: (18.0, 36.0),
            time_unit: 0.0,
        };
        simulate_arm(&population, &mut stream)
    }))
}

/// The Kaplan-Meier figure of a trial as PNG.
fn picture(arms: &[Vec<PatientRecord>; 2], shown: Shown) -> Result<Vec<u8>, Box<dyn Error>> {
    let curve = |(label, patients): (&str, &Vec<PatientRecord>)| -> Result<ArmCurve, Box<dyn Error>> {
        let curve = KaplanMeier::fit(patients)?.curve();
        Ok(ArmCurve { label: label.to_owned(), curve, patients: patients.clone() })
    };
    let curves = ["Control", "Treated"].into_iter().zip(arms).map(curve).collect::<Result<Vec<_>, _>>()?;
    let options = KaplanMeierOptions {
        survival_title: "Overall survival".to_owned(),
        time_title: "Time (months)".to_owned(),
        time_end: Some(36.0),
        time_step: Some(6.0),
        show_censor_marks: shown.marks,
        show_number_at_risk: shown.number_at_risk,
        show_medians: false,
        ..Default::default()
    };
    Ok(kaplan_meier_figure(&curves, &options).to_png(PIXELS_PER_UNIT)?)
}
