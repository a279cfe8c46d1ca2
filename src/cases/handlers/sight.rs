//! A case with everything that its view shows and its workflow asks for.

use futures_util::join;
use serde_json::Value;
use uuid::Uuid;

use crate::cases::access;
use crate::cases::model;
use crate::cases::queries::cases::{self as queries, AttachmentFactRow, CaseRow, LocationRow, MyAccessRow};
use crate::cases::queries::hands::{self, Hands};
use crate::cases::queries::links;
use crate::cases::view::cases::{CaseView, ClockView, Named};
use crate::cases::view::words::Marking;
use crate::cases::workflow::names::{Phase, Qualifier, RiskBand, StateClass};
use crate::cases::workflow::{
    Actor, Alert, AttachmentFact, Decision, Facts, OrganisationFact, PROPOSE_CLOSE, Workflow,
};
use crate::clocks::Clock;
use crate::db::names_of;
use crate::doors::{Answer, Audited, Doorstep, Room};
use crate::error::{AppError, Result};
use crate::identity::roles::Role;
use crate::limits::Volume;
use crate::sharing::model::OrgKind;

/// A case as the caller's organisation sees it. After a change it is brought up to
/// date here, so that the answer needs no second look at the database.
pub(super) struct Sight {
    /// What is stored of it.
    pub case: CaseRow,
    /// How the caller's organisation may see it.
    pub access: MyAccessRow,
    /// Where, if that is open.
    pub place: Option<LocationRow>,
    /// The owner's name.
    pub owner: Option<String>,
    /// The lead's name.
    pub lead: Option<String>,
    /// Its clocks, each with its id.
    pub clocks: Vec<(Uuid, Clock)>,
    /// What guards look at of its attachments.
    pub attachments: Vec<AttachmentFactRow>,
    /// The open cases that it is linked to as their duplicate, each with its type.
    pub originals: Vec<(Uuid, String)>,
    /// In whose hands it is besides.
    pub hands: Hands,
}

/// The clocks that a change has moved, each with its id.
pub(super) type MovedClocks = Vec<(Uuid, Clock)>;

/// What follows where a case becomes one of high risk.
#[derive(Default)]
pub(super) struct Heightened {
    /// Who is to be told.
    pub alerts: Vec<Alert>,
    /// The clocks that changed.
    pub clocks: MovedClocks,
}

impl Sight {
    /// Looks at a case, in one round trip where its owner is a partner and leads it, and the risk
    /// is not high.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where it does not exist for the caller.
    pub async fn of(step: &Doorstep<'_>, id: Uuid) -> Result<Self> {
        let (full, clocks, attachments, originals) = join!(
            queries::read(step, id),
            queries::clocks(step, id),
            queries::attachment_facts(step, id),
            links::open_originals(step, id)
        );
        let (case, access, place, mut owner, mut lead) = full?;
        if owner.is_none() {
            // It left the partnership before shares ended with a membership: those that stand
            // show a case that names it still.
            let named = [Some(case.org_id), case.lead_user_id].into_iter().flatten();
            let names = names_of(step, named.collect()).await?;
            (owner, lead) = (names.of(case.org_id), names.of(case.lead_user_id));
        }
        Ok(Self {
            hands: hands::of(step, &case, proposing(&case)).await?,
            case,
            access,
            place,
            owner,
            lead,
            clocks: clocks?,
            attachments: attachments?,
            originals: originals?,
        })
    }

    /// Locks a case that the caller may change until the end of the transaction,
    /// and looks at it, as [`Self::of`] does.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where it does not exist for the caller, and
    /// [`AppError::Forbidden`] where it was shared for viewing only.
    pub async fn locked(step: &Doorstep<'_>, id: Uuid) -> Result<Self> {
        let (held, sight) = join!(access::lock(step, id), Self::of(step, id));
        // In this order: where the first fails, the other can only say that it did.
        let (held, sight) = (held?, sight?);
        access::check_contributes(&sight.access.level)?;
        held.ok_or(AppError::NotFound)?;
        Ok(sight)
    }

    /// As [`Self::locked`], for taking a step: where a case may end by it as a duplicate, those
    /// that it is one of are kept as they are until then.
    ///
    /// # Errors
    /// As there.
    pub async fn locked_for(step: &Doorstep<'_>, id: Uuid, event: &str) -> Result<Self> {
        if !step.services.workflows.may_end_as_duplicate(event) {
            return Self::locked(step, id).await;
        }
        let (originals, sight) = join!(links::hold(step, id), Self::locked(step, id));
        let (originals, mut sight) = (originals?, sight?);
        // One to which it was linked since may be closed meanwhile.
        sight.originals.retain(|(original, _)| originals.contains(original));
        Ok(sight)
    }

    /// Whether the caller's organisation owns it.
    pub fn is_owner(&self) -> bool {
        self.access.level == "owner"
    }

    /// Whether it is linked as the duplicate of another that is open. What is of another type
    /// is another matter (domain §3.1), whoever linked it.
    fn is_duplicate_of_open(&self) -> bool {
        self.originals.iter().any(|(_, kind)| *kind == self.case.type_)
    }

