//! Who assesses the risk of a case learns how often the place was reported (domain §3.5): that
//! is counted among what they may see, and not taken from their word alone.

use uuid::Uuid;

use super::sight::Sight;
use crate::cases::queries::earlier::{self as queries, ReportRow, Sought};
use crate::cases::repeats;
use crate::doors::Room;
use crate::error::Result;

/// The other cases of the last six months at the place of a case, each with its owner, that the
/// caller may see. `None` where the step asks for none, or the place is not open to the caller.
///
/// # Errors
/// Those of the database; if no workflow is known for the stored type.
pub(super) async fn look_for(room: &Room, sight: &Sight, event: &str) -> Result<Option<Vec<(Uuid, Uuid)>>> {
    if !sight.workflow(room)?.looks_for_earlier_reports(event) {
        return Ok(None);
    }
    let Some(place) = &sight.place else { return Ok(None) };
    let around = repeats::around((place.lon, place.lat));
    let uprn = place.uprn.as_deref().map(|number| number.trim_start_matches('0'));
    let sought = Sought {
        case: sight.case.id,
        case_type: &sight.case.type_,
        uprn: uprn.filter(|number| !number.is_empty()),
        bounds: around.bounds(),
        since: repeats::since(room.now),
    };
    let caller = (room.person.user_id, room.person.session_id);
    let (in_bounds, there) = queries::list(room, &sought, caller).await?;
    let is_near = |report: &ReportRow| {
        let place = report.lon.zip(report.lat);
        place.is_some_and(|place| around.holds(place))
    };
    let near = in_bounds.into_iter().filter(is_near);
    let mut found: Vec<(Uuid, Uuid)> = near
        .chain(there)
        .map(|report| (report.case_id, report.case_org_id))
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(Some(found))
}
