//! A rectangle of values, one per pixel.

/// A row-major rectangle of values with the image's coordinates.
#[derive(Debug, Clone)]
pub(crate) struct Plane<T> {
    width: usize,
    height: usize,
    values: Vec<T>,
}

impl<T: Copy> Plane<T> {
    /// A plane with the same value everywhere.
    pub(crate) fn filled(width: usize, height: usize, value: T) -> Self {
        Self { width, height, values: vec![value; width * height] }
    }

    /// A plane whose values are computed from their coordinates.
    pub(crate) fn from_fn(width: usize, height: usize, mut value: impl FnMut(usize, usize) -> T) -> Self {
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                values.push(value(x, y));
            }
        }
        Self { width, height, values }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    pub(crate) fn get(&self, x: usize, y: usize) -> T {
        self.values[y * self.width + x]
    }

    pub(crate) fn set(&mut self, x: usize, y: usize, value: T) {
        self.values[y * self.width + x] = value;
    }
}

/// A column-major rectangle of values: algorithms that walk down columns read it as slices.
#[derive(Debug, Clone)]
pub(crate) struct ColumnPlane<T> {
    width: usize,
    height: usize,
    values: Vec<T>,
}

impl<T: Copy> ColumnPlane<T> {
    /// A plane with the same value everywhere.
    pub(crate) fn filled(width: usize, height: usize, value: T) -> Self {
        Self { width, height, values: vec![value; width * height] }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    pub(crate) fn get(&self, x: usize, y: usize) -> T {
        self.values[x * self.height + y]
    }

    pub(crate) fn set(&mut self, x: usize, y: usize, value: T) {
        self.values[x * self.height + y] = value;
    }

    /// The values of one column, from top to bottom.
    pub(crate) fn column(&self, x: usize) -> &[T] {
        &self.values[x * self.height..(x + 1) * self.height]
    }

    /// The values of one column, to be changed.
    pub(crate) fn column_mut(&mut self, x: usize) -> &mut [T] {
        &mut self.values[x * self.height..(x + 1) * self.height]
    }
}

impl ColumnPlane<f32> {
    /// The largest value of a column within `reach` rows of `row`, 0 where none is larger.
    pub(crate) fn strongest_near(&self, x: usize, row: usize, reach: usize) -> f32 {
        let rows = row.saturating_sub(reach)..(row + reach + 1).min(self.height);
        self.column(x)[rows].iter().copied().fold(0.0, f32::max)
    }
}

/// A rectangle of whole pixels; `right` and `bottom` are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) right: usize,
    pub(crate) bottom: usize,
}

impl Rect {
    pub(crate) fn width(&self) -> usize {
        self.right.saturating_sub(self.left)
    }

    pub(crate) fn height(&self) -> usize {
        self.bottom.saturating_sub(self.top)
    }

    pub(crate) fn center_x(&self) -> f64 {
        (self.left + self.right) as f64 / 2.0
    }

    pub(crate) fn center_y(&self) -> f64 {
        (self.top + self.bottom) as f64 / 2.0
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    pub(crate) fn contains(&self, x: f64, y: f64) -> bool {
        x >= self.left as f64 && x < self.right as f64 && y >= self.top as f64 && y < self.bottom as f64
    }

    /// True when the two rectangles share a pixel.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// The rectangle grown by `margin` on every side and cut to an image of the given size.
    pub(crate) fn grown(&self, margin: usize, width: usize, height: usize) -> Self {
        Self {
            left: self.left.saturating_sub(margin),
            top: self.top.saturating_sub(margin),
            right: (self.right + margin).min(width),
            bottom: (self.bottom + margin).min(height),
        }
    }

    /// The whole pixels of a box, cut to an image of the given size.
    pub(crate) fn of_pixel_box(area: kmeta_trial_data::PixelBox, width: usize, height: usize) -> Self {
        let cut = |edge: f64, size: usize| edge.clamp(0.0, size as f64).round() as usize;
        Self {
            left: cut(area.left, width),
            top: cut(area.top, height),
            right: cut(area.right, width),
            bottom: cut(area.bottom, height),
        }
    }

    /// The same rectangle with continuous edges.
    pub(crate) fn to_pixel_box(self) -> kmeta_trial_data::PixelBox {
        kmeta_trial_data::PixelBox {
            left: self.left as f64,
            top: self.top as f64,
            right: self.right as f64,
            bottom: self.bottom as f64,
        }
    }
}
