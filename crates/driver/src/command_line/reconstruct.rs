//! The flags of `kmeta reconstruct`.

use std::path::PathBuf;

use clap::Args;
use kmeta_ipd_reconstruct::clicks::SurvivalScale;
use kmeta_ipd_reconstruct::{
    ImputationOptions, NumberAtRiskConvention, PrintedComparison, PrintedSurvival, ReconstructionMethod,
    ReconstructionOptions,
};

use crate::choices::choice;
use crate::project::half_of_last_digit;

/// `kmeta reconstruct`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta reconstruct digitized/figure1.kmfig.json --out patients
  kmeta reconstruct curve.csv --risk-table risk.csv --n 34 --events 26 --out patients
  kmeta reconstruct plot-digitizer.json --scale percent --n 120 --imputations 100 --seed 1 --out patients
  kmeta reconstruct two-arms.kmfig.json --control Placebo --hazard-ratio 0.68,0.52,0.89 --out patients

Tables (a column `arm` may be added to each):
  CURVE.csv  time,survival         survival as a fraction from each time on
  RISK.csv   time,number_at_risk   patients with follow-up of at least the time (see --convention)
  MARKS.csv  time                  censor marks
Instead of CURVE.csv: clicks of WebPlotDigitizer (project JSON or CSV), DigitizeIt, ScanIt, or any two
columns, in percent, fractions or incidence.

Writes DIR/ipd.csv (trial,arm,time,status; status 1 is an event), DIR/fidelity.json, a list with one
entry per arm, and for each arm DIR/fit-N.svg and .png: the reconstructed over the digitized curve, and
their difference. With --imputations also DIR/imputations.csv (imputation,trial,arm,time,status) and
intervals in fidelity.json.

Exit codes: 0 done, 1 an arm could not be reconstructed, 2 bad input.")]
pub(crate) struct ReconstructArgs {
    /// A curve as CSV, a sidecar (NAME.kmfig.json) of `kmeta digitize`, or clicks of another program.
    #[arg(value_name = "CURVE|SIDECAR|CLICKS")]
    pub(crate) curve: PathBuf,
    /// Numbers at risk; in place of those of the sidecar.
    #[arg(long, value_name = "RISK.csv")]
    pub(crate) risk_table: Option<PathBuf>,
    /// Censor marks; in place of those of the sidecar.
    #[arg(long, value_name = "MARKS.csv")]
    pub(crate) marks: Option<PathBuf>,
    /// Number of patients, for a single arm.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) n: Option<u32>,
    /// Total number of events, for a single arm.
    #[arg(long, value_name = "N")]
    pub(crate) events: Option<u32>,
    /// Median as printed, with its limits where printed: 10.2 or 10.2,8.1,13.0; for a single arm.
    #[arg(long, value_name = "MEDIAN[,LOWER[,UPPER]]", value_parser = median)]
    pub(crate) median: Option<Median>,
    /// Survival as printed at a time, for example 12=0.55; may be given several times; for a single arm.
    #[arg(long, value_name = "TIME=SURVIVAL", value_parser = survival_at)]
    pub(crate) survival_at: Vec<PrintedSurvival>,
    /// What the numbers at risk count: follow-up of at least t, less the events at t, or longer than t.
    #[arg(long, default_value = "before", value_parser = choice::<NumberAtRiskConvention>())]
    pub(crate) convention: NumberAtRiskConvention,
    /// The algorithm.
    #[arg(long, default_value = "constrained", value_parser = choice::<ReconstructionMethod>())]
    pub(crate) method: ReconstructionMethod,
    /// Scale of the survival axis of clicks of another program.
    #[arg(long, value_parser = choice::<SurvivalScale>())]
    pub(crate) scale: Option<SurvivalScale>,
    /// Largest reading error of a survival level, a fraction [default: found from the curve; 0.005 for clicks].
    #[arg(long, value_name = "FRACTION")]
    pub(crate) reading_error: Option<f64>,
    /// Name of the control arm of two; needed for --hazard-ratio and --log-rank-p.
    #[arg(long, value_name = "ARM")]
    pub(crate) control: Option<String>,
    /// Hazard ratio as printed, other arm over control, with its 95 % limits: 0.68 or 0.68,0.52,0.89. Both arms are
    /// reconstructed together to meet it.
    #[arg(long, value_name = "HR[,LOWER,UPPER]", requires = "control", value_parser = hazard_ratio)]
    pub(crate) hazard_ratio: Option<HazardRatio>,
    /// Two-sided p value of the log-rank test as printed.
    #[arg(long, value_name = "P", requires = "control")]
    pub(crate) log_rank_p: Option<f64>,
    /// Draw this many sets of patients that fit equally well, for intervals that hold the uncertainty of reading and
    /// reconstruction too.
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) imputations: Option<u32>,
    /// Seed of the draws.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Level of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95)]
    pub(crate) level: f64,
    /// Only this panel of the sidecar, counted from 0.
    #[arg(long, value_name = "I")]
    pub(crate) panel: Option<usize>,
    /// Only this arm: its name, its colour (#rrggbb) or its position from 1; for a CSV its name.
    #[arg(long, value_name = "ARM")]
    pub(crate) arm: Option<String>,
    /// Name of the trial in ipd.csv; the file's name when left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) trial: Option<String>,
    /// Folder to write to.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

