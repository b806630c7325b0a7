//! The PRISMA 2020 flow diagram.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{MARGIN, draw_title};
use crate::palette::{FLOW_HEADING, FLOW_STAGE, GREY_TEXT, INK};
use crate::specification_curve::thousands;
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::{FontWeight, TextMetrics};
use crate::{Figure, footer};

/// A number with what it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrismaCount {
    /// What is counted: a database, a reason.
    pub name: String,
    /// How many.
    pub n: u64,
}

/// The counts of a PRISMA 2020 flow diagram (Page et al. 2021), the section `[prisma]` of a project file. What is left
/// out is not drawn; the diagram of an update shows previous studies, and other sources have a column of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PrismaFlow {
    /// Studies of the previous version of the review.
    pub previous_studies: Option<u64>,
    /// Reports of those studies.
    pub previous_reports: Option<u64>,
    /// Records found in databases and registers, for example `[{ name = "MEDLINE", n = 412 }]`.
    pub records_identified: Vec<PrismaCount>,
    /// Records removed before screening, with reasons: duplicates, marked by automation, others.
    pub records_removed: Vec<PrismaCount>,
    /// Records screened; what was identified less what was removed when left out.
    pub records_screened: Option<u64>,
    /// Records excluded on screening.
    pub records_excluded: Option<u64>,
    /// Reports sought; what was screened less what was excluded when left out.
    pub reports_sought: Option<u64>,
    /// Reports not retrieved.
    pub reports_not_retrieved: Option<u64>,
    /// Reports assessed for eligibility; what was sought less what was not retrieved when left out.
    pub reports_assessed: Option<u64>,
    /// Reports excluded, with reasons.
    pub reports_excluded: Vec<PrismaCount>,
    /// Records found otherwise: websites, organisations, citation searching.
    pub other_identified: Vec<PrismaCount>,
    /// Reports sought among these; all of them when left out.
    pub other_sought: Option<u64>,
    /// Of these, not retrieved.
    pub other_not_retrieved: Option<u64>,
    /// Of these, assessed; what was sought less what was not retrieved when left out.
    pub other_assessed: Option<u64>,
    /// Of these, excluded, with reasons.
    pub other_excluded: Vec<PrismaCount>,
    /// New studies included in the review.
    pub studies_included: Option<u64>,
    /// Reports of these studies.
    pub reports_included: Option<u64>,
}

impl PrismaFlow {
    /// Counts that contradict each other, in words: what is left at a step is what came in less what was removed.
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, stated: Option<u64>, expected: Option<u64>, why: &str| {
            if let (Some(stated), Some(expected)) = (stated, expected)
                && stated != expected
            {
                found.push(format!("{what} is {stated}, but {why} leaves {expected}"));
            }
        };
        let less = |from: Option<u64>, what: Option<u64>| Some(from?.saturating_sub(what?));
        compare(
            "records_screened",
            self.records_screened,
            sum(&self.records_identified)
                .filter(|_| !self.records_removed.is_empty())
                .and_then(|all| less(Some(all), sum(&self.records_removed))),
            "what was identified less what was removed",
        );
        compare(
            "reports_sought",
            self.reports_sought,
            less(self.screened(), self.records_excluded),
            "what was screened less what was excluded",
        );
        compare(
            "reports_assessed",
            self.reports_assessed,
            less(self.sought(), self.reports_not_retrieved),
            "what was sought less what was not retrieved",
        );
        compare(
            "other_assessed",
            self.other_assessed,
            less(self.other_sought.or(sum(&self.other_identified)), self.other_not_retrieved),
            "what was sought less what was not retrieved",
        );
        let assessed = self.assessed().map(|assessed| assessed + self.other_reports().unwrap_or(0));
        let excluded = sum(&self.reports_excluded).unwrap_or(0) + sum(&self.other_excluded).unwrap_or(0);
        if excluded > 0 {
            compare(
                "reports_included",
                self.reports_included,
                assessed.map(|assessed| assessed.saturating_sub(excluded)),
                "what was assessed less what was excluded",
            );
        }
        found
    }

    fn screened(&self) -> Option<u64> {
        let left =
            || Some(sum(&self.records_identified)?.saturating_sub(sum(&self.records_removed).unwrap_or(0)));
        self.records_screened.or_else(left)
    }

    fn sought(&self) -> Option<u64> {
        self.reports_sought.or_else(|| Some(self.screened()?.saturating_sub(self.records_excluded?)))
    }

    fn assessed(&self) -> Option<u64> {
        let left = || Some(self.sought()?.saturating_sub(self.reports_not_retrieved.unwrap_or(0)));
        self.reports_assessed.or_else(left)
    }

    fn other_reports(&self) -> Option<u64> {
        let sought = self.other_sought.or(sum(&self.other_identified));
        self.other_assessed.or_else(|| Some(sought?.saturating_sub(self.other_not_retrieved.unwrap_or(0))))
    }
}

