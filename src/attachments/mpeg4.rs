//! MPEG-4 film and sound (ISO/IEC 14496-12 clause 4.2): a tree of boxes.

use std::ops::Range;

use img_parts::Bytes;

use super::file_refused::FileRefused;
use super::parts::MAX_PARTS;

const BROKEN: FileRefused = FileRefused::Malformed("the recording is cut off or broken");

/// A box: its type and where its content stands in the file.
struct MediaBox {
    name: [u8; 4],
    start: usize,
    content: Range<usize>,
}

/// The boxes that fill a range exactly, or `None` if they do not.
fn boxes(file: &[u8], range: Range<usize>) -> Option<Vec<MediaBox>> {
    let mut found = Vec::new();
    let mut start = range.start;
    while start < range.end {
        if found.len() == MAX_PARTS {
            return None;
        }
        let header: [u8; 8] = file.get(start..start + 8)?.try_into().ok()?;
        let [a, b, c, d, name @ ..] = header;
        let (size, header) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (range.end - start, 8),
            1 => {
                let long: [u8; 8] = file.get(start + 8..start + 16)?.try_into().ok()?;
                (usize::try_from(u64::from_be_bytes(long)).ok()?, 16)
            }
            short => (usize::try_from(short).ok()?, 8),
        };
        let end = start
            .checked_add(size)
            .filter(|end| size >= header && *end <= range.end)?;
        found.push(MediaBox {
            name,
            start,
            content: start + header..end,
        });
        start = end;
    }
    Some(found)
}

/// Whether boxes fill an MPEG-4 file from start to end and one describes its
/// tracks.
///
/// # Errors
/// [`FileRefused::Malformed`] if not.
pub fn check(file: &[u8]) -> Result<(), FileRefused> {
    let found = boxes(file, 0..file.len()).ok_or(BROKEN)?;
    if found.iter().any(|found| found.name == *b"moov") {
        Ok(())
    } else {
        Err(BROKEN)
    }
}

/// Overwrites user data, which is where phones write the place, with empty
/// `free` boxes of the same length: sample tables count bytes from the start
/// of the file, so nothing may move.
///
/// # Errors
/// [`FileRefused::Malformed`] if boxes do not fill their parent.
pub fn clean(original: &Bytes) -> Result<Bytes, FileRefused> {
    let mut copy = original.to_vec();
    let whole = 0..copy.len();
    let mut open = vec![whole];
    while let Some(range) = open.pop() {
        for found in boxes(&copy, range).ok_or(BROKEN)? {
            match &found.name {
                b"moov" | b"trak" | b"moof" | b"traf" => open.push(found.content),
                b"udta" | b"meta" | b"uuid" => {
                    copy[found.start + 4..found.start + 8].copy_from_slice(b"free");
                    copy[found.content].fill(0);
                }
                _ => {}
            }
        }
    }
    Ok(copy.into())
}