    /// Whether the caller may see who is in it, and not only where and what.
    pub fn shows_people(&self, room: &Room) -> bool {
        let is_open = self.access.data_classes.iter().any(|class| class == "subjects");
        is_open && room.person.reads_people(&self.case.ward_gss, &self.case.type_)
    }

    /// Its workflow.
    ///
    /// # Errors
    /// If no workflow is known for the stored type.
    pub fn workflow<'a>(&self, room: &'a Room) -> Result<&'a Workflow> {
        workflow_of(room, &self.case.type_)
    }

    /// What the workflow is told of it.
    pub fn facts(&self, room: &Room) -> Facts {
        let case = &self.case;
        let roles = room.person.roles_that_move(&case.ward_gss, &case.type_);
        let actor = Actor {
            agency: OrgKind::parse(&room.person.org_kind).unwrap_or(OrgKind::Oversight),
            roles: roles.iter().filter_map(|role| Role::parse(role)).collect(),
            user_id: room.person.user_id,
            organisation_id: room.person.org_id,
        };
        let attachments = self.attachments.iter();
        let attachments = attachments.map(|(id, phase, media_type)| AttachmentFact {
            id: *id,
            phase: Phase::parse(phase),
            is_photo: media_type.starts_with("image/"),
        });
        Facts {
            case_id: case.id,
            state: case.state.clone(),
            details: case.details.clone(),
            actor,
            owner_organisation: case.org_id,
            lead_organisation: self.hands.leading.as_ref().map(|(id, _)| *id),
            organisations: Vec::new(),
            lead_user: case.lead_user_id,
            opened_by: Some(case.opened_by),
            proposed_by: self.hands.proposed_by,
            risk_band: case.risk_band.as_deref().and_then(RiskBand::parse),
            qualifier: case.qualifier.as_deref().and_then(Qualifier::parse),
            earlier_reports: None,
            attachments: attachments.collect(),
            is_duplicate_of_open: self.is_duplicate_of_open(),
            clocks: self.clocks.iter().map(|(_, clock)| model::clock_fact(clock)).collect(),
            now: room.now,
        }
    }

    /// As [`Self::facts`], for taking a step: with the organisations that it may name as lead,
    /// where it names one.
    ///
    /// # Errors
    /// Those of the database, or if no workflow is known for the stored type.
    pub async fn facts_for(&self, room: &Room, event: &str) -> Result<Facts> {
        let mut facts = self.facts(room);
        if self.workflow(room)?.names_lead(event) {
            let mut ids = hands::contributors(room, self.case.id).await?;
            ids.push(self.case.org_id);
            let names = names_of(room, ids.clone()).await?;
            let fact = |id| {
                let kind = OrgKind::parse(&names.kind_of(id)?)?;
                Some(OrganisationFact { id, kind })
            };
            facts.organisations = ids.into_iter().filter_map(fact).collect();
        }
        Ok(facts)
    }

    /// Looks again in whose hands it is, where a change or the step `event`, which is not
    /// written yet, has made that another question.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn look_again(&mut self, room: &Room, event: Option<&str>) -> Result<()> {
        self.hands = hands::of(room, &self.case, proposing(&self.case)).await?;
        if event == Some(PROPOSE_CLOSE) {
            self.hands.proposed_by = Some(room.person.user_id);
        }
        Ok(())
    }

    /// What follows where a change, and no step, has made it a case of high risk, which it
    /// was not when its band was `was`: who is to be told (domain §3.5), and the clocks that
    /// changed, since some then end sooner.
    ///
    /// # Errors
    /// If no workflow is known for the stored type, or a clock cannot be worked out.
    pub fn heighten(&mut self, room: &Room, was: Option<&str>) -> Result<Heightened> {
        let high = Some(RiskBand::High.as_str());
        if was == high || self.case.risk_band.as_deref() != high {
            return Ok(Heightened::default());
        }
        let workflow = self.workflow(room)?;
        let moved = model::hasten_clocks(workflow, &mut self.clocks, room.now)?;
        if !moved.is_empty() {
            self.case.due_at = model::next_due(workflow, &self.clocks);
        }
        Ok(Heightened {
            alerts: workflow.alerts_at_high_risk(),
            clocks: moved,
        })
    }

    /// Whose attention it asks for by what it says, whatever step is taken.
    ///
    /// # Errors
    /// If no workflow is known for the stored type.
    pub fn standing_alerts(&self, room: &Room) -> Result<Vec<Alert>> {
        Ok(self.workflow(room)?.standing_alerts(&self.facts(room)))
    }

    /// Brings it where a decision leads; answers with the clocks that changed.
    ///
    /// # Errors
    /// If no workflow is known for the stored type, or a clock cannot be worked out.
    pub fn take(&mut self, room: &Room, decision: &Decision) -> Result<MovedClocks> {
        let workflow = self.workflow(room)?;
        let mut moved = model::move_clocks(workflow, self.case.opened_at, &mut self.clocks, decision, room.now)?;
        let high = Some(RiskBand::High.as_str());
        let band = decision.risk_band.map(RiskBand::as_str);
        if band == high && self.case.risk_band.as_deref() != high {
            let hastened = model::hasten_clocks(workflow, &mut self.clocks, room.now)?;
            moved.retain(|(id, _)| hastened.iter().all(|(other, _)| other != id));
            moved.extend(hastened);
        }
        let case = &mut self.case;
        case.risk_band = band.map(str::to_owned);
        decision.to.clone_into(&mut case.state);
        decision.class.as_str().clone_into(&mut case.status_class);
        decision.public_status.as_str().clone_into(&mut case.public_status);
        case.details = decision.details_after.clone();
        if let Some(leads) = decision.leads {
            case.lead_organisation_id = Some(leads).filter(|leads| *leads != case.org_id);
        }
        let closed = decision.class == StateClass::Closed;
        case.due_at = model::next_due(workflow, &self.clocks);
        case.waiting_until = model::waiting_until(workflow, &self.clocks).filter(|_| !closed);
        case.closed_at = closed.then_some(case.closed_at.unwrap_or(room.now));
        if decision.closure.is_some() || !closed {
            case.outcome = decision.closure.as_ref().map(|closure| closure.outcome.clone());
        }
        Ok(moved)
    }

    /// The step that follows by itself where a change has made the details say something that
    /// they did not say `before`, if one does; answers also with the clocks that changed.
    ///
    /// # Errors
    /// Those of [`take`](Self::take).
    pub fn follow(&mut self, room: &Room, before: &Value) -> Result<Option<(Decision, MovedClocks)>> {
        let workflow = self.workflow(room)?;
        let Some(decision) = workflow.decide_by_change(&self.facts(room), before) else {
            return Ok(None);
        };
        let moved = self.take(room, &decision)?;
        Ok(Some((decision, moved)))
    }

    /// Its view, with what the caller could do next.
    ///
    /// # Errors
    /// If no workflow is known for the stored type.
    pub fn view(mut self, room: &Room) -> Result<CaseView> {
        let workflow = self.workflow(room)?;
        let facts = self.facts(room);
        let allowed = if self.access.level == "view" {
            Vec::new()
        } else {
            workflow.allowed(&facts)
        };
        let advice = workflow.standing_alerts(&facts).into_iter().map(|alert| alert.say);
        if !self.shows_people(room) {
            workflow.conceal_people(&mut self.case.details);
        }
        let tells_of_people = workflow.tells_of_people(&self.case.details);
        self.clocks.sort_by_key(|(id, clock)| (clock.started_at, *id));
        let clocks = self.clocks.into_iter().map(|(_, clock)| {
            let is_deadline = model::is_deadline(workflow, &clock);
            ClockView::of(clock, is_deadline, room.now)
        });
        let full = (self.case, self.access, self.place, self.owner, self.lead);
        let view = CaseView::of(full, clocks.collect(), allowed, room.now);
        let leading = self.hands.leading.map(|(id, name)| Named { id, name });
        Ok(CaseView {
            lead_organisation: leading.unwrap_or(view.lead_organisation),
            advice: advice.collect(),
            tells_of_people,
            ..view
        })
    }
}