impl ReconstructArgs {
    /// Options of the reconstruction.
    pub(crate) fn options(&self) -> ReconstructionOptions {
        ReconstructionOptions {
            method: self.method,
            number_at_risk_convention: self.convention,
            ..ReconstructionOptions::default()
        }
    }

    /// How many sets of patients to draw, if any.
    pub(crate) fn imputation(&self) -> Option<ImputationOptions> {
        self.imputations.map(|imputations| ImputationOptions { imputations, seed: self.seed })
    }

    /// The printed comparison of two arms, if any.
    pub(crate) fn comparison(&self) -> Option<PrintedComparison> {
        (self.hazard_ratio.is_some() || self.log_rank_p.is_some()).then(|| PrintedComparison {
            hazard_ratio: self.hazard_ratio.map(|printed| printed.value),
            hazard_ratio_interval: self.hazard_ratio.and_then(|printed| printed.limits),
            log_rank_p: self.log_rank_p,
        })
    }
}

/// A median as typed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Median {
    pub(crate) value: f64,
    pub(crate) lower: Option<f64>,
    pub(crate) upper: Option<f64>,
    /// Half a unit of the last digit that any of them is typed with.
    pub(crate) half_width: f64,
}

/// A hazard ratio as typed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HazardRatio {
    pub(crate) value: f64,
    pub(crate) limits: Option<(f64, f64)>,
}

fn positive(text: &str) -> Result<f64, String> {
    let value = text.trim().parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0);
    value.ok_or_else(|| format!("\"{text}\" is not a number above 0"))
}

fn median(text: &str) -> Result<Median, String> {
    let numbers: Vec<f64> = text.split(',').map(positive).collect::<Result<_, _>>()?;
    let half_width = text.split(',').map(half_of_last_digit).fold(0.5, f64::min);
    match numbers[..] {
        [value] => Ok(Median { value, lower: None, upper: None, half_width }),
        [value, lower] if lower <= value => Ok(Median { value, lower: Some(lower), upper: None, half_width }),
        [value, lower, upper] if lower <= value && value <= upper => {
            Ok(Median { value, lower: Some(lower), upper: Some(upper), half_width })
        }
        _ => Err("expected MEDIAN, MEDIAN,LOWER or MEDIAN,LOWER,UPPER with the median inside".to_owned()),
    }
}

fn hazard_ratio(text: &str) -> Result<HazardRatio, String> {
    let numbers: Vec<f64> = text.split(',').map(positive).collect::<Result<_, _>>()?;
    match numbers[..] {
        [value] => Ok(HazardRatio { value, limits: None }),
        [value, lower, upper] if lower <= value && value <= upper && lower < upper => {
            Ok(HazardRatio { value, limits: Some((lower, upper)) })
        }
        _ => Err("expected HR or HR,LOWER,UPPER with the hazard ratio inside".to_owned()),
    }
}

fn survival_at(text: &str) -> Result<PrintedSurvival, String> {
    let (time, survival) = text.split_once('=').ok_or("expected TIME=SURVIVAL, for example 12=0.55")?;
    let fraction: f64 = survival.trim().parse().map_err(|_| format!("\"{survival}\" is not a number"))?;
    if !(0.0..=1.0).contains(&fraction) {
        return Err(format!("survival {fraction}: expected a fraction from 0 to 1, for example 12=0.55"));
    }
    // A rate of 0.6 may be 0.60: papers print whole percentages at least.
    let half_width = half_of_last_digit(survival).min(0.005);
    Ok(PrintedSurvival { time: positive(time)?, survival: fraction, half_width })
}
