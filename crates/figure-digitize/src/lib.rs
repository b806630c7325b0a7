//! Finds axes, curves, censor marks and the numbers at risk in a Kaplan-Meier figure.
