//! What the layouts of forest plots print, and how.

use kmeta_trial_data::{BetweenSubgroups, Estimate, Heterogeneity, Interval, PooledEffect};

use crate::format::{fixed, p_value, percent};
use crate::palette::{BLUE, INK, JAMA_DIAMOND, JAMA_SQUARE, LIGHT_BLUE};
use crate::{ForestColumn, ForestLayout, ForestOptions, sentences};

/// How p values are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct PStyle {
    name: &'static str,
    digits: usize,
    /// "0.04" or ".04".
    leading_zero: bool,
}

/// A layout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) layout: ForestLayout,
    brackets: (&'static str, &'static str, &'static str),
    p: PStyle,
    pub(super) square: &'static str,
    pub(super) diamond: &'static str,
    pub(super) subgroup_diamond: &'static str,
    pub(super) common_diamond: &'static str,
    pub(super) study_heading: &'static str,
    /// Factor of the drawing's width.
    pub(super) wider: f64,
    /// Whether tests stand below the pooled rows they belong to rather than below the figure.
    pub(super) tests_in_rows: bool,
}

impl Style {
    pub(super) fn of(options: &ForestOptions) -> Self {
        let plain = Self {
            layout: options.layout,
            brackets: ("[", ", ", "]"),
            p: PStyle { name: "p", digits: options.p_digits, leading_zero: true },
            square: BLUE,
            diamond: BLUE,
            subgroup_diamond: LIGHT_BLUE,
            common_diamond: "#ffffff",
            study_heading: "Study",
            wider: 1.0,
            tests_in_rows: false,
        };
        match options.layout {
            ForestLayout::Plain => plain,
            ForestLayout::Revman5 => Self {
                p: PStyle { name: "P", digits: 2, leading_zero: true },
                diamond: INK,
                subgroup_diamond: INK,
                study_heading: "Study or Subgroup",
                tests_in_rows: true,
                ..plain
            },
            ForestLayout::Jama => Self {
                brackets: ("(", "-", ")"),
                p: PStyle { name: "P", digits: 2, leading_zero: false },
                square: JAMA_SQUARE,
                diamond: JAMA_DIAMOND,
                subgroup_diamond: JAMA_DIAMOND,
                study_heading: "Source",
                ..plain
            },
            ForestLayout::Bmj => Self {
                brackets: ("(", " to ", ")"),
                p: PStyle { name: "P", digits: 2, leading_zero: true },
                wider: 1.25,
                ..plain
            },
        }
    }

    /// An interval in the layout's brackets. A hyphen beside a minus cannot be read, so negative limits have "to".
    pub(super) fn interval(&self, limits: Interval, digits: usize) -> String {
        let (open, between, close) = self.brackets;
        let between = if between == "-" && limits.lower < 0.0 { " to " } else { between };
        format!("{open}{}{between}{}{close}", fixed(limits.lower, digits), fixed(limits.upper, digits))
    }

    /// Columns left and right of the drawing.
    pub(super) fn columns(
        &self,
        result: &PooledEffect,
        options: &ForestOptions,
    ) -> (Vec<ForestColumn>, Vec<ForestColumn>) {
        use ForestColumn as C;
        let counts = result.studies.iter().any(|study| study.total.is_some());
        let control = result.studies.iter().any(|study| study.control_total.is_some());
        let weights =
            options.show_weights && result.studies.iter().any(|study| study.weight_random.is_some());
        let one_weight = (weights && (options.show_random || options.show_common)).then_some(C::Weight);
        let mut left = Vec::new();
        let mut right = Vec::new();
        match self.layout {
            ForestLayout::Plain => {
                left.extend(counts.then_some([C::Events, C::Total]).into_iter().flatten());
                left.extend(control.then_some([C::ControlEvents, C::ControlTotal]).into_iter().flatten());
                right.extend([C::Effect, C::Interval]);
                right.extend((weights && options.show_common).then_some(C::WeightCommon));
                right.extend((weights && options.show_random).then_some(C::WeightRandom));
            }
            ForestLayout::Revman5 => {
                left.extend(counts.then_some([C::Events, C::Total]).into_iter().flatten());
                left.extend(control.then_some([C::ControlEvents, C::ControlTotal]).into_iter().flatten());
                left.extend(one_weight);
                left.push(C::EffectAndInterval);
            }
            ForestLayout::Jama => {
                left.extend(counts.then_some(C::EventsOfTotal));
                left.extend(control.then_some(C::ControlEventsOfTotal));
                left.push(C::EffectAndInterval);
                right.extend(one_weight);
            }
            ForestLayout::Bmj => {
                left.extend(counts.then_some(C::EventsOfTotal));
                left.extend(control.then_some(C::ControlEventsOfTotal));
                right.extend(one_weight);
                right.push(C::EffectAndInterval);
            }
        }
        (options.columns_left.clone().unwrap_or(left), options.columns_right.clone().unwrap_or(right))
    }

