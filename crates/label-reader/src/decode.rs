//! From probabilities along a line to the two most likely texts.
//!
//! The network names, at each step along the line, how likely each character or the blank (no character here) is. A text
//! arises from every sequence of steps that gives it once repeats are merged and blanks removed; its probability is
//! the sum over all of them. Prefix search (Graves and others 2006, section 3.2) keeps the most likely beginnings from
//! left to right.

use std::collections::BTreeMap;

use crate::ReadLabel;

/// Beginnings kept at each step.
const BEAM_WIDTH: usize = 8;

/// Characters less likely than this at a step are not followed.
const MINIMUM_PROBABILITY: f64 = 1e-5;

/// Digits and the signs of printed numbers.
const NUMBER_CHARACTERS: &str = "0123456789.,-%·<()";

/// The characters a text may hold and the network classes that stand for each.
#[derive(Debug)]
pub(crate) struct Alphabet {
    symbols: Vec<char>,
    /// For each class after the blank, the place of its symbol.
    symbol_of_class: Vec<Option<usize>>,
    /// Whether texts are numbers, in which a percent sign ends the figure.
    numbers: bool,
}

impl Alphabet {
    /// Every class stands for itself.
    pub(crate) fn any(characters: &[char]) -> Self {
        Self {
            symbols: characters.to_vec(),
            symbol_of_class: (0..characters.len()).map(Some).collect(),
            numbers: false,
        }
    }

    /// Only the characters of numbers.
    pub(crate) fn number(characters: &[char]) -> Self {
        let symbols: Vec<char> = NUMBER_CHARACTERS.chars().collect();
        let symbol_of_class = characters
            .iter()
            .map(|&character| symbols.iter().position(|&symbol| symbol == as_number_character(character)))
            .collect();
        Self { symbols, symbol_of_class, numbers: true }
    }

    /// Whether a text that ends in `last` may go on with `symbol`: in a number no digit follows a percent sign, whose
    /// second ring small print makes look like a 6.
    fn may_follow(&self, last: Option<usize>, symbol: usize) -> bool {
        let is = |place: usize, test: fn(&char) -> bool| self.symbols.get(place).is_some_and(test);
        !(self.numbers
            && last.is_some_and(|last| is(last, |&c| c == '%'))
            && is(symbol, char::is_ascii_digit))
    }

    /// Probability of the blank and of each symbol at one step. Classes outside the alphabet are dropped, not shared
    /// out: what the network takes for a letter must not raise the confidence in a digit.
    fn step(&self, classes: &[f32]) -> (f64, Vec<f64>) {
        let blank = classes.first().map_or(0.0, |&p| f64::from(p));
        let mut symbols = vec![0.0; self.symbols.len()];
        for (symbol, &probability) in self.symbol_of_class.iter().zip(classes.iter().skip(1)) {
            if let Some(symbol) = symbol {
                symbols[*symbol] += f64::from(probability);
            }
        }
        (blank, symbols)
    }
}

/// In a number every dash is a minus sign and a bullet a middle dot.
fn as_number_character(character: char) -> char {
    match character {
        '–' | '—' | '−' => '-',
        '•' => '·',
        other => other,
    }
}

/// Probability of a beginning, split by whether its last step is the blank.
#[derive(Debug, Clone, Copy, Default)]
struct Mass {
    blank: f64,
    symbol: f64,
}

impl Mass {
    fn total(self) -> f64 {
        self.blank + self.symbol
    }
}

/// The two most likely texts of a line.
pub(crate) fn decode(steps: &[Vec<f32>], alphabet: &Alphabet) -> ReadLabel {
    let mut texts = prefix_search(steps, alphabet).into_iter().map(|(prefix, probability)| {
        let text: String = prefix.iter().filter_map(|&symbol| alphabet.symbols.get(symbol)).collect();
        (text, rounded(probability))
    });
    let (text, confidence) = texts.next().unwrap_or_default();
    ReadLabel { text, confidence, alternative: texts.next() }
}

/// Beginnings that survive to the end of the line with their probability, most likely first.
fn prefix_search(steps: &[Vec<f32>], alphabet: &Alphabet) -> Vec<(Vec<usize>, f64)> {
    let mut beam = vec![(Vec::new(), Mass { blank: 1.0, symbol: 0.0 })];
    // Masses are rescaled at each step; otherwise a long line would underflow.
    let mut log_scale = 0.0;
    for classes in steps {
        beam = advance(&beam, alphabet, &alphabet.step(classes));
        let largest = beam.first().map_or(0.0, |(_, mass)| mass.total());
        if largest <= 0.0 {
            return Vec::new();
        }
        log_scale += largest.ln();
        for (_, mass) in &mut beam {
            mass.blank /= largest;
            mass.symbol /= largest;
        }
    }
    beam.into_iter().map(|(prefix, mass)| (prefix, mass.total() * f64::exp(log_scale))).collect()
}

