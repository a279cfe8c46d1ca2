//! The rules of sharing that a request can break.

use uuid::Uuid;

use super::gateway::Gateway;
use super::organisation::OrgKind;
use super::share::DataClass;
use crate::rule::{ProblemType, Rule, problems};

/// What an agreement leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each says what it means")]
pub enum Uncovered {
    #[error("the organisation {0} is not a party")]
    Party(Uuid),
    #[error("it does not list the purpose")]
    Purpose,
    #[error("it does not list the gateway {0}")]
    Gateway(Gateway),
    #[error("it does not list the data class {0}")]
    DataClass(DataClass),
}

/// A broken rule of sharing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each says what it means")]
pub enum SharingError {
    #[error("the organisation has this case already")]
    ShareToSelf,
    #[error("say what the case is shared for")]
    PurposeMissing,
    #[error("every share includes the class core")]
    CoreMissing,
    #[error("the share would end before it begins")]
    ExpiryInPast,
    #[error("a share with an oversight body has an end")]
    ExpiryMissing,
    #[error("a {recipient} organisation can view, not contribute")]
    LevelNotForRecipient { recipient: OrgKind },
    #[error("the case belongs to another organisation, which has to approve that it is passed on")]
    OnwardShare,
    #[error(
        "{gateway} is not available to this recipient ({}); available: {}",
        .gateway.conditions().join("; "),
        codes(.available)
    )]
    GatewayNotAvailable { gateway: Gateway, available: Vec<Gateway> },
    #[error("{gateway} needs a reference: {}", .gateway.conditions().join("; "))]
    GatewayReferenceMissing { gateway: Gateway },
    #[error("{class} does not pass through {gateway}")]
    ClassNotThroughGateway { class: DataClass, gateway: Gateway },
    #[error("{class} is not shared with a {recipient} organisation")]
    ClassNotForRecipient { class: DataClass, recipient: OrgKind },
    #[error("intelligence is shared by the police only")]
    IntelligenceNotFromPolice,
    #[error(
        "a subject is a child: {gateway} opens subjects only where the share safeguards the child; {}",
        .gateway.for_a_child()
    )]
    ChildSubject { gateway: Gateway },
    #[error("state the quality of the data: as_of and completeness")]
    QualityMissing,
    #[error("the data cannot be as of a time to come")]
    QualityInFuture,
    #[error("intelligence is shared with its grading")]
    GradingMissing,
    #[error("the agreement is not in force")]
    AgreementNotActive,
    #[error("the agreement's review is overdue and its grace is over")]
    AgreementPastReview,
    #[error("the agreement does not cover this share: {0}")]
    AgreementDoesNotCover(Uncovered),
    #[error("the agreement cannot be activated: {member} is missing or too little")]
    AgreementIncomplete { member: &'static str },
    #[error("nobody approves their own request")]
    ApproverIsRequester,
    #[error("approval is for the organisation that owns the case")]
    ApproverNotOriginator,
    #[error("{member} would open more than the share does now")]
    Widens { member: &'static str },
}

fn codes(gateways: &[Gateway]) -> String {
    let codes: Vec<&str> = gateways.iter().map(|gateway| gateway.as_str()).collect();
    codes.join(", ")
}

problems! {
    /// Every problem of sharing, for `/problems/`.
    PROBLEMS:
    SHARE_TO_SELF = 422 "share-to-self", "Shared with who has it",
        "A case is shared with an organisation other than the sharer and the owner.";
    PURPOSE_MISSING = 422 "share-purpose-missing", "Purpose missing",
        "Information is shared for a stated purpose, case by case.";
    CORE_MISSING = 422 "share-core-missing", "Core class missing",
        "Every share includes the data class core. To share nothing, revoke the share.";
    EXPIRY_IN_PAST = 422 "share-expiry-in-past", "Expiry in the past",
        "The end of a share has to be in the future.";
    EXPIRY_MISSING = 422 "share-expiry-missing", "Expiry missing",
        "Oversight bodies look on for a time: give the share an end.";
    LEVEL_NOT_FOR_RECIPIENT = 422 "share-level-not-for-recipient", "Level not for this recipient",
        "Oversight bodies can view and not contribute.";
    ONWARD_SHARE = 403 "onward-share-needs-originator", "The originator decides",
        "What was disclosed stays the originator's (originator control). Ask the owner of the case to share it or to approve that you do.";
    GATEWAY_NOT_AVAILABLE = 422 "gateway-not-available", "Gateway not available",
        "The law does not open this gateway to that recipient, today or on this case. The detail says what it asks for, and lists the gateways that are open.";
    GATEWAY_REFERENCE_MISSING = 422 "gateway-reference-missing", "Gateway reference missing",
        "The gateway rests on a document or provision: a request form, a condition, a consent, an order or the law that authorises further use. Give its reference.";
    CLASS_NOT_THROUGH_GATEWAY = 422 "data-class-not-through-gateway", "Data class not through this gateway",
        "The gateway does not carry this class: depersonalised and published data is core and location, and intelligence needs a gateway made for it.";
    CLASS_NOT_FOR_RECIPIENT = 422 "data-class-not-for-recipient", "Data class not for this recipient",
        "Contractors see what and where, not who; intelligence goes to neither contractors nor oversight bodies.";
    INTELLIGENCE_NOT_FROM_POLICE = 422 "intelligence-not-from-police", "Intelligence is the police's to share",
        "Partners submit information; the police grade it, sanitise it and decide on sharing it.";
    CHILD_SUBJECT = 422 "child-subject-not-through-gateway", "A subject is a child",
        "Where a subject is a child, subjects are shared through SAFEGUARD, ASB104 or COURT, or through CDA115, DPA_S35_36 or DPA_SCH1 with a safeguarding note (Children Act 2004 s.11).";
    QUALITY_MISSING = 422 "share-quality-missing", "Quality of the data not stated",
        "A competent authority tells the recipient how reliable, complete and current the data is (Data Protection Act 2018 s.38).";
    QUALITY_IN_FUTURE = 422 "share-quality-in-future", "Quality as of a time to come",
        "Data cannot be as of a time after the share.";
    GRADING_MISSING = 422 "share-grading-missing", "Grading missing",
        "Intelligence is shared with its grading, in the scheme it was graded in.";
    AGREEMENT_NOT_ACTIVE = 409 "agreement-not-active", "Agreement not in force",
        "The agreement is a draft, suspended, ended or replaced by a newer version, lacks its impact assessment or is outside its dates. Use another, or share ad hoc with approval.";
    AGREEMENT_PAST_REVIEW = 409 "agreement-past-review", "Agreement past its review",
        "The review is overdue and the grace is over: nothing new may rest on this agreement. Have it reviewed, or share ad hoc with approval.";
    AGREEMENT_DOES_NOT_COVER = 422 "agreement-does-not-cover", "Agreement does not cover this",
        "The agreement leaves out a party, the purpose, the gateway or a data class of this share; the detail names it.";
    AGREEMENT_INCOMPLETE = 409 "agreement-incomplete", "Agreement incomplete",
        "An agreement needs two parties, purposes, gateways, data classes with core, and a reference to its impact assessment before it is activated.";
    APPROVER_IS_REQUESTER = 409 "share-approver-is-requester", "Own request",
        "Nobody approves a share they asked for. Ask a colleague.";
    APPROVER_NOT_ORIGINATOR = 403 "share-approver-not-originator", "Approval is the owner's",
        "Only the organisation that owns the case approves how it is shared.";
    WIDENS = 422 "share-widens", "A share is only narrowed",
        "A share can lose classes, sink in level and end earlier. To open more, make a new share.";
}

impl Rule for SharingError {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::ShareToSelf => &SHARE_TO_SELF,
            Self::PurposeMissing => &PURPOSE_MISSING,
            Self::CoreMissing => &CORE_MISSING,
            Self::ExpiryInPast => &EXPIRY_IN_PAST,
            Self::ExpiryMissing => &EXPIRY_MISSING,
            Self::LevelNotForRecipient { .. } => &LEVEL_NOT_FOR_RECIPIENT,
            Self::OnwardShare => &ONWARD_SHARE,
            Self::GatewayNotAvailable { .. } => &GATEWAY_NOT_AVAILABLE,
            Self::GatewayReferenceMissing { .. } => &GATEWAY_REFERENCE_MISSING,
            Self::ClassNotThroughGateway { .. } => &CLASS_NOT_THROUGH_GATEWAY,
            Self::ClassNotForRecipient { .. } => &CLASS_NOT_FOR_RECIPIENT,
            Self::IntelligenceNotFromPolice => &INTELLIGENCE_NOT_FROM_POLICE,
            Self::ChildSubject { .. } => &CHILD_SUBJECT,
            Self::QualityMissing => &QUALITY_MISSING,
            Self::QualityInFuture => &QUALITY_IN_FUTURE,
            Self::GradingMissing => &GRADING_MISSING,
            Self::AgreementNotActive => &AGREEMENT_NOT_ACTIVE,
            Self::AgreementPastReview => &AGREEMENT_PAST_REVIEW,
            Self::AgreementDoesNotCover(_) => &AGREEMENT_DOES_NOT_COVER,
            Self::AgreementIncomplete { .. } => &AGREEMENT_INCOMPLETE,
            Self::ApproverIsRequester => &APPROVER_IS_REQUESTER,
            Self::ApproverNotOriginator => &APPROVER_NOT_ORIGINATOR,
            Self::Widens { .. } => &WIDENS,
        }
    }

    fn pointer(&self) -> Option<String> {
        let pointer = match self {
            Self::ChildSubject { gateway } if gateway.takes_safeguarding_note() => "/safeguarding_note",
            Self::ChildSubject { .. } => "/data_classes",
            Self::ShareToSelf => "/organisation_id",
            Self::PurposeMissing | Self::AgreementDoesNotCover(Uncovered::Purpose) => "/purpose",
            Self::CoreMissing
            | Self::ClassNotThroughGateway { .. }
            | Self::ClassNotForRecipient { .. }
            | Self::IntelligenceNotFromPolice
            | Self::AgreementDoesNotCover(Uncovered::DataClass(_)) => "/data_classes",
            Self::ExpiryInPast | Self::ExpiryMissing => "/expires_at",
            Self::LevelNotForRecipient { .. } => "/level",
            Self::GatewayNotAvailable { .. } | Self::AgreementDoesNotCover(Uncovered::Gateway(_)) => "/gateway",
            Self::GatewayReferenceMissing { .. } => "/gateway_reference",
            Self::QualityMissing => "/quality",
            Self::QualityInFuture => "/quality/as_of",
            Self::GradingMissing => "/quality/grading",
            Self::AgreementDoesNotCover(Uncovered::Party(_)) => "/agreement_id",
            Self::Widens { member } => return Some(format!("/{member}")),
            _ => return None,
        };
        Some(pointer.to_owned())
    }
}