    fn p_value(&self, p: f64) -> String {
        let PStyle { name, digits, leading_zero } = self.p;
        // Two decimals say too little of a small p: journals print three below 0.01 and stop at 0.001.
        let digits = if self.layout == ForestLayout::Plain || p >= 0.01 { digits } else { 3 };
        let text = p_value(p, digits);
        let text = if leading_zero { text } else { text.replace("0.", ".") };
        format!("{name} {text}")
    }

    /// The heterogeneity of all studies, one line.
    pub(super) fn heterogeneity(&self, value: &Heterogeneity) -> Option<String> {
        if self.layout == ForestLayout::Plain {
            return sentences::heterogeneity(value, self.p.digits)
                .map(|text| format!("Heterogeneity: {text}"));
        }
        let p = self.p_value(value.p_value?);
        let i_squared = value.i_squared.map_or(String::new(), |share| percent(share, 0));
        let (q, df) = (fixed(value.q, 2), value.degrees_of_freedom);
        let tau = value.tau_squared.map_or(String::new(), |tau| match fixed(tau, 2) {
            zero if tau > 0.0 && zero == "0.00" => "< 0.01".to_owned(),
            text => format!("= {text}"),
        });
        Some(match self.layout {
            ForestLayout::Revman5 => {
                format!("Heterogeneity: Tau² {tau}; Chi² = {q}, df = {df} ({p}); I² = {i_squared}")
            }
            ForestLayout::Jama => format!("Heterogeneity: χ²{} = {q} ({p}), I² = {i_squared}", subscript(df)),
            _ => format!("Test for heterogeneity: τ² {tau}, χ² = {q}, df = {df}, {p}, I² = {i_squared}"),
        })
    }

    /// The heterogeneity of a subgroup, shorter where the layout has a shorter form.
    pub(super) fn subgroup_heterogeneity(&self, value: &Heterogeneity) -> Option<String> {
        match self.layout {
            ForestLayout::Plain => sentences::heterogeneity_short(value, self.p.digits),
            _ => self.heterogeneity(value),
        }
    }

    /// The test of the pooled effect against no effect, where there is one.
    pub(super) fn overall_test(&self, result: &PooledEffect, pooled: &Estimate) -> Option<String> {
        result.measure.no_effect()?;
        let (statistic, p) = (pooled.statistic?, self.p_value(pooled.p_value?));
        let letter = match (self.layout, pooled.degrees_of_freedom) {
            (ForestLayout::Revman5, None) => "Z".to_owned(),
            (_, None) => "z".to_owned(),
            (ForestLayout::Jama, Some(df)) => format!("t{}", subscript(df.round() as u32)),
            (_, Some(_)) => "t".to_owned(),
        };
        let freedom = match (self.layout, pooled.degrees_of_freedom) {
            (ForestLayout::Jama, _) | (_, None) => String::new(),
            (_, Some(df)) => format!(", df = {}", crate::format::shortest((df * 10.0).round() / 10.0)),
        };
        let value = fixed(statistic, 2);
        Some(match self.layout {
            ForestLayout::Revman5 | ForestLayout::Jama => {
                format!("Test for overall effect: {letter} = {value}{freedom} ({p})")
            }
            _ => format!("Test for overall effect: {letter} = {value}{freedom}, {p}"),
        })
    }

