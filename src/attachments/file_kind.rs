//! Which files are accepted. What the bytes say, what the caller declares and
//! what the name ends in must agree on one kind of a short allow-list.
//!
//! What this does not do: look inside a PDF for scripts, or decode pictures,
//! sound or film. That is the scanner's part.

use img_parts::Bytes;
use infer::MatcherType;

use super::file_name::{extension, safe_file_name};
pub use super::file_refused::{FileRefused, PROBLEMS};
use super::{metadata, mpeg4};

/// How many bytes from the start of a file [`Claim::check_head`] needs to see,
/// unless the file is shorter.
pub const HEAD_BYTES: usize = 4096;

/// A kind of file that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// JPEG picture.
    Jpeg,
    /// PNG picture.
    Png,
    /// WebP picture, not animated.
    Webp,
    /// PDF document.
    Pdf,
    /// MPEG-4 film.
    Mp4,
    /// MPEG layer 3 sound.
    Mp3,
    /// MPEG-4 sound.
    M4a,
    /// WAVE sound.
    Wav,
    /// UTF-8 text.
    Text,
    /// UTF-8 comma-separated values.
    Csv,
}

impl FileKind {
    /// Every accepted kind.
    pub const ALL: [Self; 10] = [
        Self::Jpeg,
        Self::Png,
        Self::Webp,
        Self::Pdf,
        Self::Mp4,
        Self::Mp3,
        Self::M4a,
        Self::Wav,
        Self::Text,
        Self::Csv,
    ];

    /// The media type a file of this kind is stored and served under.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            other => other.declared_types()[0],
        }
    }

    /// Whether this is a picture.
    pub fn is_image(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }

    /// Media types a caller may declare, the usual one first.
    fn declared_types(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["image/jpeg", "image/pjpeg"],
            Self::Png => &["image/png"],
            Self::Webp => &["image/webp"],
            Self::Pdf => &["application/pdf"],
            Self::Mp4 => &["video/mp4"],
            Self::Mp3 => &["audio/mpeg", "audio/mp3"],
            Self::M4a => &["audio/mp4", "audio/m4a", "audio/x-m4a"],
            Self::Wav => &["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"],
            Self::Text => &["text/plain"],
            Self::Csv => &["text/csv"],
        }
    }

    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
            Self::Webp => &["webp"],
            Self::Pdf => &["pdf"],
            Self::Mp4 => &["mp4"],
            Self::Mp3 => &["mp3"],
            Self::M4a => &["m4a"],
            Self::Wav => &["wav"],
            Self::Text => &["txt"],
            Self::Csv => &["csv"],
        }
    }

    fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.extensions().contains(&extension))
    }
}

/// How large a file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// Most bytes of one file.
    pub max_bytes: u64,
    /// Most pixels of one picture, width times height.
    pub max_pixels: u64,
}

impl Default for FileLimits {
    /// 20 MiB and 50 megapixels.
    fn default() -> Self {
        Self {
            max_bytes: 20 * 1024 * 1024,
            max_pixels: 50_000_000,
        }
    }
}

/// What the caller says a file is: name and declared type agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    file_name: String,
    kind: FileKind,
}

/// What the bytes of an accepted file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Bytes, declaration and name agree on this kind.
    pub kind: FileKind,
    /// Width and height in pixels, of pictures.
    pub dimensions: Option<(u32, u32)>,
}

impl Claim {
    /// Takes the caller's file name and declared content type, before any byte
    /// is read. Parameters of the content type are ignored.
    ///
    /// # Errors
    /// [`FileRefused::TypeNotAllowed`] or [`FileRefused::TypesDiffer`].
    pub fn new(file_name: &str, declared_type: &str) -> Result<Self, FileRefused> {
        let file_name = safe_file_name(file_name);
        let ending = extension(&file_name).unwrap_or_default();
        let kind =
            FileKind::from_extension(&ending).ok_or_else(|| FileRefused::TypeNotAllowed(refused_extension(&ending)))?;
        let declared = declared_type.split(';').next().unwrap_or_default().trim();
        if kind
            .declared_types()
            .iter()
            .any(|known| known.eq_ignore_ascii_case(declared))
        {
            Ok(Self { file_name, kind })
        } else {
            Err(FileRefused::TypesDiffer(
                "the declared content type is not that of the extension",
            ))
        }
    }

