//! A smooth function as polynomials on panels that are halved until they follow it.
//!
//! Each panel carries the function at the 16 Gauss-Legendre nodes, so that the same values interpolate the
//! function (degree 15) and integrate it (exact to degree 31). A panel is accepted when its polynomial meets the
//! function between the nodes and at both ends, where the error of Legendre interpolation is largest.
//!
//! References: Berrut J-P, Trefethen LN. SIAM Review 2004;46:501 (barycentric form, equation 4.2); Davis PJ,
//! Rabinowitz P. Methods of Numerical Integration, 2nd edition, 1984, section 2.7.

use std::sync::LazyLock;

use crate::NumericsError;

/// Nodes per panel.
pub const NODES: usize = 16;

/// Where a panel's polynomial is compared with the function, on −1 to 1.
const PROBES: [f64; 5] = [-1.0, -0.55, 0.0, 0.55, 1.0];

/// A panel is never halved more often than this; doubles hold no more.
const MAX_DEPTH: u32 = 50;

/// Bounds the work on a function that no polynomial follows.
const MAX_PANELS: usize = 20_000;

/// The 16-point Gauss-Legendre rule on −1 to 1.
struct Rule {
    nodes: [f64; NODES],
    weights: [f64; NODES],
    /// Barycentric weights (−1)^j √((1 − x_j²) w_j) (Berrut & Trefethen 2004, section 6).
    barycentric: [f64; NODES],
}

static RULE: LazyLock<Rule> = LazyLock::new(|| {
    let (mut nodes, mut weights, mut barycentric) = ([0.0; NODES], [0.0; NODES], [0.0; NODES]);
    for index in 0..NODES {
        // Newton's method from the asymptotic position of the root converges in a few steps.
        let mut x = -(std::f64::consts::PI * (index as f64 + 0.75) / (NODES as f64 + 0.5)).cos();
        for _ in 0..10 {
            let (value, slope) = legendre(x);
            x -= value / slope;
        }
        let (_, slope) = legendre(x);
        nodes[index] = x;
        weights[index] = 2.0 / ((1.0 - x * x) * slope * slope);
        let sign = if index % 2 == 0 { 1.0 } else { -1.0 };
        barycentric[index] = sign * ((1.0 - x * x) * weights[index]).sqrt();
    }
    Rule { nodes, weights, barycentric }
});

/// The Legendre polynomial of degree [`NODES`] and its derivative.
fn legendre(x: f64) -> (f64, f64) {
    let (mut before, mut here) = (1.0, x);
    for degree in 2..=NODES {
        let n = degree as f64;
        (before, here) = (here, ((2.0 * n - 1.0) * x * here - (n - 1.0) * before) / n);
    }
    (here, NODES as f64 * (x * here - before) / (x * x - 1.0))
}

/// The function at the nodes of one panel.
#[derive(Debug, Clone)]
struct Panel<const D: usize, P> {
    lower: f64,
    upper: f64,
    values: [[f64; D]; NODES],
    carried: [P; NODES],
}

impl<const D: usize, P> Panel<D, P> {
    fn position(&self, on_unit: f64) -> f64 {
        0.5 * (self.lower + self.upper) + 0.5 * (self.upper - self.lower) * on_unit
    }

    /// The polynomial at a place on −1 to 1.
    fn polynomial(&self, on_unit: f64) -> [f64; D] {
        let rule = &*RULE;
        let (mut sums, mut total) = ([0.0; D], 0.0);
        for (index, node) in rule.nodes.iter().enumerate() {
            let distance = on_unit - node;
            if distance == 0.0 {
                return self.values[index];
            }
            let factor = rule.barycentric[index] / distance;
            total += factor;
            for (sum, value) in sums.iter_mut().zip(&self.values[index]) {
                *sum += factor * value;
            }
        }
        sums.map(|sum| sum / total)
    }

    fn integral(&self) -> [f64; D] {
        let half = 0.5 * (self.upper - self.lower);
        let mut sums = [0.0; D];
        for (values, weight) in self.values.iter().zip(&RULE.weights) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += half * weight * value;
            }
        }
        sums
    }
}

/// One node of the quadrature rule that [`Piecewise::nodes`] lists.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a, const D: usize, P> {
    /// The argument.
    pub position: f64,
    /// The weight of the rule: an integral is the sum of weight × value.
    pub weight: f64,
    /// The values of the functions.
    pub values: &'a [f64; D],
    /// What the function carried along.
    pub carried: &'a P,
}

