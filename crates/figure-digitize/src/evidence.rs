//! Checks that hold what was traced against everything else that the panel shows: the legend, printed statistics, the
//! picture itself.

use kmeta_trial_data::{Check, DigitizedArm, Panel, PrintedStatistic, StatisticKind, StepCurve};

use crate::arms::TracedCurve;
use crate::identity::{ends_on_another, exchanged_stretches};
use crate::legend::PlotText;
use crate::line_kind::sloping_share;
use crate::plane::Rect;
use crate::redrawing::{Redrawing, checks_of_redrawing};

/// How far the traced median may lie from the printed one, as a share of the printed one and of the time axis.
const MEDIAN_TOLERANCE: (f64, f64) = (0.08, 0.02);
/// Survival this close to one half may as well be at the median.
const NEAR_HALF: f64 = 0.02;
/// How far the hazard ratio of the curves may lie from the printed one, as a logarithm. The one is read from two curves
/// without numbers of patients, the other may be adjusted.
const HAZARD_RATIO_TOLERANCE: f64 = 0.6;
/// Least confidence of a reading that a curve is held against.
const LEAST_CONFIDENCE: f64 = 0.5;
/// Largest share of a curve that may slope where nothing says that it shows survival.
const MOST_SLOPING: f64 = 0.5;
/// Words that a plot of survival or incidence has in its titles.
const SURVIVAL_WORDS: [&str; 14] = [
    "surviv",
    "alive",
    "free",
    "incidence",
    "probab",
    "event",
    "relapse",
    "progress",
    "death",
    "mortality",
    "recur",
    "kaplan",
    "proportion",
    "remission",
];
/// More entries than this are the text of a page beside the figure.
pub(crate) const MOST_ENTRIES: usize = 12;
/// Words in entries of a legend that name no arm.
const NO_ARM: [&str; 6] = ["censor", "interval", "95%", "95 %", "ci)", "median"];

/// What a panel was found to show beside its curves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evidence {
    pub(crate) redrawing: Redrawing,
    /// Entries of the legend, and those that name a traced arm.
    pub(crate) legend: (usize, usize),
    /// Largest share of an arm that slopes.
    pub(crate) sloping: f64,
    /// Stretches in which arms may be exchanged.
    pub(crate) exchanged: usize,
    /// Arms that end where they meet another.
    pub(crate) ending_on_another: usize,
    /// Whether most labels beside each axis agree on its scale.
    pub(crate) labels_agree: bool,
}

impl Evidence {
    /// Evidence on `arms`; `texts` with the index of the arm that each names.
    pub(crate) fn of(
        redrawing: Redrawing,
        texts: &[PlotText],
        names_arm: impl Fn(usize) -> bool,
        arms: &[&TracedCurve],
        labels_agree: bool,
    ) -> Self {
        let entries = legend_entries(texts, &names_arm);
        let named = entries.iter().filter(|&&index| names_arm(index)).count();
        let sloping = arms.iter().filter_map(|arm| sloping_share(arm)).fold(0.0, f64::max);
        Self {
            redrawing,
            legend: (entries.len(), named),
            sloping,
            exchanged: exchanged_stretches(arms),
            ending_on_another: ends_on_another(arms),
            labels_agree,
        }
    }
}

