//! Reconstructs individual patient data from a digitized Kaplan-Meier curve.
