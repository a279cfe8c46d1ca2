//! A limit on how many parts a file is made of.

/// Most segments, chunks or boxes of one file; cameras write some hundreds.
pub const MAX_PARTS: usize = 10_000;

/// Whether a file has at most [`MAX_PARTS`] parts from `start` on. Parsers keep
/// a record per part, so a file of nothing but empty parts would make them use
/// many times its size in memory.
///
/// `length` tells how long the part at the front of the rest is; `None` ends
/// the count, at the end or at something broken that the parser will report.
pub fn has_few_parts(file: &[u8], start: usize, length: impl Fn(&[u8]) -> Option<usize>) -> bool {
    let mut at = start;
    for _ in 0..MAX_PARTS {
        let Some(rest) = file.get(at..).filter(|rest| !rest.is_empty()) else {
            return true;
        };
        let Some(length) = length(rest) else {
            return true;
        };
        at = at.saturating_add(length.max(1));
    }
    false
}
