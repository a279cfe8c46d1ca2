//! What each verb is told: one plain struct per verb.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::state::Verb;
use crate::sharing::model::OrgKind;

/// Takes a proposed task on.
///
/// That the person or team belongs to the tasked organisation is the caller's
/// to look up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accept {
    /// Who will do it.
    pub owner_user_id: Option<Uuid>,
    /// Or which team; not both.
    pub owner_team_id: Option<Uuid>,
    /// Whether whoever would answer for it works within the area the actor's commanding role
    /// reaches; looked up by the caller.
    pub within_reach: bool,
    /// When it will be done, if earlier than asked; a later time is a counter-offer.
    pub due_at: Option<DateTime<Utc>>,
}

/// Refuses a proposed task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decline {
    /// On what ground.
    pub reason: DeclineReason,
    /// The ground in words.
    pub text: String,
}

/// Offers other terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Another due time.
    pub due_at: Option<DateTime<Utc>>,
    /// Something else to be done.
    pub scope: Option<String>,
    /// Why.
    pub text: String,
    /// By when the requester has to agree; reckoned by the caller.
    pub accept_due_at: DateTime<Utc>,
}

/// Takes the counter-offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agree {
    /// By when the tasked organisation has to accept on the new terms;
    /// reckoned by the caller.
    pub accept_due_at: DateTime<Utc>,
}

/// Says what holds the work up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What is waited for.
    pub reason: Blocker,
    /// The same in words.
    pub text: String,
}

/// Goes on with the work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unblock {
    /// Until when the tasked organisation sees the case, where that ends by time; looked up
    /// by the caller.
    pub seen_until: Option<DateTime<Utc>>,
}

/// Allows more time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extend {
    /// The new due time.
    pub due_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// Reports the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit {
    /// What was done.
    pub result: String,
    /// How far it got.
    pub outcome: Outcome,
    /// Attachments that show it.
    pub evidence: Vec<Uuid>,
    /// Evidence in words, where there is nothing to attach.
    pub evidence_text: Option<String>,
}

/// Confirms the result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verify {
    /// A remark, if any.
    pub comment: Option<String>,
}

/// Sends the work back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// What is missing.
    pub reason: String,
}

/// Passes the task to another organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Which.
    pub organisation_id: Uuid,
    /// What kind of organisation that is; looked up by the caller.
    pub organisation_kind: OrgKind,
    /// Why there.
    pub reason: String,
    /// By when it has to answer; reckoned by the caller.
    pub accept_due_at: DateTime<Utc>,
}

/// Gives the work to another person or team of the tasked organisation.
///
/// That they belong to it is the caller's to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reassign {
    /// Who does it from now on.
    pub owner_user_id: Option<Uuid>,
    /// Or which team; one of the two.
    pub owner_team_id: Option<Uuid>,
    /// Whether they work within the area the actor's commanding role reaches; looked up by
    /// the caller.
    pub within_reach: bool,
    /// Why.
    pub reason: String,
}

/// Withdraws the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    /// Why.
    pub reason: String,
}

/// Judges what the work achieved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assess {
    /// 0 no effect, 1 little, 2 partly, 3 solved.
    pub effectiveness: u8,
    /// What shows it.
    pub evidence: String,
}

/// A verb and what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the verb of that name")]
pub enum VerbRequest {
    Accept(Accept),
    Decline(Decline),
    Counter(Counter),
    Agree(Agree),
    Start,
    Block(Block),
    Unblock(Unblock),
    Extend(Extend),
    Submit(Submit),
    Verify(Verify),
    Return(Return),
    Transfer(Transfer),
    Reassign(Reassign),
    Cancel(Cancel),
    Assess(Assess),
}

impl VerbRequest {
    /// The verb asked for.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Accept(_) => Verb::Accept,
            Self::Decline(_) => Verb::Decline,
            Self::Counter(_) => Verb::Counter,
            Self::Agree(_) => Verb::Agree,
            Self::Start => Verb::Start,
            Self::Block(_) => Verb::Block,
            Self::Unblock(_) => Verb::Unblock,
            Self::Extend(_) => Verb::Extend,
            Self::Submit(_) => Verb::Submit,
            Self::Verify(_) => Verb::Verify,
            Self::Return(_) => Verb::Return,
            Self::Transfer(_) => Verb::Transfer,
            Self::Reassign(_) => Verb::Reassign,
            Self::Cancel(_) => Verb::Cancel,
            Self::Assess(_) => Verb::Assess,
        }
    }
}

/// What work waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blocker {
    /// Another organisation has to do something first.
    AwaitingOrganisation,
    /// A court has to decide.
    AwaitingCourt,
    /// The keeper has to be named by the DVLA.
    AwaitingDvla,
    /// An owner or occupier has to consent.
    AwaitingConsent,
    /// The reporter cannot be reached.
    ReporterUnavailable,
    /// It cannot be done safely in this weather.
    UnsafeWeather,
    /// The police hold the scene or the evidence.
    PoliceHold,
    /// The place cannot be reached.
    NoAccess,
    /// Something else; say what.
    Other,
}

impl Blocker {
    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingOrganisation => "awaiting_organisation",
            Self::AwaitingCourt => "awaiting_court",
            Self::AwaitingDvla => "awaiting_dvla",
            Self::AwaitingConsent => "awaiting_consent",
            Self::ReporterUnavailable => "reporter_unavailable",
            Self::UnsafeWeather => "unsafe_weather",
            Self::PoliceHold => "police_hold",
            Self::NoAccess => "no_access",
            Self::Other => "other",
        }
    }

    /// Whether the due time stands still meanwhile. It is agreed upon, as a clock of local
    /// policy is set, and such a clock pauses for listed reasons only (domain §2.5, §3.2);
    /// for whatever else is waited for, the requester extends it or not.
    #[must_use]
    pub const fn pauses(self) -> bool {
        match self {
            Self::AwaitingDvla
            | Self::AwaitingConsent
            | Self::ReporterUnavailable
            | Self::UnsafeWeather
            | Self::PoliceHold => true,
            Self::AwaitingOrganisation | Self::AwaitingCourt | Self::NoAccess | Self::Other => false,
        }
    }
}

/// Why a task was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// The law gives it no power to do this.
    NoPower,
    /// It has nobody or nothing to do it with.
    NoResource,
    /// The interference would outweigh the problem.
    NotProportionate,
    /// Another organisation is responsible.
    WrongAgency,
    /// It is already being done.
    Duplicate,
    /// The law forbids it.
    LegalBar,
}

impl DeclineReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::NoPower,
        Self::NoResource,
        Self::NotProportionate,
        Self::WrongAgency,
        Self::Duplicate,
        Self::LegalBar,
    ];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPower => "no_power",
            Self::NoResource => "no_resource",
            Self::NotProportionate => "not_proportionate",
            Self::WrongAgency => "wrong_agency",
            Self::Duplicate => "duplicate",
            Self::LegalBar => "legal_bar",
        }
    }
}

/// How far the work got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All of it.
    Done,
    /// Some of it.
    Partly,
    /// It could not be done.
    NotPossible,
}

impl Outcome {
    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partly => "partly",
            Self::NotPossible => "not_possible",
        }
    }
}
