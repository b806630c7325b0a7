//! Figures of the review itself: its flow of records, and the risk of bias of its trials.

use kmeta_plot_svg::{
    Figure, PrismaFlow, RiskOfBias, Theme, prisma_diagram, risk_of_bias_summary, risk_of_bias_traffic_lights,
};

/// The figures of what the project file states, in the theme's colours, under the names of their files.
pub(crate) fn review_figures(
    theme: &Theme,
    prisma: Option<&PrismaFlow>,
    risk_of_bias: Option<&RiskOfBias>,
) -> Vec<(&'static str, Figure)> {
    let mut figures = Vec::new();
    if let Some(flow) = prisma {
        figures.push(("prisma", prisma_diagram(flow, "")));
    }
    if let Some(table) = risk_of_bias {
        figures.push(("risk-of-bias", risk_of_bias_traffic_lights(table, "")));
        figures.push(("risk-of-bias-summary", risk_of_bias_summary(table, "")));
    }
    figures.into_iter().map(|(name, figure)| (name, theme.apply(figure))).collect()
}
