//! One self-contained HTML report of a meta-analysis.
