//! Kaplan-Meier, restricted mean survival time, log-rank and Cox regression.
