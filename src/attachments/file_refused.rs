//! Why a file is refused, and the problem each reason is answered with.

use crate::rule::{ProblemType, Rule};

/// Why a file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// More bytes than the service takes.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// Most bytes accepted.
        limit: u64,
    },
    /// More than the organisation may add in 24 hours.
    #[error("with this file your organisation would have added more than {mebibytes} MiB in 24 hours")]
    QuotaUsedUp {
        /// Most that is taken from it, in MiB.
        mebibytes: u32,
    },
    /// Not on the allow-list.
    #[error("this type of file is not accepted: {0}")]
    TypeNotAllowed(&'static str),
    /// Content, declared type and extension do not agree.
    #[error("the types of the file differ: {0}")]
    TypesDiffer(&'static str),
    /// Cut off or broken.
    #[error("the file is damaged: {0}")]
    Malformed(&'static str),
    /// A picture that would fill the memory of whoever opens it.
    #[error("the picture has {pixels} pixels, more than {limit}")]
    TooManyPixels {
        /// Width times height.
        pixels: u64,
        /// Most pixels accepted.
        limit: u64,
    },
    /// A polyglot: two programs would read two different files.
    #[error("the file is two files in one: {0}")]
    TwoFilesInOne(&'static str),
    /// The scanner found malware.
    #[error("malware was found in the file")]
    Infected,
}

const EMPTY: ProblemType = ProblemType {
    slug: "attachment-empty",
    title: "The file is empty",
    status: 422,
    meaning: "The upload holds no bytes. Choose the file again.",
};
const TOO_LARGE: ProblemType = ProblemType {
    slug: "attachment-too-large",
    title: "The file is too large",
    status: 413,
    meaning: "The file has more bytes than this service takes. Send a smaller copy.",
};
const QUOTA_USED_UP: ProblemType = ProblemType {
    slug: "attachment-quota-used-up",
    title: "Too much was added in a day",
    status: 413,
    meaning: "One organisation adds so much as attachments in 24 hours, and no more; nothing of this file is kept. \
              Send it later, or ask who runs the service for more (WARDLINK_LIMIT_UPLOADS).",
};
const TYPE_NOT_ALLOWED: ProblemType = ProblemType {
    slug: "attachment-type-not-allowed",
    title: "This type of file is not accepted",
    status: 415,
    meaning: "Accepted are JPEG, PNG, WebP, PDF, MP4, MP3, M4A, WAV, and UTF-8 text as .txt or .csv.",
};
const TYPES_DIFFER: ProblemType = ProblemType {
    slug: "attachment-types-differ",
    title: "The types of the file differ",
    status: 415,
    meaning: "Content, declared content type and extension must say the same. Rename or convert the file.",
};
const MALFORMED: ProblemType = ProblemType {
    slug: "attachment-damaged",
    title: "The file is damaged",
    status: 422,
    meaning: "The file is cut off or broken, so it cannot be made safe to hand out. Export it again.",
};
const TOO_MANY_PIXELS: ProblemType = ProblemType {
    slug: "attachment-too-many-pixels",
    title: "The picture has too many pixels",
    status: 422,
    meaning: "The picture would take too much memory to open. Scale it down.",
};
const TWO_FILES_IN_ONE: ProblemType = ProblemType {
    slug: "attachment-two-files-in-one",
    title: "The file is two files in one",
    status: 422,
    meaning: "Something is appended to or put before the file. Export it again and send both apart.",
};
const INFECTED: ProblemType = ProblemType {
    slug: "attachment-infected",
    title: "Malware was found in the file",
    status: 422,
    meaning: "The scanner found malware, so the file was not taken in. Nothing of it is kept.",
};

/// Every problem of this file.
pub const PROBLEMS: &[ProblemType] = &[
    EMPTY,
    TOO_LARGE,
    QUOTA_USED_UP,
    TYPE_NOT_ALLOWED,
    TYPES_DIFFER,
    MALFORMED,
    TOO_MANY_PIXELS,
    TWO_FILES_IN_ONE,
    INFECTED,
];

impl Rule for FileRefused {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::Empty => &EMPTY,
            Self::TooLarge { .. } => &TOO_LARGE,
            Self::QuotaUsedUp { .. } => &QUOTA_USED_UP,
            Self::TypeNotAllowed(_) => &TYPE_NOT_ALLOWED,
            Self::TypesDiffer(_) => &TYPES_DIFFER,
            Self::Malformed(_) => &MALFORMED,
            Self::TooManyPixels { .. } => &TOO_MANY_PIXELS,
            Self::TwoFilesInOne(_) => &TWO_FILES_IN_ONE,
            Self::Infected => &INFECTED,
        }
    }

    fn pointer(&self) -> Option<String> {
        Some("/file".to_owned())
    }
}
