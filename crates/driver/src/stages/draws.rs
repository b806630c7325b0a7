//! Draws of the patients of a figure, as other readers of it might have reconstructed them.

use kmeta_ipd_reconstruct::{ArmImputer, ArmReading, AxisReading, PanelReading};
use kmeta_trial_data::{AxisCalibration, DigitizedFigure, PatientRecord};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::reconstruct::{Prepared, PreparedFigure, prepared_figure};
use crate::project::{Figure, Project, Uncertainty};

/// One arm with imputed sets of its patients, times in the study's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DrawnArm {
    /// `trial` or `trial/arm`.
    pub(crate) key: String,
    pub(crate) endpoint: String,
    /// The picture as the project file names it.
    pub(crate) figure: String,
    pub(crate) sets: Vec<Vec<PatientRecord>>,
}

/// Draws the arms of a figure; an arm that cannot be reconstructed has no draws, which was said when it was tried.
pub(crate) fn draw_figure(
    project: &Project,
    figure: &Figure,
    read: &DigitizedFigure,
    uncertainty: &Uncertainty,
) -> Vec<DrawnArm> {
    let Some(PreparedFigure { panel, time_factor, arms }) = prepared_figure(project, figure, read) else {
        return Vec::new();
    };
    let reading = PanelReading {
        figure: figure.file.clone(),
        time_axis: axis_reading(&panel.axes.x).with_values_scaled(time_factor),
        survival_axis: axis_reading(&panel.axes.y),
    };
    let drawn = |Prepared { arm, input, curve, .. }: &Prepared<'_>| {
        let imputer = ArmImputer::new(input, &project.reconstruction).ok()?;
        let traced = &panel.arms[*curve];
        let own =
            ArmReading { survival: traced.survival_uncertainty, time: time_factor * traced.time_uncertainty };
        let sets = (0..uncertainty.imputations)
            .into_par_iter()
            .map(|index| imputer.draw(&reading, own, uncertainty.seed, index))
            .collect();
        let (endpoint, figure) = (figure.endpoint.clone(), figure.file.clone());
        Some(DrawnArm { key: arm.key(), endpoint, figure, sets })
    };
    arms.par_iter().filter_map(drawn).collect()
}

fn axis_reading(axis: &AxisCalibration) -> AxisReading {
    AxisReading { intercept: axis.intercept, slope: axis.slope, covariance: axis.covariance }
}
