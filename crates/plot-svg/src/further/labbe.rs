//! The plot of L'Abbé.

use kmeta_trial_data::{EffectMeasure, PooledEffect, StudyRow};

use crate::chart::{AxisSpec, Chart, ChartSpec, Key, KeyMark};
use crate::format::fixed;
use crate::palette::{BLUE, GREY_TEXT, GUIDE, LIGHT_BLUE, VERMILION};
use crate::svg::Stroke;
use crate::{ChartOptions, Figure, sentences};

/// L'Abbé's plot (L'Abbé, Detsky & O'Rourke 1987) of counts of two arms: risk under treatment against risk under
/// control, circles with an area that follows the number of patients, the line of equal risks, and the line on which the
/// pooled effect lies, whatever the risk under control. `None` where fewer than two studies have the counts of both arms.
pub fn labbe_plot(result: &PooledEffect, options: &ChartOptions) -> Option<Figure> {
    let risks: Vec<(&StudyRow, f64, f64, f64)> = result.studies.iter().filter_map(risks).collect();
    if risks.len() < 2 {
        return None;
    }
    let highest = risks.iter().map(|risk| 1.1 * risk.1.max(risk.2)).fold(0.05, f64::max).min(1.0);
    let axis = |title: &str| {
        let axis = AxisSpec::covering([0.0, highest], title, 5);
        if options.percent { axis.percent() } else { axis }
    };
    let unit = if options.percent { " (%)" } else { "" };
    let effect = sentences::effect_name(result.measure).to_lowercase();
    let mut chart = Chart::new(ChartSpec {
        title: &result.title,
        width: options.width.min(options.plot_height + 150.0),
        plot_height: options.plot_height,
        x: axis(&format!("Risk in the control arm{unit}")),
        y: axis(&format!("Risk in the treatment arm{unit}")),
        keys: vec![
            Key::new("Equal risks", KeyMark::Line(Stroke::solid(GUIDE, 1.0))),
            Key::new(
                format!("Pooled {effect}, common effect"),
                KeyMark::Line(Stroke::dashed(VERMILION, 1.5)),
            ),
            Key::new("random effects", KeyMark::Line(Stroke::solid(VERMILION, 1.5))),
        ],
        right_room: 0.0,
        top_room: 0.0,
    });
    let end = chart.x.domain().1;
    chart.curve(&[(0.0, 0.0), (end, end)], &Stroke::solid(GUIDE, 1.0));
    for (value, stroke) in [
        (result.common.value, Stroke::dashed(VERMILION, 1.5)),
        (result.random.value, Stroke::solid(VERMILION, 1.5)),
    ] {
        let line: Vec<(f64, f64)> = (0..=100)
            .map(|step| end * f64::from(step) / 100.0)
            .map(|control| (control, treated_risk(result.measure, control, value)))
            .filter(|(_, treated)| (0.0..=1.0).contains(treated))
            .collect();
        chart.curve(&line, &stroke);
    }
    chart.draw_axes();
    let largest = risks.iter().map(|risk| risk.3).fold(1.0, f64::max);
    let places: Vec<(f64, f64, f64)> = risks
        .iter()
        .map(|&(_, treated, control, size)| {
            let (x, y) = chart.point(control, treated);
            (x, y, (11.0 * (size / largest).sqrt()).max(2.5))
        })
        .collect();
    for &(x, y, radius) in &places {
        chart.svg.disc((x, y), radius, LIGHT_BLUE, 0.65);
        chart.svg.circle((x, y), radius, "none", &Stroke::solid(BLUE, 1.0));
    }
    if options.show_labels {
        let names: Vec<&str> = risks.iter().map(|risk| risk.0.label.as_str()).collect();
        chart.name_points(&places, &names);
    }
    let text = format!(
        "Circles: {} studies, area by number of patients. Pooled {effect}: common effect {}, random effects {}.",
        risks.len(),
        fixed(result.common.shown, 2),
        fixed(result.random.shown, 2)
    );
    let alt = format!("L'Abbé plot of {}. {text}", result.title);
    Some(chart.finish(&[(text, GREY_TEXT)], &options.note, &format!("L'Abbé plot: {}", result.title), alt))
}

/// Risk under treatment and control and the number of patients.
fn risks(study: &StudyRow) -> Option<(&StudyRow, f64, f64, f64)> {
    let (total, control_total) = (f64::from(study.total?), f64::from(study.control_total?));
    let (events, control_events) = (f64::from(study.events?), f64::from(study.control_events?));
    (total > 0.0 && control_total > 0.0)
        .then(|| (study, events / total, control_events / control_total, total + control_total))
}

/// The risk under treatment that an effect (on the analysis scale) makes of a risk under control.
fn treated_risk(measure: EffectMeasure, control: f64, effect: f64) -> f64 {
    match measure {
        EffectMeasure::LogOddsRatio => {
            let odds = control / (1.0 - control) * effect.exp();
            if control >= 1.0 { 1.0 } else { odds / (1.0 + odds) }
        }
        EffectMeasure::LogRiskRatio => control * effect.exp(),
        EffectMeasure::RiskDifference => control + effect,
        // The effect is a difference of arcsines of square roots; outside a quarter turn no risk has that effect.
        EffectMeasure::ArcsineDifference => {
            let angle = control.sqrt().asin() + effect;
            if (0.0..=std::f64::consts::FRAC_PI_2).contains(&angle) { angle.sin().powi(2) } else { f64::NAN }
        }
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::{assert_figure_is_readable, effect};

    fn counts(measure: EffectMeasure, count: u32) -> PooledEffect {
        let mut result = effect(measure, count, &[], |index| format!("Étude {index} 试验"));
        for (index, study) in (0..).zip(&mut result.studies) {
            (study.events, study.total) = (Some(index % 8), Some(20 + 3 * index));
            (study.control_events, study.control_total) = (Some(index % 6 + 2), Some(25 + index));
        }
        result
    }

    #[test]
    fn figure_is_readable_for_each_measure() {
        use EffectMeasure::{ArcsineDifference, LogOddsRatio, LogRiskRatio, RiskDifference};
        for measure in [LogOddsRatio, LogRiskRatio, RiskDifference, ArcsineDifference] {
            for count in [2, 9, 60] {
                let figure = labbe_plot(&counts(measure, count), &ChartOptions::default()).unwrap();
                assert_figure_is_readable(&figure);
            }
        }
        let single = effect(EffectMeasure::Raw, 5, &[], |index| index.to_string());
        assert!(labbe_plot(&single, &ChartOptions::default()).is_none());
    }

    #[test]
    fn risks_follow_from_effects() {
        // Odds of 1/4 doubled are 1/2, a risk of 1/3.
        let risk = treated_risk(EffectMeasure::LogOddsRatio, 0.2, 2.0_f64.ln());
        assert!((risk - 1.0 / 3.0).abs() < 1e-12);
        assert!((treated_risk(EffectMeasure::LogRiskRatio, 0.2, 2.0_f64.ln()) - 0.4).abs() < 1e-12);
        assert!((treated_risk(EffectMeasure::RiskDifference, 0.2, -0.05) - 0.15).abs() < 1e-12);
        let risk = treated_risk(EffectMeasure::ArcsineDifference, 0.25, std::f64::consts::FRAC_PI_6);
        assert!((risk - 0.75).abs() < 1e-12);
    }
}
