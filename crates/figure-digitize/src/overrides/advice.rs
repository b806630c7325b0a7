//! Which statement of a person would help where something could not be read, as JSON to copy.

use kmeta_trial_data::{
    ArmOverride, ArmReference, AxisPoint, FigureOverrides, PanelOverrides, RiskCellOverride, WayPoints,
};

use crate::axis_lines::AxisPair;
use crate::plane::Rect;

/// How a person calibrates the axes of a panel: two points on each.
pub(crate) fn advice_on_axes(panel: usize, lines: Option<&AxisPair>, page: Rect) -> String {
    let area = example_area(lines, page);
    let points = |ends: [(usize, f64); 2]| {
        ends.map(|(pixel, value)| AxisPoint { pixel: pixel as f64, value }).to_vec()
    };
    let stated = PanelOverrides {
        panel,
        plot_area: lines.map(|_| area.to_pixel_box()),
        x_axis: points([(area.left, 0.0), (area.right, 24.0)]),
        y_axis: points([(area.bottom, 0.0), (area.top, 1.0)]),
        ..PanelOverrides::default()
    };
    format!("state two points of each axis yourself (pixel and printed value): {}", example(stated))
}

/// How a person says where the curves of a panel are.
pub(crate) fn advice_on_curves(panel: usize, lines: &AxisPair, page: Rect) -> String {
    let area = example_area(Some(lines), page);
    let at = |across: usize, down: usize| {
        [(area.left + area.width() * across / 10) as f64, (area.top + area.height() * down / 10) as f64]
    };
    let stated = PanelOverrides {
        panel,
        plot_area: Some(area.to_pixel_box()),
        arms: vec![ArmOverride {
            arm: None,
            color: Some("#1f77b4".to_owned()),
            name: Some("Treatment".to_owned()),
        }],
        way_points: vec![WayPoints {
            arm: ArmReference::Name("Treatment".to_owned()),
            points: vec![at(2, 2), at(8, 6)],
        }],
        ..PanelOverrides::default()
    };
    format!(
        "state the colour of each arm and points (column, row) that its curve passes through: {}",
        example(stated)
    )
}

/// How a person corrects a number at risk. A row without a name is that of the arm at its place.
pub(crate) fn advice_on_cell(panel: usize, (row, name): (usize, &str), time: f64, number: u32) -> String {
    let arm = if name.is_empty() { ArmReference::Position(row) } else { ArmReference::Name(name.to_owned()) };
    let cell = RiskCellOverride { arm, time, number: Some(number) };
    let stated = PanelOverrides { panel, risk_cells: vec![cell], ..PanelOverrides::default() };
    format!("state the right number where one was misread: {}", example(stated))
}

fn example_area(lines: Option<&AxisPair>, page: Rect) -> Rect {
    lines.map_or_else(
        || Rect {
            left: page.width() / 8,
            top: page.height() / 10,
            right: page.width() * 9 / 10,
            bottom: page.height() * 8 / 10,
        },
        AxisPair::inside,
    )
}

fn example(panel: PanelOverrides) -> String {
    let overrides = FigureOverrides { panels: vec![panel], ..FigureOverrides::default() };
    let json = serde_json::to_string(&overrides).unwrap_or_default();
    format!(
        "put `\"overrides\": {json}` with your figure's numbers into its sidecar NAME.kmfig.json and run the same command again"
    )
}
