//! Roots and minima of functions of one variable, by Brent's methods.
//!
//! Both searches are `argmin`'s, run without its timer and observers and with tolerances at the limit of
//! double precision: its own defaults (1e-5 for a minimum) are coarse for a between-study variance near zero.
//!
//! Reference: Brent RP. Algorithms for Minimization without Derivatives. Prentice-Hall 1973, chapters 4 and 5.

use argmin::core::{CostFunction, Error, Executor, State, TerminationReason, TerminationStatus};
use argmin::solver::brent::{BrentOpt, BrentRoot};

use crate::NumericsError;

/// Bisection alone halves any interval of doubles to nothing in about 1,100 steps; Brent's methods need
/// fewer than a hundred.
const MAX_STEPS: u64 = 1_200;

/// A closure as `argmin` wants it.
struct Objective<F>(F);

impl<F: Fn(f64) -> f64> CostFunction for Objective<F> {
    type Param = f64;
    type Output = f64;

    fn cost(&self, parameter: &f64) -> Result<f64, Error> {
        Ok((self.0)(*parameter))
    }
}

/// Finds a root of a continuous function between two points where it has opposite signs (or is zero), to an
/// absolute error of `tolerance` plus four units in the last place.
///
/// # Errors
/// [`NumericsError::NoBracket`] when the signs agree or a value is not a number;
/// [`NumericsError::NotConverged`] after 1,200 steps.
///
/// ```
/// use kmeta_numerics::search::find_root;
/// let root = find_root(|x| x * x - 2.0, 0.0, 2.0, 1e-15)?;
/// assert!((root - 2.0_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), kmeta_numerics::NumericsError>(())
/// ```
pub fn find_root(
    function: impl Fn(f64) -> f64,
    lower: f64,
    upper: f64,
    tolerance: f64,
) -> Result<f64, NumericsError> {
    let (at_lower, at_upper) = (function(lower), function(upper));
    if at_lower == 0.0 {
        return Ok(lower);
    }
    if at_upper == 0.0 {
        return Ok(upper);
    }
    let opposite = (at_lower < 0.0 && at_upper > 0.0) || (at_lower > 0.0 && at_upper < 0.0);
    if !opposite {
        return Err(NumericsError::NoBracket { lower, upper, at_lower, at_upper });
    }
    let solver = BrentRoot::new(lower, upper, tolerance.max(f64::MIN_POSITIVE));
    let outcome = Executor::new(Objective(function), solver)
        .configure(|state| state.max_iters(MAX_STEPS))
        .timer(false)
        .run();
    finish("the root", outcome.ok().map(|outcome| outcome.state))
}

/// Finds the root of an increasing function given with its slope, by Newton's method kept within its bracket:
/// a step that leaves it is replaced by its middle. The search ends where the value is at most `tolerance` away
/// from 0, or where no double lies between the ends.
///
/// `lower` and `upper` must enclose the root; an end is the answer when they do not. The slope may be 0.
///
/// # Errors
/// [`NumericsError::NotConverged`] when a value is not a number.
pub fn find_increasing_root(
    function: impl Fn(f64) -> (f64, f64),
    lower: f64,
    upper: f64,
    start: f64,
    tolerance: f64,
) -> Result<f64, NumericsError> {
    let (mut below, mut above) = (lower, upper);
    let mut here = if start > lower && start < upper { start } else { middle(below, above) };
    for _ in 0..MAX_STEPS {
        let (value, slope) = function(here);
        if value.abs() <= tolerance {
            return Ok(here);
        }
        if value < 0.0 {
            below = here;
        } else if value > 0.0 {
            above = here;
        } else {
            break;
        }
        let newton = here - value / slope;
        let next = if newton > below && newton < above { newton } else { middle(below, above) };
        if next == here || next <= below || next >= above {
            return Ok(next);
        }
        here = next;
    }
    Err(NumericsError::NotConverged { what: "the root", iterations: MAX_STEPS })
}

fn middle(lower: f64, upper: f64) -> f64 {
    lower + 0.5 * (upper - lower)
}

/// Finds a local minimum of a continuous function between two points, to a relative error of about 1e-8
/// (a minimum cannot be located more sharply than the square root of the precision of the function).
///
/// # Errors
/// [`NumericsError::NotConverged`] after 1,200 steps.
pub fn find_minimum(function: impl Fn(f64) -> f64, lower: f64, upper: f64) -> Result<f64, NumericsError> {
    let solver = BrentOpt::new(lower, upper).set_tolerance(f64::EPSILON.sqrt(), 1e-14);
    let outcome = Executor::new(Objective(function), solver)
        .configure(|state| state.max_iters(MAX_STEPS))
        .timer(false)
        .run();
    finish("the minimum", outcome.ok().map(|outcome| outcome.state))
}

/// The last parameter of a search that converged.
fn finish<S: State<Param = f64, Float = f64>>(
    what: &'static str,
    state: Option<S>,
) -> Result<f64, NumericsError> {
    let not_converged = NumericsError::NotConverged { what, iterations: MAX_STEPS };
    let state = state.ok_or(not_converged.clone())?;
    match state.get_termination_status() {
        TerminationStatus::Terminated(
            TerminationReason::SolverConverged | TerminationReason::TargetCostReached,
        ) => state.get_best_param().copied().ok_or(not_converged),
        _ => Err(not_converged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn roots_near_zero_keep_their_relative_accuracy() {
        let root = find_root(|x| (x / 1e-12).powi(3) - 1.0, 0.0, 1.0, 0.0).unwrap();
        assert_relative_eq!(root, 1e-12, max_relative = 1e-12, epsilon = 0.0);
    }

    #[test]
    fn agreeing_signs_are_refused() {
        assert!(matches!(find_root(|x| x + 1.0, 0.0, 1.0, 0.0), Err(NumericsError::NoBracket { .. })));
        assert!(find_root(|_| f64::NAN, 0.0, 1.0, 0.0).is_err());
    }

    #[test]
    fn a_root_at_an_end_is_found() {
        assert_eq!(find_root(|x| x, 0.0, 1.0, 0.0).unwrap(), 0.0);
        assert_eq!(find_root(|x| x - 1.0, 0.0, 1.0, 0.0).unwrap(), 1.0);
    }

    #[test]
    fn newton_stays_in_its_bracket() {
        // From 3 the first Newton step of the arc tangent leaves the bracket.
        let function = |x: f64| ((x - 0.2).atan(), 1.0 / (1.0 + (x - 0.2).powi(2)));
        assert_relative_eq!(find_increasing_root(function, -4.0, 5.0, 3.0, 0.0).unwrap(), 0.2);
        let flat = |x: f64| (if x < 0.3 { -1.0 } else { 1.0 }, 0.0);
        assert_relative_eq!(
            find_increasing_root(flat, 0.0, 1.0, 0.9, 0.0).unwrap(),
            0.3,
            max_relative = 1e-15
        );
        assert!(find_increasing_root(|_| (f64::NAN, 1.0), 0.0, 1.0, 0.5, 0.0).is_err());
        // No root inside: the nearer end.
        assert_relative_eq!(find_increasing_root(|x| (x + 1.0, 1.0), 0.0, 1.0, 0.5, 0.0).unwrap(), 0.0);
    }

    #[test]
    fn minimum_of_a_parabola() {
        assert_relative_eq!(find_minimum(|x| (x - 0.3).powi(2), 0.0, 5.0).unwrap(), 0.3, max_relative = 1e-7);
    }
}