/// Indices of the texts that are entries of the legend: those that name an arm, and those beside a line sample that stands in
/// line with theirs.
pub(crate) fn legend_entries(texts: &[PlotText], names_arm: impl Fn(usize) -> bool) -> Vec<usize> {
    let named_samples: Vec<Rect> = (0..texts.len())
        .filter(|&index| names_arm(index))
        .filter_map(|index| Some(texts[index].swatch?.area))
        .collect();
    // The samples of one legend stand in a column or a row; an equals sign beside a p value does not.
    let is_aligned = |text: &PlotText, sample: Rect| {
        let near = |a: usize, b: usize| a.abs_diff(b) <= text.letter_height;
        named_samples.is_empty()
            || named_samples.iter().any(|other| {
                near(other.left, sample.left) || near(other.top + other.bottom, sample.top + sample.bottom)
            })
    };
    // A letter by itself is a name where another one is.
    let is_letter = |text: &PlotText| text.text.text.trim().chars().count() == 1;
    let shortest =
        if (0..texts.len()).any(|index| names_arm(index) && is_letter(&texts[index])) { 1 } else { 2 };
    let is_entry = |text: &PlotText| {
        let lower = text.text.text.to_lowercase();
        text.text.text.chars().filter(|c| c.is_alphabetic()).count() >= shortest
            && text.swatch.is_some_and(|swatch| is_aligned(text, swatch.area))
            && !NO_ARM.iter().any(|word| lower.contains(word))
    };
    // A name that stands twice is also that of a neighbouring panel's arm.
    let is_repeated = |index: usize| {
        (0..texts.len()).any(|other| names_arm(other) && texts[other].text.text == texts[index].text.text)
    };
    (0..texts.len())
        .filter(|&index| names_arm(index) || (is_entry(&texts[index]) && !is_repeated(index)))
        .collect()
}

/// The checks of a panel against its evidence.
pub(crate) fn checks_of_evidence(panel: &Panel, evidence: &Evidence) -> Vec<Check> {
    let mut checks = checks_of_redrawing(panel, &evidence.redrawing);
    checks.push(legend_check(panel, evidence.legend));
    checks.push(identity_check(evidence.exchanged));
    checks.push(check(
        "arms-end-free",
        evidence.ending_on_another == 0,
        format!(
            "{} arms end where they meet another one that goes on: they may go on below it",
            evidence.ending_on_another
        ),
    ));
    checks.push(staircase_check(panel, evidence.sloping));
    checks.push(check(
        "labels-agree",
        evidence.labels_agree,
        format!(
            "{} of the numbers beside the axes agree on the scale that was taken",
            if evidence.labels_agree { "most" } else { "few" }
        ),
    ));
    checks.extend(statistics_check(panel));
    checks
}

fn check(name: &str, passed: bool, message: String) -> Check {
    Check { name: name.to_owned(), passed, message }
}

fn legend_check(panel: &Panel, (entries, named): (usize, usize)) -> Check {
    let arms = panel.arms.len();
    check(
        "legend-matches-arms",
        entries == named || entries <= arms || entries > MOST_ENTRIES,
        format!(
            "{entries} line samples with a name beside them, {named} of which name a traced arm; {arms} arms"
        ),
    )
}

fn identity_check(exchanged: usize) -> Check {
    check(
        "arms-keep-their-dashes",
        exchanged == 0,
        format!(
            "{exchanged} stretches in which an arm that only its dashes tell from another is not drawn as it is elsewhere: the two may be exchanged there"
        ),
    )
}

/// A Kaplan-Meier curve is a staircase. One of very many patients may look smooth: then titles or numbers at risk must say
/// what it is.
fn staircase_check(panel: &Panel, sloping: f64) -> Check {
    let says = |text: &str| {
        let lower = text.to_lowercase();
        SURVIVAL_WORDS.iter().any(|word| lower.contains(word))
            || text
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| matches!(word, "OS" | "PFS" | "DFS" | "EFS" | "RFS"))
    };
    let named = panel.risk_table.is_some()
        || says(&panel.title)
        || says(&panel.axes.y.title)
        || panel.texts.iter().any(|text| says(&text.text));
    check(
        "is-a-staircase",
        sloping <= MOST_SLOPING || named,
        format!(
            "{:.0} % of the level runs of a curve slope (at most {:.0} % do in a staircase), and {} speaks of survival",
            100.0 * sloping,
            100.0 * MOST_SLOPING,
            if named { "a title or table" } else { "no title and no table" }
        ),
    )
}

