//! Idempotency-Key: the same request sent twice has one effect and one answer.
//!
//! The record is written in the transaction of the effect, so there is never the
//! one without the other. It belongs to one person, method and path.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::answer::{Answer, Body};
use super::audited::Audited;
use super::person::Person;
use super::request::Request;
use super::room::Room;
use crate::audit::Op;
use crate::db::Prepare;
use crate::db::schema::{case_access, idempotency_keys};
use crate::error::{AppError, Result};
use crate::identity::secrets::Use;
use crate::services::Services;
use crate::sharing::model::DataClass;

diesel::define_sql_function! {
    /// A lock for the rest of the transaction, or false at once.
    fn pg_try_advisory_xact_lock(key: BigInt) -> Bool;
}
diesel::define_sql_function! {
    /// A 64-bit hash of a text.
    fn hashtextextended(text: Text, seed: BigInt) -> BigInt;
}

#[derive(Queryable)]
struct Kept {
    request_hash: Vec<u8>,
    case_id: Option<Uuid>,
    status: i16,
    headers: serde_json::Value,
    body: Vec<u8>,
    data_classes: Vec<String>,
}

/// The answer kept for the request's key, if it came before.
///
/// # Errors
/// [`AppError::StillRunning`] while the first one is at work,
/// [`AppError::KeyReused`] where the key came with another body,
/// [`AppError::NotFound`] where the case it was about may no longer be seen, and
/// [`AppError::Forbidden`] where some of what it was answered with may not.
pub async fn replay(room: &mut Room, fingerprint: [u8; 32]) -> Result<Option<Audited<Answer>>> {
    let Some(kept) = find(room).await? else { return Ok(None) };
    let secrets = room.services.secrets.clone();
    if !secrets.recognises(Use::Repetition, &fingerprint, &kept.request_hash) {
        return Err(AppError::KeyReused);
    }
    let case = match kept.case_id {
        Some(id) => Some((id, still_open(room, id, &kept.data_classes).await?)),
        None => None,
    };
    let classes: Vec<&str> = known_classes(&kept.data_classes).collect();
    let audited = Audited::new(Op::Consultation, answer_of(kept)?)
        .classes(classes)
        .fact("replayed", true);
    Ok(Some(match case {
        Some((id, owner)) => audited.case(id, owner),
        None => audited,
    }))
}

/// Takes the request's key again, in another transaction of the same request.
///
/// # Errors
/// [`AppError::StillRunning`] where another request has taken it meanwhile, or was
/// answered under it.
pub async fn resume(room: &mut Room) -> Result<()> {
    match find(room).await? {
        Some(_) => Err(AppError::StillRunning),
        None => Ok(()),
    }
}

/// What is kept under the request's key, which no other has until the transaction ends.
async fn find(room: &mut Room) -> Result<Option<Kept>> {
    let Some(key) = room.request.idempotency_key.clone() else {
        return Ok(None);
    };
    let (user, method, path) = (
        room.person.user_id,
        room.request.method.clone(),
        room.request.path.clone(),
    );
    let name = format!("{user} {method} {path} {key}");
    let free: bool = diesel::select(pg_try_advisory_xact_lock(hashtextextended(name, 0)))
        .get_result(room)
        .await?;
    if !free {
        return Err(AppError::StillRunning);
    }
    Ok(idempotency_keys::table
        .filter(idempotency_keys::user_id.eq(user))
        .filter(idempotency_keys::method.eq(method))
        .filter(idempotency_keys::path.eq(path))
        .filter(idempotency_keys::key.eq(key))
        .select((
            idempotency_keys::request_hash,
            idempotency_keys::case_id,
            idempotency_keys::status,
            idempotency_keys::headers,
            idempotency_keys::body,
            idempotency_keys::data_classes,
        ))
        .first(room)
        .await
        .optional()?)
}

/// The hash of a request by which a repetition is known. Keyed, so that a copy of the
/// table does not let anybody try passwords that were in a body.
fn hash_of(services: &Services, fingerprint: [u8; 32]) -> Vec<u8> {
    services.secrets.digest(Use::Repetition, &fingerprint).to_vec()
}

/// Keeps the answer under the request's key, with the classes of data that it shows.
///
/// # Errors
/// If the database refuses it.
pub async fn keep(
    mut connection: &AsyncPgConnection,
    (person, request): (&Person, &Request),
    (services, fingerprint): (&Services, [u8; 32]),
    (answer, case_id, data_classes): (&Answer, Option<Uuid>, &[&'static str]),
) -> Result<()> {
    let Some(key) = &request.idempotency_key else {
        return Ok(());
    };
    let headers: Vec<(&str, &str)> = answer
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let body: &[u8] = match &answer.body {
        Body::Json(bytes) => bytes,
        Body::Empty | Body::Stream(..) => &[],
    };
    let row = (
        idempotency_keys::org_id.eq(person.org_id),
        idempotency_keys::user_id.eq(person.user_id),
        idempotency_keys::method.eq(&request.method),
        idempotency_keys::path.eq(&request.path),
        idempotency_keys::key.eq(key),
        idempotency_keys::request_hash.eq(hash_of(services, fingerprint)),
        idempotency_keys::case_id.eq(case_id),
        idempotency_keys::status.eq(i16::try_from(answer.status.as_u16()).unwrap_or_default()),
        idempotency_keys::headers.eq(serde_json::json!(headers)),
        idempotency_keys::body.eq(body),
        idempotency_keys::data_classes.eq(data_classes),
    );
    diesel::insert_into(idempotency_keys::table)
        .values(row)
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// Kept beside the classes of an answer that shows who is in the case: it takes a
/// permission as well to read that.
pub(super) const PEOPLE: &str = "people";

/// The owner of the case, if the caller still sees all `classes` of it.
async fn still_open(room: &mut Room, case_id: Uuid, classes: &[String]) -> Result<Uuid> {
    let (owner, open, ward, kind): (Uuid, Vec<String>, String, String) = case_access::table
        .filter(case_access::case_id.eq(case_id))
        .select((
            case_access::case_org_id,
            case_access::data_classes,
            case_access::ward_gss,
            case_access::type_,
        ))
        .first(&mut **room)
        .await?;
    let is_open = |class: &String| match class.as_str() {
        PEOPLE => room.person.reads_people(&ward, &kind),
        _ => open.contains(class),
    };
    if classes.iter().all(is_open) {
        return Ok(owner);
    }
    Err(AppError::Forbidden(
        "the share of this case no longer includes what this was answered with".to_owned(),
    ))
}

fn known_classes(names: &[String]) -> impl Iterator<Item = &'static str> {
    names
        .iter()
        .filter_map(|name| DataClass::parse(name))
        .map(DataClass::as_str)
}

fn answer_of(kept: Kept) -> Result<Answer> {
    let broken = |what: &str| AppError::Internal(format!("idempotency record: {what}"));
    let status = u16::try_from(kept.status)
        .ok()
        .and_then(|code| StatusCode::from_u16(code).ok());
    let headers: Vec<(String, String)> = serde_json::from_value(kept.headers).map_err(|_error| broken("headers"))?;
    let mut answer = Answer::no_content();
    answer.status = status.ok_or_else(|| broken("status"))?;
    if !kept.body.is_empty() {
        answer.body = Body::Json(kept.body);
    }
    for (name, value) in headers {
        for known in ["ETag", "Location", "Marking"] {
            if name == known {
                answer = answer.header(known, value.clone());
            }
        }
    }
    Ok(answer.header("Idempotency-Replayed", "true".to_owned()))
}
