//! People, vehicles and premises of a case.

use actix_web::{HttpResponse, delete, get, patch, post};
use serde_json::{Map, Value, json};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::audit::{Op, OutboxEvent};
use crate::cases::access::{self, Access};
use crate::cases::queries::subjects::{self as queries, Showing, SubjectRow};
use crate::cases::view::subjects::{NewSubject, Particulars, SubjectChange, SubjectKind, SubjectView};
use crate::clocks;
use crate::doors::{Answer, Audited, Caller, Disclosed, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::openapi::IfMatch;
use crate::http::paging::{self, Page, PageParams};
use crate::limits::Volume;

/// The class of what is told of a subject who is a child: it is told to whom the child is
/// shown.
pub(super) const CHILDREN: &str = "children";

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_subjects)
        .service(add_subject)
        .service(read_subject)
        .service(correct_subject)
        .service(erase_subject);
}

/// Subjects of a case
///
/// People, vehicles, premises and organisations, in the order they were added. People who
/// are children are left out where the share does not show them (`shows_children`).
#[utoipa::path(
    tag = "cases",
    params(PageParams),
    responses((status = 200, description = "A page of subjects.", body = Page<SubjectView>)),
    security(("bearer" = ["subject.read"]))
)]
#[get("/v1/cases/{id}/subjects")]
pub async fn list_subjects(
    caller: Caller<may::ReadSubjects>,
    id: Id,
    page: Params<PageParams>,
) -> Result<HttpResponse> {
    caller
        .consult(page, async |room, page: PageParams| {
            let access = access::find(room, id.get()).await?.opening("subjects")?;
            let limit = paging::limit(page.limit)?;
            let after: Option<Uuid> = paging::read_cursor("added", page.cursor.as_deref())?;
            let rows = queries::list(room, access.case_id, after, limit).await?;
            let views: Vec<SubjectView> = rows.into_iter().map(SubjectView::from).collect();
            let page = Page::of(views, limit, "added", |subject| subject.id)?;
            let shown: Vec<Uuid> = page.items.iter().map(|subject| subject.id).collect();
            let answer = page.answer(&room.request.path, limit)?;
            let audited = noted(&access, Audited::consultation(answer));
            Ok(audited.counted(Volume::Subjects, shown.len()).records(shown))
        })
        .await
}

fn noted<T>(access: &Access, audited: Audited<T>) -> Audited<T> {
    access.note(audited).classes(["subjects"])
}

/// A subject
///
/// One person, vehicle, premises or organisation of the case.
#[utoipa::path(
    tag = "cases",
    responses((status = 200, description = "The subject.", body = SubjectView)),
    security(("bearer" = ["subject.read"]))
)]
#[get("/v1/cases/{id}/subjects/{subject_id}")]
pub async fn read_subject(caller: Caller<may::ReadSubjects>, ids: Id<2>) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let (case_id, subject_id) = ids.pair();
            let access = access::find(room, case_id).await?.opening("subjects")?;
            let row = queries::find(room, case_id, subject_id).await?;
            let version = row.version;
            let answer = Answer::ok(&SubjectView::from(row))?.version(version);
            let audited = noted(&access, Audited::consultation(answer));
            Ok(audited.counted(Volume::Subjects, 1).record(subject_id))
        })
        .await
}

/// Add a subject
///
/// Says what part it has in the case, and whether that is fact or assessment
/// (DPA 2018 s.38(2)-(3)). A person who is a child is shown to the organisation that added
/// them, to the owner of the case, and by shares that say how they safeguard the child
/// (`shows_children`); by no other, whenever it was made (Children Act 2004 s.11).
#[utoipa::path(
    tag = "cases",
    request_body = NewSubject,
    responses((status = 201, description = "Added.", body = SubjectView)),
    security(("bearer" = ["subject.manage"]))
)]
#[post("/v1/cases/{id}/subjects")]
pub async fn add_subject(
    caller: Caller<may::ManageSubjects>,
    id: Id,
    body: JsonBody<NewSubject>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewSubject| {
            let access = access::find(room, id.get())
                .await?
                .contributing()?
                .opening("subjects")?;
            // Whoever shares the case meanwhile names this subject, or is named here.
            access::lock(room, access.case_id).await?.ok_or(AppError::NotFound)?;
            let (particulars, is_child) = understood(room, new.kind, &new.particulars, (new.is_child, false))?;
            let row = SubjectRow {
                id: Uuid::now_v7(),
                org_id: room.person.org_id,
                case_id: access.case_id,
                case_org_id: access.case_org_id,
                kind: new.kind.as_str().to_owned(),
                role: new.role.as_str().to_owned(),
                basis: new.basis.as_str().to_owned(),
                is_child,
                particulars,
                added_by: room.person.user_id,
                version: 1,
                created_at: room.now,
                updated_at: room.now,
            };
            queries::insert(room, &row).await?;
            let showings = queries::showings(room, row.case_id, row.org_id, row.is_child).await?;
            let location = format!("/v1/cases/{}/subjects/{}", row.case_id, row.id);
            let (subject, event) = (row.id, told(&row, "subject.added", row.is_child));
            let answer = Answer::created(location, &SubjectView::from(row))?.version(1);
            let audited = noted(&access, Audited::collection(answer)).record(subject).event(event);
            Ok(shown_by(audited, subject, showings))
        })
        .await
}

