//! Clicks along survival curves.
mod curve;
mod error;
pub use curve::Clicks;
pub use error::ClicksError;
