//! How often intervals and prediction bands of the grid-free survival curve hold the truth, over 2,000 simulated
//! meta-analyses per row: the table of `docs/methods/survival-grid-free.md`.
//!
//! `cargo run --release -p kmeta-evidence-pool --example grid_free_coverage`

#![allow(clippy::print_stdout, reason = "the table is what the example is for")]

use std::error::Error;

use kmeta_evidence_pool::{GridFreeOptions, TrialPatients, pool_grid_free_survival};
use kmeta_numerics::streams::{random_stream, standard_normal, uniform};
use kmeta_trial_data::{Interval, PatientRecord, Provenance};

const REPETITIONS: u64 = 2000;
const HAZARD: f64 = 0.1;
const TIMES: [f64; 5] = [1.0, 3.0, 7.0, 14.0, 22.0];

/// Exponential survival with hazard 0.1 exp(τ z) per month; each trial ends between 15 and 30 months.
fn trials(seed: u64, count: usize, size: usize, tau: f64) -> Result<Vec<TrialPatients>, Box<dyn Error>> {
    let mut trials = Vec::with_capacity(count);
    for index in 0..count {
        let mut stream = random_stream(seed, &format!("trial {index}"));
        let hazard = HAZARD * (tau * standard_normal(&mut stream)?).exp();
        let end = 15.0 + 15.0 * uniform(&mut stream);
        let patient = |_| {
            let time = -uniform(&mut stream).ln() / hazard;
            PatientRecord { time: time.min(end), event: time <= end }
        };
        trials.push(TrialPatients {
            trial: format!("trial {index}"),
            label: String::new(),
            patients: (0..size).map(patient).collect(),
            provenance: Provenance::printed("simulated"),
        });
    }
    Ok(trials)
}

/// Counts of one time: truth held, truth of a new trial held, sum of errors, times shown.
#[derive(Clone, Copy, Default)]
struct Counts {
    held: u32,
    predicted: u32,
    error: f64,
    shown: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("| trials | patients each | tau | time | interval | bias of S | prediction band |");
    println!("|---|---|---|---|---|---|---|");
    for (number, size) in [(3, 40), (5, 40), (8, 50), (15, 60)] {
        for tau in [0.0, 0.2, 0.4, 0.6] {
            let mut counts = [Counts::default(); TIMES.len()];
            for seed in 0..REPETITIONS {
                let options = GridFreeOptions { times: TIMES.to_vec(), ..GridFreeOptions::default() };
                let result = pool_grid_free_survival(&trials(seed, number, size, tau)?, &options)?;
                let effect = tau * standard_normal(&mut random_stream(seed, "new trial"))?;
                for (point, count) in result.random.iter().zip(&mut counts) {
                    let truth = (-HAZARD * point.time).exp();
                    let new = truth.powf(effect.exp());
                    let holds =
                        |band: &Interval, value: f64| u32::from(band.lower <= value && value <= band.upper);
                    count.held += holds(&point.interval, truth);
                    count.predicted += point.prediction.as_ref().map_or(1, |band| holds(band, new));
                    count.error += point.survival - truth;
                    count.shown += 1;
                }
            }
            for (time, count) in TIMES.iter().zip(counts) {
                let shown = f64::from(count.shown);
                println!(
                    "| {} | {size} | {tau} | {time} | {:.3} | {:+.4} | {:.3} |",
                    number,
                    f64::from(count.held) / shown,
                    count.error / shown,
                    f64::from(count.predicted) / shown
                );
            }
        }
    }
    Ok(())
}
