//! MPEG-4 film and sound (ISO/IEC 14496-12 clause 4.2): a tree of boxes.
//!
//! The copy that is handed out keeps picture and sound, and of the rest what it takes to
//! play them. Sample tables count bytes from the start of the file, so nothing may move:
//! a box that goes becomes an empty `free` box, and everything else is overwritten.

mod boxes;
mod samples;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use img_parts::Bytes;

use self::boxes::{Fields, MediaBox, boxes, only};
use self::samples::{Fragment, Unclaimed};
use super::file_refused::FileRefused;

const BROKEN: FileRefused = FileRefused::Malformed("the recording is cut off or broken");

/// Tracks that are played. Others tell of the recording: its place and movement, second by
/// second, its time of day, or the same as subtitles.
const PLAYED: [[u8; 4]; 2] = [*b"vide", *b"soun"];

/// What stays, by the box it stands in. Of a box that is not named here, all stays that it
/// holds. User data and descriptions go, and what a maker added.
const KEPT: &[(&[u8; 4], &[&[u8; 4]])] = &[
    (
        b"file",
        &[b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx", b"ssix", b"mfra"],
    ),
    (b"moov", &[b"mvhd", b"iods", b"trak", b"mvex"]),
    (b"mvex", &[b"mehd", b"trex", b"leva"]),
    (b"trak", &[b"tkhd", b"tref", b"edts", b"tapt", b"mdia"]),
    (b"mdia", &[b"mdhd", b"hdlr", b"elng", b"minf"]),
    (b"minf", &[b"vmhd", b"smhd", b"hdlr", b"dinf", b"stbl"]),
    (
        b"stbl",
        &[
            b"stsd", b"stts", b"ctts", b"cslg", b"stss", b"stps", b"stsh", b"stsc", b"stsz", b"stz2", b"stco", b"co64",
            b"sdtp", b"sbgp", b"sgpd", b"subs", b"padb", b"stdp",
        ],
    ),
    (b"moof", &[b"mfhd", b"traf"]),
    (
        b"traf",
        &[b"tfhd", b"tfdt", b"trun", b"sdtp", b"sbgp", b"sgpd", b"subs"],
    ),
];

fn kept_in(parent: &[u8; 4]) -> Option<&'static [&'static [u8; 4]]> {
    KEPT.iter().find(|(name, _)| *name == parent).map(|(_, kept)| *kept)
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

/// The recording without place, times and names of makers, in boxes as well as in tracks
/// beside picture and sound. It is as long as before.
///
/// # Errors
/// [`FileRefused::Malformed`] if boxes do not fill their parent, a track does not say what
/// it is, or the samples of one that goes are not to be found.
pub fn clean(original: &Bytes) -> Result<Bytes, FileRefused> {
    cleaned(original).map(Bytes::from).ok_or(BROKEN)
}

fn cleaned(file: &[u8]) -> Option<Vec<u8>> {
    let found = boxes(file, 0..file.len())?;
    let media = found.iter().filter(|found| found.name == *b"mdat");
    let mut cleaning = Cleaning {
        file,
        copy: file.to_vec(),
        media: media.map(|media| media.content.clone()).collect(),
        unclaimed: Unclaimed(file.len()),
        gone: HashSet::new(),
        default_sizes: HashMap::new(),
    };
    // Fragments know their tracks by number alone: the movie says what those are.
    let (movies, others): (Vec<_>, Vec<_>) = found.iter().partition(|found| found.name == *b"moov");
    for found in movies.into_iter().chain(others) {
        cleaning.visit(b"file", found)?;
    }
    Some(cleaning.copy)
}

/// A copy under way.
struct Cleaning<'a> {
    file: &'a [u8],
    copy: Vec<u8>,
    /// Where samples may lie, in order.
    media: Vec<Range<usize>>,
    unclaimed: Unclaimed,
    /// The numbers of tracks that go.
    gone: HashSet<u32>,
    /// The sizes of samples in fragments that name none, by track.
    default_sizes: HashMap<u32, u32>,
}

