//! Pools proportions, hazard ratios and survival curves with random effects.
