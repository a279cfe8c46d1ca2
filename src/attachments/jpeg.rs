//! JPEG pictures (ITU-T T.81 annex B): their size, and the copy without
//! metadata.

use img_parts::Bytes;
use img_parts::jpeg::{Jpeg, JpegSegment, markers};

use super::file_refused::FileRefused;
use super::parts::has_few_parts;

const BROKEN: FileRefused = FileRefused::Malformed("the JPEG is cut off or broken");
const NO_SIZE: FileRefused = FileRefused::Malformed("the JPEG states no size, or two");

/// Reads the segments before the first scan.
///
/// # Errors
/// [`FileRefused::Malformed`].
pub fn parse(file: &Bytes) -> Result<Jpeg, FileRefused> {
    if !has_few_parts(file, 2, header_segment_length) {
        return Err(BROKEN);
    }
    Jpeg::from_bytes(file.clone()).map_err(|_| BROKEN)
}

/// Length of the next segment and of what stands before it; `None` once the
/// picture data starts.
fn header_segment_length(rest: &[u8]) -> Option<usize> {
    let at = next_marker(rest, 0)?;
    match *rest.get(at + 1)? {
        markers::SOS | markers::EOI => None,
        markers::SOI | 0x01..=0xBF => Some(at + 2),
        _ => Some(at + 2 + usize::from(u16::from_be_bytes([*rest.get(at + 2)?, *rest.get(at + 3)?]))),
    }
}

fn is_frame_header(marker: u8) -> bool {
    matches!(marker, markers::SOF0..=markers::SOF15) && !matches!(marker, markers::DHT | markers::JPG | markers::DAC)
}

/// Width and height in pixels. One frame only: of two, a reader may trust the
/// other's size.
///
/// # Errors
/// [`FileRefused::Malformed`].
pub fn dimensions(jpeg: &Jpeg) -> Result<(u32, u32), FileRefused> {
    let frames = jpeg.segments().iter().filter(|s| is_frame_header(s.marker())).count();
    let (width, height) = jpeg.dimensions().filter(|_| frames == 1).ok_or(NO_SIZE)?;
    Ok((width.into(), height.into()))
}

/// The picture without anything that does not draw it.
///
/// # Errors
/// [`FileRefused::Malformed`].
pub fn clean(mut jpeg: Jpeg) -> Result<Bytes, FileRefused> {
    dimensions(&jpeg)?;
    let scan = jpeg
        .segments_mut()
        .pop()
        .filter(|s| s.marker() == markers::SOS)
        .ok_or(BROKEN)?;
    let scans = scans(&scan.encoder().bytes()).ok_or(BROKEN)?;
    let mut bytes = vec![0xFF, markers::SOI];
    for segment in jpeg.segments().iter().filter(|segment| draws(segment)) {
        let segment = match segment.marker() {
            markers::APP0 => without_thumbnail(segment.contents()),
            _ => segment.clone(),
        };
        bytes.extend_from_slice(&segment.encoder().bytes());
    }
    bytes.extend_from_slice(&scans);
    Ok(bytes.into())
}

/// Tables, frame, and of the application segments: JFIF (pixel shape), ICC
/// (colour profile) and Adobe (colour transform).
fn draws(segment: &JpegSegment) -> bool {
    match segment.marker() {
        markers::APP0 => segment.contents().starts_with(b"JFIF\0") && segment.contents().len() >= 14,
        markers::APP2 => segment.contents().starts_with(b"ICC_PROFILE\0"),
        markers::APP14 => segment.contents().starts_with(b"Adobe") && segment.contents().len() == 12,
        marker => is_frame_header(marker) || is_table(marker),
    }
}

fn is_table(marker: u8) -> bool {
    matches!(marker, markers::DHT | markers::DAC | markers::DQT | markers::DRI)
}

/// A JFIF header may hold a thumbnail after its 14 bytes.
fn without_thumbnail(jfif: &Bytes) -> JpegSegment {
    let mut contents = jfif.get(..12).unwrap_or_default().to_vec();
    contents.extend_from_slice(&[0, 0]);
    JpegSegment::new_with_contents(markers::APP0, contents.into())
}

/// The scans from the first SOS marker to EOI, both included, without the
/// segments between them that draw nothing. `None` without an EOI.
fn scans(data: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(data.len());
    let mut at = 0;
    loop {
        let marker = *data.get(at + 1)?;
        if marker == markers::EOI {
            kept.extend_from_slice(&[0xFF, markers::EOI]);
            return Some(kept);
        }
        let drawn = marker == markers::SOS || is_table(marker);
        if !drawn && !matches!(marker, markers::DNL | markers::COM | markers::APP0..=markers::APP15) {
            return None;
        }
        let length = u16::from_be_bytes([*data.get(at + 2)?, *data.get(at + 3)?]);
        let end = at + 2 + usize::from(length).max(2);
        let segment = data.get(at..end)?;
        at = next_marker(data, end)?;
        if drawn {
            kept.extend_from_slice(segment);
        }
        // Only a scan header is followed by picture data.
        if marker == markers::SOS {
            kept.extend_from_slice(data.get(end..at)?);
        }
    }
}

/// Where the next marker starts that is no restart marker, stuffed or fill byte.
fn next_marker(data: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += data.get(at..)?.iter().position(|b| *b == 0xFF)?;
        match *data.get(at + 1)? {
            0x00 | markers::RST0..=markers::RST7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}
