//! One's own sessions and password.

use actix_web::{HttpResponse, delete, get, post};

use crate::audit::Op;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::identity::own_password;
use crate::identity::passwords::{PasswordFlaw, PasswordRefused};
use crate::identity::queries::{self, people, resets};
use crate::identity::view::people::{PasswordChange, SessionView};

/// List my sessions
///
/// Those that live, newest first, with where each was started from.
#[utoipa::path(
    tag = "identity",
    params(PlainList),
    responses((status = 200, description = "The sessions that live.", body = Page<SessionView>)),
    security(("bearer" = []))
)]
#[get("/v1/me/sessions")]
pub async fn list_my_sessions(caller: Caller<may::KeepOwnAccount>, params: Params<PlainList>) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let (org, user, current) = (room.person.org_id, room.person.user_id, room.person.session_id);
            let limit = list.limit()?;
            let rows = people::live_sessions(room, org, user, list.after("-id")?, limit).await?;
            let views = rows.into_iter().map(|row| SessionView::of(row, current)).collect();
            let page = Page::of(views, limit, "-id", |view: &SessionView| view.id)?;
            let answer = list.answer(&room.request.path, &page)?;
            Ok(Audited::consultation(answer).records(page.items.iter().map(|view| view.id)))
        })
        .await
}

/// End one of my sessions
///
/// Its tokens are refused from the next request on. Ending the session of this
/// request is signing out.
#[utoipa::path(
    tag = "identity",
    responses((status = 204, description = "Ended.")),
    security(("bearer" = []))
)]
#[delete("/v1/me/sessions/{id}")]
pub async fn end_my_session(caller: Caller<may::KeepOwnAccount>, id: Id) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| {
            let (user, now) = (room.person.user_id, room.now);
            if !queries::end_session(room, user, id.get(), "killed", now).await? {
                return Err(AppError::NotFound);
            }
            let audited = Audited::new(Op::Security, Answer::no_content()).record(id.get());
            Ok(audited.fact("end_reason", "killed"))
        })
        .await
}

/// Change my password
///
/// Ends all other sessions. A password needs 15 to 128 characters of any kind, is another
/// than the one until now, and must not be made of names that others would guess; it never
/// expires.
#[utoipa::path(
    tag = "identity",
    request_body = PasswordChange,
    responses((status = 204, description = "Changed; all other sessions have ended.")),
    security(("bearer" = []))
)]
#[post("/v1/me/password")]
pub async fn change_my_password(
    caller: Caller<may::KeepOwnAccount>,
    body: JsonBody<PasswordChange>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, change: PasswordChange| {
            let (user, session, now) = (room.person.user_id, room.person.session_id, room.now);
            let (old, new) = accepted(room, &change).await?;
            own_password::replace(room, old.as_deref(), &new).await?;
            resets::forget(room, user).await?;
            let ended = people::end_sessions(room, user, Some(session), "password_changed", now).await?;
            Ok(Audited::new(Op::Security, Answer::no_content())
                .record(user)
                .fact("changed", vec!["password"])
                .fact("sessions_ended", ended))
        })
        .await
}

/// The hashes of the old password and of the new one, if that is the old one and the
/// policy allows the new.
async fn accepted(room: &mut Room, change: &PasswordChange) -> Result<(Option<String>, String)> {
    let (user, name, services) = (room.person.user_id, room.person.name.clone(), room.services.clone());
    let old = own_password::confirm(room, &change.current_password).await?;
    if change.new_password.is_same_as(&change.current_password) {
        let (pointer, flaw) = ("/new_password", PasswordFlaw::Unchanged);
        return Err(PasswordRefused { pointer, flaw }.into());
    }
    let me = queries::read_me(room, user).await?;
    let context = [
        name.as_str(),
        me.email.as_deref().unwrap_or_default(),
        &me.org_name,
        "wardlink",
    ];
    let new = services
        .passwords
        .take_new(&change.new_password, &context, "/new_password");
    let new = room.step_out(new).await?;
    Ok((old, new))
}
