//! Whether a share may be made.

use chrono::NaiveDate;

use super::agreement::{Agreement, AgreementStanding};
use super::error::{SharingError, Uncovered};
use super::gateway::{Gateway, available_gateways};
use super::organisation::{OrgKind, OrganisationFacts};
use super::share::{Approver, DataClass, Level, Permitted, ShareRequest};

/// Whether `from` may share the case with `to`, and on what footing.
///
/// `today` is the local day on which legal status and agreements are looked at.
///
/// # Errors
/// The first rule broken: the request itself, whose the case is, the gateway,
/// what may pass through it to this recipient, the quality block, and last
/// whether the agreement covers it.
pub fn check_share(
    request: &ShareRequest,
    from: &OrganisationFacts,
    to: &OrganisationFacts,
    agreement: Option<&Agreement>,
    today: NaiveDate,
) -> Result<Permitted, SharingError> {
    check_request(request, from, to)?;
    check_originator(request, from)?;
    check_gateway(request, from, to, today)?;
    check_classes(request, from, to)?;
    check_children(request)?;
    check_quality(request, from, today)?;
    match agreement {
        Some(agreement) => under_agreement(request, from, to, agreement, today),
        None => Ok(Permitted::NeedsAdHocApproval),
    }
}

/// Whether `approver` may approve a share without an agreement.
///
/// # Errors
/// [`SharingError::ApproverNotOriginator`] from another organisation,
/// [`SharingError::ApproverIsRequester`] for the person who asked.
pub fn check_approver(request: &ShareRequest, approver: &Approver) -> Result<(), SharingError> {
    if approver.org_id != request.originator {
        return Err(SharingError::ApproverNotOriginator);
    }
    if approver.user_id == request.requested_by {
        return Err(SharingError::ApproverIsRequester);
    }
    Ok(())
}

fn check_request(request: &ShareRequest, from: &OrganisationFacts, to: &OrganisationFacts) -> Result<(), SharingError> {
    // The originator has the case already.
    if to.id == from.id || to.id == request.originator {
        return Err(SharingError::ShareToSelf);
    }
    if request.purpose.trim().is_empty() {
        return Err(SharingError::PurposeMissing);
    }
    if !request.terms.data_classes.contains(&DataClass::Core) {
        return Err(SharingError::CoreMissing);
    }
    if request.terms.expires_at.is_some_and(|end| end <= request.made_at) {
        return Err(SharingError::ExpiryInPast);
    }
    // An oversight body looks on: time-boxed and read-only.
    if to.kind == OrgKind::Oversight && request.terms.level > Level::View {
        return Err(SharingError::LevelNotForRecipient { recipient: to.kind });
    }
    if to.kind == OrgKind::Oversight && request.terms.expires_at.is_none() {
        return Err(SharingError::ExpiryMissing);
    }
    Ok(())
}

/// Disclosed information stays the originator's: somebody else passes it on
/// with the originator's leave only, by default not at all.
fn check_originator(request: &ShareRequest, from: &OrganisationFacts) -> Result<(), SharingError> {
    if from.id == request.originator {
        return Ok(());
    }
    match &request.onward_approval {
        Some(approver) => check_approver(request, approver),
        None => Err(SharingError::OnwardShare),
    }
}

fn check_gateway(
    request: &ShareRequest,
    from: &OrganisationFacts,
    to: &OrganisationFacts,
    today: NaiveDate,
) -> Result<(), SharingError> {
    let gateway = request.gateway;
    if !gateway.is_available(from, to, &request.case, today) {
        let available = available_gateways(from, to, &request.case, today);
        return Err(SharingError::GatewayNotAvailable { gateway, available });
    }
    if gateway.needs_reference(to, today) && is_blank(request.gateway_reference.as_deref()) {
        return Err(SharingError::GatewayReferenceMissing { gateway });
    }
    Ok(())
}

fn check_classes(request: &ShareRequest, from: &OrganisationFacts, to: &OrganisationFacts) -> Result<(), SharingError> {
    let gateway = request.gateway;
    let classes = &request.terms.data_classes;
    if let Some(class) = classes.iter().copied().find(|class| !gateway.carries(*class)) {
        return Err(SharingError::ClassNotThroughGateway { class, gateway });
    }
    if let Some(class) = classes.iter().copied().find(|class| withheld_from(to.kind, *class)) {
        return Err(SharingError::ClassNotForRecipient {
            class,
            recipient: to.kind,
        });
    }
    // Partners do not grade or hold out intelligence; police do.
    if classes.contains(&DataClass::Intelligence) && from.kind != OrgKind::Police {
        return Err(SharingError::IntelligenceNotFromPolice);
    }
    Ok(())
}

