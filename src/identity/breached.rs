//! Passwords that are known from breaches, from a file that the operator supplies.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

use aws_lc_rs::digest;

/// Longer than any line of such a file: digest, colon, count.
const LONGEST_LINE: u64 = 128;

/// Digits of a SHA-1 in hexadecimal.
const DIGITS: usize = 40;

/// A list of breached passwords.
#[derive(Debug, Default)]
pub enum Breached {
    /// None was supplied.
    #[default]
    None,
    /// SHA-1 digests in hexadecimal, sorted, each perhaps with `:COUNT` behind it:
    /// searched on the disk, so it may be of any size.
    Digests {
        /// The file.
        file: File,
        /// Its length in bytes.
        length: u64,
    },
    /// Passwords as they are, one a line: kept in memory, by digest.
    Lines(HashSet<[u8; 20]>),
}

impl Breached {
    /// Opens a list; its first line tells of which kind it is.
    ///
    /// # Errors
    /// If it cannot be read, or its digests are not sorted.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut first = Vec::new();
        BufReader::new(&file).read_until(b'\n', &mut first)?;
        if digest_of(&first).is_none() {
            let passwords = BufReader::new(File::open(path)?).split(b'\n');
            let digests = passwords.map(|line| line.map(|line| sha1(line.strip_suffix(b"\r").unwrap_or(&line))));
            return Ok(Self::Lines(digests.collect::<io::Result<_>>()?));
        }
        let length = file.metadata()?.len();
        let mut before = String::new();
        // A spot check: searching a file that is not sorted would find nothing.
        for step in 0..64 {
            let (_, line) = line_around(&file, length, length / 64 * step)?;
            let digest = digest_of(&line).ok_or(ErrorKind::InvalidData)?;
            if digest < before {
                return Err(io::Error::new(ErrorKind::InvalidData, "the digests are not sorted"));
            }
            before = digest;
        }
        Ok(Self::Digests { file, length })
    }

    /// Whether `password` is in it.
    ///
    /// # Errors
    /// If it cannot be read any more.
    pub fn contains(&self, password: &str) -> io::Result<bool> {
        match self {
            Self::None => Ok(false),
            Self::Lines(digests) => Ok(digests.contains(&sha1(password.as_bytes()))),
            Self::Digests { file, length } => {
                let wanted: String = sha1(password.as_bytes())
                    .iter()
                    .map(|octet| format!("{octet:02X}"))
                    .collect();
                search(file, *length, &wanted)
            }
        }
    }
}

fn sha1(octets: &[u8]) -> [u8; 20] {
    let mut sum = [0; 20];
    // Only to find a password in a public list: nothing is proved by it.
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, octets);
    sum.copy_from_slice(digest.as_ref());
    sum
}

fn search(file: &File, length: u64, wanted: &str) -> io::Result<bool> {
    let (mut low, mut high) = (0, length);
    while low < high {
        let (start, line) = line_around(file, length, low + (high - low) / 2)?;
        let digest = digest_of(&line).ok_or(ErrorKind::InvalidData)?;
        match digest.as_str().cmp(wanted) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => low = start + line.len() as u64,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    Ok(false)
}

/// The line in which the byte at `offset` lies, with its end, and where it starts.
fn line_around(file: &File, length: u64, offset: u64) -> io::Result<(u64, Vec<u8>)> {
    let from = offset.saturating_sub(LONGEST_LINE);
    let mut window = vec![0; usize::try_from((offset + LONGEST_LINE).min(length) - from).unwrap_or_default()];
    file.read_exact_at(&mut window, from)?;
    let at = usize::try_from(offset - from).unwrap_or_default();
    let start = window[..at]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let end = window[at..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(window.len(), |end| at + end + 1);
    Ok((from + start as u64, window[start..end].to_vec()))
}

/// The digest at the start of a line, in upper case.
fn digest_of(line: &[u8]) -> Option<String> {
    let (digits, rest) = line.split_at_checked(DIGITS)?;
    let alone = rest.first().is_none_or(|next| matches!(next, b':' | b'\r' | b'\n'));
    let digits = std::str::from_utf8(digits).ok()?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    (alone && is_hex).then(|| digits.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn list(text: &str) -> (tempfile::NamedTempFile, io::Result<Breached>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let opened = Breached::open(file.path());
        (file, opened)
    }

    fn hex(password: &str) -> String {
        sha1(password.as_bytes())
            .iter()
            .map(|octet| format!("{octet:02X}"))
            .collect()
    }

    #[test]
    fn every_digest_of_a_sorted_list_is_found_and_no_other() {
        for (end, count) in [("\n", ""), ("\r\n", ":12"), ("\n", ":123456")] {
            for size in [1, 2, 3, 100, 1_000] {
                let passwords: Vec<String> = (0..size).map(|n| format!("breached password {n}")).collect();
                let mut digests: Vec<String> = passwords.iter().map(|password| hex(password)).collect();
                digests.sort();
                let mut text = String::new();
                for digest in &digests {
                    write!(text, "{digest}{count}{end}").unwrap();
                }
                let (_file, list) = list(&text);
                let list = list.unwrap();

                assert!(matches!(list, Breached::Digests { .. }));
                for password in &passwords {
                    assert!(list.contains(password).unwrap(), "{password} of {size}");
                }
                assert!(!list.contains("another password").unwrap());
            }
        }
    }

    #[test]
    fn a_digest_is_forty_digits_that_stand_alone() {
        let digits = "0aF9".repeat(10);
        let read = |line: &str| digest_of(line.as_bytes());

        for alone in ["", ":7", "\r\n", "\n"] {
            assert_eq!(
                read(&format!("{digits}{alone}")),
                Some(digits.to_ascii_uppercase()),
                "{alone:?}"
            );
        }
        assert_eq!(read(&format!("{digits}0")), None);
        assert_eq!(read(&digits[1..]), None);
        assert_eq!(read(&format!("{}g:7", &digits[1..])), None);
    }

    #[test]
    fn plain_lines_are_found_as_they_are() {
        let (_file, list) = list("correct horse battery\r\nzweite Zeile\nletzte");
        let list = list.unwrap();

        for known in ["correct horse battery", "zweite Zeile", "letzte"] {
            assert!(list.contains(known).unwrap(), "{known}");
        }
        assert!(!list.contains("Correct horse battery").unwrap());
    }

    #[test]
    fn digests_that_are_not_sorted_are_refused() {
        let mut digests: Vec<String> = (0..500).map(|n| hex(&n.to_string())).collect();
        digests.sort_by(|one, other| other.cmp(one));

        let (_file, list) = list(&digests.join("\n"));

        assert!(list.unwrap_err().to_string().contains("not sorted"));
    }
}