/// `D` functions of one argument, interpolated together on the same panels. Each node also carries a `P` that is
/// stored but not interpolated.
#[derive(Debug, Clone)]
pub struct Piecewise<const D: usize, P = ()> {
    panels: Vec<Panel<D, P>>,
    /// Integral of the first function up to the lower end of each panel.
    cumulative: Vec<f64>,
    error: f64,
}

impl<const D: usize, P: Copy> Piecewise<D, P> {
    /// Interpolates `function` between the first and last of `breaks`, which must increase; each pair of
    /// neighbours starts as one panel. Panels are halved until no function differs from its polynomial by more
    /// than `tolerance`, an absolute error.
    ///
    /// # Errors
    /// [`NumericsError::Domain`] with fewer than two breaks, breaks that do not increase, or a value of the
    /// function that is not finite; [`NumericsError::NotConverged`] after 20,000 panels.
    pub fn new(
        breaks: &[f64],
        tolerance: f64,
        mut function: impl FnMut(f64) -> ([f64; D], P),
    ) -> Result<Self, NumericsError> {
        let increase = breaks.len() >= 2 && breaks.windows(2).all(|pair| pair[0] < pair[1]);
        if !increase || !breaks.iter().all(|place| place.is_finite()) {
            return Err(NumericsError::Domain {
                function: "piecewise interpolation",
                argument: "number of breaks",
                value: breaks.len() as f64,
                expected: "at least two finite breaks that increase",
            });
        }
        let (mut panels, mut error) = (Vec::new(), 0.0);
        // A stack with the leftmost panel on top keeps the accepted panels in order.
        let mut waiting: Vec<(f64, f64, u32)> =
            breaks.windows(2).rev().map(|pair| (pair[0], pair[1], 0)).collect();
        while let Some((lower, upper, depth)) = waiting.pop() {
            let panel = sample(lower, upper, &mut function)?;
            let distance = distance(&panel, &mut function)?;
            if distance <= tolerance || depth >= MAX_DEPTH {
                error += distance * (upper - lower);
                panels.push(panel);
            } else {
                let middle = 0.5 * (lower + upper);
                waiting.push((middle, upper, depth + 1));
                waiting.push((lower, middle, depth + 1));
            }
            if panels.len() + waiting.len() > MAX_PANELS {
                return Err(NumericsError::NotConverged {
                    what: "piecewise interpolation",
                    iterations: MAX_PANELS as u64,
                });
            }
        }
        let cumulative = panels
            .iter()
            .scan(0.0, |sum, panel| {
                let before = *sum;
                *sum += panel.integral()[0];
                Some(before)
            })
            .collect();
        Ok(Self { panels, cumulative, error })
    }

    /// The nodes of all panels in order, with quadrature weights.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_, D, P>> {
        self.panels.iter().flat_map(|panel| {
            let half = 0.5 * (panel.upper - panel.lower);
            (0..NODES).map(move |index| Node {
                position: panel.position(RULE.nodes[index]),
                weight: half * RULE.weights[index],
                values: &panel.values[index],
                carried: &panel.carried[index],
            })
        })
    }

    /// The polynomials at `x`; beyond the ends, those at the nearest end.
    pub fn value(&self, x: f64) -> [f64; D] {
        let panel = &self.panels[self.index(x)];
        panel.polynomial(on_unit(panel, x))
    }

    /// The integral of the first function from the lower end to `x`.
    pub fn integral_to(&self, x: f64) -> f64 {
        let index = self.index(x);
        let panel = &self.panels[index];
        let end = on_unit(panel, x);
        // The polynomial has degree 15, for which the rule is exact on any part of the panel.
        let part: f64 = RULE
            .nodes
            .iter()
            .zip(&RULE.weights)
            .map(|(node, weight)| weight * panel.polynomial(0.5 * (end + 1.0) * (node + 1.0) - 1.0)[0])
            .sum();
        self.cumulative[index] + 0.25 * (panel.upper - panel.lower) * (end + 1.0) * part
    }

    /// The integral of the first function over everything.
    pub fn integral(&self) -> f64 {
        match (self.cumulative.last(), self.panels.last()) {
            (Some(before), Some(panel)) => before + panel.integral()[0],
            _ => 0.0,
        }
    }

    /// The largest distance found between function and polynomial, integrated over the panels: a bound that
    /// holds with room to spare, because integrals are far more accurate than the polynomials.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// The last panel that begins at or before `x`.
    fn index(&self, x: f64) -> usize {
        self.panels.partition_point(|panel| panel.lower <= x).saturating_sub(1)
    }
}

