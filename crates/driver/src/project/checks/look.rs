//! Checks of the theme and of the table of risk of bias.

use super::Checker;
use crate::project::FieldPath;

impl Checker<'_> {
    pub(super) fn check_look(&mut self) {
        let theme = &self.study.project.theme;
        let path = FieldPath::root().key("theme");
        let mut limits = vec![("font_size", theme.font_size, 4.0, 96.0), ("dpi", theme.dpi, 36.0, 2400.0)];
        limits.extend(theme.width.map(|width| ("width", width, 200.0, 3000.0)));
        for (key, value, least, most) in limits {
            if !(least..=most).contains(&value) {
                self.report(&path.key(key), format!("{value} is out of range: expected {least} to {most}"));
            }
        }
        if theme.formats.is_empty() {
            self.report_with_help(
                &path.key("formats"),
                "no format is left to write figures in",
                "name at least one of \"svg\", \"png\", \"pdf\", \"tiff\", or leave `formats` out",
            );
        }
        for (index, font) in theme.fonts.iter().enumerate() {
            if !self.study.figure_path(font).is_file() {
                let path = path.key("fonts").index(index);
                self.report_with_help(
                    &path,
                    format!("there is no file {font}"),
                    "paths are relative to this project file",
                );
            }
        }
        let faults = self.study.project.risk_of_bias.iter().flat_map(|table| table.faults());
        for fault in faults.collect::<Vec<String>>() {
            self.report(&FieldPath::root().key("risk_of_bias"), fault);
        }
    }
}
