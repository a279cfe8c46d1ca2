//! The copy of a file that is handed out: without the place, time, device and
//! names that cameras write into pictures and films. The original stays as it
//! was sent, as evidence.
//!
//! Pictures keep only what is needed to draw them, and their colour profile.
//! Everything after the picture's end is cut off, so that a file appended to
//! it, or a second picture with its own metadata, is not handed out.
//!
//! Films keep picture and sound; tracks beside them, in which cameras write where
//! they were second by second, go with their samples.
//!
//! Left as they are: the properties of PDF documents, ID3 tags of MP3 and LIST
//! chunks of WAV sound; of MPEG-4, messages within the coded picture or sound,
//! and media data that no track names.

use std::ops::Range;

use img_parts::png::Png;
use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::{CHUNK_ALPH, CHUNK_ICCP, CHUNK_VP8, CHUNK_VP8L, CHUNK_VP8X, WebP};
use img_parts::{Bytes, ImageEXIF};

use super::file_kind::{FileKind, FileRefused};
use super::parts::has_few_parts;
use super::{jpeg, mpeg4};

/// What is handed out instead of the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedCopy {
    /// The cleaned file; shares the original's memory where nothing is removed.
    pub bytes: Bytes,
    /// EXIF orientation 1 to 8 of the original (TIFF 6.0 tag 274), which the
    /// copy no longer carries. 1, or none, is upright.
    pub orientation: Option<u8>,
}

/// Makes the copy to hand out. It holds a second copy of the file in memory.
///
/// # Errors
/// [`FileRefused::Malformed`] if the parts of the file cannot be told apart.
pub fn served_copy(kind: FileKind, original: &Bytes) -> Result<ServedCopy, FileRefused> {
    match kind {
        FileKind::Jpeg => {
            let jpeg = jpeg::parse(original)?;
            let orientation = jpeg.exif().as_deref().and_then(orientation);
            Ok(ServedCopy {
                bytes: jpeg::clean(jpeg)?,
                orientation,
            })
        }
        FileKind::Png => clean_png(original),
        FileKind::Webp => clean_webp(original),
        FileKind::Mp4 | FileKind::M4a => Ok(ServedCopy {
            bytes: mpeg4::clean(original)?,
            orientation: None,
        }),
        FileKind::Pdf | FileKind::Mp3 | FileKind::Wav | FileKind::Text | FileKind::Csv => Ok(ServedCopy {
            bytes: original.clone(),
            orientation: None,
        }),
    }
}

/// Width and height in pixels from the headers of a picture, without decoding.
///
/// # Errors
/// [`FileRefused::Malformed`], also for a kind that is no picture.
pub fn dimensions(kind: FileKind, file: &Bytes) -> Result<(u32, u32), FileRefused> {
    match kind {
        FileKind::Jpeg => jpeg::dimensions(&jpeg::parse(file)?),
        FileKind::Png => parse_png(file)?.dimensions().ok_or(NO_SIZE),
        FileKind::Webp => webp_dimensions(&parse_webp(file)?),
        _ => Err(NO_SIZE),
    }
}

const NO_SIZE: FileRefused = FileRefused::Malformed("the picture states no size");
const BROKEN_PNG: FileRefused = FileRefused::Malformed("the PNG is cut off or broken");
const BROKEN_WEBP: FileRefused = FileRefused::Malformed("the WebP is cut off or broken");

// PNG: W3C PNG, third edition, clause 11.

fn parse_png(file: &Bytes) -> Result<Png, FileRefused> {
    let chunk_length = |rest: &[u8]| {
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        (rest.get(4..8)? != b"IEND").then(|| 12 + length as usize)
    };
    if !has_few_parts(file, 8, chunk_length) {
        return Err(BROKEN_PNG);
    }
    let png = Png::from_bytes(file.clone()).map_err(|_| BROKEN_PNG)?;
    let chunks = png.chunks();
    let headers = chunks.iter().filter(|chunk| chunk.kind() == *b"IHDR").count();
    let starts = chunks
        .first()
        .is_some_and(|c| c.kind() == *b"IHDR" && c.contents().len() == 13);
    let ends = chunks
        .last()
        .is_some_and(|c| c.kind() == *b"IEND" && c.contents().is_empty());
    let draws = chunks.iter().any(|chunk| chunk.kind() == *b"IDAT");
    if headers == 1 && starts && ends && draws {
        Ok(png)
    } else {
        Err(BROKEN_PNG)
    }
}

