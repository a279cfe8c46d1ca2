//! Where in a file the samples of a track lie: in chunks, which the tables of the movie
//! name (ISO/IEC 14496-12 clause 8.7), and in the runs of its fragments (8.8).

use std::collections::HashMap;
use std::iter::repeat_n;
use std::ops::Range;

use super::boxes::{Fields, MediaBox, boxes, only};

/// The sizes of samples in their order.
type Sizes<'a> = Box<dyn Iterator<Item = usize> + 'a>;

/// Bytes of the file that no sample has claimed yet. Samples lie beside one another;
/// tables in which they do not could keep us busy for hours.
pub struct Unclaimed(pub usize);

impl Unclaimed {
    /// Where samples of these sizes end, of which the first begins at `start`.
    fn claim(&mut self, start: usize, sizes: impl Iterator<Item = usize>) -> Option<usize> {
        let mut end = start;
        for size in sizes {
            self.0 = self.0.checked_sub(size)?;
            end = end.checked_add(size)?;
        }
        Some(end)
    }
}

/// The bytes of each chunk of a track.
pub fn of_track(file: &[u8], stbl: &MediaBox, unclaimed: &mut Unclaimed) -> Option<Vec<Range<usize>>> {
    let tables = boxes(file, stbl.content.clone())?;
    let mut sizes = sizes(file, &tables)?;
    let mut runs = table::<3>(file, only(&tables, b"stsc")?)?.into_iter().peekable();
    let mut in_each = None;
    let mut chunks = Vec::new();
    for (number, start) in (1..).zip(offsets(file, &tables)?) {
        if let Some([_, samples, _]) = runs.next_if(|[first, ..]| *first == number) {
            in_each = usize::try_from(samples).ok();
        }
        let end = unclaimed.claim(start, sizes.by_ref().take(in_each?))?;
        chunks.push(start..end);
    }
    // A run that no chunk began is out of order.
    (chunks.is_empty() || runs.next().is_none()).then_some(chunks)
}

/// The rows of a table that has nothing before them.
fn table<const N: usize>(file: &[u8], found: &MediaBox) -> Option<Vec<[u32; N]>> {
    let mut fields = Fields::of(file, found.content.clone())?;
    fields.version_and_flags()?;
    fields.rows()
}

/// Where the chunks begin (8.7.5).
fn offsets(file: &[u8], tables: &[MediaBox]) -> Option<Vec<usize>> {
    if let Some(short) = only(tables, b"stco") {
        let rows = table::<1>(file, short)?.into_iter();
        return rows.map(|[at]| usize::try_from(at).ok()).collect();
    }
    let rows = table::<2>(file, only(tables, b"co64")?)?.into_iter();
    rows.map(|[high, low]| usize::try_from((u64::from(high) << 32) | u64::from(low)).ok())
        .collect()
}

/// How large the samples are (8.7.3).
fn sizes<'a>(file: &'a [u8], tables: &[MediaBox]) -> Option<Sizes<'a>> {
    let Some(found) = only(tables, b"stsz") else {
        return compact_sizes(file, only(tables, b"stz2")?);
    };
    let mut fields = Fields::of(file, found.content.clone())?;
    fields.version_and_flags()?;
    match fields.u32()? {
        0 => {
            let sizes = fields.rows::<1>()?.into_iter();
            Some(Box::new(sizes.map_while(|[size]| usize::try_from(size).ok())))
        }
        size => alike(size, fields.u32()?),
    }
}

/// As many samples of one size.
fn alike(size: u32, count: u32) -> Option<Sizes<'static>> {
    // However many there are, they fill nothing.
    let count = if size == 0 { 0 } else { count };
    Some(Box::new(repeat_n(
        usize::try_from(size).ok()?,
        usize::try_from(count).ok()?,
    )))
}

fn compact_sizes<'a>(file: &'a [u8], found: &MediaBox) -> Option<Sizes<'a>> {
    let mut fields = Fields::of(file, found.content.clone())?;
    fields.version_and_flags()?;
    let bits = fields.u32()? & 0xFF;
    let count = usize::try_from(fields.u32()?).ok()?;
    let packed = fields.rest();
    let sizes: Sizes<'a> = match bits {
        4 => Box::new(packed.iter().flat_map(|&pair| [pair >> 4, pair & 0xF]).map(usize::from)),
        8 => Box::new(packed.iter().copied().map(usize::from)),
        16 => {
            let (sizes, _) = packed.as_chunks::<2>();
            Box::new(sizes.iter().map(|size| usize::from(u16::from_be_bytes(*size))))
        }
        _ => return None,
    };
    Some(Box::new(sizes.take(count)))
}

