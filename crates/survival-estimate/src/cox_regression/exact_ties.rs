//! Sums over all subsets of a risk set, for the exact partial likelihood of tied events.

/// For k = 0, 1, …, the sum over all subsets of k patients of the product of their weights e^η, as its logarithm,
/// and mean and covariance of Σx over a subset that is drawn in proportion to its product.
///
/// A patient who joins extends the sums by B(k) ← B(k) + e^η B(k − 1) (Howard 1972; Gail, Lubin & Rubinstein 1981,
/// eq. 5): of the subsets of k, a share p = e^η B(k − 1)/B(k) holds the patient. Means and covariances are those of
/// the mixture of both kinds, so that no large sums are subtracted and nothing overflows, however large the ties.
#[derive(Debug, Clone)]
pub(super) struct SubsetTable {
    columns: usize,
    log_sums: Vec<f64>,
    means: Vec<f64>,
    variances: Vec<f64>,
    difference: Vec<f64>,
}

impl SubsetTable {
    /// Subsets of up to `largest` patients.
    pub(super) fn new(columns: usize, largest: usize) -> Self {
        let mut table = Self {
            columns,
            log_sums: vec![f64::NEG_INFINITY; largest + 1],
            means: vec![0.0; (largest + 1) * columns],
            variances: vec![0.0; (largest + 1) * columns * columns],
            difference: vec![0.0; columns],
        };
        table.log_sums[0] = 0.0;
        table
    }

    /// Back to no patient.
    pub(super) fn clear(&mut self) {
        self.log_sums.fill(f64::NEG_INFINITY);
        self.log_sums[0] = 0.0;
        self.means.fill(0.0);
        self.variances.fill(0.0);
    }

    /// Adds a patient with linear predictor `linear` and covariates `values`.
    pub(super) fn add(&mut self, linear: f64, values: &[f64]) {
        let width = self.columns;
        for size in (1..self.log_sums.len()).rev() {
            let without = self.log_sums[size];
            let with = linear + self.log_sums[size - 1];
            if with == f64::NEG_INFINITY {
                continue;
            }
            let (high, low) = (without.max(with), without.min(with));
            let both = high + (low - high).exp().ln_1p();
            let share = (with - both).exp();
            self.log_sums[size] = both;
            let (smaller, here) = self.means.split_at_mut(size * width);
            for column in 0..width {
                let joined = smaller[(size - 1) * width + column] + values[column];
                self.difference[column] = joined - here[column];
                here[column] += share * self.difference[column];
            }
            let square = width * width;
            let (smaller, here) = self.variances.split_at_mut(size * square);
            for (place, value) in here[..square].iter_mut().enumerate() {
                let product = self.difference[place / width] * self.difference[place % width];
                let joined = smaller[(size - 1) * square + place];
                *value = (1.0 - share) * *value + share * joined + share * (1.0 - share) * product;
            }
        }
    }

    /// Logarithm of the sum over subsets of `size`.
    pub(super) fn log_sum(&self, size: usize) -> f64 {
        self.log_sums[size]
    }

    /// Mean of Σx.
    pub(super) fn mean(&self, size: usize) -> &[f64] {
        &self.means[size * self.columns..(size + 1) * self.columns]
    }

    /// Covariance matrix of Σx, which is symmetric.
    pub(super) fn variance(&self, size: usize) -> &[f64] {
        let square = self.columns * self.columns;
        &self.variances[size * square..(size + 1) * square]
    }
}

#[cfg(test)]
mod tests {
    use super::SubsetTable;

    /// Every subset of seven patients, one by one.
    #[test]
    fn equal_to_enumeration() {
        let patients: Vec<(f64, [f64; 2])> = (0..7)
            .map(|i| f64::from(i) * 0.7)
            .map(|x| (-x.sin().abs() * 3.0, [x.cos(), x * x / 10.0 - 1.0]))
            .collect();
        let mut table = SubsetTable::new(2, 7);
        patients.iter().for_each(|(linear, values)| table.add(*linear, values));
        for size in 0..=7_usize {
            let (mut total, mut first, mut second) = (0.0, [0.0; 2], [0.0; 4]);
            for subset in (0..128_u32).filter(|subset| subset.count_ones() as usize == size) {
                let members = || (0..7).filter(|i| subset >> i & 1 == 1).map(|i| &patients[i]);
                let weight = members().map(|one| one.0).sum::<f64>().exp();
                let sum = [0, 1].map(|column| members().map(|one| one.1[column]).sum::<f64>());
                total += weight;
                (0..2).for_each(|i| first[i] += weight * sum[i]);
                (0..4).for_each(|i| second[i] += weight * sum[i / 2] * sum[i % 2]);
            }
            assert!((table.log_sum(size) - total.ln()).abs() < 1e-13);
            (0..2).for_each(|i| assert!((table.mean(size)[i] - first[i] / total).abs() < 1e-13));
            for i in 0..4 {
                let variance = second[i] / total - first[i / 2] * first[i % 2] / (total * total);
                assert!((table.variance(size)[i] - variance).abs() < 1e-12);
            }
        }
    }

    /// 2000 choose 1000 is 10^600, far beyond a double.
    #[test]
    fn large_ties_neither_overflow_nor_lose_digits() {
        let mut table = SubsetTable::new(1, 1000);
        (0..2000).for_each(|i| table.add(-400.0, &[f64::from(i % 2)]));
        let choose: f64 = (1..=1000).map(|i| (f64::from(1000 + i) / f64::from(i)).ln()).sum();
        assert!((table.log_sum(1000) + 400_000.0 - choose).abs() < 1e-7);
        // Hypergeometric: 1000 drawn of 2000, half of them marked.
        assert!((table.mean(1000)[0] - 500.0).abs() < 1e-9);
        assert!((table.variance(1000)[0] - 500.0 * 0.5 * 1000.0 / 1999.0).abs() < 1e-8);
    }
}
