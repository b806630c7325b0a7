//! Colours: encoded sRGB for measuring how much of a pixel is covered by ink, Oklab for telling inks apart.

use image::Rgb;

/// A colour in encoded sRGB, each channel 0 to 1. Renderers blend antialiased edges in this space, so coverage
/// is linear in it.
pub(crate) type Srgb = [f32; 3];

pub(crate) fn from_pixel(pixel: Rgb<u8>) -> Srgb {
    pixel.0.map(|channel| f32::from(channel) / 255.0)
}

pub(crate) fn hex(color: Srgb) -> String {
    let [r, g, b] = color.map(|channel| (channel.clamp(0.0, 1.0) * 255.0).round() as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}

pub(crate) fn subtract(a: Srgb, b: Srgb) -> Srgb {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn dot(a: Srgb, b: Srgb) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn length(a: Srgb) -> f32 {
    dot(a, a).sqrt()
}

/// Largest difference of a channel.
pub(crate) fn contrast(a: Srgb, b: Srgb) -> f32 {
    let difference = subtract(a, b);
    difference.iter().fold(0.0, |largest, channel| channel.abs().max(largest))
}

fn linear(encoded: f32) -> f32 {
    if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// Oklab coordinates (lightness, green-red, blue-yellow) of an sRGB colour (Ottosson 2020).
pub(crate) fn oklab(color: Srgb) -> [f32; 3] {
    let [r, g, b] = color.map(linear);
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// Distance of two colours in Oklab; 1 is black to white, 0.02 is just noticeable.
pub(crate) fn oklab_distance(a: Srgb, b: Srgb) -> f32 {
    length(subtract(oklab(a), oklab(b)))
}

/// The same with the square of the difference in lightness counted by `lightness_weight`: thin lines and letters are paler than
/// thick ones of their colour.
pub(crate) fn hue_distance(a: Srgb, b: Srgb, lightness_weight: f32) -> f32 {
    let [lightness, red_green, yellow_blue] = subtract(oklab(a), oklab(b));
    (lightness_weight * lightness.powi(2) + red_green.powi(2) + yellow_blue.powi(2)).sqrt()
}

/// Oklab chroma: 0 for greys.
pub(crate) fn chroma(color: Srgb) -> f32 {
    let [_, a, b] = oklab(color);
    a.hypot(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oklab_of_white_and_red_is_as_published() {
        let white = oklab([1.0, 1.0, 1.0]);
        assert!((white[0] - 1.0).abs() < 1e-4 && white[1].abs() < 1e-4 && white[2].abs() < 1e-4);
        let red = oklab([1.0, 0.0, 0.0]);
        assert!(
            (red[0] - 0.62796).abs() < 1e-3
                && (red[1] - 0.22486).abs() < 1e-3
                && (red[2] - 0.12585).abs() < 1e-3
        );
    }

    #[test]
    fn hex_rounds() {
        assert_eq!(hex([1.0, 0.5, 0.0]), "#ff8000");
    }
}
