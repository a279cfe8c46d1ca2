//! The permissions, as types.
//!
//! A handler names its permission in its signature, `Caller<may::ShareCase>`, and
//! that is its only road to the database. The dotted code is what roles hold and
//! what the OpenAPI document shows.

/// Something a person may be allowed to do.
pub trait Permission: 'static {
    /// The code that roles hold; empty where being signed in is enough.
    const CODE: &'static str;
    /// Whether it is open to whoever has yet to enrol a second factor.
    const WHILE_ENROLLING: bool = false;
    /// Whether it is about the whole organisation, so that a role limited to wards or case
    /// types does not carry it.
    const IS_WHOLE: bool = false;
}

/// What a request needs, of the permission in its handler's signature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needed {
    /// The code that one of the person's roles has to carry.
    pub(super) code: &'static str,
    /// Whether it is open to whoever has yet to enrol a second factor.
    pub(super) while_enrolling: bool,
    /// Whether a role limited to wards or case types does not do.
    pub(super) is_whole: bool,
}

impl Needed {
    pub(super) const fn of<P: Permission>() -> Self {
        Self {
            code: P::CODE,
            while_enrolling: P::WHILE_ENROLLING,
            is_whole: P::IS_WHOLE,
        }
    }
}

/// A permission under which data may change.
pub trait Alters: Permission {}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $access:ident $(, $whole:ident)?;)*) => {
        $($(#[doc = $doc])*
        #[derive(Debug)]
        pub struct $name;
        impl Permission for $name {
            const CODE: &'static str = $code;
            $(permissions!(@$whole);)?
        }
        permissions!(@$access $name);)*

        /// Every code that a role may hold, in the order of this file.
        pub const CODES: &[&str] = &[$($code),*];

        /// What each of them lets somebody do, in the same order; a space is before each line.
        pub const MEANINGS: &[&str] = &[$(concat!($($doc),*)),*];
        /// Whether the permission of that code is about the whole organisation, so that no role
        /// carries it that is limited to wards or case types.
        pub fn is_whole(code: &str) -> bool {
            [$(($code, $name::IS_WHOLE)),*].contains(&(code, true))
        }
    };
    (@whole) => { const IS_WHOLE: bool = true; };
    (@reads $name:ident) => {};
    (@alters $name:ident) => { impl Alters for $name {} };
}

/// One's own account, and the way to a second factor where that is asked for.
#[derive(Debug)]
pub struct KeepOwnAccount;
impl Permission for KeepOwnAccount {
    const CODE: &'static str = "";
    const WHILE_ENROLLING: bool = true;
}
impl Alters for KeepOwnAccount {}

/// Being signed in: what every member may look up.
#[derive(Debug)]
pub struct BeSignedIn;
impl Permission for BeSignedIn {
    const CODE: &'static str = "";
}
impl Alters for BeSignedIn {}

permissions! {
    /// Adds people, changes what they are and which roles they hold.
    ManageUsers = "user.manage", alters, whole;
    /// Makes roles of one's own organisation.
    ManageRoles = "role.manage", alters, whole;
    /// Lets a system act for one's organisation, and says how far.
    ManageServiceAccounts = "service_account.manage", alters, whole;
    /// Changes one's organisation, or adds organisations (platform).
    ManageOrganisations = "organisation.manage", alters, whole;
    /// Makes partnerships and says who belongs to them.
    ManagePartnerships = "partnership.manage", alters, whole;
    /// Drafts, signs, activates and reviews information sharing agreements.
    ManageAgreements = "agreement.manage", alters, whole;
    /// Says which team answers for a ward.
    ManageTeams = "team.manage", alters;
    /// Sets the priorities of a ward, and says what became of them.
    ManageWardPriorities = "ward_priority.manage", alters;
    /// Sees the cases of one's organisation and those shared with it.
    ReadCases = "case.read", reads;
    /// Records a case.
    CreateCase = "case.create", alters;
    /// Changes a case's particulars.
    UpdateCase = "case.update", alters;
    /// Moves a case to its next state.
    TransitionCase = "case.transition", alters;
    /// Opens a case to another organisation, narrows and ends that.
    ShareCase = "case.share", alters;
    /// Approves, as a second person, a share outside an active agreement or onward.
    ApproveShare = "case.share.approve", alters;
    /// Sees what was recalled, and says what became of it.
    AnswerRecall = "recall.answer", alters;
    /// Writes notes.
    CreateNote = "note.create", alters;
    /// Reads people, vehicles and premises of a case.
    ReadSubjects = "subject.read", reads;
    /// Records, corrects and removes people, vehicles and premises.
    ManageSubjects = "subject.manage", alters;
    /// Adds photographs and documents.
    CreateAttachment = "attachment.create", alters;
    /// Sees tasks asked of or by one's organisation.
    ReadTasks = "task.read", reads;
    /// Asks another organisation for something, or assigns it within one's own, and sees
    /// whom of it one can name.
    ProposeTask = "task.propose", alters;
    /// Answers for one's organisation: accept, decline, counter, transfer, reassign.
    AnswerTask = "task.answer", alters;
    /// Does the work: start, block, unblock, submit.
    WorkTask = "task.work", alters;
    /// Answers for the requester: verify, return, agree, extend, cancel. Cancels for the
    /// owner of a case.
    VerifyTask = "task.verify", alters;
    /// Judges afterwards whether it helped.
    AssessTask = "task.assess", alters;
    /// Reads the audit log, for the purposes of s.62(4) DPA 2018.
    ReadAudit = "audit.read", reads, whole;
    /// Vouches for having seen a checkpoint of the log.
    CosignCheckpoints = "audit.cosign", alters, whole;
    /// Reads who was shown a case.
    ReadDisclosures = "audit.case", reads;
}
