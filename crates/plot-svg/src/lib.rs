//! Forest, funnel and survival figures as SVG and PNG.
