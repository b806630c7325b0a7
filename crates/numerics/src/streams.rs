//! Random streams that depend on a seed and a name only.
//!
//! A draw for one study or one analysis must not depend on how many others were drawn before it, nor on the
//! number of threads. Each named purpose therefore has a stream of its own.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::NumericsError;
use crate::distributions::normal_quantile;

/// The stream of `name` under `seed`. `ChaCha8Rng` gives the same numbers on every platform and in every
/// release; different names give independent streams of one key.
///
/// ```
/// use kmeta_numerics::streams::{random_stream, uniform};
/// let draw = |name| uniform(&mut random_stream(7, name));
/// assert_eq!(draw("median"), draw("median"));
/// assert_ne!(draw("median"), draw("bootstrap"));
/// ```
pub fn random_stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(fnv1a(name.as_bytes()));
    stream
}

/// A uniform draw strictly between 0 and 1: the middle of one of 2⁵² equal cells.
pub fn uniform(stream: &mut ChaCha8Rng) -> f64 {
    let cell = stream.next_u64() >> 12;
    (cell as f64 + 0.5) / (1_u64 << 52) as f64
}

/// A standard normal draw, by inversion: one uniform each, so that streams stay aligned.
///
/// # Errors
/// None in practice: the uniform draw is never 0 or 1.
pub fn standard_normal(stream: &mut ChaCha8Rng) -> Result<f64, NumericsError> {
    normal_quantile(uniform(stream))
}

/// The 64-bit FNV-1a hash (Fowler, Noll & Vo), which is fixed, unlike the standard library's.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_of_the_published_example() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn normal_draws_have_mean_zero_and_variance_one() {
        let mut stream = random_stream(1, "test");
        let draws: Vec<f64> = (0..20_000).map(|_| standard_normal(&mut stream).unwrap()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.04, "{variance}");
    }
}
