//! Reads figure files (PNG, JPEG, TIFF, GIF, WebP, BMP, PDF, SVG) into pages of pixels.