fn sum(counts: &[PrismaCount]) -> Option<u64> {
    (!counts.is_empty()).then(|| counts.iter().map(|count| count.n).sum())
}

/// Font size inside boxes.
const SIZE: f64 = 11.0;
/// Distance of lines inside boxes.
const LINE: f64 = 14.5;
/// Width of a box.
const BOX: f64 = 196.0;
/// Distance of boxes sideways.
const SIDE: f64 = 26.0;
/// Distance of rows of boxes.
const DOWN: f64 = 24.0;
/// Width of the bars that name the stages.
const STAGE: f64 = 24.0;

/// A box of the diagram: its text and where it stands.
struct FlowBox {
    column: usize,
    row: usize,
    lines: Vec<String>,
}

impl FlowBox {
    fn height(&self) -> f64 {
        LINE * self.lines.len() as f64 + 12.0
    }
}

/// The flow diagram of PRISMA 2020 from its counts, in the template's arrangement: identification, screening and
/// inclusion from top to bottom, what was removed to the right of where it left, other sources in columns of their own.
pub fn prisma_diagram(flow: &PrismaFlow, note: &str) -> Figure {
    let boxes = boxes(flow);
    let columns = 1 + boxes.iter().map(|one| one.column).max().unwrap_or(0);
    let left = MARGIN + STAGE + 14.0;
    let width = left + columns as f64 * (BOX + SIDE) - SIDE + MARGIN;
    let mut svg = Svg::new();
    let top = draw_title(&mut svg, "", width) + 8.0;
    let x = |column: usize| left + column as f64 * (BOX + SIDE);
    let top = draw_headings(&mut svg, flow, columns, top, x);
    let rows = rows(&boxes, top);
    for one in &boxes {
        let (left, top) = (x(one.column), rows[one.row].0);
        svg.framed((left, top), (BOX, one.height()), "#ffffff", &Stroke::solid(INK, 1.0));
        svg.lines(left + 8.0, top + 6.0 + SIZE, &one.lines, LINE, &TextStyle::new(SIZE));
    }
    draw_arrows(&mut svg, flow, &boxes, &rows, x);
    draw_stages(&mut svg, &boxes, &rows);
    let bottom = rows.last().map_or(top, |row| row.1);
    let source = "PRISMA 2020 flow diagram (Page MJ et al. BMJ 2021;372:n71).";
    let lines = [(source.to_owned(), GREY_TEXT)];
    let bottom = footer::draw(&mut svg, left, bottom + 12.0, width - left - MARGIN, &lines, note);
    let told: Vec<String> = boxes.iter().map(|one| one.lines.join(" ")).collect();
    svg.finish(
        width,
        bottom + MARGIN - 4.0,
        "PRISMA 2020 flow diagram",
        format!("PRISMA 2020 flow diagram. {}", told.join("; ")),
    )
}

/// The rows of the diagram.
const IDENTIFICATION: usize = 0;
const SCREENED: usize = 1;
const SOUGHT: usize = 2;
const ASSESSED: usize = 3;
const INCLUDED: usize = 4;
const TOTAL: usize = 5;

