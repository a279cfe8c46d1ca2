//! What came of a verification, in words.

use std::fmt;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The event was sealed and is not there.
    EventGone,
    /// The event is not what was sealed.
    EventChanged,
    /// The event's body is gone, and no event of the log says that it was erased.
    ErasedInSilence,
    /// The event claims to have happened before others, and a checkpoint covers them and not it.
    Backdated,
    /// The event stands before sealed ones and was never sealed itself.
    Slipped,
    /// The event is not among what an organisation that may read it is listed.
    Withheld,
    /// Events wait to be sealed for longer than that takes: nothing proves them.
    Behind { events: u64 },
    /// A leaf of the tree is not there.
    LeafMissing { leaf_index: u64 },
    /// A kept hash is not that of the leaves below it.
    TreeChanged { level: u8, place: u64 },
    /// Sealing has no position any more.
    PositionLost,
    /// Sealing's position is not that of the leaves.
    PositionFalse { says: u64 },
    /// A kept checkpoint is not what was signed.
    CheckpointFalse { size: u64 },
    /// A checkpoint that was signed, and every later one, is not kept any more.
    CheckpointGone { signed: u64 },
    /// The log is shorter than when it was signed.
    Rollback { now: u64, signed: u64 },
    /// The log does not begin with what was signed.
    Fork { signed: u64 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EventGone => write!(f, "the event was sealed and is not there"),
            Self::EventChanged => write!(f, "the event is not what was sealed"),
            Self::ErasedInSilence => write!(f, "the body is gone and the log does not say that it was erased"),
            Self::Backdated => write!(f, "the event claims a time before a checkpoint that does not cover it"),
            Self::Slipped => write!(f, "the event stands among sealed ones and was never sealed"),
            Self::Withheld => write!(f, "an organisation that may read the event is not listed it as it is"),
            Self::Behind { events } => write!(
                f,
                "sealing is behind: nothing proves the last {events} events, some of which have waited for long"
            ),
            Self::LeafMissing { leaf_index } => write!(f, "leaf {leaf_index} is not there"),
            Self::TreeChanged { level, place } => {
                write!(f, "kept hash {place} of level {level} is not that of its leaves")
            }
            Self::PositionLost => write!(f, "the position of sealing is not there"),
            Self::PositionFalse { says } => {
                write!(f, "sealing says {says} leaves, and its peaks are not those of the tree")
            }
            Self::CheckpointFalse { size } => write!(f, "the checkpoint of {size} entries is not one that was signed"),
            Self::CheckpointGone { signed } => {
                write!(
                    f,
                    "rollback: the checkpoint of {signed} entries was signed and is not kept any more"
                )
            }
            Self::Rollback { now, signed } => {
                write!(f, "rollback: the log has {now} entries, and {signed} were signed")
            }
            Self::Fork { signed } => write!(
                f,
                "fork: the log does not begin with the {signed} entries that were signed"
            ),
        }
    }
}

/// Something wrong, at an event if it can be pinned to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The number of the event.
    pub seq: Option<i64>,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "event {seq}: {}", self.fault),
            None => self.fault.fmt(f),
        }
    }
}

/// What came of a verification.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Leaves that were reckoned anew.
    pub leaves: u64,
    /// Checkpoints of the database that were verified.
    pub checkpoints: u64,
    /// Events whose body was erased.
    pub erased: u64,
    /// Events that have no leaf yet.
    pub unsealed: u64,
    /// What is wrong, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// The last event that was looked at, where so much was wrong that the rest was not.
    pub left_off_at: Option<i64>,
}

impl Report {
    pub(super) fn find(&mut self, fault: Fault) {
        self.findings.push(Finding { seq: None, fault });
    }

    pub(super) fn find_at(&mut self, seq: i64, fault: Fault) {
        self.findings.push(Finding { seq: Some(seq), fault });
    }

    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    /// The first event that is wrong.
    pub fn first_bad(&self) -> Option<i64> {
        self.findings.iter().filter_map(|finding| finding.seq).min()
    }
}