impl Cleaning<'_> {
    fn visit(&mut self, parent: &[u8; 4], found: &MediaBox) -> Option<()> {
        if kept_in(parent).is_some_and(|kept| !kept.contains(&&found.name)) {
            return self.empty(found);
        }
        match &found.name {
            b"mvhd" | b"tkhd" | b"mdhd" => self.wipe(times(self.file, found)?),
            b"hdlr" => self.wipe(found.content.start + 12..found.content.end),
            b"trex" => {
                let (track, size) = samples::default_size(self.file, found)?;
                self.default_sizes.insert(track, size);
                Some(())
            }
            b"trak" => self.visit_track(found),
            b"moof" if !self.gone.is_empty() => self.visit_fragment(found),
            _ => self.visit_inside(found),
        }
    }

    fn visit_inside(&mut self, found: &MediaBox) -> Option<()> {
        if kept_in(&found.name).is_none() {
            return Some(());
        }
        let inside = boxes(self.file, found.content.clone())?;
        inside.iter().try_for_each(|inner| self.visit(&found.name, inner))
    }

    fn visit_track(&mut self, found: &MediaBox) -> Option<()> {
        let track = Track::read(self.file, found)?;
        if PLAYED.contains(&track.kind) {
            self.visit_inside(found)?;
            return match &track.kind {
                b"vide" => self.forget_encoder(&track.stbl),
                _ => Some(()),
            };
        }
        self.gone.insert(track.id);
        for chunk in samples::of_track(self.file, &track.stbl, &mut self.unclaimed)? {
            self.wipe_samples(chunk)?;
        }
        self.empty(found)
    }

    fn visit_fragment(&mut self, moof: &MediaBox) -> Option<()> {
        let mut end = moof.start;
        for found in boxes(self.file, moof.content.clone())? {
            if found.name != *b"traf" {
                self.visit(b"moof", &found)?;
                continue;
            }
            let fragment = Fragment {
                file: self.file,
                start: moof.start,
                default_sizes: &self.default_sizes,
            };
            let part = fragment.part(&found, end, &mut self.unclaimed)?;
            end = part.end;
            if !self.gone.contains(&part.track) {
                self.visit(b"moof", &found)?;
                continue;
            }
            for run in part.runs {
                self.wipe_samples(run)?;
            }
            self.empty(&found)?;
        }
        Some(())
    }

    /// Overwrites what the encoder of a picture calls itself (12.1.3).
    fn forget_encoder(&mut self, stbl: &MediaBox) -> Option<()> {
        const NAME: Range<usize> = 42..74;
        let tables = boxes(self.file, stbl.content.clone())?;
        let described = &only(&tables, b"stsd")?.content;
        let entries = boxes(self.file, described.start + 8..described.end).unwrap_or_default();
        for content in entries.iter().map(|entry| &entry.content) {
            if NAME.end <= content.len() {
                self.wipe(content.start + NAME.start..content.start + NAME.end)?;
            }
        }
        Some(())
    }

    fn empty(&mut self, found: &MediaBox) -> Option<()> {
        let name = found.start + 4..found.start + 8;
        self.copy.get_mut(name)?.copy_from_slice(b"free");
        self.wipe(found.content.clone())
    }

    /// Overwrites samples, which lie where media do and nowhere else.
    fn wipe_samples(&mut self, samples: Range<usize>) -> Option<()> {
        if samples.is_empty() {
            return Some(());
        }
        let until = self.media.partition_point(|media| media.start <= samples.start);
        let media = self.media.get(until.checked_sub(1)?)?;
        if samples.end > media.end {
            return None;
        }
        self.wipe(samples)
    }

    fn wipe(&mut self, range: Range<usize>) -> Option<()> {
        self.copy.get_mut(range)?.fill(0);
        Some(())
    }
}

/// Where a header says when a movie, a track or its media were made and changed (8.2.2,
/// 8.3.2, 8.4.2).
fn times(file: &[u8], header: &MediaBox) -> Option<Range<usize>> {
    let (version, _) = Fields::of(file, header.content.clone())?.version_and_flags()?;
    let length = match version {
        0 => 8,
        1 => 16,
        _ => return None,
    };
    let start = header.content.start + 4;
    (start + length <= header.content.end).then(|| start..start + length)
}

/// What a movie says of a track.
struct Track {
    id: u32,
    /// What its samples are (8.4.3).
    kind: [u8; 4],
    /// Its sample table.
    stbl: MediaBox,
}

impl Track {
    fn read(file: &[u8], trak: &MediaBox) -> Option<Self> {
        let inside = |found: &MediaBox| boxes(file, found.content.clone());
        let parts = inside(trak)?;
        let (head, media) = (only(&parts, b"tkhd")?, inside(only(&parts, b"mdia")?)?);
        let mut behind_times = Fields::of(file, times(file, head)?.end..head.content.end)?;
        let mut handler = Fields::of(file, only(&media, b"hdlr")?.content.clone())?;
        handler.version_and_flags()?;
        handler.u32()?;
        Some(Self {
            id: behind_times.u32()?,
            kind: handler.u32()?.to_be_bytes(),
            stbl: only(&inside(only(&media, b"minf")?)?, b"stbl")?.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
