//! Which lines of a vector figure are arms and which limits, and whose the censor marks are.

#[path = "support/vector.rs"]
mod vector;

use std::fmt::Write as _;

use kmeta_trial_data::DigitizedFigure;
use vector::read_vector;

/// Axes from 0 to 24 months and from 0 to 1 in a box of 240 by 200 units, whose corners are at (60, 40) and (300, 240), and
/// what else is drawn there.
fn svg(drawn: &str) -> String {
    let mut page = "<svg xmlns='http://www.w3.org/2000/svg' width='400' height='360' font-family='sans-serif' font-size='10'>\
                    <rect x='60' y='40' width='240' height='200' fill='none' stroke='black'/>"
        .to_owned();
    for month in [0, 6, 12, 18, 24] {
        let x = 60 + 10 * month;
        let _ = write!(
            page,
            "<path d='M{x} 240V246' stroke='black'/><text x='{x}' y='258' text-anchor='middle'>{month}</text>"
        );
    }
    for (y, label) in [(240.0, "0.00"), (190.0, "0.25"), (140.0, "0.50"), (90.0, "0.75"), (40.0, "1.00")] {
        let base = y + 3.5;
        let _ = write!(
            page,
            "<path d='M60 {y}H54' stroke='black'/><text x='50' y='{base}' text-anchor='end'>{label}</text>"
        );
    }
    page + drawn + "</svg>"
}

/// A stroked path.
fn line(path: &str, color: &str, width: f64, dashes: &str) -> String {
    format!(
        "<path d='{path}' fill='none' stroke='{color}' stroke-width='{width}' stroke-dasharray='{dashes}'/>"
    )
}

fn read(drawn: &str) -> DigitizedFigure {
    read_vector("figure.svg", svg(drawn).into_bytes()).expect("a figure")
}

/// The levels of each arm.
fn levels(figure: &DigitizedFigure) -> Vec<Vec<f64>> {
    let rounded = |level: &f64| (level * 1000.0).round() / 1000.0;
    figure.panels[0].arms.iter().map(|arm| arm.curve.survival().iter().map(rounded).collect()).collect()
}

/// The months of each arm's marks, to a tenth.
fn marks(figure: &DigitizedFigure) -> Vec<Vec<f64>> {
    let rounded = |time: &f64| (time * 10.0).round() / 10.0;
    figure.panels[0].arms.iter().map(|arm| arm.censor_times.iter().map(rounded).collect()).collect()
}

#[test]
fn limits_of_a_single_event_are_no_arms() {
    let drawn = line("M60 40H100V60H280", "#c00000", 1.5, "none")
        + &line("M60 40H100V45H280", "#c00000", 0.7, "3 3")
        + &line("M60 40H100V100H280", "#c00000", 0.7, "3 3");
    assert_eq!(levels(&read(&drawn)), [vec![1.0, 0.9]]);
}

/// matplotlib leaves out corners that move a line by less than a ninth of a point: its upper limit may run a little below
/// its curve up to the first drop.
#[test]
fn a_simplified_limit_is_no_arm() {
    let drawn = line("M60 40H100V60H140V80H280", "black", 1.5, "none")
        + &line("M60 40L100 40.1V45H140V55H280", "black", 0.7, "3 3")
        + &line("M60 40H100V90H140V120H280", "black", 0.7, "3 3");
    assert_eq!(levels(&read(&drawn)), [vec![1.0, 0.9, 0.8]]);
}

/// R gives the limits of several curves the colours of other curves.
#[test]
fn dashed_limits_of_other_colors_are_no_arms() {
    let drawn = line("M60 40H100V60H140V80H180V100H280", "#0000c0", 1.5, "none")
        + &line("M60 40H100V50H140V60H180V70H280", "#c00000", 1.5, "6 3")
        + &line("M60 40H100V80H140V110H180V130H280", "#008000", 1.5, "6 3");
    assert_eq!(levels(&read(&drawn)), [vec![1.0, 0.9, 0.8, 0.7]]);
}

/// Counts of a table below the plot line up with the label of S = 1, and look like an axis with it.
#[test]
fn counts_below_the_plot_are_no_axis() {
    let mut drawn = line("M60 40H100V60H140V80H280", "#0000c0", 1.5, "none");
    for (x, count) in [(31, "0"), (120, "30"), (210, "60"), (300, "90")] {
        let _ = write!(drawn, "<text x='{x}' y='330'>{count}</text>");
    }
    assert_eq!(levels(&read(&drawn)), [vec![1.0, 0.9, 0.8]]);
}

/// Where patients are seen on the same days, arms step at the same times. A legend names arms, not limits.
#[test]
fn a_named_dashed_line_with_the_steps_of_another_is_an_arm() {
    let curves = line("M60 40H100V60H140V80H280", "black", 1.5, "none")
        + &line("M60 40H100V80H140V120H280", "black", 1.5, "6 3");
    let legend = line("M180 50H210", "black", 1.5, "none")
        + &line("M180 65H210", "black", 1.5, "6 3")
        + "<text x='216' y='53.5'>Early</text><text x='216' y='68.5'>Late</text>";
    let figure = read(&(curves + &legend));
    assert_eq!(levels(&figure), [vec![1.0, 0.9, 0.8], vec![1.0, 0.8, 0.6]]);
    let names: Vec<&str> = figure.panels[0].arms.iter().map(|arm| arm.label.as_str()).collect();
    assert_eq!(names, ["Early", "Late"]);
}