/// Chunks that draw the picture. Those of an animation are left out, which
/// leaves its still picture.
const PNG_DRAWN: [&[u8; 4]; 15] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
    b"cLLI", b"bKGD", b"pHYs",
];

fn clean_png(original: &Bytes) -> Result<ServedCopy, FileRefused> {
    let mut png = parse_png(original)?;
    let orientation = png.exif().as_deref().and_then(orientation);
    png.chunks_mut().retain(|chunk| PNG_DRAWN.contains(&&chunk.kind()));
    Ok(ServedCopy {
        bytes: png.encoder().bytes(),
        orientation,
    })
}

// WebP: RFC 9649.

/// One still picture; animations are refused because each of their frames
/// carries chunks of its own.
fn parse_webp(file: &Bytes) -> Result<WebP, FileRefused> {
    if !has_few_parts(file, 12, riff_chunk_length) {
        return Err(BROKEN_WEBP);
    }
    let webp = WebP::from_bytes(file.clone()).map_err(|_| BROKEN_WEBP)?;
    if webp.has_chunk(*b"ANMF") || webp.has_chunk(*b"ANIM") {
        return Err(FileRefused::Malformed("animated WebP is not accepted"));
    }
    let count = |id| webp.chunks_by_id(id).count();
    if count(CHUNK_VP8) + count(CHUNK_VP8L) == 1 && count(CHUNK_VP8X) <= 1 {
        Ok(webp)
    } else {
        Err(BROKEN_WEBP)
    }
}

/// Lists are entered, so that what they hold is counted.
fn riff_chunk_length(rest: &[u8]) -> Option<usize> {
    match rest.get(..4)? {
        b"LIST" | b"RIFF" => Some(12),
        b"seqt" => Some(8),
        _ => {
            let length = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
            Some(8 + length + length % 2)
        }
    }
}

/// The larger of canvas and bitstream, which a forged file lets differ.
fn webp_dimensions(webp: &WebP) -> Result<(u32, u32), FileRefused> {
    let (width, height) = webp.dimensions().ok_or(NO_SIZE)?;
    let mut bare = webp.clone();
    bare.remove_chunks_by_id(CHUNK_VP8X);
    let (bare_width, bare_height) = bare.dimensions().ok_or(NO_SIZE)?;
    Ok((width.max(bare_width), height.max(bare_height)))
}

fn clean_webp(original: &Bytes) -> Result<ServedCopy, FileRefused> {
    /// VP8X flags that stay: colour profile and alpha. EXIF, XMP and animation go.
    const FLAGS_KEPT: u8 = 0b0011_0000;
    let mut webp = parse_webp(original)?;
    let orientation = webp.exif().as_deref().and_then(orientation);
    let drawn = [CHUNK_VP8X, CHUNK_ICCP, CHUNK_ALPH, CHUNK_VP8, CHUNK_VP8L];
    webp.chunks_mut().retain(|chunk| drawn.contains(&chunk.id()));
    for chunk in webp.chunks_mut().iter_mut().filter(|chunk| chunk.id() == CHUNK_VP8X) {
        let mut header = chunk
            .content()
            .data()
            .filter(|d| d.len() == 10)
            .ok_or(BROKEN_WEBP)?
            .to_vec();
        header[0] &= FLAGS_KEPT;
        *chunk = RiffChunk::new(CHUNK_VP8X, RiffContent::Data(header.into()));
    }
    Ok(ServedCopy {
        bytes: webp.encoder().bytes(),
        orientation,
    })
}

/// The orientation in a TIFF structure, as EXIF holds it.
fn orientation(tiff: &[u8]) -> Option<u8> {
    const TAG: u64 = 0x0112;
    let little_endian = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let number = |range: Range<usize>| {
        let bytes = tiff.get(range)?;
        let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        Some(if little_endian {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    };
    let directory = usize::try_from(number(4..8)?).ok()?;
    let entries = usize::try_from(number(directory..directory.checked_add(2)?)?).ok()?;
    (0..entries)
        .map(|index| directory + 2 + 12 * index)
        .find(|at| number(*at..at + 2) == Some(TAG))
        .and_then(|at| u8::try_from(number(at + 8..at + 10)?).ok())
        .filter(|value| (1..=8).contains(value))
}

#[cfg(test)]
mod tests;
