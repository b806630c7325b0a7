//! Risk of bias: traffic lights of each study, and the summary of each domain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{Key, KeyMark, MARGIN, SMALL, draw_title};
use crate::format::shortest;
use crate::palette::{GREY_TEXT, GUIDE, INK, TRAFFIC_LIGHTS};
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::{FontWeight, TextMetrics};
use crate::{Figure, footer};

/// A judgement about one domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// Low risk of bias.
    Low,
    /// Some concerns (RoB 2) or a moderate risk (ROBINS-I).
    Some,
    /// High risk (RoB 2) or a serious one (ROBINS-I).
    High,
    /// A critical risk (ROBINS-I).
    Critical,
    /// No information.
    NoInformation,
}

/// One study's judgements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskOfBiasStudy {
    /// Name to print.
    pub study: String,
    /// A judgement for each domain, in their order.
    pub judgements: Vec<Judgement>,
    /// The overall judgement; the gravest of its domains when left out.
    #[serde(default)]
    pub overall: Option<Judgement>,
    /// Weight in the summary, for example that of the meta-analysis; equal weights when left out.
    #[serde(default)]
    pub weight: Option<f64>,
}

/// The judgements of all studies, the section `[risk_of_bias]` of a project file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskOfBias {
    /// The tool, for example "RoB 2" or "ROBINS-I".
    #[serde(default = "usual_tool")]
    pub tool: String,
    /// The domains, in order; those of RoB 2 when left out.
    #[serde(default = "domains_of_rob2")]
    pub domains: Vec<String>,
    /// The studies.
    #[serde(default, rename = "study")]
    pub studies: Vec<RiskOfBiasStudy>,
}

fn usual_tool() -> String {
    "RoB 2".to_owned()
}

/// The five domains of RoB 2 (Sterne et al. 2019).
fn domains_of_rob2() -> Vec<String> {
    [
        "Randomization process",
        "Deviations from intended interventions",
        "Missing outcome data",
        "Measurement of the outcome",
        "Selection of the reported result",
    ]
    .map(str::to_owned)
    .to_vec()
}

impl RiskOfBias {
    /// What is wrong with the table, in words: studies with too few or too many judgements, weights that are none.
    pub fn faults(&self) -> Vec<String> {
        let mut found = Vec::new();
        for study in &self.studies {
            if study.judgements.len() != self.domains.len() {
                found.push(format!(
                    "`{}` has {} judgements, expected one for each of the {} domains",
                    study.study,
                    study.judgements.len(),
                    self.domains.len()
                ));
            }
            if let Some(weight) = study.weight.filter(|weight| !(weight.is_finite() && *weight > 0.0)) {
                found.push(format!("`{}` has the weight {weight}, expected a positive number", study.study));
            }
        }
        found
    }
}

impl RiskOfBiasStudy {
    /// The overall judgement: the stated one, else the gravest.
    fn overall(&self) -> Judgement {
        let gravest = self.judgements.iter().copied().max_by_key(|judgement| match judgement {
            // Nothing known is graver than some concerns and less than a high risk.
            Judgement::Low => 0,
            Judgement::Some => 1,
            Judgement::NoInformation => 2,
            Judgement::High => 3,
            Judgement::Critical => 4,
        });
        self.overall.or(gravest).unwrap_or(Judgement::NoInformation)
    }
}

const ALL: [Judgement; 5] =
    [Judgement::Low, Judgement::Some, Judgement::High, Judgement::Critical, Judgement::NoInformation];
/// Dark red of a critical risk.
const CRITICAL: &str = "#7a0f14";

