//! Reads short printed labels (numbers and words) with an embedded recognition model.
