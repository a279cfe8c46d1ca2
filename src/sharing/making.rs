//! Making a share: the rules asked, the row written, the log told.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use uuid::Uuid;

use super::lost_sight::{self, SeesLess};
use super::model::{
    Approver, CaseFacts, DataClass, Gateway, Level, OrganisationFacts, Permitted, Quality, ShareRequest, ShareState,
    ShareTerms, SharingError, check_share, shows_children,
};
use super::queries::agreements::{KeptAgreement, Standings};
use super::queries::{self, ShareRow, Superseded};
use super::view::{NewShare, QualityBody, ShareView};
use crate::audit::{Op, OutboxEvent};
use crate::cases::access::{self, Access};
use crate::clocks;
use crate::db::{all_kept, kept, kept_json};
use crate::doors::may::{self, Permission};
use crate::doors::{Audited, Room};
use crate::error::{AppError, Result};
use crate::identity;
use crate::limits::Volume;
use crate::partnerships::members_among;

/// A share that was made, and what there is to say of it.
#[must_use = "the log has to hear of it"]
pub struct Made {
    row: ShareRow,
    superseded: Option<Superseded>,
    /// The tasks of the recipient that rested on more than it opens.
    less: Vec<SeesLess>,
    /// Of the agreement that covers it.
    agreement_version: Option<i64>,
    /// How that stands.
    standings: Standings,
    /// The subjects that it opens.
    subjects: Vec<Uuid>,
}

impl Made {
    /// The share.
    pub fn id(&self) -> Uuid {
        self.row.id
    }

    /// Whether the recipient sees the case already; if not, somebody has to approve.
    pub fn is_active(&self) -> bool {
        self.row.state == ShareState::Active.as_str()
    }

    /// The organisation it is for.
    pub fn recipient(&self) -> Uuid {
        self.row.to_org_id
    }

    /// What the API shows `reader` of it.
    ///
    /// # Errors
    /// For a share in no known state.
    pub fn view(&self, reader: Uuid) -> Result<ShareView> {
        ShareView::of(self.row.clone(), reader, &self.standings)
    }

    /// Tells the log and those concerned.
    ///
    /// # Errors
    /// For a share in no known state.
    pub fn note<T>(&self, audited: Audited<T>) -> Result<Audited<T>> {
        let name = if self.is_active() {
            "case.shared"
        } else {
            "case.share_requested"
        };
        let audited = note(audited, &self.row, name)?.fact("agreement_version", self.agreement_version);
        let audited = audited.records(self.subjects.iter().copied());
        let audited = note_superseded(audited, self.superseded.as_ref());
        Ok(lost_sight::noting(audited, &self.less).counted(Volume::Shares, 1))
    }

    /// The kind of operation it was: only an active share discloses.
    pub fn op(&self) -> Op {
        if self.is_active() {
            Op::Disclosure
        } else {
            Op::Collection
        }
    }
}

/// Shares a case in the transaction in which a task is proposed, so that the
/// organisation asked can see what it is asked about. The caller logs it with
/// [`Made::note`].
///
/// # Errors
/// [`AppError::Forbidden`] unless the person may also share this case, and every
/// rule of sharing.
pub async fn share_for_task(room: &mut Room, access: &Access, wanted: NewShare) -> Result<Made> {
    let powers = identity::powers(room, room.person.user_id, room.person.session_id).await?;
    if !powers.reach(may::ShareCase::CODE, &access.ward_gss, &access.type_) {
        return Err(AppError::Forbidden(
            "sharing the case with the task needs the permission `case.share`".to_owned(),
        ));
    }
    let access = access.clone().contributing()?;
    make(room, &access, wanted).await
}

