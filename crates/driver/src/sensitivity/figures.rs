//! Specification curves and all subsets as figures.

use kmeta_evidence_pool::{Gosh, Multiverse, ResultScale, reading_scale};
use kmeta_plot_svg::{
    ChartOptions, ChoiceAxis, Figure, GoshDensity, GoshHighlight, SpecificationCurve,
    SpecificationCurveOptions, gosh_plot, specification_curve,
};
use kmeta_trial_data::{EffectMeasure, Interval};

use super::subsets::AllSubsets;

/// The position that means no choice: no axis has as many.
const NO_CHOICE: usize = usize::MAX;

/// The specification curve of a multiverse, the protocol marked.
pub(crate) fn curve_figure(title: &str, notice: Option<&str>, multiverse: &Multiverse) -> Figure {
    let is_share = multiverse.scale == ResultScale::Difference
        && ["proportion", "survival"].iter().any(|word| multiverse.quantity.starts_with(word));
    let measure = match multiverse.quantity.as_str() {
        "hazard ratio" => EffectMeasure::LogHazardRatio,
        "odds ratio" => EffectMeasure::LogOddsRatio,
        "risk ratio" => EffectMeasure::LogRiskRatio,
        "risk difference" => EffectMeasure::RiskDifference,
        _ if is_share => EffectMeasure::Raw,
        _ => EffectMeasure::Generic,
    };
    let axes = multiverse.axes.iter().map(|axis| ChoiceAxis {
        name: axis.name.replace('_', " "),
        options: axis.choices.iter().map(|choice| choice.name.clone()).collect(),
    });
    let cut = Cut::of_figure(multiverse, is_share);
    let specifications = multiverse.specifications.iter().filter_map(|found| {
        let result = found.result?;
        let limits = result.lower.zip(result.upper);
        Some(kmeta_plot_svg::Specification {
            estimate: result.estimate,
            interval: limits.map(|(lower, upper)| cut.of(result.estimate, Interval { lower, upper })),
            choices: found.choices.iter().map(|choice| choice.map_or(NO_CHOICE, usize::from)).collect(),
            is_protocol: found.protocol,
            is_plausible: found.plausible,
        })
    });
    let curve = SpecificationCurve {
        title: format!("{title}: {}", multiverse.quantity),
        measure,
        axes: axes.collect(),
        specifications: specifications.collect(),
        decision_lines: multiverse.all.decision.iter().map(|decision| decision.line).collect(),
    };
    let options = SpecificationCurveOptions {
        percent: is_share,
        note: [cut.words(), notice.unwrap_or_default()].join(" ").trim().to_owned(),
        ..SpecificationCurveOptions::default()
    };
    specification_curve(&curve, &options)
}

/// Where limits are cut so that one interval without end does not hide all others: Kenward-Roger with less than one degree
/// of freedom has such.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// To fractions from 0 to 1.
    Share,
    /// To a tenth and ten times the estimate.
    Ratio,
    /// From 0 to twice the largest estimate.
    Time(f64),
    /// Nowhere.
    Nowhere,
}

impl Cut {
    fn of_figure(multiverse: &Multiverse, is_share: bool) -> Self {
        if is_share {
            Self::Share
        } else if multiverse.quantity.starts_with("median") {
            Self::Time(2.0 * multiverse.all.largest.unwrap_or_default())
        } else if multiverse.scale == ResultScale::Logarithm {
            Self::Ratio
        } else {
            Self::Nowhere
        }
    }

    fn of(self, estimate: f64, Interval { lower, upper }: Interval) -> Interval {
        match self {
            Self::Share => Interval { lower: lower.max(0.0), upper: upper.min(1.0) },
            Self::Ratio => Interval { lower: lower.max(0.1 * estimate), upper: upper.min(10.0 * estimate) },
            Self::Time(most) => Interval { lower: lower.max(0.0), upper: upper.min(most) },
            Self::Nowhere => Interval { lower, upper },
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Share => "Limits are cut at 0 and 100 %.",
            Self::Ratio => "Limits are cut at a tenth and at ten times the estimate.",
            Self::Time(_) => "Limits are cut at twice the largest estimate.",
            Self::Nowhere => "",
        }
    }
}

/// All subsets, coloured by the trial whose presence explains most.
pub(crate) fn subsets_figure(title: &str, notice: Option<&str>, found: &AllSubsets) -> Figure {
    let Gosh { density, presence, .. } = &found.gosh;
    let (columns, rows) = (density.columns as usize, density.rows as usize);
    let width = (density.estimate_to - density.estimate_from) / columns as f64;
    let shown = |value: f64| reading_scale(found.measure, found.back_transform_size, value);
    // From row after row to column after column.
    let turned = |counts: &[u32]| -> Vec<u64> {
        (0..columns * rows).map(|index| u64::from(counts[index % rows * columns + index / rows])).collect()
    };
    let share = |index: &usize| presence[*index].estimate_share.max(presence[*index].i_squared_share);
    let most = (0..presence.len()).max_by(|one, other| share(one).total_cmp(&share(other)));
    let figure = GoshDensity {
        title: format!("{title}: all subsets of the trials"),
        measure: found.measure,
        estimate_edges: (0..=columns)
            .map(|edge| shown(density.estimate_from + width * edge as f64))
            .collect(),
        i_squared_edges: (0..=rows).map(|edge| edge as f64 / rows as f64).collect(),
        counts: turned(&density.counts),
        highlighted: most.map(|index| GoshHighlight {
            label: found.labels[index].clone(),
            counts: turned(&presence[index].counts),
        }),
        trials: found.gosh.studies,
        subsets: found.gosh.subsets,
        is_sample: !found.gosh.exhaustive,
        all_trials: Some(shown(found.gosh.estimate_of_all)),
    };
    let options = ChartOptions { note: notice.unwrap_or_default().to_owned(), ..ChartOptions::default() };
    gosh_plot(&figure, &options)
}
