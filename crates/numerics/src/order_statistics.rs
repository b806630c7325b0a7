//! Quantiles of samples.

/// R's default quantile (type 7; Hyndman & Fan 1996, Am Stat 50:361) of values in ascending order, at a probability from 0
/// to 1; `None` without values.
///
/// ```
/// use kmeta_numerics::order_statistics::quantile_of_sorted;
/// assert_eq!(quantile_of_sorted(&[1.0, 2.0, 4.0, 8.0], 0.5), Some(3.0));
/// assert_eq!(quantile_of_sorted(&[], 0.5), None);
/// ```
pub fn quantile_of_sorted(sorted: &[f64], probability: f64) -> Option<f64> {
    let position = probability * sorted.len().checked_sub(1)? as f64;
    let (below, share) = (position.floor() as usize, position.fract());
    let lower = *sorted.get(below)?;
    let upper = *sorted.get(below + 1).unwrap_or(&lower);
    // Between two infinite values there is no distance.
    Some(if share == 0.0 { lower } else { lower + share * (upper - lower) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_r() {
        // R: quantile(c(1, 2, 4, 8), c(0.25, 0.75)) is 1.75 and 5.
        assert_eq!(quantile_of_sorted(&[1.0, 2.0, 4.0, 8.0], 0.25), Some(1.75));
        assert_eq!(quantile_of_sorted(&[1.0, 2.0, 4.0, 8.0], 0.75), Some(5.0));
    }
}