fn on_unit<const D: usize, P>(panel: &Panel<D, P>, x: f64) -> f64 {
    (((x - panel.lower) - (panel.upper - x)) / (panel.upper - panel.lower)).clamp(-1.0, 1.0)
}

fn sample<const D: usize, P: Copy>(
    lower: f64,
    upper: f64,
    function: &mut impl FnMut(f64) -> ([f64; D], P),
) -> Result<Panel<D, P>, NumericsError> {
    let place = |node: f64| 0.5 * (lower + upper) + 0.5 * (upper - lower) * node;
    let (first, carried) = function(place(RULE.nodes[0]));
    let mut panel = Panel { lower, upper, values: [first; NODES], carried: [carried; NODES] };
    for index in 1..NODES {
        (panel.values[index], panel.carried[index]) = function(place(RULE.nodes[index]));
    }
    for (values, node) in panel.values.iter().zip(&RULE.nodes) {
        if !values.iter().all(|value| value.is_finite()) {
            return Err(not_finite(place(*node)));
        }
    }
    Ok(panel)
}

/// The largest distance between the functions and their polynomials at the probes.
fn distance<const D: usize, P: Copy>(
    panel: &Panel<D, P>,
    function: &mut impl FnMut(f64) -> ([f64; D], P),
) -> Result<f64, NumericsError> {
    let mut largest: f64 = 0.0;
    for probe in PROBES {
        let (values, _) = function(panel.position(probe));
        for (value, polynomial) in values.iter().zip(panel.polynomial(probe)) {
            let distance = (value - polynomial).abs();
            if !distance.is_finite() {
                return Err(not_finite(panel.position(probe)));
            }
            largest = largest.max(distance);
        }
    }
    Ok(largest)
}

fn not_finite(place: f64) -> NumericsError {
    NumericsError::Domain {
        function: "piecewise interpolation",
        argument: "argument",
        value: place,
        expected: "a place where the function is finite",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn nodes_and_weights_of_the_tables() {
        // Abramowitz & Stegun 1964, table 25.4, n = 16.
        assert_relative_eq!(RULE.nodes[15], 0.989_400_934_991_649_9, max_relative = 1e-15);
        assert_relative_eq!(RULE.weights[15], 0.027_152_459_411_754_095, max_relative = 1e-12);
        assert_relative_eq!(RULE.nodes[8], 0.095_012_509_837_637_44, max_relative = 1e-14);
        assert_relative_eq!(RULE.weights[8], 0.189_450_610_455_068_5, max_relative = 1e-13);
        assert_relative_eq!(RULE.weights.iter().sum::<f64>(), 2.0, max_relative = 1e-15);
    }

    #[test]
    fn a_narrow_peak_beside_a_broad_one() {
        let function = |x: f64| ([(-x * x / 2.0).exp() + (-(x - 3.0).powi(2) / 2e-6).exp()], ());
        let pieces = Piecewise::new(&[-10.0, 0.0, 3.0, 10.0], 1e-12, function).unwrap();
        let root = (2.0 * std::f64::consts::PI).sqrt();
        assert_relative_eq!(pieces.integral(), root * 1.001, max_relative = 1e-12);
        assert_relative_eq!(pieces.integral_to(0.0), root / 2.0, max_relative = 1e-12);
        assert_relative_eq!(pieces.value(1.0)[0], (-0.5_f64).exp(), max_relative = 1e-11);
        assert!(pieces.error() < 1e-10, "{}", pieces.error());
        let sum: f64 = pieces.nodes().map(|node| node.weight * node.values[0]).sum();
        assert_relative_eq!(sum, pieces.integral(), max_relative = 1e-14);
    }

    #[test]
    fn ends_are_held_and_unusable_input_is_refused() {
        let pieces = Piecewise::new(&[0.0, 1.0], 1e-10, |x| ([x.exp()], ())).unwrap();
        assert_relative_eq!(pieces.value(2.0)[0], 1.0_f64.exp(), max_relative = 1e-12);
        assert_eq!(pieces.integral_to(-1.0), 0.0);
        assert_relative_eq!(pieces.integral_to(9.0), pieces.integral(), max_relative = 1e-14);
        assert!(Piecewise::new(&[0.0], 1e-10, |x| ([x], ())).is_err());
        assert!(Piecewise::new(&[1.0, 0.0], 1e-10, |x| ([x], ())).is_err());
        assert!(Piecewise::new(&[-1.0, 1.0], 1e-10, |x: f64| ([x.sqrt()], ())).is_err());
    }
}
