//! Project files of WebPlotDigitizer.

use kmeta_trial_data::Finding;
use serde::Deserialize;
use serde_json::Value;

use crate::clicks::{ClicksError, ParsedCurve, ParsedCurves, finish, text};

/// A project as version 4 and later save it. Fields that are not read are left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Project {
    #[serde(default)]
    axes_coll: Vec<Axes>,
    dataset_coll: Option<Vec<DataSet>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Axes {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    is_log_x: bool,
    #[serde(default)]
    is_log_y: bool,
    #[serde(default)]
    calibration_points: Vec<CalibrationPoint>,
}

#[derive(Deserialize)]
struct CalibrationPoint {
    px: f64,
    py: f64,
    /// Typed by the user, hence text; older versions write numbers.
    #[serde(default)]
    dx: Value,
    #[serde(default)]
    dy: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataSet {
    #[serde(default)]
    name: String,
    #[serde(default)]
    axes_name: String,
    #[serde(default)]
    data: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    #[serde(default)]
    x: Option<f64>,
    #[serde(default)]
    y: Option<f64>,
    #[serde(default)]
    value: Option<Vec<Value>>,
}

/// Reads the data sets of a WebPlotDigitizer project (`.json`, version 4 or later). The value of a point is
/// taken where it is stored; otherwise it is computed from its pixel and the calibration of the axes, and a
/// finding says so.
///
/// # Errors
/// [`ClicksError`] naming line and column of malformed JSON, the missing part of a project, the data set and
/// point that cannot be used, or axes that are not those of an X-Y plot.
pub fn parse_webplotdigitizer_project(bytes: &[u8]) -> Result<ParsedCurves, ClicksError> {
    let (text, mut findings) = text::decode(bytes)?;
    let value: Value = serde_json::from_str(&text).map_err(|error| not_json(&error))?;
    if value.get("datasetColl").is_none() {
        return Err(ClicksError::NotAProject { missing: "datasetColl" });
    }
    // From the text, not the value, so that a wrong type has its line and column.
    let project: Project = serde_json::from_str(&text).map_err(|error| not_json(&error))?;
    let data_sets = project.dataset_coll.ok_or(ClicksError::NotAProject { missing: "datasetColl" })?;
    let curves = data_sets
        .iter()
        .map(|data_set| read_data_set(data_set, &project.axes_coll, &mut findings))
        .collect::<Result<Vec<_>, _>>()?;
    finish(curves, findings)
}

fn not_json(error: &serde_json::Error) -> ClicksError {
    let message = error.to_string();
    // The position is a field of its own here.
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    ClicksError::NotJson { line: error.line(), column: error.column(), message }
}

fn read_data_set(
    data_set: &DataSet,
    axes: &[Axes],
    findings: &mut Vec<Finding>,
) -> Result<ParsedCurve, ClicksError> {
    let own = axes.iter().find(|axes| axes.name == data_set.axes_name);
    // One set of axes is the usual case; its name may be missing in files written by scripts.
    let own = own.or(if let [only] = axes { Some(only) } else { None });
    if let Some(axes) = own.filter(|axes| axes.kind != "XYAxes" && !data_set.data.is_empty()) {
        let found = format!("they are of type `{}`", axes.kind);
        return Err(ClicksError::ProjectAxes { axes: axes.name.clone(), found });
    }
    let mut calibration = None;
    let mut computed = 0_usize;
    let mut curve = ParsedCurve { name: data_set.name.clone(), times: Vec::new(), values: Vec::new() };
    for (index, point) in data_set.data.iter().enumerate() {
        let fail = |found: String, expected| ClicksError::ProjectPoint {
            dataset: data_set.name.clone(),
            point: index + 1,
            found,
            expected,
        };
        let (time, value) = match &point.value {
            Some(value) => stored(value).ok_or_else(|| {
                fail(format!("its value is {}", Value::from(value.clone())), "expected two numbers")
            })?,
            None => {
                let axes = own.ok_or_else(|| {
                    fail(
                        format!("no value, and no axes called `{}`", data_set.axes_name),
                        "calibrate the axes of this data set and save the project again",
                    )
                })?;
                let (Some(x), Some(y)) = (point.x, point.y) else {
                    return Err(fail("neither value nor pixel".to_owned(), "expected x, y and value"));
                };
                computed += 1;
                if calibration.is_none() {
                    calibration = Some(Calibration::new(axes)?);
                }
                calibration.as_ref().map(|calibration| calibration.data_at(x, y)).unwrap_or_default()
            }
        };
        if !time.is_finite() || !value.is_finite() {
            return Err(fail(format!("its value is ({time}, {value})"), "expected finite numbers"));
        }
        curve.times.push(time);
        curve.values.push(value);
    }
    if computed > 0 {
        findings.push(Finding::note(
            "values-from-calibration",
            format!("data set `{}`", data_set.name),
            format!("{computed} points have no stored value; it was computed from pixel and calibration"),
        ));
    }
    Ok(curve)
}

fn stored(value: &[Value]) -> Option<(f64, f64)> {
    match value {
        [x, y, ..] => Some((x.as_f64()?, y.as_f64()?)),
        _ => None,
    }
}

/// The map from pixels to data: points X1, X2 on the first axis and Y1, Y2 on the second. A pixel is split into
/// its parts along the two axes, so axes may be rotated or skewed.
struct Calibration {
    x1: CalibratedPoint,
    x2: CalibratedPoint,
    y1: CalibratedPoint,
    y2: CalibratedPoint,
    log_x: bool,
    log_y: bool,
}

#[derive(Clone, Copy)]
struct CalibratedPoint {
    px: f64,
    py: f64,
    /// The coordinate on its axis, as a logarithm on a logarithmic one.
    data: f64,
}

impl Calibration {
    fn new(axes: &Axes) -> Result<Self, ClicksError> {
        let fail = |found: String| ClicksError::ProjectAxes { axes: axes.name.clone(), found };
        let [x1, x2, y1, y2, ..] = axes.calibration_points.as_slice() else {
            return Err(fail(format!("they have {} of 4 calibration points", axes.calibration_points.len())));
        };
        let point = |point: &CalibrationPoint, typed: &Value, log: bool| {
            let number = typed.as_f64().or_else(|| typed.as_str()?.trim().parse().ok());
            match number.map(|number| if log { number.log10() } else { number }) {
                Some(data) if data.is_finite() => Ok(CalibratedPoint { px: point.px, py: point.py, data }),
                _ => {
                    Err(fail(format!("the calibration value {typed} is not a number that its axis can show")))
                }
            }
        };
        let calibration = Self {
            x1: point(x1, &x1.dx, axes.is_log_x)?,
            x2: point(x2, &x2.dx, axes.is_log_x)?,
            y1: point(y1, &y1.dy, axes.is_log_y)?,
            y2: point(y2, &y2.dy, axes.is_log_y)?,
            log_x: axes.is_log_x,
            log_y: axes.is_log_y,
        };
        let area = calibration.area();
        if area == 0.0 || !area.is_finite() {
            return Err(fail("the calibration points lie on one line".to_owned()));
        }
        Ok(calibration)
    }