/// The step by which its closing is proposed, where it matters who took it (domain §3.10).
fn proposing(case: &CaseRow) -> Option<&'static str> {
    let is_high = case.risk_band.as_deref() == Some(RiskBand::High.as_str());
    (is_high && case.status_class == StateClass::Open.as_str()).then_some(PROPOSE_CLOSE)
}

/// The workflow of a stored case type.
///
/// # Errors
/// If none is known for it.
pub(super) fn workflow_of<'a>(room: &'a Room, kind: &str) -> Result<&'a Workflow> {
    let found = room.services.workflows.get(kind);
    found.ok_or_else(|| AppError::Internal(format!("no workflow for stored case type {kind}")))
}

impl CaseView {
    /// Gives an answer that shows the case its version and marking.
    pub(super) fn mark(&self, answer: Answer) -> Answer {
        answer
            .version_as_seen(self.version)
            .marking(self.marking == Marking::OfficialSensitive)
    }

    /// The classes of data it shows.
    pub(super) fn classes(&self) -> impl Iterator<Item = &'static str> {
        let location = self.location.is_some().then_some("location");
        let people = self.tells_of_people.then_some("subjects");
        ["core"].into_iter().chain(location).chain(people)
    }

    /// Notes in the log that this case was touched or shown.
    pub(super) fn note<T>(&self, audited: Audited<T>) -> Audited<T> {
        audited
            .case(self.id, self.owner.id)
            .showing_people(self.tells_of_people)
    }

    /// As [`Self::note`], and counts towards the people looked at. What is made shows what was
    /// sent, and counts not.
    pub(super) fn note_look<T>(&self, audited: Audited<T>) -> Audited<T> {
        match self.tells_of_people {
            true => self.note(audited).counted(Volume::Subjects, 1),
            false => self.note(audited),
        }
    }
}
