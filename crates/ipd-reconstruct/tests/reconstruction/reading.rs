//! Draws of how a figure might have been read.

use kmeta_ipd_reconstruct::{ArmImputer, ArmReading, AxisReading, PanelReading, ReconstructionOptions};
use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::PatientRecord;

use crate::common::figure;

/// Sixty patients of whom every third is censored.
fn patients() -> Vec<PatientRecord> {
    (1..=60).map(|index| PatientRecord { time: 0.4 * f64::from(index), event: index % 3 != 0 }).collect()
}

fn reading(covariance: [[f64; 2]; 2]) -> PanelReading {
    PanelReading {
        figure: "figure.png".to_owned(),
        time_axis: AxisReading { intercept: -2.0, slope: 0.05, covariance },
        survival_axis: AxisReading::exact(),
    }
}

fn medians(of: &PanelReading, arm: ArmReading, draws: u32) -> Vec<f64> {
    let imputer =
        ArmImputer::new(&figure("trial", &patients(), 6.0), &ReconstructionOptions::default()).unwrap();
    (0..draws)
        .map(|index| {
            let drawn = imputer.draw(of, arm, 1, index);
            assert_eq!(drawn.len(), 60, "patients are conserved");
            assert!(drawn.windows(2).all(|pair| pair[0].time <= pair[1].time));
            KaplanMeier::fit(&drawn).unwrap().median().unwrap()
        })
        .collect()
}

fn standard_deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// An error of the time axis moves every median by what the calibration says, and its own error by as much again.
#[test]
fn medians_scatter_as_times_were_read() {
    let exact = medians(&reading([[0.0; 2]; 2]), ArmReading::default(), 20);
    assert!(standard_deviation(&exact) < 0.02, "marks tell where patients were censored: {exact:?}");
    let shifted = medians(&reading([[0.01, 0.0], [0.0, 0.0]]), ArmReading::default(), 300);
    assert!((standard_deviation(&shifted) / 0.1 - 1.0).abs() < 0.2, "{}", standard_deviation(&shifted));
    let own = medians(&reading([[0.0; 2]; 2]), ArmReading { survival: 0.0, time: 0.1 }, 300);
    assert!((standard_deviation(&own) / 0.1 - 1.0).abs() < 0.2, "{}", standard_deviation(&own));
}

#[test]
fn a_draw_depends_on_seed_and_index_alone() {
    let imputer =
        ArmImputer::new(&figure("trial", &patients(), 6.0), &ReconstructionOptions::default()).unwrap();
    let (of, arm) = (reading([[0.01, 0.0], [0.0, 1e-6]]), ArmReading { survival: 0.001, time: 0.05 });
    let late = imputer.draw(&of, arm, 7, 5);
    imputer.draw(&of, arm, 7, 4);
    assert_eq!(imputer.draw(&of, arm, 7, 5), late);
    assert_ne!(imputer.draw(&of, arm, 8, 5), late);
}
