//! Notes.

use actix_web::{HttpResponse, get, post};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::audit::OutboxEvent;
use crate::cases::access::{self, Access};
use crate::cases::queries::notes::{self as queries, NoteKey, NoteRow};
use crate::cases::view::notes::{Audience, NewNote, NoteView, WideAudience};
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::paging::{self, Page, PageParams};

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_notes).service(add_note).service(read_note);
}

/// Notes of a case
///
/// Those the caller's organisation may read, in the order they were written.
#[utoipa::path(
    tag = "cases",
    params(PageParams),
    responses((status = 200, description = "A page of notes.", body = Page<NoteView>)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}/notes")]
pub async fn list_notes(caller: Caller<may::ReadCases>, id: Id, page: Params<PageParams>) -> Result<HttpResponse> {
    caller
        .consult(page, async |room, page: PageParams| {
            let access = access::find(room, id.get()).await?.opening("notes")?;
            let limit = paging::limit(page.limit)?;
            let after: Option<NoteKey> = paging::read_cursor("written", page.cursor.as_deref())?;
            let rows = queries::list(room, access.case_id, after, limit).await?;
            let views: Vec<NoteView> = rows.into_iter().map(NoteView::from).collect();
            let page = Page::of(views, limit, "written", |note| (note.created_at, note.id))?;
            let shown: Vec<Uuid> = page.items.iter().map(|note| note.id).collect();
            let answer = page.answer(&room.request.path, limit)?;
            Ok(access
                .note(Audited::consultation(answer))
                .records(shown)
                .classes(["notes"]))
        })
        .await
}

/// A note
///
/// As it was written: notes are not changed.
#[utoipa::path(
    tag = "cases",
    responses((status = 200, description = "The note.", body = NoteView)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}/notes/{note_id}")]
pub async fn read_note(caller: Caller<may::ReadCases>, ids: Id<2>) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let (case_id, note_id) = ids.pair();
            let access = access::find(room, case_id).await?.opening("notes")?;
            let row = queries::find(room, case_id, note_id).await?;
            let answer = Answer::ok(&NoteView::from(row))?.version(1);
            Ok(access
                .note(Audited::consultation(answer))
                .record(note_id)
                .classes(["notes"]))
        })
        .await
}

/// Write a note
///
/// Says who may read it and whether it is fact or assessment (DPA 2018 s.38(2)).
/// It cannot be changed afterwards: write another.
#[utoipa::path(
    tag = "cases",
    request_body = NewNote,
    responses((status = 201, description = "Written.", body = NoteView)),
    security(("bearer" = ["note.create"]))
)]
#[post("/v1/cases/{id}/notes")]
pub async fn add_note(caller: Caller<may::CreateNote>, id: Id, body: JsonBody<NewNote>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewNote| {
            let access = access::find(room, id.get()).await?.contributing()?.opening("notes")?;
            let row = row(room, &access, new).await?;
            queries::insert(room, &row).await?;
            let event = added(&row);
            let note = row.id;
            let location = format!("/v1/cases/{}/notes/{note}", row.case_id);
            let answer = Answer::created(location, &NoteView::from(row))?.version(1);
            Ok(access
                .note(Audited::collection(answer))
                .record(note)
                .classes(["notes"])
                .event(event))
        })
        .await
}

async fn row(room: &mut Room, access: &Access, new: NewNote) -> Result<NoteRow> {
    let (audience, named) = match new.audience {
        Audience::Wide(WideAudience::Own) => ("own", Vec::new()),
        Audience::Wide(WideAudience::Partners) => ("partners", Vec::new()),
        Audience::Named(orgs) => ("named", readers(room, access, orgs).await?),
    };
    Ok(NoteRow {
        id: Uuid::now_v7(),
        org_id: room.person.org_id,
        case_id: access.case_id,
        case_org_id: access.case_org_id,
        author_user_id: room.person.user_id,
        body: new.body.into_string(),
        audience: audience.to_owned(),
        audience_org_ids: named,
        basis: new.basis.as_str().to_owned(),
        created_at: room.now,
    })
}

/// The organisations named, each of which sees the notes of the case: the author is not to
/// believe that they were told.
async fn readers(room: &mut Room, access: &Access, orgs: Vec<Uuid>) -> Result<Vec<Uuid>> {
    if orgs.is_empty() {
        return Err(AppError::invalid("/audience", "names nobody: say `own`"));
    }
    let mut known = queries::readers(room, access.case_id).await?;
    known.push(access.case_org_id);
    match orgs.iter().position(|org| !known.contains(org)) {
        Some(index) => Err(AppError::invalid(
            format!("/audience/{index}"),
            "is not an organisation that sees the notes of this case",
        )),
        None => Ok(orgs),
    }
}

fn added(row: &NoteRow) -> OutboxEvent {
    let event = OutboxEvent::of_case("note.added", row.case_id, row.case_org_id)
        .about(row.id)
        .of_class("notes")
        .with(serde_json::json!({"basis": row.basis}));
    match row.audience.as_str() {
        "partners" => event,
        _ => {
            let mut told = row.audience_org_ids.clone();
            told.push(row.org_id);
            event.told_only_to(told)
        }
    }
}