    /// The safe file name to keep and show.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The kind claimed, proven only by [`Claim::check`].
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// Refuses early what cannot be of the claimed kind, from the first
    /// [`HEAD_BYTES`] bytes, so that an upload can stop there.
    ///
    /// # Errors
    /// Empty file, type not allowed or types that differ.
    pub fn check_head(&self, head: &[u8]) -> Result<(), FileRefused> {
        if head.is_empty() {
            return Err(FileRefused::Empty);
        }
        let head = &head[..head.len().min(HEAD_BYTES)];
        if matches!(self.kind, FileKind::Text | FileKind::Csv) {
            return check_text_head(head);
        }
        match sniff(head) {
            Ok(found) if found == self.kind => Ok(()),
            // Both are one container; recorders write sound under either brand.
            Ok(FileKind::Mp4) if self.kind == FileKind::M4a => Ok(()),
            Ok(_) => Err(FileRefused::TypesDiffer("the content is of another type than its name")),
            Err(what) => Err(FileRefused::TypeNotAllowed(what)),
        }
    }

    /// Checks a whole file without decoding it. It copies nothing, but walks
    /// through all bytes: run large files off the async workers.
    ///
    /// # Errors
    /// The first of the rules in [`FileRefused`] that the file breaks.
    pub fn check(&self, file: &Bytes, limits: &FileLimits) -> Result<Checked, FileRefused> {
        if file.len() as u64 > limits.max_bytes {
            return Err(FileRefused::TooLarge {
                limit: limits.max_bytes,
            });
        }
        self.check_head(file)?;
        if ends_in_zip_directory(file) {
            return Err(FileRefused::TwoFilesInOne("a ZIP archive is appended to the file"));
        }
        let kind = self.kind;
        if !kind.is_image() {
            check_structure(kind, file)?;
            return Ok(Checked { kind, dimensions: None });
        }
        let (width, height) = metadata::dimensions(kind, file)?;
        let pixels = u64::from(width) * u64::from(height);
        if pixels > limits.max_pixels {
            return Err(FileRefused::TooManyPixels {
                pixels,
                limit: limits.max_pixels,
            });
        }
        Ok(Checked {
            kind,
            dimensions: Some((width, height)),
        })
    }
}

/// The kind the first bytes say, or what they are instead.
fn sniff(head: &[u8]) -> Result<FileKind, &'static str> {
    let Some(found) = infer::get(head) else {
        return Err("the type of the content is not recognised");
    };
    match found.mime_type() {
        "image/jpeg" => Ok(FileKind::Jpeg),
        "image/png" => Ok(FileKind::Png),
        "image/webp" => Ok(FileKind::Webp),
        "application/pdf" => Ok(FileKind::Pdf),
        "video/mp4" => Ok(FileKind::Mp4),
        "audio/mpeg" => Ok(FileKind::Mp3),
        "audio/m4a" => Ok(FileKind::M4a),
        "audio/x-wav" => Ok(FileKind::Wav),
        "image/heif" => Err(HEIC),
        _ => Err(match found.matcher_type() {
            MatcherType::App => "the content is a program or a key",
            MatcherType::Archive | MatcherType::Book => "the content is an archive",
            MatcherType::Text => "the content is markup or a script",
            MatcherType::Doc => "the content is an office document; send it as PDF",
            MatcherType::Image => "pictures must be JPEG, PNG or WebP",
            MatcherType::Audio | MatcherType::Video => "recordings must be MP3, M4A, WAV or MP4",
            MatcherType::Font | MatcherType::Custom => "the type of the content is not accepted",
        }),
    }
}

const HEIC: &str = "HEIC pictures cannot be cleaned of their metadata; send them as JPEG";

