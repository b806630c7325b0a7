//! Baujat's plot.

use kmeta_trial_data::PooledEffect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{AxisSpec, Chart, ChartSpec};
use crate::palette::{BLUE, GREY_TEXT};
use crate::svg::Stroke;
use crate::{ChartOptions, Figure};

/// A study's coordinates in Baujat's plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaujatStudy {
    /// Name to print.
    pub label: String,
    /// Its share of Cochran's Q: squared distance from the common-effect mean over its variance.
    pub heterogeneity: f64,
    /// Squared change of the common-effect mean without it, over that mean's variance.
    pub influence: f64,
}

/// Baujat's plot (Baujat et al. 2002): how much each study adds to Cochran's Q against how much it moves the pooled
/// effect. Studies at the top right do both.
pub fn baujat_plot(result: &PooledEffect, studies: &[BaujatStudy], options: &ChartOptions) -> Figure {
    let usable: Vec<&BaujatStudy> = studies
        .iter()
        .filter(|study| study.heterogeneity.is_finite() && study.influence.is_finite())
        .collect();
    let x = usable.iter().map(|study| 1.08 * study.heterogeneity).chain([0.0]);
    let y = usable.iter().map(|study| 1.08 * study.influence).chain([0.0]);
    let mut chart = Chart::new(ChartSpec {
        title: &result.title,
        width: options.width,
        plot_height: options.plot_height,
        x: AxisSpec::covering(x, "Contribution to Cochran's Q", 7),
        y: AxisSpec::covering(y, "Influence on the pooled effect", 6),
        keys: Vec::new(),
        right_room: 0.0,
        top_room: 0.0,
    });
    let points: Vec<(f64, f64, f64)> = usable
        .iter()
        .map(|study| chart.point(study.heterogeneity, study.influence))
        .map(|(x, y)| (x, y, 4.2))
        .collect();
    chart.draw_axes();
    for &(x, y, radius) in &points {
        chart.svg.circle((x, y), radius, BLUE, &Stroke::solid("#ffffff", 1.0));
    }
    if options.show_labels {
        // The most telling studies are named first, so that they win the room.
        let mut order: Vec<usize> = (0..usable.len()).collect();
        let distance = |index: &usize| {
            let (left, bottom) = (chart.area().left, chart.area().bottom);
            -((points[*index].0 - left).powi(2) + (bottom - points[*index].1).powi(2))
        };
        order.sort_by(|one, two| distance(one).total_cmp(&distance(two)));
        for index in order {
            chart.name_point(points[index], &usable[index].label, &points);
        }
    }
    let most = usable.iter().max_by(|one, two| one.heterogeneity.total_cmp(&two.heterogeneity));
    let told = most.map_or(String::new(), |study| format!(" {} adds most to Q.", study.label));
    let alt = format!("Baujat plot of {}: {} studies.{told}", result.title, usable.len());
    let text = "Baujat et al. 2002. Right: the study adds to heterogeneity. Up: without it the common-effect mean moves.";
    chart.finish(
        &[(text.to_owned(), GREY_TEXT)],
        &options.note,
        &format!("Baujat plot: {}", result.title),
        alt,
    )
}

#[cfg(test)]
mod tests {
    use kmeta_trial_data::EffectMeasure;

    use super::*;
    use crate::test_data::{assert_figure_is_readable, effect};

    #[test]
    fn figure_is_readable_and_names_the_study_that_adds_most() {
        for count in [0, 1, 13, 120] {
            let result = effect(EffectMeasure::LogHazardRatio, count, &[], |index| format!("Étude {index}"));
            let studies: Vec<BaujatStudy> = (0..count)
                .map(|index| BaujatStudy {
                    label: format!("Étude {index} 试验"),
                    heterogeneity: f64::from(index * 7 % 13),
                    influence: f64::from(index * 5 % 11) / 7.0,
                })
                .collect();
            let figure = baujat_plot(&result, &studies, &ChartOptions::default());
            assert_figure_is_readable(&figure);
            if count == 13 {
                assert!(figure.alt_text.contains("Étude 11 试验 adds most"), "{}", figure.alt_text);
                assert!(figure.texts.iter().any(|text| text.text == "Étude 11 试验"));
            }
        }
    }
}
