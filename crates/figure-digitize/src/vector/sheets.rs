//! What lies under the lines of a page: white paper, or the coloured sheet of a plot or of a whole slide.

use kmeta_figure_source::vector::{Bounds, PaintColor, VectorPath};

/// Colours that differ from what they are painted on by less than this in every channel are not seen.
const LEAST_CONTRAST: u8 = 8;
/// A sheet covers at least this share of the page: letters, keys and bars are smaller.
const LEAST_SHARE: f64 = 0.02;
/// Most sheets of a page; later ones are the parts of a drawing.
const MOST_SHEETS: usize = 200;

/// Filled rectangles that other things are painted on.
#[derive(Debug, Default)]
pub(crate) struct Sheets {
    /// Place in the order of painting, area and colour, in that order.
    sheets: Vec<(usize, Bounds, [u8; 3])>,
}

impl Sheets {
    /// The sheets of a page of the given area.
    pub(crate) fn of(paths: &[VectorPath], page: &Bounds) -> Self {
        let least = LEAST_SHARE * page.width() * page.height();
        let sheets = paths
            .iter()
            .enumerate()
            .filter_map(|(order, path)| {
                let fill = path.fill.filter(|fill| fill.alpha > 0.99)?;
                let [only] = path.subpaths.as_slice() else { return None };
                let is_rectangle = !only.curved
                    && (4..=5).contains(&only.points.len())
                    && only
                        .points
                        .windows(2)
                        .all(|pair| pair[0][0] == pair[1][0] || pair[0][1] == pair[1][1]);
                let bounds = Bounds::around(&only.points).filter(|_| is_rectangle)?.intersection(&path.clip);
                (bounds.width() * bounds.height() >= least).then(|| (order, bounds, fill.on_white()))
            })
            .take(MOST_SHEETS)
            .collect();
        Self { sheets }
    }

    /// Whether something painted at a place in the order can be seen there.
    pub(crate) fn shows(&self, color: &PaintColor, order: usize, at: &Bounds) -> bool {
        let under = self.under(order, at);
        let alpha = f64::from(color.alpha.clamp(0.0, 1.0));
        color
            .rgb
            .iter()
            .zip(under)
            .any(|(&channel, under)| alpha * f64::from(channel.abs_diff(under)) >= f64::from(LEAST_CONTRAST))
    }

    /// The colour of the last sheet that was laid under the middle of a place.
    fn under(&self, order: usize, at: &Bounds) -> [u8; 3] {
        let middle = [at.center_x(), at.center_y()];
        let before = self.sheets.partition_point(|sheet| sheet.0 < order);
        self.sheets[..before]
            .iter()
            .rev()
            .find(|sheet| sheet.1.contains(middle))
            .map_or([255; 3], |sheet| sheet.2)
    }
}

#[cfg(test)]
mod tests {
    use kmeta_figure_source::vector::Subpath;

    use super::*;

    #[test]
    fn white_is_seen_on_a_dark_sheet_and_not_beside_it() {
        let page = Bounds { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
        let sheet = VectorPath {
            subpaths: vec![Subpath {
                points: vec![[0.0, 0.0], [50.0, 0.0], [50.0, 100.0], [0.0, 100.0]],
                closed: true,
                curved: false,
            }],
            fill: Some(PaintColor { rgb: [20; 3], alpha: 1.0 }),
            stroke: None,
            clip: page,
        };
        let sheets = Sheets::of(&[sheet], &page);
        let white = PaintColor { rgb: [255; 3], alpha: 1.0 };
        let at = |left: f64| Bounds { left, top: 10.0, right: left + 5.0, bottom: 10.0 };
        assert!(sheets.shows(&white, 1, &at(10.0)));
        assert!(!sheets.shows(&white, 0, &at(10.0)), "painted before the sheet");
        assert!(!sheets.shows(&white, 1, &at(70.0)));
    }
}