/// The particulars as they are kept, and whether it is a child: `said` now, or else known
/// `before`.
fn understood(
    room: &Room,
    kind: SubjectKind,
    particulars: &Map<String, Value>,
    (said, before): (Option<bool>, bool),
) -> Result<(Value, bool)> {
    let particulars = Particulars::read(kind, particulars)?;
    let is_minor = particulars.is_minor(clocks::local_date(room.now)?)?;
    if is_minor && said == Some(false) {
        return Err(AppError::invalid(
            "/is_child",
            "the date of birth says that it is a child",
        ));
    }
    let is_child = is_minor || said.unwrap_or(before);
    if is_child && kind != SubjectKind::Person {
        return Err(AppError::invalid("/is_child", "only a person can be a child"));
    }
    let kept = serde_json::to_value(&particulars).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok((kept, is_child))
}

fn told(row: &SubjectRow, name: &'static str, of_child: bool) -> OutboxEvent {
    OutboxEvent::of_case(name, row.case_id, row.case_org_id)
        .about(row.id)
        .of_class(if of_child { CHILDREN } else { "subjects" })
        .with(serde_json::json!({"kind": row.kind}))
}

/// Says in the log whom a subject is shown by shares that stand, as it is now.
fn shown_by<T>(audited: Audited<T>, subject: Uuid, showings: Vec<Showing>) -> Audited<T> {
    let disclosed = showings.into_iter().map(|share| Disclosed {
        records: vec![subject, share.share_id],
        class: "subjects",
        to: share.to_org_id,
        footing: json!({"gateway": share.gateway, "agreement_id": share.agreement_id,
            "agreement_version": share.agreement_version}),
    });
    disclosed.fold(audited, Audited::disclosing)
}

/// A subject that the caller's organisation added, and so may change.
async fn own(room: &mut Room, ids: Id<2>) -> Result<(Access, SubjectRow)> {
    let (case_id, subject_id) = ids.pair();
    let access = access::find(room, case_id).await?.opening("subjects")?;
    let row = queries::find(room, case_id, subject_id).await?;
    access::check_whose(
        row.org_id == access.org_id,
        "only the organisation that added this subject may change it",
    )?;
    let access = access.contributing()?;
    access::lock(room, case_id).await?.ok_or(AppError::NotFound)?;
    let row = queries::lock(room, case_id, subject_id).await?;
    Ok((access, row))
}

/// Correct a subject
///
/// By the organisation that added it. A correction by nothing else than what stands there counts no version.
#[utoipa::path(
    tag = "cases",
    params(IfMatch),
    request_body = SubjectChange,
    responses((status = 200, description = "The subject as it is now.", body = SubjectView)),
    security(("bearer" = ["subject.manage"]))
)]
#[patch("/v1/cases/{id}/subjects/{subject_id}")]
pub async fn correct_subject(
    caller: Caller<may::ManageSubjects>,
    ids: Id<2>,
    body: JsonBody<SubjectChange>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, change: SubjectChange| {
            let (access, mut row) = own(room, ids).await?;
            room.request.expect_version(row.version)?;
            let was_child = row.is_child;
            let changed = apply(room, &mut row, change)?;
            if !changed.is_empty() {
                row.updated_at = room.now;
                queries::update(room, &mut row).await?;
            }
            // Who was shown somebody no child is told that they are corrected, if to be one.
            let event = told(&row, "subject.corrected", was_child && row.is_child);
            let (subject, version, is_child) = (row.id, row.version, row.is_child);
            let answer = Answer::ok(&SubjectView::from(row))?.version(version);
            // Whoever may correct a subject is shown it, even by a correction of nothing.
            let audited = noted(&access, Audited::alteration(answer))
                .counted(Volume::Subjects, 1)
                .record(subject)
                .fact("changed", changed.as_slice());
            if changed.is_empty() {
                return Ok(audited);
            }
            let showings = queries::showings(room, access.case_id, access.org_id, is_child).await?;
            Ok(shown_by(audited.event(event), subject, showings))
        })
        .await
}

/// Makes the change and returns the names of the members that are others than they were.
fn apply(room: &Room, row: &mut SubjectRow, change: SubjectChange) -> Result<Vec<&'static str>> {
    let before = row.clone();
    if let Some(role) = change.role {
        role.as_str().clone_into(&mut row.role);
    }
    if let Some(basis) = change.basis {
        basis.as_str().clone_into(&mut row.basis);
    }
    let mut members = row.particulars.as_object().cloned().unwrap_or_default();
    for (name, value) in change.particulars.into_iter().flatten() {
        match value {
            Value::Null => drop(members.remove(&name)),
            value => drop(members.insert(name, value)),
        }
    }
    let kind = SubjectKind::parse(&row.kind)?;
    (row.particulars, row.is_child) = understood(room, kind, &members, (change.is_child, row.is_child))?;
    let members = [
        ("role", before.role != row.role),
        ("basis", before.basis != row.basis),
        ("is_child", before.is_child != row.is_child),
        ("particulars", before.particulars != row.particulars),
    ];
    let changed = members
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name));
    Ok(changed.collect())
}

/// Erase a subject
///
/// By the organisation that added it. The log keeps that it was erased, what kind it was,
/// by whom and for which purpose, not what it said; whoever was shown it by a share that
/// stands reads so in its log.
#[utoipa::path(
    tag = "cases",
    responses((status = 204, description = "Erased.")),
    security(("bearer" = ["subject.manage"]))
)]
#[delete("/v1/cases/{id}/subjects/{subject_id}")]
pub async fn erase_subject(caller: Caller<may::ManageSubjects>, ids: Id<2>) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| {
            let (access, row) = own(room, ids).await?;
            queries::delete(room, row.id).await?;
            let showings = queries::showings(room, row.case_id, row.org_id, row.is_child).await?;
            let readers = showings.into_iter().map(|share| share.to_org_id);
            let event = told(&row, "subject.erased", row.is_child);
            Ok(noted(&access, Audited::new(Op::Erasure, Answer::no_content()))
                .record(row.id)
                .recipients(readers)
                .fact("kind", row.kind)
                .event(event))
        })
        .await
}
