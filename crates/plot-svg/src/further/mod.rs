//! Figures that look into a pooled effect: which studies make the heterogeneity, what moderators explain, how evidence
//! looks at every level of confidence.

mod baujat;
mod bubble;
mod drapery;
mod influence;
mod labbe;
mod radial;

pub use baujat::{BaujatStudy, baujat_plot};
pub use bubble::{BubbleLine, BubblePlot, BubblePoint, bubble_plot};
pub use drapery::drapery_plot;
pub use influence::{InfluenceStudy, influence_plot};
pub use labbe::labbe_plot;
pub use radial::radial_plot;
