//! Prints how closely each method reconstructs arms whose patients are known, as markdown tables.
//!
//! `cargo run --release -p kmeta-ipd-reconstruct --example reconstruction_accuracy [PAIRS] [SEED]`
#![allow(clippy::print_stdout, reason = "the tables are the purpose of this program")]

use std::path::Path;

use kmeta_ipd_reconstruct::simulation::{
    Accuracy, FigureReading, Information, SimulatedPair, measure, simulated_pairs,
};
use kmeta_ipd_reconstruct::{ReconstructionInput, ReconstructionMethod, ReconstructionOptions, reconstruct};
use kmeta_trial_data::PatientRecord;
use serde_json::Value;

const CURVE: Information = Information { number_at_risk: false, events: false, marks: false };
const INFORMATION: [(&str, Information); 7] = [
    ("n", CURVE),
    ("n, events", Information { events: true, ..CURVE }),
    ("at risk", Information { number_at_risk: true, ..CURVE }),
    ("at risk, events", Information { number_at_risk: true, events: true, ..CURVE }),
    ("marks", Information { marks: true, ..CURVE }),
    ("at risk, marks", Information { number_at_risk: true, marks: true, ..CURVE }),
    ("at risk, events, marks", Information { number_at_risk: true, events: true, marks: true }),
];

const METHODS: [ReconstructionMethod; 3] =
    [ReconstructionMethod::Constrained, ReconstructionMethod::Guyot, ReconstructionMethod::Ipdfromkm];

fn patients_by(input: &ReconstructionInput, method: ReconstructionMethod) -> Option<Vec<PatientRecord>> {
    let options = ReconstructionOptions { method, ..ReconstructionOptions::default() };
    reconstruct(input, &options).ok().map(|arm| arm.patients)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (count, seed) = (number(162), number(20_260_101));
    table("Simulated trials", &simulated_pairs(count as usize, seed));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/dev");
    let pairs = corpus_pairs(&corpus);
    if pairs.is_empty() {
        println!("\nSkipped: no truths of the figure corpus at {}", corpus.display());
    } else {
        table("Patients behind the figures of the corpus", &pairs);
    }
}

fn table(title: &str, pairs: &[SimulatedPair]) {
    let readings = [
        ("exact drop coordinates", FigureReading::Exact),
        ("a grid of 800 by 500 pixels", FigureReading::Pixels { columns: 800, rows: 500 }),
    ];
    for (how, reading) in readings {
        println!("\n## {title}, {how}\n\n{}", Accuracy::markdown_head());
        for method in METHODS {
            // The published algorithms know no censor marks.
            let usable =
                |information: Information| method == ReconstructionMethod::Constrained || !information.marks;
            for (known, information) in INFORMATION.into_iter().filter(|(_, known)| usable(*known)) {
                let accuracy = measure(pairs, reading, information, &|input| patients_by(input, method));
                println!("{}", accuracy.markdown_row(&format!("{method:?}: {known}")));
            }
        }
    }
}

/// Every two neighbouring arms of each panel of the corpus; empty when the corpus is not there.
fn corpus_pairs(folder: &Path) -> Vec<SimulatedPair> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".truth.json"))
        .collect();
    files.sort();
    let mut pairs = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let truth: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        for panel in truth["panels"].as_array().into_iter().flatten() {
            let visible = panel["x_visible_max"].as_f64().unwrap_or(f64::INFINITY);
            let arms: Vec<Vec<PatientRecord>> = panel["arms"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|arm| patients_of(&arm["ipd"], visible))
                .collect();
            for two in arms.chunks(2).filter(|two| two.len() == 2) {
                let name = truth["name"].as_str().unwrap_or_default().to_owned();
                pairs.push(SimulatedPair { name, reference: two[0].clone(), treated: two[1].clone() });
            }
        }
    }
    pairs
}

/// The patients of one arm, followed to the right end of the axis.
fn patients_of(ipd: &Value, visible: f64) -> Option<Vec<PatientRecord>> {
    let times = ipd["time"].as_array()?.iter().map(Value::as_f64);
    let events: Vec<bool> = match &ipd["status"] {
        Value::String(digits) => digits.chars().map(|digit| digit == '1').collect(),
        list => list.as_array()?.iter().map(|status| status.as_u64() == Some(1)).collect(),
    };
    let mut patients: Vec<PatientRecord> = times
        .zip(events)
        .map(|(time, event)| {
            let time = time?;
            Some(PatientRecord { time: time.min(visible), event: event && time <= visible })
        })
        .collect::<Option<_>>()?;
    patients.sort_by(|one, next| one.time.total_cmp(&next.time).then(next.event.cmp(&one.event)));
    (!patients.is_empty()).then_some(patients)
}