fn boxes(flow: &PrismaFlow) -> Vec<FlowBox> {
    let first = usize::from(flow.previous_studies.is_some());
    let mut boxes = Vec::new();
    let mut add = |column: usize, row: usize, lines: Vec<String>| {
        if !lines.is_empty() {
            boxes.push(FlowBox { column, row, lines });
        }
    };
    if let Some(studies) = flow.previous_studies {
        let mut lines = counted("Studies included in previous version of review", Some(studies));
        lines.extend(counted("Reports of these studies", flow.previous_reports));
        add(0, IDENTIFICATION, lines);
    }
    add(first, IDENTIFICATION, listed("Records identified from:", &flow.records_identified));
    add(first + 1, IDENTIFICATION, listed("Records removed before screening:", &flow.records_removed));
    add(first, SCREENED, counted("Records screened", flow.screened()));
    add(first + 1, SCREENED, counted("Records excluded", flow.records_excluded));
    add(first, SOUGHT, counted("Reports sought for retrieval", flow.sought()));
    add(first + 1, SOUGHT, counted("Reports not retrieved", flow.reports_not_retrieved));
    add(first, ASSESSED, counted("Reports assessed for eligibility", flow.assessed()));
    add(first + 1, ASSESSED, listed("Reports excluded:", &flow.reports_excluded));
    if !flow.other_identified.is_empty() {
        let other = first + 2;
        add(other, IDENTIFICATION, listed("Records identified from:", &flow.other_identified));
        let sought = flow.other_sought.or(sum(&flow.other_identified));
        add(other, SOUGHT, counted("Reports sought for retrieval", sought));
        add(other + 1, SOUGHT, counted("Reports not retrieved", flow.other_not_retrieved));
        add(other, ASSESSED, counted("Reports assessed for eligibility", flow.other_reports()));
        add(other + 1, ASSESSED, listed("Reports excluded:", &flow.other_excluded));
    }
    let new = if flow.previous_studies.is_some() { "New studies" } else { "Studies" };
    let mut lines = counted(&format!("{new} included in review"), flow.studies_included);
    lines.extend(counted("Reports of included studies", flow.reports_included));
    add(first, INCLUDED, lines);
    if let Some((previous, studies)) = flow.previous_studies.zip(flow.studies_included) {
        let mut lines = counted("Total studies included in review", Some(previous + studies));
        let reports = flow.previous_reports.zip(flow.reports_included).map(|(old, new)| old + new);
        lines.extend(counted("Reports of total included studies", reports));
        add(first, TOTAL, lines);
    }
    boxes
}

/// "Records screened (n = 1,020)", wrapped; nothing without a number.
fn counted(text: &str, number: Option<u64>) -> Vec<String> {
    let Some(number) = number else { return Vec::new() };
    wrapped(&format!("{text} (n\u{a0}=\u{a0}{})", count_text(number)), 0.0)
}

/// A heading with its sum, and a line for each count.
fn listed(heading: &str, counts: &[PrismaCount]) -> Vec<String> {
    let mut lines = match counts {
        [] => return Vec::new(),
        [_] => wrapped(heading, 0.0),
        _ => counted(heading.trim_end_matches(':'), sum(counts)),
    };
    for count in counts {
        let text = format!("{} (n\u{a0}=\u{a0}{})", count.name, count_text(count.n));
        lines.extend(wrapped(&text, 8.0).into_iter().map(|line| format!("\u{2002}{line}")));
    }
    lines
}

fn wrapped(text: &str, indent: f64) -> Vec<String> {
    // Breaks at spaces only: a non-breaking space is whitespace too, so words are joined with a mark of its width first.
    const MARK: char = '¦';
    let kept: String = text.chars().map(|letter| if letter == '\u{a0}' { MARK } else { letter }).collect();
    TextMetrics::wrap(&kept, BOX - 20.0 - indent, SIZE, FontWeight::Regular)
        .into_iter()
        .map(|line| line.replace(MARK, " "))
        .collect()
}

fn count_text(number: u64) -> String {
    thousands(usize::try_from(number).unwrap_or(usize::MAX))
}

