//! The interval of Nagashima, Noma & Furukawa 2019 against its limit for infinitely many draws, computed in R from
//! eigenvalues and Imhof's integral (`tools/reference_fixtures/nagashima.R`).

use kmeta_evidence_pool::{NagashimaOptions, PoolError, nagashima_prediction};
use kmeta_trial_data::{EffectEstimate, EffectMeasure, Provenance};

fn studies(values: &[f64], variances: &[f64]) -> Vec<EffectEstimate> {
    values
        .iter()
        .zip(variances)
        .enumerate()
        .map(|(index, (&value, &variance))| EffectEstimate {
            trial: format!("trial-{index}"),
            label: format!("Trial {index}"),
            subgroup: None,
            measure: EffectMeasure::Generic,
            value,
            variance,
            provenance: Provenance::printed("test"),
        })
        .collect()
}

/// Log odds ratios of the cisapride trials (Hartung & Knapp, Stat Med 2001;20:3875), 0.5 added to every cell.
fn cisapride() -> Vec<EffectEstimate> {
    let counts: [[f64; 4]; 13] = [
        [15., 16., 9., 16.],
        [12., 16., 1., 16.],
        [29., 34., 18., 34.],
        [42., 56., 31., 56.],
        [14., 22., 6., 22.],
        [44., 54., 17., 55.],
        [14., 17., 7., 15.],
        [29., 58., 23., 58.],
        [10., 14., 3., 15.],
        [17., 26., 6., 27.],
        [38., 44., 12., 45.],
        [19., 29., 22., 30.],
        [21., 38., 19., 38.],
    ];
    let cells = counts.map(|[a, n, c, m]| [a + 0.5, n - a + 0.5, c + 0.5, m - c + 0.5]);
    let values: Vec<f64> = cells.iter().map(|[a, b, c, d]| (a * d / (b * c)).ln()).collect();
    let variances: Vec<f64> = cells.iter().map(|cell| cell.iter().map(|x| 1.0 / x).sum()).collect();
    studies(&values, &variances)
}

fn schools() -> Vec<EffectEstimate> {
    let errors: [f64; 8] = [14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6];
    let values = [28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16];
    studies(&values, &errors.map(|error| error * error))
}

#[test]
fn limits_lie_within_their_monte_carlo_errors_of_r() {
    let made_up = studies(&[0.1, 0.5, 0.9, -0.3], &[0.001, 0.3, 0.02, 4.0]);
    let cases = [
        ("cisapride", cisapride(), [-0.620299539, 3.526472672, 0.796140382, 2.053704622], 0.999924690),
        ("schools", schools(), [-5.2702436268, 21.6526917254, -0.0698435588, 16.0000629385], 0.2869132203),
        ("made up", made_up, [-2.898360932, 3.643404708, -0.290594769, 1.151031444], 0.999999133),
    ];
    let mut compared = 0;
    for (name, effects, expected, lower_at_zero) in cases {
        let options = NagashimaOptions { draws: 200_000, seed: 20_190_701, ..NagashimaOptions::default() };
        let result = nagashima_prediction(&effects, &options).unwrap();
        let (prediction, confidence) = (result.prediction.unwrap(), result.confidence.unwrap());
        let found = [prediction.interval.lower, prediction.interval.upper];
        let found = found.into_iter().chain([confidence.interval.lower, confidence.interval.upper]);
        let errors = prediction.monte_carlo_errors.into_iter().chain(confidence.monte_carlo_errors);
        for ((found, expected), error) in found.zip(expected).zip(errors) {
            compared += 1;
            assert!((found - expected).abs() < 4.0 * error, "{name}: {found} {expected} {error}");
        }
        let at_zero = 1.0 - result.probability_of_zero;
        assert!((at_zero - lower_at_zero).abs() < 1e-7, "{name}: {at_zero} {lower_at_zero}");
    }
    assert_eq!(compared, 12);
}

/// With many precise studies tau is known, and the interval is that of a normal distribution.
#[test]
fn many_studies_give_the_normal_interval() {
    let normal = |index: u32| {
        let share = (f64::from(index) + 0.5) / 400.0;
        kmeta_numerics::distributions::normal_quantile(share).unwrap()
    };
    let values: Vec<f64> = (0..400).map(|index| 0.3 + 0.5 * normal(index)).collect();
    let result = nagashima_prediction(&studies(&values, &[1e-4; 400]), &NagashimaOptions::default()).unwrap();
    let interval = result.prediction.unwrap().interval;
    assert!((interval.lower - (0.3 - 0.98)).abs() < 0.04, "{interval:?}");
    assert!((interval.upper - (0.3 + 0.98)).abs() < 0.04, "{interval:?}");
}

#[test]
fn the_seed_decides_and_unusable_input_is_refused() {
    let run = |seed| {
        let options = NagashimaOptions { seed, draws: 1000, ..NagashimaOptions::default() };
        nagashima_prediction(&schools(), &options).unwrap()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).prediction, run(2).prediction);
    let equal = nagashima_prediction(&studies(&[0.4; 5], &[0.1; 5]), &NagashimaOptions::default()).unwrap();
    assert_eq!((equal.prediction, equal.probability_of_zero), (None, 1.0));
    assert_eq!(equal.findings[0].code, "prediction-degenerate");
    let few = nagashima_prediction(&studies(&[0.4, 0.2], &[0.1; 2]), &NagashimaOptions::default());
    assert!(matches!(few, Err(PoolError::TooFewStudies { found: 2, needed: 3, .. })));
    let options = NagashimaOptions { draws: 3, ..NagashimaOptions::default() };
    assert!(matches!(nagashima_prediction(&schools(), &options), Err(PoolError::TooFewDraws { .. })));
}