/// Makes a share of the case behind `access`: active where an agreement covers it,
/// else awaiting the approval of a second person or of the originator.
pub async fn make(room: &mut Room, access: &Access, wanted: NewShare) -> Result<Made> {
    queries::hold_memberships(room, access.partnership_id).await?;
    // Whoever else wants to share this case waits.
    access::lock(room, access.case_id).await?.ok_or(AppError::NotFound)?;
    refuse_beyond(access, &wanted)?;
    let today = today(room)?;
    let to = recipient(room, access, wanted.organisation_id, today).await?;
    let from = sharer(room, room.person.org_id, today).await?;
    let agreement = match wanted.agreement_id {
        Some(id) => Some(agreement(room, access, id).await?),
        None => None,
    };
    let request = request(room, access, &wanted).await?;
    check_verifier(room, &wanted).await?;
    let asked = wanted.ad_hoc_approval.is_some();
    let footing = footing(&request, &from, &to, agreement.as_ref(), today, asked)?;
    // What rests on a person does not rest on the agreement that was named as well.
    let agreement = agreement.filter(|_| footing == Permitted::UnderAgreement);
    let row = row(
        room,
        access,
        wanted,
        agreement.as_ref().map(|kept| kept.keeper),
        footing,
    )?;
    let mut superseded = None;
    if row.state == ShareState::Active.as_str() {
        let now = room.now;
        superseded = queries::supersede(room, &row, now).await?;
    }
    queries::insert(room, &row).await?;
    let less = left_less(room, &row, superseded.as_ref()).await?;
    let standing = agreement.as_ref().map(|kept| kept.agreement.validity.standing(today));
    let standings = row.agreement_id.zip(standing).into_iter().collect();
    let agreement_version = agreement.map(|kept| kept.version_number);
    let subjects = opened_subjects(room, &row).await?;
    Ok(Made {
        row,
        superseded,
        less,
        agreement_version,
        standings,
        subjects,
    })
}

/// The subjects that a share opens, if it opens the case: so that to whom somebody was
/// disclosed is found by them.
pub async fn opened_subjects(room: &mut Room, row: &ShareRow) -> Result<Vec<Uuid>> {
    let opens = row.state == ShareState::Active.as_str();
    match opens
        && row
            .data_classes
            .iter()
            .any(|class| class == DataClass::Subjects.as_str())
    {
        true => queries::subjects_of(room, row.case_id, row.shows_children).await,
        false => Ok(Vec::new()),
    }
}

async fn check_verifier(room: &Room, wanted: &NewShare) -> Result<()> {
    let verifier = wanted.quality.as_ref().and_then(|quality| quality.verified_by);
    if let Some(verifier) = verifier
        && identity::name_of_colleague(room, verifier, room.person.org_id)
            .await?
            .is_none()
    {
        let detail = "is nobody of your organisation";
        return Err(AppError::invalid("/quality/verified_by", detail));
    }
    Ok(())
}

/// The tasks of the recipient that lack something under an active share which they had under
/// the one in whose place it came.
pub async fn left_less(room: &mut Room, row: &ShareRow, superseded: Option<&Superseded>) -> Result<Vec<SeesLess>> {
    // By one whose time was over they saw nothing.
    match superseded.filter(|former| former.state == ShareState::Superseded.as_str()) {
        Some(former) => {
            let before = ShareTerms {
                level: kept("share level", &former.level, Level::parse)?,
                data_classes: all_kept("share data class", &former.data_classes, DataClass::parse)?,
                expires_at: former.expires_at,
            };
            lost_sight::sees_less(room, row.id, &before, &terms(row)?).await
        }
        None => Ok(Vec::new()),
    }
}

/// On what footing it can be made. Where the agreement named does not carry it,
/// a person may, if asked.
fn footing(
    request: &ShareRequest,
    from: &OrganisationFacts,
    to: &OrganisationFacts,
    agreement: Option<&KeptAgreement>,
    today: NaiveDate,
    asked: bool,
) -> Result<Permitted> {
    let agreement = agreement.map(|kept| &kept.agreement);
    let permitted = match check_share(request, from, to, agreement, today) {
        Err(
            SharingError::AgreementNotActive
            | SharingError::AgreementPastReview
            | SharingError::AgreementDoesNotCover(_),
        ) if asked => Permitted::NeedsAdHocApproval,
        checked => checked?,
    };
    if permitted == Permitted::NeedsAdHocApproval && !asked {
        return Err(AppError::invalid(
            "/agreement_id",
            "name an agreement that covers this, or ask for ad_hoc_approval",
        ));
    }
    Ok(permitted)
}

/// Who did not get a class of the data cannot pass it on, nor give more than view
/// and contribute as they have it.
fn refuse_beyond(access: &Access, wanted: &NewShare) -> Result<()> {
    let beyond = wanted.data_classes.iter().find(|class| !access.opens(class.as_str()));
    match beyond {
        Some(class) => Err(AppError::invalid(
            "/data_classes",
            format!("{class} is not open to your organisation"),
        )),
        None => Ok(()),
    }
}