fn refused_extension(extension: &str) -> &'static str {
    match extension {
        "" => "the file name has no extension",
        "heic" | "heif" => HEIC,
        "svg" | "html" | "htm" | "xhtml" | "xml" | "mht" => "markup can carry scripts",
        "exe" | "dll" | "msi" | "com" | "scr" | "bat" | "cmd" | "ps1" | "js" | "mjs" | "vbs" | "sh" | "php" | "py"
        | "jar" | "apk" | "lnk" => "programs and scripts are not accepted",
        "zip" | "gz" | "tgz" | "tar" | "7z" | "rar" | "bz2" | "xz" | "iso" => {
            "archives are not accepted; send the files one by one"
        }
        "doc" | "docx" | "docm" | "xls" | "xlsx" | "xlsm" | "ppt" | "pptx" | "odt" | "ods" | "rtf" => {
            "office documents are not accepted; send them as PDF"
        }
        _ => "the extension is not on the list",
    }
}

fn check_structure(kind: FileKind, file: &[u8]) -> Result<(), FileRefused> {
    match kind {
        FileKind::Text | FileKind::Csv => check_text(file),
        FileKind::Pdf => check_pdf(file),
        FileKind::Mp4 | FileKind::M4a => mpeg4::check(file),
        FileKind::Mp3 => check_mp3(file),
        FileKind::Wav | FileKind::Jpeg | FileKind::Png | FileKind::Webp => Ok(()),
    }
}

/// Text that some program would run or render is not plain text. Short magic
/// numbers are no help here: `BM` is a bitmap, and also the start of `BMW`.
fn check_text_head(head: &[u8]) -> Result<(), FileRefused> {
    let body = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let opens_tag = body.first() == Some(&b'<')
        && body
            .get(1)
            .is_some_and(|c| c.is_ascii_alphabetic() || b"!?/%".contains(c));
    let other: [&[u8]; 5] = [b"#!", b"%PDF-", b"%!PS", b"{\\rtf", b"GIF8"];
    if opens_tag || other.iter().any(|start| body.starts_with(start)) {
        return Err(FileRefused::TypesDiffer(
            "the content is markup or a script, not plain text",
        ));
    }
    Ok(())
}

fn check_text(file: &[u8]) -> Result<(), FileRefused> {
    let text = std::str::from_utf8(file).map_err(|_| FileRefused::Malformed("the text is not UTF-8"))?;
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}'))
    {
        return Err(FileRefused::Malformed("the text holds control characters"));
    }
    Ok(())
}

/// A PDF starts with its header and ends with `%%EOF` and line ends. Readers
/// look for the header in the first 1024 bytes, which is room for another file.
fn check_pdf(file: &[u8]) -> Result<(), FileRefused> {
    const END: &[u8] = b"%%EOF";
    if !file.starts_with(b"%PDF-") {
        return Err(FileRefused::TwoFilesInOne("bytes stand before the PDF header"));
    }
    let end = file
        .windows(END.len())
        .rposition(|window| window == END)
        .ok_or(FileRefused::Malformed("the PDF has no end"))?;
    if file[end + END.len()..]
        .iter()
        .all(|b| b.is_ascii_whitespace() || *b == 0)
    {
        Ok(())
    } else {
        Err(FileRefused::TwoFilesInOne("bytes follow the end of the PDF"))
    }
}

/// An ID3v2 tag alone proves no sound: an MPEG frame must follow it.
fn check_mp3(file: &[u8]) -> Result<(), FileRefused> {
    let after_tag = match file {
        [b'I', b'D', b'3', _, _, _, a, b, c, d, rest @ ..] => {
            let size = [a, b, c, d]
                .iter()
                .fold(0, |sum, b| (sum << 7) | usize::from(**b & 0x7F));
            rest.get(size..).unwrap_or_default()
        }
        _ => file,
    };
    let frame = after_tag.iter().position(|b| *b != 0).map(|at| &after_tag[at..]);
    match frame {
        Some([0xFF, second, ..]) if second & 0xE0 == 0xE0 => Ok(()),
        _ => Err(FileRefused::Malformed("no MPEG sound follows the tag")),
    }
}

/// Whether an unpacker would find an archive: readers search for the
/// end-of-central-directory record (APPNOTE 4.3.16) in the last 64 KiB.
fn ends_in_zip_directory(file: &[u8]) -> bool {
    const SEARCHED: usize = 22 + u16::MAX as usize;
    let tail = &file[file.len().saturating_sub(SEARCHED)..];
    tail.windows(4).any(|window| window == b"PK\x05\x06")
}

#[cfg(test)]
mod tests;
