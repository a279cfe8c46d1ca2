//! Ward priorities, the promises of a neighbourhood: in whose name one may be set, by when
//! it is reviewed and how it ends (domain §1.4, §3.10).

use chrono::{Months, NaiveDate};
use serde::Deserialize;

use crate::identity::roles::Role;
use crate::rule::{ProblemType, Rule};

/// How old a priority may become before it is reviewed: three calendar months, by which
/// neighbourhoods are measured nationally (Neighbourhood Policing Guarantee, 2025).
const REVIEWED_WITHIN: Months = Months::new(3);

/// The role of the ward panel's members, who work no case.
const PANEL_MEMBER: &str = Role::PanelMember.as_str();

/// Who set a priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrioritySetter {
    /// The ward panel: residents and businesses.
    Panel,
    /// The neighbourhood team.
    Team,
    /// A tasking and co-ordination group.
    TaskingGroup,
}

impl PrioritySetter {
    /// The name in SQL and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::Team => "team",
            Self::TaskingGroup => "tasking_group",
        }
    }
}

/// How a priority ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriorityEnding {
    /// What was promised is done.
    Met,
    /// It is pursued no more.
    Retired,
}

impl PriorityEnding {
    /// The name in SQL and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Retired => "retired",
        }
    }
}

/// Whether a priority may be said to have been set so: nobody passes for the panel, whose
/// meetings have minutes, and a team does not vote.
///
/// # Errors
/// [`PriorityError::MinutesMissing`] and [`PriorityError::NobodyVoted`].
pub fn check_origin(set_by: PrioritySetter, has_minutes: bool, has_votes: bool) -> Result<(), PriorityError> {
    match set_by {
        PrioritySetter::Panel if !has_minutes => Err(PriorityError::MinutesMissing),
        PrioritySetter::Team if has_votes => Err(PriorityError::NobodyVoted),
        _ => Ok(()),
    }
}

/// Whether somebody with these roles may speak for `set_by`: a panel's members do so for
/// the panel alone.
///
/// # Errors
/// [`PriorityError::NotThePanels`].
pub fn check_voice(set_by: &str, roles: &[&str]) -> Result<(), PriorityError> {
    let is_panels = set_by == PrioritySetter::Panel.as_str();
    if is_panels || roles.iter().any(|role| *role != PANEL_MEMBER) {
        return Ok(());
    }
    Err(PriorityError::NotThePanels)
}

/// Whether a priority may end now, and what came of it be told: both together, and once.
/// What was told of one that has ended can be corrected.
///
/// # Errors
/// [`PriorityError::HasEnded`], [`PriorityError::OutcomeMissing`] and
/// [`PriorityError::OutcomeTooSoon`].
pub fn check_ending(has_ended: bool, ends: bool, tells: bool) -> Result<(), PriorityError> {
    match (has_ended, ends, tells) {
        (true, true, _) => Err(PriorityError::HasEnded),
        (false, true, false) => Err(PriorityError::OutcomeMissing),
        (false, false, true) => Err(PriorityError::OutcomeTooSoon),
        _ => Ok(()),
    }
}

/// Whether what was promised may be put in other words: what came of it was told of these.
///
/// # Errors
/// [`PriorityError::HasEnded`].
pub fn check_wording(has_ended: bool, is_reworded: bool) -> Result<(), PriorityError> {
    match has_ended && is_reworded {
        true => Err(PriorityError::HasEnded),
        false => Ok(()),
    }
}

/// The last day on which a priority that stands is reviewed in time.
#[must_use]
pub fn review_due(set_on: NaiveDate, reviewed_on: Option<NaiveDate>) -> NaiveDate {
    let last = reviewed_on.unwrap_or(set_on);
    last.checked_add_months(REVIEWED_WITHIN).unwrap_or(NaiveDate::MAX)
}

/// Why a priority cannot be set or changed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriorityError {
    /// In the panel's name, without the record of its meeting.
    #[error("what the ward panel set names the minutes of its meeting")]
    MinutesMissing,
    /// A vote of those who do not vote.
    #[error("a team takes no vote")]
    NobodyVoted,
    /// Set by others than the panel, says one of its members.
    #[error("the ward panel's members speak for the panel alone")]
    NotThePanels,
    /// An end without an outcome.
    #[error("say what came of it")]
    OutcomeMissing,
    /// An outcome without an end.
    #[error("it stands: what came of it is said together with how it ends")]
    OutcomeTooSoon,
    /// It is over.
    #[error("this priority has ended; set another")]
    HasEnded,
}

const MINUTES_MISSING: ProblemType = ProblemType {
    slug: "panel-minutes-missing",
    title: "Minutes of the panel missing",
    status: 422,
    meaning: "A priority that the ward panel set names the minutes of the meeting at which it did, so that nobody \
              passes for the panel. What the team or a tasking group set needs none.",
};