/// The day on which legal standing and agreements are looked at.
pub fn today(room: &Room) -> Result<NaiveDate> {
    Ok(clocks::local_date(room.now)?)
}

async fn recipient(room: &mut Room, access: &Access, org: Uuid, today: NaiveDate) -> Result<OrganisationFacts> {
    let stranger = || AppError::invalid("/organisation_id", "is not a member of the case's partnership");
    if members_among(room, access.partnership_id, &[org]).await?.is_empty() {
        return Err(stranger());
    }
    queries::organisation(room, org, today).await?.ok_or_else(stranger)
}

async fn sharer(room: &mut Room, org: Uuid, today: NaiveDate) -> Result<OrganisationFacts> {
    let facts = queries::organisation(room, org, today).await?;
    facts.ok_or_else(|| AppError::Forbidden("this organisation has no part in sharing".to_owned()))
}

async fn agreement(room: &mut Room, access: &Access, id: Uuid) -> Result<KeptAgreement> {
    match queries::agreements::find(room, id, access.partnership_id).await {
        Err(AppError::NotFound) => Err(AppError::invalid(
            "/agreement_id",
            "is not an agreement of the case's partnership",
        )),
        found => found,
    }
}

async fn request(room: &mut Room, access: &Access, wanted: &NewShare) -> Result<ShareRequest> {
    // A partner's request is held against the rules as if the originator agreed,
    // so that it is not sent in vain; it opens nothing until the originator does.
    let onward_approval = (!access.is_owner()).then_some(Approver {
        user_id: Uuid::nil(),
        org_id: access.case_org_id,
    });
    Ok(ShareRequest {
        made_at: room.now,
        requested_by: room.person.user_id,
        originator: access.case_org_id,
        terms: ShareTerms {
            level: wanted.level,
            data_classes: wanted.data_classes.clone(),
            expires_at: wanted.expires_at.map(|end| end.0),
        },
        gateway: wanted.gateway,
        gateway_reference: wanted.gateway_reference.clone().map(|text| text.into_string()),
        purpose: wanted.purpose.as_str().to_owned(),
        safeguarding_note: wanted.safeguarding_note.clone().map(|text| text.into_string()),
        quality: wanted.quality.clone().map(Quality::from),
        onward_approval,
        case: case_facts(room, access).await?,
    })
}

async fn case_facts(room: &mut Room, access: &Access) -> Result<CaseFacts> {
    Ok(CaseFacts {
        has_child_subject: queries::has_child_subject(room, access.case_id).await?,
        // No such type yet: see `Gateway`.
        open_case_review: access.type_ == "case_review" && access.status_class == "open",
    })
}

fn row(room: &Room, access: &Access, wanted: NewShare, keeper: Option<Uuid>, footing: Permitted) -> Result<ShareRow> {
    let state = match footing {
        _ if !access.is_owner() => ShareState::AwaitingOriginator,
        Permitted::UnderAgreement => ShareState::Active,
        Permitted::NeedsAdHocApproval => ShareState::AwaitingApproval,
    };
    let covered = keeper.is_some();
    let quality = wanted.quality.map(serde_json::to_value).transpose();
    let safeguarding_note = wanted.safeguarding_note.map(|text| text.into_string());
    Ok(ShareRow {
        id: Uuid::now_v7(),
        org_id: access.case_org_id,
        case_id: access.case_id,
        to_org_id: wanted.organisation_id,
        level: wanted.level.as_str().to_owned(),
        data_classes: class_names(&wanted.data_classes),
        gateway: wanted.gateway.as_str().to_owned(),
        gateway_reference: wanted.gateway_reference.map(|text| text.into_string()),
        agreement_org_id: keeper,
        agreement_id: wanted.agreement_id.filter(|_| covered),
        purpose: wanted.purpose.into_string(),
        shows_children: shows_children(wanted.gateway, safeguarding_note.as_deref()),
        safeguarding_note,
        quality: quality.map_err(|error| AppError::Internal(format!("share quality: {error}")))?,
        ad_hoc_reason: wanted
            .ad_hoc_approval
            .filter(|_| !covered)
            .map(|ask| ask.reason.into_string()),
        state: state.as_str().to_owned(),
        requested_by: room.person.user_id,
        requested_by_name: Some(room.person.name.clone()),
        requested_by_org_id: room.person.org_id,
        approved_by: None,
        approved_by_name: None,
        approved_at: None,
        expires_at: wanted.expires_at.map(|end| end.0),
        ended_at: None,
        ended_by: None,
        end_reason: None,
        version: 1,
        created_at: room.now,
        updated_at: room.now,
    })
}