impl Judgement {
    fn color(self) -> &'static str {
        match self {
            Self::Low => TRAFFIC_LIGHTS[0],
            Self::Some => TRAFFIC_LIGHTS[1],
            Self::High => TRAFFIC_LIGHTS[2],
            Self::Critical => CRITICAL,
            Self::NoInformation => TRAFFIC_LIGHTS[3],
        }
    }

    fn name(self, tool: &str) -> &'static str {
        let robins = tool.to_uppercase().contains("ROBINS");
        match self {
            Self::Low => "Low",
            Self::Some if robins => "Moderate",
            Self::Some => "Some concerns",
            Self::High if robins => "Serious",
            Self::High => "High",
            Self::Critical => "Critical",
            Self::NoInformation => "No information",
        }
    }

    /// Draws the sign that tells judgements apart without their colour.
    fn draw_sign(self, svg: &mut Svg, (x, y): (f64, f64), size: f64) {
        let dark = matches!(self, Self::Some | Self::NoInformation);
        let stroke = Stroke::solid(if dark { INK } else { "#ffffff" }, 0.22 * size);
        let half = 0.5 * size;
        match self {
            Self::Low => {
                svg.line((x - half, y), (x + half, y), &stroke);
                svg.line((x, y - half), (x, y + half), &stroke);
            }
            Self::Some => svg.line((x - half, y), (x + half, y), &stroke),
            Self::High => {
                svg.line((x - half, y - half), (x + half, y + half), &stroke);
                svg.line((x - half, y + half), (x + half, y - half), &stroke);
            }
            Self::Critical => {
                svg.line((x, y - half), (x, y + 0.15 * size), &stroke);
                svg.line((x, y + 0.32 * size), (x, y + half), &stroke);
            }
            Self::NoInformation => svg.circle((x, y), 0.3 * size, "none", &Stroke::solid(INK, 0.16 * size)),
        }
    }
}

/// Judgements that occur, with the overall ones.
fn occurring(table: &RiskOfBias) -> Vec<Judgement> {
    let all = |study: &RiskOfBiasStudy| {
        let mut judgements = study.judgements.clone();
        judgements.push(study.overall());
        judgements
    };
    let found: Vec<Judgement> = table.studies.iter().flat_map(all).collect();
    ALL.into_iter().filter(|judgement| found.contains(judgement)).collect()
}

/// Side of a cell.
const CELL: f64 = 34.0;
/// Height of a row.
const ROW: f64 = 26.0;
/// Widest that names may become before they are wrapped.
const WIDEST_NAME: f64 = 220.0;

/// The traffic-light figure: a row for each study, a column for each domain, each judgement with its colour and its sign
/// (plus, minus, cross), and the overall judgement set apart. Domains are numbered and spelled out below.
pub fn risk_of_bias_traffic_lights(table: &RiskOfBias, note: &str) -> Figure {
    let style = TextStyle::new(12.0);
    let names = table.studies.iter().map(|study| style.width(&study.study));
    let widest = names.fold(60.0, f64::max).min(WIDEST_NAME);
    let left = MARGIN + widest + 14.0;
    let columns = table.domains.len() as f64;
    let overall = left + columns * CELL + 16.0;
    let width = (overall + CELL + 24.0 + MARGIN).max(420.0);
    let mut svg = Svg::new();
    let top = draw_title(&mut svg, &title(table), width) + 10.0;
    let bold = TextStyle::new(SMALL).bold().anchor(Anchor::Middle);
    for index in 0..table.domains.len() {
        let x = left + (index as f64 + 0.5) * CELL;
        svg.text(x, top + 12.0, &format!("D{}", index + 1), &bold);
    }
    svg.text(overall + CELL / 2.0, top + 12.0, "Overall", &bold);
    let mut y = top + 20.0;
    svg.line((MARGIN, y), (overall + CELL, y), &Stroke::solid(INK, 1.0));
    for study in &table.studies {
        let lines = TextMetrics::wrap(&study.study, widest + 0.01, 12.0, FontWeight::Regular);
        let height = ROW + 14.0 * (lines.len() as f64 - 1.0);
        svg.lines(MARGIN, y + 17.5, &lines, 14.0, &style);
        for (index, judgement) in study.judgements.iter().take(table.domains.len()).enumerate() {
            draw_light(&mut svg, *judgement, (left + (index as f64 + 0.5) * CELL, y + height / 2.0));
        }
        draw_light(&mut svg, study.overall(), (overall + CELL / 2.0, y + height / 2.0));
        y += height;
        svg.line((MARGIN, y), (overall + CELL, y), &Stroke::solid("#e0e0e0", 0.8));
    }
    let y = draw_light_keys(&mut svg, table, width, y + 8.0);
    let domains: Vec<String> =
        table.domains.iter().enumerate().map(|(index, name)| format!("D{}: {name}", index + 1)).collect();
    let lines = [(format!("{}.", domains.join("; ")), GREY_TEXT)];
    let bottom = footer::draw(&mut svg, MARGIN, y + 6.0, width - 2.0 * MARGIN, &lines, note);
    let told: Vec<String> = table
        .studies
        .iter()
        .map(|study| format!("{}: {}", study.study, study.overall().name(&table.tool).to_lowercase()))
        .collect();
    let alt = format!("{}: overall judgement of each study. {}.", title(table), told.join("; "));
    svg.finish(width, bottom + MARGIN - 4.0, &title(table), alt)
}

