//! Reconstructing the patients of one arm.

use divan::{Bencher, black_box};
use kmeta_benches::{arm, pixel_arm};
use kmeta_ipd_reconstruct::{
    ArmImputer, ArmReading, AxisReading, PanelReading, ReconstructionMethod, ReconstructionOptions,
    reconstruct,
};

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

/// One reading of a figure at random, solved again: the uncertainty of reading takes a hundred of them.
#[divan::bench(args = [200, 2000])]
fn one_reading(bencher: Bencher<'_, '_>, patients: u32) {
    let imputer =
        ArmImputer::new(&pixel_arm(patients), &ReconstructionOptions::default()).expect("valid input");
    let axis = |slope: f64| AxisReading { intercept: 0.0, slope, covariance: [[1e-8, 0.0], [0.0, 1e-14]] };
    let panel =
        PanelReading { figure: "bench".to_owned(), time_axis: axis(0.05), survival_axis: axis(0.002) };
    let arm = ArmReading { survival: 0.0005, time: 0.02 };
    bencher.bench(|| imputer.draw(&panel, arm, 1, black_box(7)));
}