const NOBODY_VOTED: ProblemType = ProblemType {
    slug: "votes-without-meeting",
    title: "Nobody votes there",
    status: 422,
    meaning: "Votes are those of a ward panel or a tasking group. Leave them out where the team set the priority.",
};

const NOT_THE_PANELS: ProblemType = ProblemType {
    slug: "priority-not-the-panels",
    title: "Not the panel's",
    status: 403,
    meaning: "Who is a member of the ward panel, and nothing else, sets and changes what the panel set. What the team \
              or a tasking group set is theirs.",
};

const OUTCOME_MISSING: ProblemType = ProblemType {
    slug: "priority-outcome-missing",
    title: "Outcome missing",
    status: 422,
    meaning: "Residents are told what came of what they were promised: a priority ends with its outcome.",
};

const OUTCOME_TOO_SOON: ProblemType = ProblemType {
    slug: "priority-outcome-too-soon",
    title: "Outcome too soon",
    status: 422,
    meaning: "The priority stands. Its outcome is said together with the status in which it ends; until then, say \
              what was done among its actions.",
};

const HAS_ENDED: ProblemType = ProblemType {
    slug: "priority-ended",
    title: "Priority has ended",
    status: 409,
    meaning: "What has ended is neither reviewed nor reworded, nor ended again, nor replaced. Set another priority.",
};

/// The problems of ward priorities.
pub const PROBLEMS: &[ProblemType] = &[
    MINUTES_MISSING,
    NOBODY_VOTED,
    NOT_THE_PANELS,
    OUTCOME_MISSING,
    OUTCOME_TOO_SOON,
    HAS_ENDED,
];

impl Rule for PriorityError {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::MinutesMissing => &MINUTES_MISSING,
            Self::NobodyVoted => &NOBODY_VOTED,
            Self::NotThePanels => &NOT_THE_PANELS,
            Self::OutcomeMissing => &OUTCOME_MISSING,
            Self::OutcomeTooSoon => &OUTCOME_TOO_SOON,
            Self::HasEnded => &HAS_ENDED,
        }
    }

    fn pointer(&self) -> Option<String> {
        let member = match self {
            Self::MinutesMissing => "/minutes_ref",
            Self::NobodyVoted => "/votes",
            Self::OutcomeMissing | Self::OutcomeTooSoon => "/outcome",
            Self::NotThePanels | Self::HasEnded => return None,
        };
        Some(member.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn nobody_passes_for_the_panel_without_its_minutes() {
        let set = |by, minutes| check_origin(by, minutes, false);

        assert_eq!(set(PrioritySetter::Panel, false), Err(PriorityError::MinutesMissing));
        assert_eq!(set(PrioritySetter::Panel, true), Ok(()));
        for by in [PrioritySetter::Team, PrioritySetter::TaskingGroup] {
            assert_eq!(set(by, false), Ok(()), "{by:?}");
        }
    }

    #[test]
    fn meetings_vote_and_teams_do_not() {
        assert_eq!(
            check_origin(PrioritySetter::Team, false, true),
            Err(PriorityError::NobodyVoted)
        );
        for by in [PrioritySetter::Panel, PrioritySetter::TaskingGroup] {
            assert_eq!(check_origin(by, true, true), Ok(()), "{by:?}");
        }
    }

    #[test]
    fn a_panels_members_speak_for_the_panel_alone_unless_they_hold_another_role_too() {
        let says = |by: PrioritySetter, roles: &[&str]| check_voice(by.as_str(), roles);

        assert_eq!(says(PrioritySetter::Panel, &["panel_member"]), Ok(()));
        assert_eq!(
            says(PrioritySetter::Team, &["panel_member"]),
            Err(PriorityError::NotThePanels)
        );
        assert_eq!(says(PrioritySetter::Team, &["panel_member", "supervisor"]), Ok(()));
        assert_eq!(says(PrioritySetter::TaskingGroup, &["coordinator"]), Ok(()));
    }

    #[test]
    fn it_ends_once_and_with_an_outcome() {
        assert_eq!(check_ending(false, true, true), Ok(()));
        assert_eq!(check_ending(false, true, false), Err(PriorityError::OutcomeMissing));
        assert_eq!(check_ending(false, false, true), Err(PriorityError::OutcomeTooSoon));
        assert_eq!(check_ending(false, false, false), Ok(()));
        for tells in [false, true] {
            assert_eq!(check_ending(true, true, tells), Err(PriorityError::HasEnded));
            assert_eq!(check_ending(true, false, tells), Ok(()));
        }
    }

    #[test]
    fn a_review_is_due_three_calendar_months_after_the_last() {
        assert_eq!(review_due(day("2026-02-24"), None), day("2026-05-24"));
        assert_eq!(review_due(day("2025-11-30"), None), day("2026-02-28"));
        assert_eq!(
            review_due(day("2026-02-24"), Some(day("2026-05-20"))),
            day("2026-08-20")
        );
    }
}
