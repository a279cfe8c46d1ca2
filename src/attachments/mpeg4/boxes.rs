//! Boxes, and the numbers in them.

use std::ops::Range;

use super::super::parts::MAX_PARTS;

/// A box: its type and where its content stands in the file.
#[derive(Debug, Clone)]
pub struct MediaBox {
    pub name: [u8; 4],
    pub start: usize,
    pub content: Range<usize>,
}

/// The boxes that fill a range exactly, or `None` if they do not.
pub fn boxes(file: &[u8], range: Range<usize>) -> Option<Vec<MediaBox>> {
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

/// The box of that name, if there is one and no second.
pub fn only<'a>(found: &'a [MediaBox], name: &[u8; 4]) -> Option<&'a MediaBox> {
    let mut named = found.iter().filter(|found| found.name == *name);
    let first = named.next()?;
    named.next().is_none().then_some(first)
}

/// The numbers of a box, read from its front on.
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn of(file: &'a [u8], content: Range<usize>) -> Option<Self> {
        file.get(content).map(Self)
    }

    /// Version and flags, with which many boxes begin (4.2.2).
    pub fn version_and_flags(&mut self) -> Option<(u8, u32)> {
        let [version, a, b, c] = self.u32()?.to_be_bytes();
        Some((version, u32::from_be_bytes([0, a, b, c])))
    }

    pub fn u32(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    pub fn u64(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*number))
    }

    /// The rows of a table of such numbers; before them stands how many there are.
    pub fn rows<const N: usize>(&mut self) -> Option<Vec<[u32; N]>> {
        let count = usize::try_from(self.u32()?).ok()?;
        let (numbers, _) = self.0.as_chunks::<4>();
        let (rows, _) = numbers.get(..count.checked_mul(N)?)?.as_chunks::<N>();
        Some(rows.iter().map(|row| row.map(u32::from_be_bytes)).collect())
    }

    /// What was not read yet.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}