/// Top and lower edge of each row; a row without boxes has no height.
fn rows(boxes: &[FlowBox], top: f64) -> Vec<(f64, f64)> {
    let mut y = top;
    (0..=TOTAL)
        .map(|row| {
            let lines =
                boxes.iter().filter(|one| one.row == row).map(|one| one.lines.len()).max().unwrap_or(0);
            let height = if lines == 0 { 0.0 } else { LINE * lines as f64 + 12.0 };
            let edges = (y, y + height);
            y += if lines == 0 { 0.0 } else { height + DOWN };
            edges
        })
        .collect()
}

/// What the columns hold, above them; returns the lower edge.
fn draw_headings(
    svg: &mut Svg,
    flow: &PrismaFlow,
    columns: usize,
    top: f64,
    x: impl Fn(usize) -> f64,
) -> f64 {
    let first = usize::from(flow.previous_studies.is_some());
    let has_other = !flow.other_identified.is_empty();
    let mut headings = Vec::new();
    if first == 1 {
        headings.push((0, 0, "Previous studies"));
    }
    let last = if has_other { first + 1 } else { columns - 1 };
    headings.push((first, last, "Identification of new studies via databases and registers"));
    if has_other {
        headings.push((first + 2, columns - 1, "Identification of new studies via other methods"));
    }
    let lines_of = |(from, to, text): &(usize, usize, &str)| {
        let width = x(*to) + BOX - x(*from) - 12.0;
        (width + 12.0, TextMetrics::wrap(text, width, SIZE, FontWeight::Bold))
    };
    let most = headings.iter().map(|heading| lines_of(heading).1.len()).max().unwrap_or(1);
    let height = 12.0 + LINE * most as f64;
    for heading in &headings {
        let (width, lines) = lines_of(heading);
        let left = x(heading.0);
        svg.rectangle(left, top, width, height, FLOW_HEADING);
        let style = TextStyle::new(SIZE).bold().anchor(Anchor::Middle);
        svg.lines(left + width / 2.0, top + 6.0 + SIZE, &lines, LINE, &style);
    }
    top + height + 14.0
}

/// Arrows down from box to box of a column, to the right to what was removed, and from other sources to the studies.
fn draw_arrows(
    svg: &mut Svg,
    flow: &PrismaFlow,
    boxes: &[FlowBox],
    rows: &[(f64, f64)],
    x: impl Fn(usize) -> f64,
) {
    let first = usize::from(flow.previous_studies.is_some());
    let find = |column: usize, row: usize| boxes.iter().find(|one| one.column == column && one.row == row);
    // Columns in which reports flow down; those beside them hold what was removed.
    for column in [first, first + 2] {
        for one in boxes.iter().filter(|one| one.column == column) {
            let (center, bottom) = (x(column) + BOX / 2.0, rows[one.row].0 + one.height());
            let lower = boxes.iter().filter(|other| other.column == column && other.row > one.row);
            if let Some(below) = lower.min_by_key(|other| other.row) {
                arrow(svg, &[(center, bottom), (center, rows[below.row].0)]);
            }
            if let Some(beside) = find(column + 1, one.row).filter(|_| one.row <= ASSESSED) {
                let y = rows[one.row].0 + one.height().min(beside.height()) / 2.0;
                arrow(svg, &[(x(column) + BOX, y), (x(beside.column), y)]);
            }
        }
    }
    if let Some((included, last)) = find(first, INCLUDED).zip(find(first + 2, ASSESSED)) {
        let (center, middle) = (x(last.column) + BOX / 2.0, rows[INCLUDED].0 + included.height() / 2.0);
        let start = (center, rows[ASSESSED].0 + last.height());
        arrow(svg, &[start, (center, middle), (x(first) + BOX, middle)]);
    }
    if let Some((previous, total)) = find(0, IDENTIFICATION).filter(|_| first == 1).zip(find(1, TOTAL)) {
        let (center, middle) = (x(0) + BOX / 2.0, rows[TOTAL].0 + total.height() / 2.0);
        let start = (center, rows[IDENTIFICATION].0 + previous.height());
        arrow(svg, &[start, (center, middle), (x(1), middle)]);
    }
}

