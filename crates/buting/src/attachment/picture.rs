//! Pictures: how large they are, and the small one that lists show.

use super::media::{Media, Refused};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// The longer side of a small picture (points).
const SIDE: u32 = 480;
/// More points than any camera of a telephone takes; opened, a picture needs three
/// or four bytes for each.
const POINTS: u64 = 120_000_000;
/// What opening a picture may use (bytes).
const MEMORY: u64 = 256 * 1024 * 1024;

fn format(media: Media) -> Option<ImageFormat> {
    match media {
        Media::Jpeg => Some(ImageFormat::Jpeg),
        Media::Png => Some(ImageFormat::Png),
        Media::Webp => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// Refuses a picture whose head cannot be read, or which would fill the memory when
/// it is opened, however small the file is. Nothing is unpacked for that.
pub fn check(bytes: &[u8], media: Media) -> Result<(), Refused> {
    let Some(format) = format(media) else { return Ok(()) };
    let size = ImageReader::with_format(Cursor::new(bytes), format).into_dimensions();
    let (width, height) = size.map_err(|_| Refused::Damaged)?;
    if u64::from(width) * u64::from(height) > POINTS { Err(Refused::Huge) } else { Ok(()) }
}

/// A small picture as JPEG, the right way up; none where the picture cannot be opened
/// within its bounds. Takes a while: not for the threads that answer requests.
pub fn thumbnail(bytes: &[u8], media: Media) -> Option<Vec<u8>> {
    within(bytes, media, MEMORY)
}

/// The same with another bound (bytes).
fn within(bytes: &[u8], media: Media, memory: u64) -> Option<Vec<u8>> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format(media)?);
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    // The reader's limits hold for what it needs beside the picture itself.
    if decoder.total_bytes() > memory {
        return None;
    }
    let turn = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if picture.width().max(picture.height()) > SIDE {
        picture = picture.thumbnail(SIDE, SIDE);
    }
    picture.apply_orientation(turn);
    let mut out = Cursor::new(Vec::new());
    DynamicImage::from(picture.to_rgb8()).write_to(&mut out, ImageFormat::Jpeg).ok()?;
    Some(out.into_inner())
}

#[cfg(test)]
mod tests {
    use super::super::strip::stripped;
    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut out, format).expect("a picture");
        out.into_inner()
    }

    fn size(bytes: &[u8]) -> (u32, u32) {
        ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg).into_dimensions().expect("a picture")
    }

    #[test]
    fn a_small_picture_is_small_and_stands_the_right_way_up() {
        for (media, format) in
            [(Media::Jpeg, ImageFormat::Jpeg), (Media::Png, ImageFormat::Png), (Media::Webp, ImageFormat::WebP)]
        {
            let bytes = stripped(picture(1200, 600, format), media).expect("a picture");
            assert_eq!(check(&bytes, media), Ok(()), "{media}");
            assert_eq!(size(&thumbnail(&bytes, media).expect("a small one")), (480, 240), "{media}");
        }
        // Taken upright: the note of how it is turned is kept when the others go.
        let photo = picture(1200, 600, ImageFormat::Jpeg);
        let exif = b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let photo = [&photo[..2], exif, &photo[2..]].concat();
        let kept = stripped(photo, Media::Jpeg).expect("a picture");
        assert_eq!(size(&thumbnail(&kept, Media::Jpeg).expect("a small one")), (240, 480));
        assert_eq!(size(&thumbnail(&picture(40, 30, ImageFormat::Png), Media::Png).expect("a small one")), (40, 30));
    }

    #[test]
    fn a_picture_beyond_the_bound_is_not_opened() {
        for (media, format) in
            [(Media::Jpeg, ImageFormat::Jpeg), (Media::Png, ImageFormat::Png), (Media::Webp, ImageFormat::WebP)]
        {
            let bytes = picture(600, 400, format);
            assert!(within(&bytes, media, 16 * 600 * 400).is_some(), "{media}");
            assert_eq!(within(&bytes, media, 600 * 400), None, "{media}");
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_refused_by_its_head() {
        // A head that speaks of 4 billion points in a file of 60 bytes.
        let mut bomb = picture(1, 1, ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let sum = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(check(&bomb, Media::Png), Err(Refused::Huge));
        assert_eq!(thumbnail(&bomb, Media::Png), None);
        assert_eq!(check(b"\xFF\xD8\xFF\xE0", Media::Jpeg), Err(Refused::Damaged));
        assert_eq!(thumbnail(b"\xFF\xD8\xFF\xE0", Media::Jpeg), None);
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xEDB8_8320 ^ (sum >> 1) } else { sum >> 1 })
        })
    }
}
