//! How a broken rule of the field tells its caller what went wrong.
//!
//! Each capability has its own small error enum and implements [`Rule`] for it;
//! the HTTP layer turns any of them into an RFC 9457 problem without knowing
//! the capability.

use uuid::Uuid;

/// A kind of problem, published at `/problems/{slug}` (RFC 9457 `type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemType {
    /// Stable last segment of the problem's URI, noun-state: `task-already-accepted`.
    pub slug: &'static str,
    /// Short title that never changes from occurrence to occurrence.
    pub title: &'static str,
    /// HTTP status this problem is answered with.
    pub status: u16,
    /// What it means and what the caller can do about it.
    pub meaning: &'static str,
}

/// Declares kinds of problems, and the list of them all.
macro_rules! problems {
    ($(#[$doc:meta])* $all:ident: $($name:ident = $status:literal $slug:literal, $title:literal, $meaning:literal;)+) => {
        $(const $name: ProblemType =
            ProblemType { slug: $slug, title: $title, status: $status, meaning: $meaning };)+

        $(#[$doc])*
        pub const $all: &[ProblemType] = &[$($name),+];
    };
}
pub(crate) use problems;

/// A case that stands against what was asked, and that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseInTheWay {
    /// The case.
    pub id: Uuid,
    /// The organisation that owns it.
    pub owner: Uuid,
    /// `CAM-7K3F-Q2M9`.
    pub reference: String,
}

/// A rule of the field that a request broke.
pub trait Rule: std::error::Error {
    /// Which documented problem this is.
    fn problem(&self) -> &'static ProblemType;

    /// RFC 6901 pointer to the member of the request body at fault, if one is.
    fn pointer(&self) -> Option<String> {
        None
    }

    /// Every member at fault with what is wrong with it, where there are several.
    fn faults(&self) -> Vec<(String, String)> {
        self.pointer()
            .map(|pointer| (pointer, self.to_string()))
            .into_iter()
            .collect()
    }

    /// What was wrong, in fixed words, where the log says more of it than the answer.
    fn fault(&self) -> Option<String> {
        None
    }

    /// The case that the answer names, if it names one: the log does too.
    fn case_in_the_way(&self) -> Option<&CaseInTheWay> {
        None
    }
}