/// Printed medians and hazard ratios against the curves; nothing where none is printed that could be compared.
fn statistics_check(panel: &Panel) -> Option<Check> {
    let certain = |statistic: &&PrintedStatistic| statistic.confidence >= LEAST_CONFIDENCE;
    let mut compared = Vec::new();
    let mut contradicted = Vec::new();
    for statistic in panel.statistics.iter().filter(certain) {
        let found = match statistic.kind {
            StatisticKind::Median => median_agrees(panel, statistic),
            StatisticKind::HazardRatio => hazard_ratio_agrees(panel, statistic),
            _ => None,
        };
        if let Some((agrees, message)) = found {
            if !agrees {
                contradicted.push(message.clone());
            }
            compared.push(message);
        }
    }
    if compared.is_empty() {
        return None;
    }
    let passed = contradicted.is_empty();
    let message = if passed { compared.join("; ") } else { contradicted.join("; ") };
    Some(check("printed-statistics-agree", passed, message))
}

/// Whether the curve of the arm is at one half at the printed median.
fn median_agrees(panel: &Panel, statistic: &PrintedStatistic) -> Option<(bool, String)> {
    let arm: &DigitizedArm = match (statistic.arm, panel.arms.as_slice()) {
        (Some(index), arms) => arms.get(index)?,
        (None, [only]) => only,
        _ => return None,
    };
    let printed = statistic.value.filter(|value| *value > 0.0 && *value <= arm.curve_end)?;
    let traced = arm.curve.median();
    let span = panel.axes.x.ticks.iter().map(|tick| tick.value).fold(arm.curve_end, f64::max);
    let tolerance = (MEDIAN_TOLERANCE.0 * printed).max(MEDIAN_TOLERANCE.1 * span);
    let near = traced.is_some_and(|traced| (traced - printed).abs() <= tolerance);
    let around = [printed - tolerance, printed + tolerance].map(|time| arm.curve.survival_at(time.max(0.0)));
    let half = around[0] >= 0.5 - NEAR_HALF && around[1] <= 0.5 + NEAR_HALF;
    let traced = traced.map_or("not reached".to_owned(), |traced| format!("{traced:.2}"));
    Some((near || half, format!("median of `{}` printed {printed}, traced {traced}", arm.label)))
}

/// Whether two curves are as far apart as the printed hazard ratio says, whichever of them it speaks of.
fn hazard_ratio_agrees(panel: &Panel, statistic: &PrintedStatistic) -> Option<(bool, String)> {
    let [one, other] = panel.arms.as_slice() else { return None };
    let printed = statistic.value.filter(|value| *value > 0.0)?.ln();
    let traced = log_hazard_ratio(&one.curve, &other.curve, one.curve_end.min(other.curve_end))?;
    let limits =
        [statistic.lower, statistic.upper].map(|limit| limit.filter(|limit| *limit > 0.0).map(f64::ln));
    let within = |value: f64| match limits {
        [Some(lower), Some(upper)] => value >= lower - NEAR_HALF && value <= upper + NEAR_HALF,
        _ => false,
    };
    let agrees = [traced, -traced]
        .iter()
        .any(|&value| (value - printed).abs() <= HAZARD_RATIO_TOLERANCE || within(value));
    let (printed, traced) = (printed.exp(), traced.exp());
    Some((
        agrees,
        format!(
            "hazard ratio printed {printed:.2}, about {traced:.2} (or {:.2}) from the curves",
            1.0 / traced
        ),
    ))
}

/// Mean over time of `log(-log S1) - log(-log S2)`: the log hazard ratio of two curves under proportional hazards.
fn log_hazard_ratio(one: &StepCurve, other: &StepCurve, end: f64) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for step in 1..=100 {
        let time = end * f64::from(step) / 100.0;
        let levels = [one.survival_at(time), other.survival_at(time)];
        if levels.iter().all(|level| (0.02..=0.97).contains(level)) {
            let [a, b] = levels.map(|level| (-level.ln()).ln());
            sum += a - b;
            count += 1.0;
        }
    }
    (count >= 10.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportional_hazards_give_their_ratio() {
        let curve = |rate: f64| {
            let times: Vec<f64> = (1..200).map(|step| f64::from(step) * 0.1).collect();
            let survival = times.iter().map(|time| (-rate * time).exp()).collect();
            StepCurve::new(times, survival).unwrap()
        };
        let found = log_hazard_ratio(&curve(0.1), &curve(0.2), 19.0).unwrap();
        assert!((found - 0.5_f64.ln()).abs() < 1e-6, "{found}");
    }
}