fn title(table: &RiskOfBias) -> String {
    format!("Risk of bias ({})", table.tool)
}

fn draw_light(svg: &mut Svg, judgement: Judgement, center: (f64, f64)) {
    svg.circle(center, 9.5, judgement.color(), &Stroke::solid(GUIDE, 0.6));
    judgement.draw_sign(svg, center, 9.0);
}

/// The legend with signs; returns the lower edge.
fn draw_light_keys(svg: &mut Svg, table: &RiskOfBias, width: f64, top: f64) -> f64 {
    let style = TextStyle::new(SMALL);
    let (mut x, mut y) = (MARGIN, top + 12.0);
    for judgement in occurring(table) {
        let name = judgement.name(&table.tool);
        let needed = 26.0 + style.width(name);
        if x > MARGIN && x + needed > width - MARGIN {
            (x, y) = (MARGIN, y + 22.0);
        }
        draw_light(svg, judgement, (x + 10.0, y));
        svg.text(x + 24.0, y + 4.0, name, &style);
        x += needed + 18.0;
    }
    y + 12.0
}

/// The summary figure: for each domain and overall, the share of studies (by weight where all have one) with each
/// judgement, as stacked bars.
pub fn risk_of_bias_summary(table: &RiskOfBias, note: &str) -> Figure {
    let weighted = table.studies.iter().all(|study| study.weight.is_some());
    let weight = |study: &RiskOfBiasStudy| study.weight.filter(|_| weighted).unwrap_or(1.0);
    let style = TextStyle::new(12.0);
    let widest = table.domains.iter().map(|name| style.width(name)).fold(90.0, f64::max).min(WIDEST_NAME);
    let (left, bar) = (MARGIN + widest + 12.0, 380.0);
    let width = left + bar + MARGIN + 14.0;
    let mut svg = Svg::new();
    let mut y = draw_title(&mut svg, &title(table), width) + 12.0;
    let mut told = Vec::new();
    let rows = table.domains.len() + 1;
    for row in 0..rows {
        let is_overall = row + 1 == rows;
        let name = if is_overall { "Overall" } else { table.domains[row].as_str() };
        let font = if is_overall { FontWeight::Bold } else { FontWeight::Regular };
        let style = TextStyle { weight: font, ..style };
        let lines = TextMetrics::wrap(name, widest + 0.01, 12.0, font);
        let height = 24.0_f64.max(15.0 * lines.len() as f64 + 4.0);
        let first = y + height / 2.0 + 4.2 - 7.0 * (lines.len() as f64 - 1.0);
        svg.lines(MARGIN, first, &lines, 14.0, &style);
        let judgement_of = |study: &RiskOfBiasStudy| {
            if is_overall { Some(study.overall()) } else { study.judgements.get(row).copied() }
        };
        let shares = shares(table, judgement_of, weight);
        let mut x = left;
        for (judgement, share) in &shares {
            svg.framed(
                (x, y + 2.0),
                (bar * share, height - 4.0),
                judgement.color(),
                &Stroke::solid("#ffffff", 0.8),
            );
            x += bar * share;
        }
        let text: Vec<String> = shares
            .iter()
            .map(|(judgement, share)| {
                format!(
                    "{}% {}",
                    shortest((100.0 * share).round()),
                    judgement.name(&table.tool).to_lowercase()
                )
            })
            .collect();
        told.push(format!("{name}: {}", text.join(", ")));
        y += height + if row + 2 == rows { 8.0 } else { 0.0 };
    }
    svg.line((left, y + 2.0), (left + bar, y + 2.0), &Stroke::solid(INK, 1.0));
    let small = TextStyle::new(SMALL).anchor(Anchor::Middle);
    for quarter in 0..=4 {
        let x = left + bar * f64::from(quarter) / 4.0;
        svg.line((x, y + 2.0), (x, y + 6.0), &Stroke::solid(INK, 1.0));
        svg.text(x, y + 18.0, &format!("{}%", 25 * quarter), &small);
    }
    let keys: Vec<Key> = occurring(table)
        .into_iter()
        .map(|judgement| Key::new(judgement.name(&table.tool), KeyMark::Framed(judgement.color())))
        .collect();
    let bottom = crate::chart::draw_keys(&mut svg, &keys, MARGIN, width - MARGIN, y + 26.0);
    let by =
        if weighted { "Shares by weight of the studies." } else { "Shares of studies, all of equal weight." };
    let bottom = footer::draw(
        &mut svg,
        MARGIN,
        bottom + 4.0,
        width - 2.0 * MARGIN,
        &[(by.to_owned(), GREY_TEXT)],
        note,
    );
    let alt = format!("{}: share of studies with each judgement. {}.", title(table), told.join("; "));
    svg.finish(width, bottom + MARGIN - 4.0, &format!("{}, summary", title(table)), alt)
}

