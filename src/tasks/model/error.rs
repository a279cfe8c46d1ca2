//! The rules of tasking that a request can break.

use chrono::{DateTime, SecondsFormat, Utc};

use super::state::{TaskState, Verb};
use super::task::StatutoryDuty;
use crate::rule::{ProblemType, Rule, problems};
use crate::sharing::model::OrgKind;

/// A broken rule of tasking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each says what it means")]
pub enum TaskError {
    #[error("a task that is {state} has no {verb}")]
    NotInState { verb: Verb, state: TaskState },
    #[error("your organisation neither asked for this task nor was asked")]
    NotAParty,
    #[error("{verb} is for the tasked organisation")]
    NotYoursToAnswer { verb: Verb },
    #[error("{verb} is for whoever owns the task")]
    NotYoursToWork { verb: Verb },
    #[error("{verb} is for the requester, not for whoever does the work")]
    NotYoursToDecide { verb: Verb },
    #[error("{verb} needs somebody other than the person who submitted the work")]
    OwnSubmission { verb: Verb },
    #[error("the time to answer is over")]
    AnswerTooLate,
    #[error("there is no counter-offer to agree to")]
    NoCounterOffer,
    #[error("give at least one attachment or a description as evidence")]
    EvidenceMissing,
    #[error("the due time has to be in the future")]
    DueInPast,
    #[error("an extension has to end later than the present due time")]
    DueNotLater,
    #[error("a later due time than asked for needs the requester's agreement: make a counter-offer")]
    DueLaterThanAsked,
    #[error(
        "the due time is after the end of the share ({}) by which the tasked organisation sees the case",
        .end.to_rfc3339_opts(SecondsFormat::Secs, true)
    )]
    DueAfterShare { end: DateTime<Utc>, pointer: &'static str },
    #[error("say why")]
    ReasonRequired { pointer: &'static str },
    #[error("{} is a duty: it cannot be declined for want of resources", .duty.legal_ref())]
    DeclineReasonNotAllowed { duty: StatutoryDuty },
    #[error("a counter-offer changes the due time, the scope or both")]
    CounterOffersNothing,
    #[error("name a person or a team, not both")]
    OwnerAmbiguous,
    #[error("name the person or the team that has to do it")]
    OwnerMissing,
    #[error("that person or team has to do it already")]
    OwnerUnchanged { pointer: &'static str },
    #[error("the task already belongs to that organisation or was asked for by it")]
    TransferToParty,
    #[error("effectiveness goes from 0 to 3")]
    EffectivenessOutOfRange,
    #[error("your role or organisation does not task others")]
    CannotPropose,
    #[error("a {owner} organisation cannot be tasked")]
    CannotBeTasked { owner: OrgKind },
    #[error("asking a {owner} organisation is not for your organisation or level")]
    OutsideTaskingLine { owner: OrgKind },
    #[error("another organisation can be asked, not ordered")]
    AssignAcrossOrganisations,
    #[error("you can order this of yourself only, or need command over that team")]
    CannotAssign,
    #[error(
        "that organisation does not see the case, or not the data the task needs: share that with it first, or send `share` with the task"
    )]
    CaseNotShared { pointer: &'static str },
}

problems! {
    /// Every problem of tasking, for `/problems/`.
    PROBLEMS:
    NOT_IN_STATE = 409 "task-not-in-state", "The task's state does not allow this",
        "The verb does not fit the state the task is in. Read the task again: allowed_verbs says what fits.";
    NOT_A_PARTY = 403 "task-not-a-party", "Not a party to this task",
        "Only the requesting and the tasked organisation can act on a task. Who owns its case can cancel it while it is \
         open.";
    NOT_YOURS_TO_ANSWER = 403 "task-not-yours-to-answer", "Not yours to answer",
        "Only the tasked organisation accepts, declines, counters, transfers or reassigns a task.";
    NOT_YOURS_TO_WORK = 403 "task-not-yours-to-work", "Not yours to work on",
        "Only the owner works on a task: the person named, or anyone of the tasked organisation if a team or nobody is named.";
    NOT_YOURS_TO_DECIDE = 403 "task-not-yours-to-decide", "Not yours to decide",
        "Only the requester agrees, extends, verifies, returns or cancels. Inside one organisation that is not the \
         person who was given the work, who does not give it to somebody else either. What the owner of the case \
         submitted it may cancel, where the requester no longer sees the case.";
    OWN_SUBMISSION = 409 "own-submission", "Own submission",
        "Nobody judges the work they submitted themselves, nor ends it where nobody judges it. Ask a colleague.";
    ANSWER_TOO_LATE = 409 "task-answer-too-late", "Too late to answer",
        "The time to answer this proposal is over and it lapses. The requester can propose it again.";
    NO_COUNTER_OFFER = 409 "task-no-counter-offer", "No counter-offer",
        "There is no open counter-offer on this task.";
    EVIDENCE_MISSING = 422 "evidence-missing", "Evidence missing",
        "Work is submitted and judged with evidence: attachments, or a description where there is nothing to attach.";
    DUE_IN_PAST = 422 "due-in-past", "Due time in the past",
        "A task can only be accepted, countered, agreed or extended with a due time in the future. If the present one has passed, make a counter-offer.";
    DUE_NOT_LATER = 422 "due-not-later", "Not an extension",
        "An extension has to end later than the present due time.";
    DUE_LATER_THAN_ASKED = 422 "due-later-than-asked", "Later than asked for",
        "Accepting takes the task on by the time asked for or earlier. For more time make a counter-offer, which the requester can agree to.";
    DUE_AFTER_SHARE = 422 "due-after-share", "Due after the end of the share",
        "Whoever has to do a task sees the case until it is due. Name an earlier time where one is named, or share the \
         case for longer.";
    REASON_REQUIRED = 422 "reason-required", "Reason required",
        "This has to be said in words; blank text does not count.";
    DECLINE_REASON_NOT_ALLOWED = 422 "decline-reason-not-allowed", "Ground for declining not allowed",
        "The task calls on a duty in law, which cannot be declined for want of resources. Other grounds are open.";
    COUNTER_OFFERS_NOTHING = 422 "counter-offers-nothing", "Counter-offer without terms",
        "A counter-offer names another due time, another scope or both.";
    OWNER_AMBIGUOUS = 422 "task-owner-ambiguous", "Two owners named",
        "A task is owned by a person or by a team. Name one of them.";
    OWNER_MISSING = 422 "task-owner-missing", "No owner named",
        "A task is reassigned to a person or to a team of the tasked organisation. Name one of them.";
    OWNER_UNCHANGED = 422 "task-owner-unchanged", "Owner unchanged",
        "A task is reassigned to somebody else than who has it. Read the task again: somebody may have been quicker.";
    TRANSFER_TO_PARTY = 422 "task-transfer-to-party", "Transfer to a party of the task",
        "A task is transferred to a third organisation. To give it back to the requester, decline it.";
    EFFECTIVENESS_OUT_OF_RANGE = 422 "effectiveness-out-of-range", "Effectiveness out of range",
        "Effectiveness is 0 (none), 1 (little), 2 (partly) or 3 (solved).";
    CANNOT_PROPOSE = 403 "task-cannot-propose", "May not task others",
        "Contractors, oversight bodies, ward panels and roles that work no cases do not task others.";
    CANNOT_BE_TASKED = 403 "organisation-cannot-be-tasked", "Cannot be tasked",
        "Oversight bodies look on; they take no tasks.";
    OUTSIDE_TASKING_LINE = 403 "task-outside-tasking-line", "Not yours to ask",
        "Police ask health, probation and fire services through a coordinator, and a contractor is tasked by the council or landlord it works for.";
    ASSIGN_ACROSS = 403 "task-assign-across-organisations", "Another organisation cannot be ordered",
        "Propose the task instead: the other organisation decides whether to take it on.";
    CANNOT_ASSIGN = 403 "task-cannot-assign", "May not assign",
        "Officers assign to themselves; supervisors and coordinators to their own organisation's people within their area. \
         So does who accepts or reassigns what another organisation asked, where a partner's system names anybody of its own. \
         Who works in no ward of their own is assigned work by a role that is not limited to wards.";
    CASE_NOT_SHARED = 422 "task-case-not-shared", "Case not shared",
        "A task opens no case by itself. Share the case with the organisation, before or by `share` in the proposal, with the classes of data the task needs.";
}

impl Rule for TaskError {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::NotInState { .. } => &NOT_IN_STATE,
            Self::NotAParty => &NOT_A_PARTY,
            Self::NotYoursToAnswer { .. } => &NOT_YOURS_TO_ANSWER,
            Self::NotYoursToWork { .. } => &NOT_YOURS_TO_WORK,
            Self::NotYoursToDecide { .. } => &NOT_YOURS_TO_DECIDE,
            Self::OwnSubmission { .. } => &OWN_SUBMISSION,
            Self::AnswerTooLate => &ANSWER_TOO_LATE,
            Self::NoCounterOffer => &NO_COUNTER_OFFER,
            Self::EvidenceMissing => &EVIDENCE_MISSING,
            Self::DueInPast => &DUE_IN_PAST,
            Self::DueNotLater => &DUE_NOT_LATER,
            Self::DueLaterThanAsked => &DUE_LATER_THAN_ASKED,
            Self::DueAfterShare { .. } => &DUE_AFTER_SHARE,
            Self::ReasonRequired { .. } => &REASON_REQUIRED,
            Self::DeclineReasonNotAllowed { .. } => &DECLINE_REASON_NOT_ALLOWED,
            Self::CounterOffersNothing => &COUNTER_OFFERS_NOTHING,
            Self::OwnerAmbiguous => &OWNER_AMBIGUOUS,
            Self::OwnerMissing => &OWNER_MISSING,
            Self::OwnerUnchanged { .. } => &OWNER_UNCHANGED,
            Self::TransferToParty => &TRANSFER_TO_PARTY,
            Self::EffectivenessOutOfRange => &EFFECTIVENESS_OUT_OF_RANGE,
            Self::CannotPropose => &CANNOT_PROPOSE,
            Self::CannotBeTasked { .. } => &CANNOT_BE_TASKED,
            Self::OutsideTaskingLine { .. } => &OUTSIDE_TASKING_LINE,
            Self::AssignAcrossOrganisations => &ASSIGN_ACROSS,
            Self::CannotAssign => &CANNOT_ASSIGN,
            Self::CaseNotShared { .. } => &CASE_NOT_SHARED,
        }
    }

    fn pointer(&self) -> Option<String> {
        let pointer = match self {
            Self::EvidenceMissing => "/evidence",
            Self::DueInPast | Self::DueNotLater | Self::DueLaterThanAsked => "/due_at",
            Self::ReasonRequired { pointer } | Self::CaseNotShared { pointer } => pointer,
            Self::DueAfterShare { pointer, .. } => pointer,
            Self::OwnerUnchanged { pointer } => pointer,
            Self::DeclineReasonNotAllowed { .. } => "/reason",
            Self::CounterOffersNothing => "",
            Self::OwnerAmbiguous => "/owner_team_id",
            Self::OwnerMissing => "/owner_user_id",
            Self::TransferToParty => "/organisation_id",
            Self::EffectivenessOutOfRange => "/effectiveness",
            _ => return None,
        };
        Some(pointer.to_owned())
    }
}