    /// The vectors along the axes, in pixels.
    fn directions(&self) -> ((f64, f64), (f64, f64)) {
        let along = |from: CalibratedPoint, to: CalibratedPoint| (to.px - from.px, to.py - from.py);
        (along(self.x1, self.x2), along(self.y1, self.y2))
    }

    fn area(&self) -> f64 {
        let (along_x, along_y) = self.directions();
        along_x.0 * along_y.1 - along_x.1 * along_y.0
    }

    fn data_at(&self, px: f64, py: f64) -> (f64, f64) {
        let (along_x, along_y) = self.directions();
        let from_x = (px - self.x1.px, py - self.x1.py);
        let from_y = (px - self.y1.px, py - self.y1.py);
        let part_x = (from_x.0 * along_y.1 - from_x.1 * along_y.0) / self.area();
        let part_y = (along_x.0 * from_y.1 - along_x.1 * from_y.0) / self.area();
        let x = self.x1.data + part_x * (self.x2.data - self.x1.data);
        let y = self.y1.data + part_y * (self.y2.data - self.y1.data);
        (if self.log_x { 10_f64.powf(x) } else { x }, if self.log_y { 10_f64.powf(y) } else { y })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXES: &str = r#"{"name": "XY", "type": "XYAxes", "isLogX": false, "isLogY": false,
        "calibrationPoints": [{"px": 100, "py": 500, "dx": "0", "dy": "0"}, {"px": 500, "py": 500, "dx": "40",
        "dy": "0"}, {"px": 100, "py": 500, "dx": "0", "dy": "0"}, {"px": 100, "py": 100, "dx": "0", "dy": "1"}]}"#;

    fn project(data: &str) -> String {
        format!(
            r#"{{"version": [4, 2], "axesColl": [{AXES}], "datasetColl": [{{"name": "A", "axesName": "XY",
            "data": {data}}}], "measurementColl": []}}"#
        )
    }

    #[test]
    fn stored_values_win_and_missing_ones_follow_from_the_pixel() {
        let data = r#"[{"x": 100, "y": 100, "value": [0.01, 0.99]}, {"x": 200, "y": 300, "value": null}]"#;
        let parsed = parse_webplotdigitizer_project(project(data).as_bytes()).unwrap();
        // 100 pixels are 10 months, 200 pixels up are half of the axis.
        assert_eq!(parsed.curves[0].times, [0.01, 10.0]);
        assert_eq!(parsed.curves[0].values, [0.99, 0.5]);
        assert_eq!(parsed.findings[0].code, "values-from-calibration");
    }

    #[test]
    fn errors_say_where() {
        let parse = |text: &str| parse_webplotdigitizer_project(text.as_bytes()).unwrap_err().to_string();
        assert!(parse("{\n\"datasetColl\": [}").starts_with("line 2, column 17: not JSON"));
        assert!(parse(r#"{"wpd": {"version": [3, 8]}}"#).contains("version 4 or later"));
        assert!(
            parse(&project(r#"[{"x": 1, "y": 1, "value": ["a", 2]}]"#)).starts_with("data set `A`, point 1")
        );
        assert!(parse(&project("[]")).starts_with("no clicks"));
        let polar = project(r#"[{"x": 1, "y": 1, "value": [1, 2]}]"#).replace("XYAxes", "PolarAxes");
        assert!(parse(&polar).contains("PolarAxes"));
        let line = project(r#"[{"x": 1, "y": 1}]"#).replace("\"py\": 100", "\"py\": 500");
        assert!(parse(&line).contains("on one line"));
    }
}