/// All beginnings one step further on, the most likely kept; equal ones in the order of their symbols.
fn advance(
    beam: &[(Vec<usize>, Mass)],
    alphabet: &Alphabet,
    (blank, symbols): &(f64, Vec<f64>),
) -> Vec<(Vec<usize>, Mass)> {
    let mut next: BTreeMap<Vec<usize>, Mass> = BTreeMap::new();
    for (prefix, mass) in beam {
        let stay = next.entry(prefix.clone()).or_default();
        stay.blank += mass.total() * blank;
        if let Some(&last) = prefix.last() {
            stay.symbol += mass.symbol * symbols[last];
        }
        for (symbol, &probability) in symbols.iter().enumerate().filter(|(_, p)| **p >= MINIMUM_PROBABILITY) {
            if !alphabet.may_follow(prefix.last().copied(), symbol) {
                continue;
            }
            // A repeated character needs a blank in between, or it is the same character seen twice.
            let from = if prefix.last() == Some(&symbol) { mass.blank } else { mass.total() };
            if from > 0.0 {
                let mut longer = prefix.clone();
                longer.push(symbol);
                next.entry(longer).or_default().symbol += from * probability;
            }
        }
    }
    let mut next: Vec<_> = next.into_iter().collect();
    next.sort_by(|a, b| b.1.total().total_cmp(&a.1.total()));
    next.truncate(BEAM_WIDTH);
    next
}

/// Four decimals: further ones depend on the processor's vector width.
fn rounded(probability: f64) -> f64 {
    (probability.min(1.0) * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHARACTERS: [char; 5] = ['0', '1', 'A', '−', '-'];

    fn likely(class: usize, probability: f32) -> Vec<f32> {
        let rest = (1.0 - probability) / CHARACTERS.len() as f32;
        (0..=CHARACTERS.len()).map(|c| if c == class { probability } else { rest }).collect()
    }

    fn text(classes: &[usize], alphabet: &Alphabet) -> String {
        let steps: Vec<_> = classes.iter().map(|&class| likely(class, 0.98)).collect();
        decode(&steps, alphabet).text
    }

    #[test]
    fn repeats_merge_unless_a_blank_is_between() {
        let any = Alphabet::any(&CHARACTERS);
        assert_eq!(text(&[1, 1, 2, 0, 2], &any), "011");
        assert_eq!(text(&[0, 0, 0], &any), "");
        assert_eq!(text(&[], &any), "");
    }

    #[test]
    fn dashes_of_a_number_are_one_character() {
        let number = Alphabet::number(&CHARACTERS);
        assert_eq!(text(&[4, 5, 0, 2], &number), "-1");
        assert_eq!(text(&[4, 5, 0, 2], &Alphabet::any(&CHARACTERS)), "−-1");
    }

    #[test]
    fn a_text_has_the_probability_of_all_its_paths() {
        // Two steps with blank 0.4 and `0` 0.6: `0` arises from 0-, -0 and 00.
        let step = vec![0.4, 0.6, 0.0, 0.0, 0.0, 0.0];
        let label = decode(&[step.clone(), step], &Alphabet::any(&CHARACTERS));
        assert_eq!((label.text.as_str(), label.confidence), ("0", 0.84));
        assert_eq!(label.alternative, Some((String::new(), 0.16)));
    }

    #[test]
    fn a_letter_does_not_lend_its_probability_to_a_digit() {
        let step = vec![0.05, 0.15, 0.0, 0.8, 0.0, 0.0];
        let label = decode(&[step], &Alphabet::number(&CHARACTERS));
        assert_eq!((label.text.as_str(), label.confidence), ("0", 0.15));
    }

    #[test]
    fn no_digit_follows_a_percent_sign_in_a_number() {
        let characters = ['0', '6', '%'];
        let steps = [vec![0.0, 1.0, 0.0, 0.0], vec![0.0, 0.0, 0.0, 1.0], vec![0.3, 0.0, 0.7, 0.0]];
        assert_eq!(decode(&steps, &Alphabet::any(&characters)).text, "0%6");
        assert_eq!(decode(&steps, &Alphabet::number(&characters)).text, "0%");
    }

    #[test]
    fn a_long_line_does_not_underflow() {
        // A character without a period, then the blank; 0.8 to the power of 3600 is below the smallest f64.
        let class = |i: usize| if i.is_multiple_of(2) { 1 + (i * i / 7) % 3 } else { 0 };
        let steps: Vec<_> = (0..3600).map(|i| likely(class(i), 0.8)).collect();
        assert_eq!(decode(&steps, &Alphabet::any(&CHARACTERS)).text.len(), 1800);
    }
}
