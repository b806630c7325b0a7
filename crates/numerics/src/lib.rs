//! Distributions, root finding, small linear algebra and seeded random streams for kmeta.