/// A contractor sees where and what, never who; intelligence goes to those who
/// decide on risk, not to those who look on or clean up.
fn withheld_from(recipient: OrgKind, class: DataClass) -> bool {
    match class {
        DataClass::Subjects | DataClass::Notes => recipient == OrgKind::Contractor,
        DataClass::Intelligence => {
            matches!(recipient, OrgKind::Contractor | OrgKind::Oversight)
        }
        DataClass::Core | DataClass::Location | DataClass::Attachments => false,
    }
}

/// Whether a share through `gateway`, with this note or none, shows subjects who are
/// children.
///
/// Children Act 2004 s.11(2) binds the sharer to have regard to safeguarding
/// and promoting the child's welfare. So a child is shown only through a gateway that
/// is itself about people's safety or was ordered (`SAFEGUARD`, `ASB104`, `COURT`), or
/// through a general one (`CDA115`, `DPA_S35_36`, `DPA_SCH1`) with a note of how this
/// share does so.
#[must_use]
pub fn shows_children(gateway: Gateway, safeguarding_note: Option<&str>) -> bool {
    let for_safety = matches!(gateway, Gateway::Safeguard | Gateway::Asb104 | Gateway::Court);
    for_safety || (gateway.takes_safeguarding_note() && !is_blank(safeguarding_note))
}

/// Asks who shares the subjects of a case, one of whom is a child, to say how that is for
/// the child. One who is added afterwards is not shown by a share that does not say so:
/// nobody is kept from recording a child at risk by what others shared before.
fn check_children(request: &ShareRequest) -> Result<(), SharingError> {
    let names_people = request.terms.data_classes.contains(&DataClass::Subjects);
    let gateway = request.gateway;
    let shows_them = shows_children(gateway, request.safeguarding_note.as_deref());
    if names_people && request.case.has_child_subject && !shows_them {
        return Err(SharingError::ChildSubject { gateway });
    }
    Ok(())
}

fn check_quality(request: &ShareRequest, from: &OrganisationFacts, today: NaiveDate) -> Result<(), SharingError> {
    let Some(quality) = &request.quality else {
        let required = from.is_part3_competent_authority.holds_on(today);
        return if required {
            Err(SharingError::QualityMissing)
        } else {
            Ok(())
        };
    };
    if quality.as_of > request.made_at {
        return Err(SharingError::QualityInFuture);
    }
    let graded = quality
        .grading
        .as_ref()
        .is_some_and(|grading| !is_blank(Some(&grading.scheme)) && !is_blank(Some(&grading.value)));
    if request.terms.data_classes.contains(&DataClass::Intelligence) && !graded {
        return Err(SharingError::GradingMissing);
    }
    Ok(())
}

fn under_agreement(
    request: &ShareRequest,
    from: &OrganisationFacts,
    to: &OrganisationFacts,
    agreement: &Agreement,
    today: NaiveDate,
) -> Result<Permitted, SharingError> {
    match agreement.validity.standing(today) {
        AgreementStanding::InForce | AgreementStanding::ReviewDue => {}
        AgreementStanding::PastReview => return Err(SharingError::AgreementPastReview),
        AgreementStanding::NotActive => return Err(SharingError::AgreementNotActive),
    }
    match uncovered(request, from, to, agreement) {
        Some(what) => Err(SharingError::AgreementDoesNotCover(what)),
        None => Ok(Permitted::UnderAgreement),
    }
}

/// What of the request the agreement leaves out, if anything.
fn uncovered(
    request: &ShareRequest,
    from: &OrganisationFacts,
    to: &OrganisationFacts,
    agreement: &Agreement,
) -> Option<Uncovered> {
    // The originator's data is at stake also when another passes it on.
    let parties = [from.id, to.id, request.originator];
    if let Some(party) = parties.into_iter().find(|id| !agreement.parties.contains(id)) {
        return Some(Uncovered::Party(party));
    }
    if !agreement.purposes.contains(request.purpose.trim()) {
        return Some(Uncovered::Purpose);
    }
    if !agreement.gateways.contains(&request.gateway) {
        return Some(Uncovered::Gateway(request.gateway));
    }
    let mut beyond = request.terms.data_classes.difference(&agreement.data_classes);
    beyond.next().copied().map(Uncovered::DataClass)
}

fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}