/// How large the samples of a track are in fragments that do not say it (8.8.3).
pub fn default_size(file: &[u8], trex: &MediaBox) -> Option<(u32, u32)> {
    let mut fields = Fields::of(file, trex.content.clone())?;
    fields.version_and_flags()?;
    let track = fields.u32()?;
    let (_description, _duration) = (fields.u32()?, fields.u32()?);
    Some((track, fields.u32()?))
}

/// What a fragment holds of one track.
pub struct Part {
    /// The number of the track.
    pub track: u32,
    /// The bytes of each run.
    pub runs: Vec<Range<usize>>,
    /// Where the last of them ends.
    pub end: usize,
}

/// A fragment under way.
pub struct Fragment<'a> {
    pub file: &'a [u8],
    /// Where the fragment begins.
    pub start: usize,
    /// What [`default_size`] said of each track.
    pub default_sizes: &'a HashMap<u32, u32>,
}

impl Fragment<'_> {
    /// What it holds of a track, behind `before` where it does not say where (8.8.7, 8.8.8).
    pub fn part(&self, traf: &MediaBox, before: usize, unclaimed: &mut Unclaimed) -> Option<Part> {
        let boxes = boxes(self.file, traf.content.clone())?;
        let mut fields = Fields::of(self.file, only(&boxes, b"tfhd")?.content.clone())?;
        let (_, flags) = fields.version_and_flags()?;
        let has = |flag: u32| flags & flag != 0;
        let track = fields.u32()?;
        let base = match has(0x1) {
            true => usize::try_from(fields.u64()?).ok()?,
            false if has(0x2_0000) => self.start,
            false => before,
        };
        // Before the size of samples stand their description and duration.
        if has(0x2) {
            fields.u32()?;
        }
        if has(0x8) {
            fields.u32()?;
        }
        let size = match has(0x10) {
            true => Some(fields.u32()?),
            false => self.default_sizes.get(&track).copied(),
        };
        let (mut runs, mut end) = (Vec::new(), base);
        for trun in boxes.iter().filter(|found| found.name == *b"trun") {
            let run = self.run(trun, (base, end), size, unclaimed)?;
            end = run.end;
            runs.push(run);
        }
        Some(Part { track, runs, end })
    }

    /// The bytes of a run: so far from the base of its track as it says, or else behind the
    /// run before it.
    fn run(
        &self,
        trun: &MediaBox,
        (base, before): (usize, usize),
        size: Option<u32>,
        unclaimed: &mut Unclaimed,
    ) -> Option<Range<usize>> {
        let mut fields = Fields::of(self.file, trun.content.clone())?;
        let (_, flags) = fields.version_and_flags()?;
        let has = |flag: u32| flags & flag != 0;
        let count = fields.u32()?;
        let start = match has(0x1) {
            true => base.checked_add_signed(isize::try_from(fields.u32()?.cast_signed()).ok()?)?,
            false => before,
        };
        if has(0x4) {
            fields.u32()?;
        }
        let sizes = match has(0x200) {
            true => listed_sizes(fields.rest(), flags, count)?,
            false => alike(size?, count)?,
        };
        Some(start..unclaimed.claim(start, sizes)?)
    }
}

/// The sizes in the rows of a run, which have as many numbers as its flags say.
fn listed_sizes(rows: &[u8], flags: u32, count: u32) -> Option<Sizes<'_>> {
    const DURATION: u32 = 0x100;
    let columns = usize::try_from((flags & 0xF00).count_ones()).ok()?;
    let column = usize::from(flags & DURATION != 0);
    let (numbers, _) = rows.as_chunks::<4>();
    let numbers = numbers.get(..columns.checked_mul(usize::try_from(count).ok()?)?)?;
    let sizes = numbers.iter().skip(column).step_by(columns);
    Some(Box::new(
        sizes.map_while(|size| usize::try_from(u32::from_be_bytes(*size)).ok()),
    ))
}