fn plus(x: f64, y: f64) -> String {
    let (left, right, top, bottom) = (x - 3.0, x + 3.0, y - 3.0, y + 3.0);
    line(&format!("M{left} {y}H{right}M{x} {top}V{bottom}"), "black", 1.0, "none")
}

/// Black marks where two arms run on one line belong to the arm whose marks are painted along with them.
#[test]
fn marks_on_two_arms_go_by_the_order_of_painting() {
    let mut drawn = line("M60 40H160V60H280", "#c00000", 1.5, "none")
        + &line("M60 40H160V100H280", "#0000c0", 1.5, "none");
    // Of the first arm at months 2, 4 and 15, of the second at months 1, 2, 3, 8 and 14.
    for (x, y) in [(80.0, 40.0), (100.0, 40.0), (210.0, 60.0)] {
        drawn += &plus(x, y);
    }
    for (x, y) in [(70.0, 40.0), (80.0, 40.0), (90.0, 40.0), (140.0, 40.0), (200.0, 100.0)] {
        drawn += &plus(x, y);
    }
    assert_eq!(marks(&read(&drawn)), [vec![2.0, 4.0, 15.0], vec![1.0, 2.0, 3.0, 8.0, 14.0]]);
}

/// Many marks of one arm may stand nearer to each other than the strokes of a plus do, and rounding may put two in one place.
#[test]
fn marks_that_stand_close_are_counted_one_by_one() {
    let mut drawn = line("M60 40H160V60H280", "#c00000", 1.5, "none");
    for x in [100.0, 100.01, 100.03, 100.05, 100.05, 100.09, 200.0] {
        drawn += &plus(x, if x < 160.0 { 40.0 } else { 60.0 });
    }
    assert_eq!(marks(&read(&drawn))[0].len(), 7);
    // Each drawn twice, as a halo: one mark.
    let mut twice = line("M60 40H160V60H280", "#c00000", 1.5, "none");
    for x in [90.0, 100.0, 110.0] {
        twice += &(plus(x, 40.0) + &plus(x, 40.0));
    }
    assert_eq!(marks(&read(&twice)), [vec![3.0, 4.0, 5.0]]);
}

/// A disc is filled and stroked by two operators and is one mark, also where two arms run.
#[test]
fn a_disc_of_filling_and_edge_is_one_mark() {
    let mut drawn = line("M60 40H160V60H280", "#c00000", 1.5, "none")
        + &line("M60 40H160V100H280", "#0000c0", 1.5, "none");
    for (x, y) in [(80.0, 40.0), (100.0, 40.0), (210.0, 60.0)] {
        let _ = write!(
            drawn,
            "<circle cx='{x}' cy='{y}' r='3'/><circle cx='{x}' cy='{y}' r='3' fill='none' stroke='black'/>"
        );
    }
    assert_eq!(marks(&read(&drawn)), [vec![2.0, 4.0, 15.0], vec![]]);
}

#[test]
fn large_marks_that_repeat_are_read() {
    let mut drawn = line("M60 40H160V120H280", "#c00000", 1.5, "none");
    for (x, y) in [(90.0, 40.0), (180.0, 120.0), (230.0, 120.0)] {
        let (left, right, top, bottom) = (x - 18.0, x + 18.0, y - 24.0, y + 12.0);
        let _ = write!(drawn, "<path d='M{x} {top}L{left} {bottom}H{right}Z' fill='#c00000'/>");
    }
    assert_eq!(marks(&read(&drawn)), [vec![3.0, 12.0, 17.0]]);
}

/// The top of a frame looks like the level stroke of the mark that a legend explains.
#[test]
fn the_mark_of_a_legend_names_no_arm() {
    let drawn = line("M60 40H300", "black", 1.0, "none")
        + &line("M60 40H100V60H280", "#c00000", 1.5, "none")
        + &line("M180 200H188M184 196V204", "black", 1.0, "none")
        + "<text x='192' y='203.5'>Censored</text>";
    assert_eq!(levels(&read(&drawn)), [vec![1.0, 0.9]]);
}

#[test]
fn a_stroke_of_a_large_cross_is_no_arm() {
    let drawn = line("M60 40H70V44H160V60H280", "#c00000", 1.5, "none")
        + &line("M68 38L80 50M80 38L68 50M130 38L142 50M142 38L130 50", "#0000c0", 0.5, "none");
    assert_eq!(levels(&read(&drawn)), [vec![1.0, 0.98, 0.9]]);
}

/// Groups may be called 0 and 1.
#[test]
fn rows_that_numbers_name_keep_their_names() {
    let mut drawn = line("M60 40H100V60H280", "#c00000", 1.5, "none")
        + &line("M60 40H120V80H280", "#0000c0", 1.5, "none");
    for (y, name, counts) in [(300, "0", [40, 36, 33, 20, 4]), (315, "1", [50, 40, 31, 12, 3])] {
        let _ = write!(drawn, "<text x='20' y='{y}'>{name}</text>");
        for (column, count) in counts.iter().enumerate() {
            let x = 60 + 60 * column;
            let _ = write!(drawn, "<text x='{x}' y='{y}' text-anchor='middle'>{count}</text>");
        }
    }
    let figure = read(&drawn);
    let table = figure.panels[0].risk_table.as_ref().expect("a table");
    let rows: Vec<&str> = table.rows.iter().map(|row| row.label.as_str()).collect();
    assert_eq!(rows, ["0", "1"]);
    assert_eq!(table.rows[1].counts, [50, 40, 31, 12, 3].map(Some));
}
