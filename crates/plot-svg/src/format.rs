//! Numbers as text, in one place: figures and report print the same digits.

/// The minus sign of typesetting, as wide as a plus.
const MINUS: char = '\u{2212}';

/// `value` with a fixed number of decimals and a typographic minus; "NA" when it is not a number, "∞" when it
/// is infinite. Values that round to zero have no sign.
///
/// ```
/// use kmeta_plot_svg::format::fixed;
/// assert_eq!(fixed(0.08734, 4), "0.0873");
/// assert_eq!(fixed(-1.0, 1), "−1.0");
/// assert_eq!(fixed(-0.001, 2), "0.00");
/// ```
pub fn fixed(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "NA".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { format!("{MINUS}∞") };
    }
    let text = format!("{:.digits$}", value.abs());
    let is_zero = text.bytes().all(|byte| byte == b'0' || byte == b'.');
    if value < 0.0 && !is_zero { format!("{MINUS}{text}") } else { text }
}

/// The shortest text that reads as the number to 10 significant digits: tick labels, times.
///
/// ```
/// use kmeta_plot_svg::format::shortest;
/// assert_eq!(shortest(0.30000000000000004), "0.3");
/// assert_eq!(shortest(24.0), "24");
/// ```
pub fn shortest(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return fixed(value, 0);
    }
    let magnitude = value.abs().log10().floor();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=12 before the cast"
    )]
    let digits = (9.0 - magnitude).clamp(0.0, 12.0) as usize;
    let text = fixed(value, digits);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A p value with its relation sign, "= 0.0994" or "< 0.0001" (R's `format.pval`).
///
/// ```
/// use kmeta_plot_svg::format::p_value;
/// assert_eq!(p_value(0.09943, 4), "= 0.0994");
/// assert_eq!(p_value(2e-9, 4), "< 0.0001");
/// assert_eq!(p_value(0.01, 2), "= 0.01");
/// ```
pub fn p_value(p: f64, digits: usize) -> String {
    // 1/10^digits, unlike a power of 0.1, is the number that the decimals read as.
    let smallest = 1.0 / 10_f64.powi(i32::try_from(digits).unwrap_or(i32::MAX));
    if p < smallest { format!("< {}", fixed(smallest, digits)) } else { format!("= {}", fixed(p, digits)) }
}

/// A fraction as percent with the sign, "46.0%".
///
/// ```
/// use kmeta_plot_svg::format::percent;
/// assert_eq!(percent(0.4595, 1), "46.0%");
/// ```
pub fn percent(fraction: f64, digits: usize) -> String {
    format!("{}%", fixed(100.0 * fraction, digits))
}

/// A variance such as tau²: `digits` decimals, "< 0.0001" when it is positive but would show as zero.
pub fn variance(value: f64, digits: usize) -> String {
    let text = fixed(value, digits);
    let smallest = 0.1_f64.powi(i32::try_from(digits).unwrap_or(i32::MAX));
    if value > 0.0 && value < smallest { format!("< {}", fixed(smallest, digits)) } else { text }
}

/// An interval as "[0.0248, 0.1739]".
pub fn interval(lower: f64, upper: f64, digits: usize) -> String {
    format!("[{}, {}]", fixed(lower, digits), fixed(upper, digits))
}
