//! One case of a vehicle is open at a time (domain §3.1, §3.3): who would record another is told
//! of the one there is, if they may see it, and adds to it or says why theirs is another.

use super::sight::workflow_of;
use crate::cases::model::CaseError;
use crate::cases::queries::cases::CaseRow;
use crate::cases::queries::one_open::{self as queries, Sought};
use crate::cases::view::cases::NewCase;
use crate::cases::workflow::Workflow;
use crate::doors::{Doorstep, Room};
use crate::error::Result;
use crate::http::fields::Text;
use crate::rule::CaseInTheWay;

/// The open case about the same as a new one, unless that says why it is another.
pub(super) async fn beside_new(step: &Doorstep<'_>, new: &NewCase) -> Result<Option<CaseInTheWay>> {
    let case_type = new.kind.as_str();
    let workflow = step.services.workflows.get(case_type);
    let declared = workflow.zip(new.details.as_ref());
    let key = declared.and_then(|(workflow, details)| workflow.open_case_key(details));
    match key {
        Some(key) if new.separate_because.is_none() => {
            let sought = Sought {
                case: None,
                partnership: new.partnership_id,
                case_type,
                key: &key,
            };
            queries::another_open(step, &sought, (step.user_id, step.session_id)).await
        }
        _ => Ok(None),
    }
}

/// Brings up to date what a changed case is about, which was `before`, and why it is a case
/// of its own: a reason is about what the case was about when it was given.
///
/// # Errors
/// [`CaseError::AlreadyOpen`] where another open case is about the same by now, that the
/// caller may see, and no reason is given.
pub(super) async fn bring_up_to_date(
    room: &Room,
    case: &mut CaseRow,
    before: Option<String>,
    because: Option<Option<Text<1, 500>>>,
) -> Result<()> {
    let workflow = workflow_of(room, &case.type_)?;
    let key = workflow.open_case_key(&case.details);
    let has_moved = key != before;
    let reason = match because {
        Some(because) => because.map(Text::into_string),
        None if has_moved => None,
        None => case.separate_because.clone(),
    };
    let is_taken_back = case.separate_because.is_some();
    let asks = (has_moved || is_taken_back) && reason.is_none() && case.status_class == "open";
    if let Some(key) = key.as_deref().filter(|_| asks) {
        let sought = Sought {
            case: Some(case.id),
            partnership: case.partnership_id,
            case_type: &case.type_,
            key,
        };
        let caller = (room.person.user_id, room.person.session_id);
        refuse(workflow, queries::another_open(room, &sought, caller).await?)?;
    }
    case.open_case_key = key;
    case.separate_because = reason;
    Ok(())
}

/// Refuses where a case is in the way.
///
/// # Errors
/// [`CaseError::AlreadyOpen`].
pub(super) fn refuse(workflow: &Workflow, found: Option<CaseInTheWay>) -> Result<()> {
    let detail = workflow.one_open_case_per().unwrap_or_default().to_owned();
    match found {
        Some(case) => Err(CaseError::AlreadyOpen { detail, case }.into()),
        None => Ok(()),
    }
}
