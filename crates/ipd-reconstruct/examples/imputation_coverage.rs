//! Prints how often the pooled 95 % intervals of imputed arms hold the parameter of the simulated population.
//!
//! `cargo run --release -p kmeta-ipd-reconstruct --example imputation_coverage [TRIALS] [SEED]`
#![allow(clippy::print_stdout, reason = "the table is the purpose of this program")]

use kmeta_ipd_reconstruct::simulation::coverage;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (trials, seed) = (number(1000), number(20_260_101));
    println!("| estimate | intervals | cover % |\n|---|---|---|");
    for row in coverage(trials as usize, 10, seed) {
        println!("| {} | {} | {:.1} |", row.estimate, row.intervals, 100.0 * row.share());
    }
}