/// The share of each judgement that occurs.
fn shares(
    table: &RiskOfBias,
    judgement_of: impl Fn(&RiskOfBiasStudy) -> Option<Judgement>,
    weight: impl Fn(&RiskOfBiasStudy) -> f64,
) -> Vec<(Judgement, f64)> {
    let judged: Vec<(Judgement, f64)> = table
        .studies
        .iter()
        .filter_map(|study| Some((judgement_of(study)?, weight(study))))
        .filter(|(_, weight)| weight.is_finite() && *weight > 0.0)
        .collect();
    let total: f64 = judged.iter().map(|(_, weight)| weight).sum();
    let share = |one: Judgement| {
        judged
            .iter()
            .filter(|(judgement, _)| *judgement == one)
            .map(|(_, weight)| weight / total)
            .sum::<f64>()
    };
    ALL.into_iter().map(|judgement| (judgement, share(judgement))).filter(|(_, share)| *share > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::assert_figure_is_readable;

    fn table(count: usize) -> RiskOfBias {
        let study = |index: usize| RiskOfBiasStudy {
            study: format!("Groupe coopérateur multidisciplinaire, étude {index} 试验"),
            judgements: (0..5).map(|domain| ALL[(index * 3 + domain) % 5]).collect(),
            overall: None,
            weight: index.is_multiple_of(2).then_some(2.0),
        };
        let studies = (0..count).map(study).collect();
        RiskOfBias { tool: usual_tool(), domains: domains_of_rob2(), studies }
    }

    #[test]
    fn figures_are_readable_with_any_number_of_studies() {
        for count in [0, 1, 6, 80] {
            assert_figure_is_readable(&risk_of_bias_traffic_lights(&table(count), ""));
            assert_figure_is_readable(&risk_of_bias_summary(&table(count), "note"));
        }
    }

    #[test]
    fn the_gravest_domain_decides_where_no_overall_judgement_is_stated() {
        let mut study = table(1).studies[0].clone();
        study.judgements = vec![Judgement::Low, Judgement::Some, Judgement::Low];
        assert_eq!(study.overall(), Judgement::Some);
        study.overall = Some(Judgement::High);
        assert_eq!(study.overall(), Judgement::High);
    }

    #[test]
    fn shares_follow_weights() {
        let mut table = table(2);
        table.studies[0].judgements = vec![Judgement::Low; 5];
        table.studies[1].judgements = vec![Judgement::High; 5];
        let of = |study: &RiskOfBiasStudy| study.judgements.first().copied();
        let found = shares(&table, of, |study| if study.weight.is_some() { 3.0 } else { 1.0 });
        assert_eq!(found, [(Judgement::Low, 0.75), (Judgement::High, 0.25)]);
    }

    #[test]
    fn wrong_tables_are_described() {
        let mut table = table(1);
        table.studies[0].judgements.pop();
        table.studies[0].weight = Some(-1.0);
        let found = table.faults();
        assert!(found[0].contains("4 judgements") && found[1].contains("weight -1"), "{found:?}");
        assert_figure_is_readable(&risk_of_bias_traffic_lights(&table, ""));
        assert_figure_is_readable(&risk_of_bias_summary(&table, ""));
    }
}