    /// The test between subgroups.
    pub(super) fn subgroup_test(&self, test: &BetweenSubgroups, options: &ForestOptions) -> String {
        let random = options.show_random;
        let (q, p) =
            if random { (test.q_random, test.p_value_random) } else { (test.q_common, test.p_value_common) };
        let df = test.degrees_of_freedom;
        let p = self.p_value(p);
        match self.layout {
            ForestLayout::Plain => {
                let model = if random { "random effects" } else { "common effect" };
                let text = sentences::subgroup_test(test, random, self.p.digits);
                format!("Test for subgroup differences ({model}): {text}")
            }
            ForestLayout::Revman5 => {
                let i_squared = if q > 0.0 { ((q - f64::from(df)) / q).max(0.0) } else { 0.0 };
                let q = fixed(q, 2);
                format!(
                    "Test for subgroup differences: Chi² = {q}, df = {df} ({p}), I² = {}",
                    percent(i_squared, 1)
                )
            }
            ForestLayout::Jama => {
                format!("Between-subgroup differences: χ²{} = {} ({p})", subscript(df), fixed(q, 2))
            }
            ForestLayout::Bmj => {
                format!("Test for subgroup differences: χ² = {}, df = {df}, {p}", fixed(q, 2))
            }
        }
    }

    /// Label of a pooled row; `shares` says that both models have a row.
    pub(super) fn pooled_label(&self, result: &PooledEffect, is_random: bool, shares: bool) -> String {
        let level = sentences::level(result.confidence_level);
        match (self.layout, is_random) {
            (ForestLayout::Revman5, true) if shares => format!("Total (random effects, {level} CI)"),
            (ForestLayout::Revman5, false) if shares => format!("Total (common effect, {level} CI)"),
            (ForestLayout::Revman5, _) => format!("Total ({level} CI)"),
            (ForestLayout::Jama | ForestLayout::Bmj, true) => "Total (random effects)".to_owned(),
            (ForestLayout::Jama | ForestLayout::Bmj, false) => "Total (common effect)".to_owned(),
            (ForestLayout::Plain, true) => {
                format!("Random-effects model{}", sentences::interval_suffix(result.interval_method))
            }
            (ForestLayout::Plain, false) => "Common-effect model".to_owned(),
        }
    }

    /// Label of a subgroup's pooled row.
    pub(super) fn subtotal_label(&self, result: &PooledEffect, is_random: bool) -> String {
        let level = sentences::level(result.confidence_level);
        match self.layout {
            ForestLayout::Revman5 => format!("Subtotal ({level} CI)"),
            _ if is_random => "Subtotal (random effects)".to_owned(),
            _ => "Subtotal (common effect)".to_owned(),
        }
    }

    /// "Odds ratio" and what stands below it in the heading of a column with effect and interval.
    pub(super) fn effect_and_interval_heading(
        &self,
        effect: &str,
        result: &PooledEffect,
        options: &ForestOptions,
    ) -> String {
        let level = sentences::level(result.confidence_level);
        match self.layout {
            ForestLayout::Revman5 => {
                let pooling = sentences::pooling_abbreviation(result.model);
                let model = if options.show_random { "Random" } else { "Fixed" };
                format!("{effect}\n{pooling}, {model}, {level} CI")
            }
            _ => format!("{effect}\n({level} CI)"),
        }
    }
}

/// A number in subscript digits.
fn subscript(number: u32) -> String {
    number.to_string().chars().filter_map(|digit| char::from_u32('₀' as u32 + digit.to_digit(10)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(layout: ForestLayout) -> Style {
        Style::of(&ForestOptions { layout, ..ForestOptions::default() })
    }

    #[test]
    fn layouts_print_intervals_and_p_values_as_their_journals_do() {
        let limits = Interval { lower: 0.5, upper: 1.25 };
        let cases = [
            (ForestLayout::Revman5, "[0.50, 1.25]", "P = 0.04"),
            (ForestLayout::Jama, "(0.50-1.25)", "P = .04"),
            (ForestLayout::Bmj, "(0.50 to 1.25)", "P = 0.04"),
        ];
        for (layout, interval, p) in cases {
            assert_eq!(style(layout).interval(limits, 2), interval);
            assert_eq!(style(layout).p_value(0.0412), p);
        }
        assert_eq!(style(ForestLayout::Jama).p_value(0.0004), "P < .001");
        assert_eq!(style(ForestLayout::Bmj).p_value(0.0044), "P = 0.004");
        assert_eq!(style(ForestLayout::Plain).p_value(0.00004), "p < 0.0001");
        let negative = Interval { lower: -0.5, upper: 0.25 };
        assert_eq!(style(ForestLayout::Jama).interval(negative, 2), "(−0.50 to 0.25)");
    }

    #[test]
    fn the_font_has_what_layouts_print() {
        let fonts = crate::Fonts::embedded();
        for character in format!("χτ²−≤{}", subscript(1_234_567_890)).chars() {
            assert!(fonts.have(character), "{character}");
        }
    }
}
