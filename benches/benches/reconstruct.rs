//! Reconstructing the patients of one arm.

use divan::{Bencher, black_box};
use kmeta_benches::{arm, pixel_arm};
use kmeta_ipd_reconstruct::{ReconstructionMethod, ReconstructionOptions, reconstruct};

fn main() {
    divan::main();
}

#[divan::bench(args = [200, 2000])]
fn with_marks(bencher: Bencher<'_, '_>, patients: u32) {
    let input = arm(patients);
    let options = ReconstructionOptions::default();
    bencher.bench(|| reconstruct(black_box(&input), &options).expect("valid input"));
}

/// Levels snapped to 500 pixels and times to 800, as a figure gives them.
#[divan::bench(args = [200, 2000])]
fn from_pixels(bencher: Bencher<'_, '_>, patients: u32) {
    let input = pixel_arm(patients);
    let options = ReconstructionOptions::default();
    bencher.bench(|| reconstruct(black_box(&input), &options).expect("valid input"));
}

#[divan::bench(args = [200, 2000])]
fn without_marks(bencher: Bencher<'_, '_>, patients: u32) {
    let input = arm(patients);
    let options = ReconstructionOptions { use_censor_marks: false, ..ReconstructionOptions::default() };
    bencher.bench(|| reconstruct(black_box(&input), &options).expect("valid input"));
}

#[divan::bench(args = [200, 2000])]
fn ipdfromkm(bencher: Bencher<'_, '_>, patients: u32) {
    let input = arm(patients);
    let options =
        ReconstructionOptions { method: ReconstructionMethod::Ipdfromkm, ..ReconstructionOptions::default() };
    bencher.bench(|| reconstruct(black_box(&input), &options).expect("valid input"));
}
