//! What a system does with a token of its own: it ends it (RFC 7009), or asks whether it is
//! good (RFC 7662).

use actix_web::{HttpRequest, HttpResponse, post};
use serde_json::{Value, json};
use uuid::Uuid;

use super::oauth::{Shown, authorization, refusal_in_its_form, shown};
use crate::doors::{Anonymous, Answer, FormBody, Hall, Identified, Principal};
use crate::error::Result;
use crate::identity::client_credentials::{ClientCredentials, ClientFault, TokenRefusal};
use crate::identity::queries::clients::{self, ClientRow};
use crate::identity::tokens::AccessClaims;
use crate::identity::view::oauth::{Introspection, OwnTokenRequest, Revoked, TokenRefused};

/// End a token of a system
///
/// RFC 7009. The service account shows who it is as at `/oauth/token`. The token is
/// refused from the next request. A token that is none, another's or over already changes
/// nothing, and is answered alike.
#[utoipa::path(
    tag = "identity",
    request_body(content = OwnTokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "If it was a token of this system's, it is over.", body = Revoked),
        (status = 400, description = "The request is wrong: `invalid_request`.",
            body = TokenRefused, content_type = "application/json"),
        (status = 401, description = "It has not shown who it is: `invalid_client`.",
            body = TokenRefused, content_type = "application/json")
    ),
    security(("client" = []), ())
)]
#[post("/oauth/revoke")]
pub async fn revoke_token(
    anonymous: Anonymous,
    http: HttpRequest,
    form: FormBody<OwnTokenRequest>,
) -> Result<HttpResponse> {
    of_a_system(anonymous, &http, form, async |hall, client, token| {
        let session = match own_claims(hall, client, token) {
            Some(claims) => claims.subject.sid,
            None => return Ok((Answer::ok(&Revoked {})?, Value::Null)),
        };
        let now = hall.services.clock.now();
        let has_ended = clients::end(hall.connection().await?, session, client, now).await?;
        Ok((Answer::ok(&Revoked {})?, json!(has_ended.then_some(session))))
    })
    .await
}

/// Ask whether a token is good
///
/// RFC 7662. The service account shows who it is as at `/oauth/token`, and asks about its
/// own tokens only: any other reads as one that is not active. What an active one may do
/// is decided with every request, by roles as they are then.
#[utoipa::path(
    tag = "identity",
    request_body(content = OwnTokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Whether it is good, and for what.", body = Introspection),
        (status = 400, description = "The request is wrong: `invalid_request`.",
            body = TokenRefused, content_type = "application/json"),
        (status = 401, description = "It has not shown who it is: `invalid_client`.",
            body = TokenRefused, content_type = "application/json")
    ),
    security(("client" = []), ())
)]
#[post("/oauth/introspect")]
pub async fn introspect_token(
    anonymous: Anonymous,
    http: HttpRequest,
    form: FormBody<OwnTokenRequest>,
) -> Result<HttpResponse> {
    of_a_system(anonymous, &http, form, async |hall, client, token| {
        let Some(claims) = own_claims(hall, client, token) else {
            return Ok((Answer::ok(&Introspection::INACTIVE)?, Value::Null));
        };
        let session = claims.subject.sid;
        let scopes = clients::scopes(hall.connection().await?, session, client).await?;
        let tokens = &hall.services.tokens;
        let view = match &scopes {
            Some(scopes) => Introspection::active(&claims, tokens.issuer(), tokens.audience(), scopes),
            None => Introspection::INACTIVE,
        };
        Ok((Answer::ok(&view)?, json!(scopes.is_some().then_some(session))))
    })
    .await
}

/// Does `work` for a system that has shown who it is, with the token it sent. What comes
/// back is the answer, and the session it was about, for the log.
async fn of_a_system(
    anonymous: Anonymous,
    http: &HttpRequest,
    form: FormBody<OwnTokenRequest>,
    work: impl AsyncFnOnce(&mut Hall, Uuid, &str) -> Result<(Answer, Value)>,
) -> Result<HttpResponse> {
    let answered = anonymous
        .identify(form, async |hall, request: OwnTokenRequest| {
            let credentials = ClientCredentials::of(request.claimed(), authorization(http))?;
            let (client, now) = (credentials.client, hall.services.clock.now());
            let rows = clients::find(hall.connection().await?, client, now).await?;
            let who = rows.first().map(|row| Principal::new(client, row.org_id, None));
            let shown = match used(hall, &rows, &credentials).await? {
                Ok(shown) => shown,
                Err(fault) => return Ok(Identified::refused(TokenRefusal::InvalidClient(fault).into(), who)),
            };
            let (answer, session) = work(hall, client, &request.token).await?;
            let facts = json!({ "authenticated_by": [shown.means], "key": shown.key, "session": session });
            Ok(Identified {
                answer: Ok(answer),
                who,
                facts,
            })
        })
        .await;
    answered.or_else(refusal_in_its_form)
}

/// By what the client has shown who it is, or why it has not; an assertion is taken with this.
async fn used(
    hall: &mut Hall,
    rows: &[ClientRow],
    credentials: &ClientCredentials,
) -> Result<Result<Shown, ClientFault>> {
    let shown = match shown(hall, rows, credentials) {
        Ok(shown) => shown,
        Err(fault) => return Ok(Err(fault)),
    };
    let (client, now) = (credentials.client, hall.services.clock.now());
    let is_used = clients::use_key(hall.connection().await?, client, shown.key, shown.assertion(), now).await?;
    Ok(match (is_used, shown.assertion()) {
        (true, _) => Ok(shown),
        // Account and key were good a moment ago.
        (false, Some(_)) => Err(ClientFault::Replayed),
        (false, None) => Err(ClientFault::Ended),
    })
}

/// What the token says, if it is the client's own and its time is not over.
fn own_claims(hall: &Hall, client: Uuid, token: &str) -> Option<AccessClaims> {
    let claims = hall.services.tokens.verify(token, hall.services.clock.now()).ok()?;
    (claims.subject.sub == client).then_some(claims)
}
