//! People, vehicles and premises, found across cases by who or what they are.

use actix_web::{HttpResponse, post};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::cases::queries::subjects as queries;
use crate::cases::view::subject_search::{FoundSubject, SubjectSearch};
use crate::doors::{Answer, Audited, Caller, Doorstep, JsonBody, may};
use crate::error::{AppError, Result};
use crate::http::fields::Text;
use crate::http::paging::{self, Page};
use crate::limits::Volume;

/// The order of what is found: as it was added.
const ORDER: &str = "found";

/// Registers the operation.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(search_subjects);
}

/// Search subjects
///
/// People, vehicles, premises and organisations of every case that the caller sees, by who or what
/// they are: each is shown as its case shows it, and nothing is found that the caller could not
/// list there. Shares without `subjects`, and those that do not show children, hide here as they
/// do there, and so do the limits of roles. In the order they were added; somebody who is in
/// several cases is a subject of each.
///
/// It is a POST because what says who somebody is has no place in an address. The log keeps by
/// which members was searched, and every subject and case that was shown, and never what was
/// looked for. Each search counts towards the searches of an hour, and each subject that is shown
/// towards the subjects. Who was shown a subject before, and to whom it was disclosed, is then in
/// the log by its id (`subject` of `/v1/audit/events`).
#[utoipa::path(
    tag = "cases",
    request_body = SubjectSearch,
    responses((status = 200, description = "A page of subjects, each with its case.", body = Page<FoundSubject>)),
    security(("bearer" = ["subject.read"]))
)]
#[post("/v1/subjects/search")]
async fn search_subjects(caller: Caller<may::ReadSubjects>, body: JsonBody<SubjectSearch>) -> Result<HttpResponse> {
    caller
        .consult_ahead(body, Found::of, async |_room, _wanted: SubjectSearch, found: Found| {
            let cases: Vec<(Uuid, Uuid)> = found.cases().collect();
            let shown: Vec<Uuid> = found.page.items.iter().map(|item| item.subject.id).collect();
            // Reference and type of a case are of its core.
            let audited = Audited::consultation(Answer::ok(&found.page)?).classes(["core", "subjects"]);
            Ok(audited
                .cases(cases)
                .counted(Volume::Searches, 1)
                .counted(Volume::Subjects, shown.len())
                .records(shown)
                .fact("filters", found.used))
        })
        .await
}

/// What a search found, and by which members.
struct Found {
    page: Page<FoundSubject>,
    used: Vec<String>,
}

impl Found {
    async fn of(step: &Doorstep<'_>, wanted: &SubjectSearch) -> Result<Self> {
        let given = wanted.particulars.given();
        if given.is_empty() {
            return Err(AppError::invalid("/particulars", "names nothing to look for"));
        }
        // Other lists take both as parameters.
        let in_body = |error: AppError| error.within("/");
        let limit = paging::limit(wanted.limit).map_err(in_body)?;
        let cursor = wanted.cursor.as_ref().map(Text::as_str);
        let after: Option<Uuid> = paging::read_cursor(ORDER, cursor).map_err(in_body)?;
        let mut used: Vec<String> = given.keys().cloned().collect();
        used.sort_unstable();
        let rows = queries::search(
            step,
            (step.user_id, step.session_id),
            Value::Object(given),
            after,
            limit,
        )
        .await?;
        let found = rows.into_iter().map(|(row, access)| FoundSubject::of(row, access));
        let page = Page::of(found.collect(), limit, ORDER, |item| item.subject.id)?;
        Ok(Self { page, used })
    }

    /// The cases of what is shown, each with its owner.
    fn cases(&self) -> impl Iterator<Item = (Uuid, Uuid)> + '_ {
        self.page.items.iter().map(|item| (item.case.id, item.case.owner_id))
    }
}