/// Data classes as they are kept.
pub fn class_names(classes: &BTreeSet<DataClass>) -> Vec<String> {
    classes.iter().map(|class| class.as_str().to_owned()).collect()
}

/// The terms of a share that is kept.
pub fn terms(row: &ShareRow) -> Result<ShareTerms> {
    Ok(ShareTerms {
        level: kept("share level", &row.level, Level::parse)?,
        data_classes: data_classes(row)?,
        expires_at: row.expires_at,
    })
}

fn data_classes(row: &ShareRow) -> Result<BTreeSet<DataClass>> {
    all_kept("share data class", &row.data_classes, DataClass::parse)
}

/// Asks the rules again, now that somebody approves a share that waits. Answers which
/// version of its agreement covers it, if one does.
pub async fn check_again(room: &mut Room, access: &Access, row: &ShareRow) -> Result<Option<i64>> {
    let today = today(room)?;
    let to = recipient(room, access, row.to_org_id, today).await?;
    let from = sharer(room, row.requested_by_org_id, today).await?;
    let agreement = match row.agreement_id {
        Some(id) => Some(agreement(room, access, id).await?),
        None => None,
    };
    let quality = row.quality.clone();
    let quality = quality.map(|quality| kept_json::<QualityBody>("share quality", quality));
    let quality = quality.transpose()?;
    let approver = Approver {
        user_id: room.person.user_id,
        org_id: room.person.org_id,
    };
    let request = ShareRequest {
        made_at: room.now,
        requested_by: row.requested_by,
        originator: row.org_id,
        terms: terms(row)?,
        gateway: kept("share gateway", &row.gateway, Gateway::parse)?,
        gateway_reference: row.gateway_reference.clone(),
        purpose: row.purpose.clone(),
        safeguarding_note: row.safeguarding_note.clone(),
        quality: quality.map(Quality::from),
        onward_approval: Some(approver),
        case: case_facts(room, access).await?,
    };
    super::model::check_approver(&request, &approver)?;
    let named = agreement.as_ref().map(|kept| &kept.agreement);
    check_share(&request, &from, &to, named, today)?;
    Ok(agreement.map(|kept| kept.version_number))
}

/// Says in the log which share another took the place of, by how that one ended.
pub fn note_superseded<T>(audited: Audited<T>, superseded: Option<&Superseded>) -> Audited<T> {
    match superseded {
        Some(share) => audited.record(share.id).fact(&share.state, share.id.to_string()),
        None => audited,
    }
}

/// Says in the log, and to owner and recipient alone, what became of a share.
pub fn note<T>(audited: Audited<T>, row: &ShareRow, event: &'static str) -> Result<Audited<T>> {
    let mut told = vec![row.org_id];
    let is_heard_of = row.state()?.is_heard_of_by_recipient();
    let recipient = is_heard_of.then_some(row.to_org_id);
    told.extend(recipient);
    if row.requested_by_org_id != row.org_id {
        told.push(row.requested_by_org_id);
    }
    let facts = serde_json::json!({
        "organisation_id": row.to_org_id,
        "state": row.state,
        "level": row.level,
        "data_classes": row.data_classes,
    });
    let event = OutboxEvent::of_case(event, row.case_id, row.org_id)
        .about(row.id)
        .told_only_to(told)
        .with(facts);
    let classes = data_classes(row)?.into_iter().map(DataClass::as_str);
    let audited = audited.case(row.case_id, row.org_id).record(row.id).classes(classes);
    let audited = audited.recipients(recipient);
    Ok(audited
        .fact("gateway", row.gateway.clone())
        .fact("agreement_id", row.agreement_id.map(|id| id.to_string()))
        .fact("level", row.level.clone())
        .fact("state", row.state.clone())
        .event(event))
}