/// A line with an arrow head at its end.
fn arrow(svg: &mut Svg, points: &[(f64, f64)]) {
    let [.., before, tip] = points else { return };
    svg.polyline(points, &Stroke::solid(INK, 1.0));
    let (dx, dy) = (tip.0 - before.0, tip.1 - before.1);
    let length = (dx * dx + dy * dy).sqrt().max(1e-9);
    let (dx, dy) = (dx / length * 6.0, dy / length * 6.0);
    let back = (tip.0 - dx, tip.1 - dy);
    let corners = [*tip, (back.0 - dy / 2.0, back.1 + dx / 2.0), (back.0 + dy / 2.0, back.1 - dx / 2.0)];
    svg.polygon(&corners, INK, 1.0, None);
}

/// The bars at the left that name the stages.
fn draw_stages(svg: &mut Svg, boxes: &[FlowBox], rows: &[(f64, f64)]) {
    for (first, last, name) in [
        (IDENTIFICATION, IDENTIFICATION, "Identification"),
        (SCREENED, ASSESSED, "Screening"),
        (INCLUDED, TOTAL, "Included"),
    ] {
        let filled = || boxes.iter().filter(|one| (first..=last).contains(&one.row)).map(|one| one.row);
        let (Some(from), Some(to)) = (filled().min(), filled().max()) else { continue };
        let (top, bottom) = (rows[from].0, rows[to].1);
        svg.rectangle(MARGIN, top, STAGE, bottom - top, FLOW_STAGE);
        let style = TextStyle::new(SIZE).bold();
        let size = (SIZE * (bottom - top - 6.0) / style.width(name)).min(SIZE);
        svg.vertical_text(
            MARGIN + STAGE / 2.0 + 4.0,
            (top + bottom) / 2.0,
            name,
            &TextStyle { size, ..style },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::assert_figure_is_readable;

    fn count(name: &str, n: u64) -> PrismaCount {
        PrismaCount { name: name.to_owned(), n }
    }

    fn new_review() -> PrismaFlow {
        PrismaFlow {
            records_identified: vec![count("MEDLINE", 812), count("Embase", 1_240), count("CENTRAL", 96)],
            records_removed: vec![
                count("Duplicate records removed", 701),
                count("Removed for other reasons", 4),
            ],
            records_excluded: Some(1_380),
            reports_not_retrieved: Some(3),
            reports_excluded: vec![
                count("Wrong population", 31),
                count("No survival curve with numbers at risk", 12),
            ],
            studies_included: Some(15),
            reports_included: Some(17),
            ..PrismaFlow::default()
        }
    }

    #[test]
    fn diagrams_of_all_shapes_are_readable() {
        let mut flow = new_review();
        assert_figure_is_readable(&prisma_diagram(&flow, ""));
        flow.other_identified = vec![count("Websites", 12), count("Citation searching", 30)];
        flow.other_not_retrieved = Some(1);
        flow.other_excluded = vec![count("Étude sans groupe témoin, 试验", 9)];
        assert_figure_is_readable(&prisma_diagram(&flow, "a note"));
        flow.previous_studies = Some(8);
        flow.previous_reports = Some(9);
        let figure = prisma_diagram(&flow, "");
        assert_figure_is_readable(&figure);
        assert!(figure.alt_text.contains("Total studies included in review (n = 23)"), "{}", figure.alt_text);
        assert_figure_is_readable(&prisma_diagram(&PrismaFlow::default(), ""));
    }

    #[test]
    fn counts_follow_from_each_other_and_contradictions_are_found() {
        let mut flow = new_review();
        assert_eq!((flow.screened(), flow.sought(), flow.assessed()), (Some(1443), Some(63), Some(60)));
        assert_eq!(flow.contradictions(), Vec::<String>::new());
        flow.records_screened = Some(1_440);
        flow.reports_included = Some(20);
        let found = flow.contradictions();
        assert!(found[0].contains("records_screened is 1440") && found[0].contains("1443"), "{found:?}");
        assert!(found.iter().any(|text| text.contains("reports_included is 20")), "{found:?}");
    }
}
