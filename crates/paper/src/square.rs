//! The square code of an address, as a picture.

use fast_qr::{ECL, QRBuilder};
use png::{BitDepth, ColorType, Encoder};

/// Dots of one module.
const DOTS: usize = 8;
/// Modules of white around it, as the standard asks (ISO/IEC 18004).
const QUIET: usize = 4;

/// The code of a text as PNG; none when the text is too long for one.
pub(crate) fn picture(text: &str) -> Option<Vec<u8>> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let side = (code.size + 2 * QUIET) * DOTS;
    let dark = |x: usize, y: usize| {
        let (x, y) = ((x / DOTS).checked_sub(QUIET)?, (y / DOTS).checked_sub(QUIET)?);
        (x < code.size && y < code.size).then(|| code[y][x].value())
    };
    // One bit a dot, the leftmost highest; 1 is white.
    let mut rows = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        for byte in 0..side.div_ceil(8) {
            let bit = |n: usize| u8::from(!dark(byte * 8 + n, y).unwrap_or(false)) << (7 - n);
            rows.push((0..8).map(bit).sum());
        }
    }
    let mut bytes = Vec::new();
    let side = u32::try_from(side).ok()?;
    let mut encoder = Encoder::new(&mut bytes, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rows).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_becomes_a_picture() {
        let bytes = super::picture("https://buting.example/d/abc").expect("a picture");
        assert_eq!(&bytes[1..4], b"PNG");
        assert_eq!(bytes, super::picture("https://buting.example/d/abc").expect("the same"));
        assert_eq!(super::picture(&"x".repeat(5000)), None);
    }
}
