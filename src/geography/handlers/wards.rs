//! Which wards there are, and which one a point lies in.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{Accept, Header as _, Quality, QualityItem};
use actix_web::mime::Mime;
use actix_web::{FromRequest, HttpRequest, HttpResponse, get};
use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::WardCode;
use crate::clocks::local_date;
use crate::doors::{Answer, Audited, Caller, Params, Room, may};
use crate::error::{AppError, Result};
use crate::geography::view::{
    LookupQuery, Sector, SectorQuery, Ward, WardCollection, WardFeature, WardHistory, WardQuery,
};
use crate::geography::{WardMap, WardVersion, queries};
use crate::http::paging::{self, Asked, Page, read_cursor};

const GEOJSON: &str = "application/geo+json";
const BY_CODE: &str = "gss";
const BY_ID: &str = "id";

/// How the client wants to see wards.
pub struct Wanted {
    geojson: bool,
}

impl FromRequest for Wanted {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let geojson = Accept::parse(http).is_ok_and(|accept| prefers_geojson(&accept.0));
        ready(Ok(Self { geojson }))
    }
}

/// Whether GeoJSON is asked for by its name, and no less than JSON (RFC 9110 §12.5.1).
fn prefers_geojson(ranges: &[QualityItem<Mime>]) -> bool {
    let weight = |name: &str| {
        let named = ranges.iter().find(|range| range.item.essence_str() == name);
        named.map(|range| range.quality)
    };
    let of_json = ["application/json", "application/*", "*/*"]
        .into_iter()
        .find_map(weight);
    let of_json = of_json.unwrap_or(Quality::ZERO);
    weight(GEOJSON).is_some_and(|wanted| wanted > Quality::ZERO && wanted >= of_json)
}

/// The wards, as they were at the start of the service.
pub(super) fn ward_map(room: &Room) -> &WardMap {
    &room.services.wards
}

fn day(room: &Room, at: Option<NaiveDate>) -> Result<NaiveDate> {
    Ok(at.map_or_else(|| local_date(room.now), Ok)?)
}

/// List wards as at a date
///
/// The wards that stand on a London date, by code. With `Accept:
/// application/geo+json` they come as a FeatureCollection with their boundaries.
#[utoipa::path(
    tag = "geography",
    params(WardQuery),
    responses((status = 200, description = "The wards.", content(
        (Page<Ward> = "application/json"), (WardCollection = "application/geo+json")
    ))),
    security(("bearer" = []))
)]
#[get("/v1/wards")]
pub async fn list_wards(
    caller: Caller<may::BeSignedIn>,
    query: Params<WardQuery>,
    wanted: Wanted,
    asked: Asked,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: WardQuery| {
            let (at, limit) = (day(room, query.at.map(|at| at.0))?, paging::limit(query.limit)?);
            let after: Option<String> = read_cursor(BY_CODE, query.cursor.as_deref())?;
            let map = ward_map(room);
            let page = page_of(map, at, &query, after.as_deref(), limit)?;
            let answer = if wanted.geojson {
                Answer::json_as(GEOJSON, &WardCollection::of(page.items, page.next.clone()))?
            } else {
                let items: Vec<Ward> = page.items.into_iter().map(Ward::from).collect();
                Answer::ok(&Page {
                    items,
                    next: page.next.clone(),
                })?
            };
            let answer = asked.linked(answer.header("Vary", "Accept".to_owned()), page.next.as_deref());
            Ok(Audited::consultation(answer)
                .fact("at", json!(at))
                .fact("local_authority", json!(query.local_authority)))
        })
        .await
}

fn page_of<'a>(
    map: &'a WardMap,
    at: NaiveDate,
    query: &WardQuery,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<&'a WardVersion>> {
    let mut wards = map.wards_as_at(at, query.local_authority.as_ref());
    // The newest of two versions that both stand on a date comes first and counts.
    wards.dedup_by(|second, first| second.gss == first.gss);
    wards.retain(|ward| after.is_none_or(|code| ward.gss.as_str() > code));
    Page::of(wards, limit, BY_CODE, |ward| ward.gss.to_string())
}

/// Find the ward of a point
///
/// The ward that a point lies in on a London date. A point on a boundary belongs to
/// the lowest code that touches it. Where `approximate` is true, the answer decides
/// nothing about a real street.
#[utoipa::path(
    tag = "geography",
    params(LookupQuery),
    responses(
        (status = 200, description = "The ward.", content(
            (Ward = "application/json"), (WardFeature = "application/geo+json")
        )),
        (status = 404, description = "The point lies in no ward known for that date.",
            body = crate::http::problem::Problem, content_type = "application/problem+json")
    ),
    security(("bearer" = []))
)]
#[get("/v1/wards/lookup")]
pub async fn look_up_ward(
    caller: Caller<may::BeSignedIn>,
    query: Params<LookupQuery>,
    wanted: Wanted,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: LookupQuery| {
            let at = day(room, query.at.map(|at| at.0))?;
            let (lon, lat) = on_earth(&query)?;
            let map = ward_map(room);
            let found = map.ward_at(lon, lat, at).ok_or(AppError::NotFound)?;
            let answer = if wanted.geojson {
                Answer::json_as(GEOJSON, &WardFeature::from(found))?
            } else {
                Answer::ok(&Ward::from(found))?
            };
            // The point itself may be where somebody lives: only the ward is logged.
            Ok(
                Audited::consultation(answer.as_seen().header("Vary", "Accept".to_owned()))
                    .fact("at", json!(at))
                    .fact("ward", json!(found.gss)),
            )
        })
        .await
}

fn on_earth(query: &LookupQuery) -> Result<(f64, f64)> {
    if !(-180.0..=180.0).contains(&query.lon) {
        return Err(AppError::invalid("lon", "must lie between -180 and 180"));
    }
    if !(-90.0..=90.0).contains(&query.lat) {
        return Err(AppError::invalid("lat", "must lie between -90 and 90"));
    }
    Ok((query.lon, query.lat))
}

/// Read a ward
///
/// All versions of the ward with this code, latest first. With `Accept:
/// application/geo+json` they come as a FeatureCollection with their boundaries.
#[utoipa::path(
    tag = "geography",
    params(("gss" = String, Path, description = "GSS code of the ward.", example = "E05013664")),
    responses((status = 200, description = "The ward.", content(
        (WardHistory = "application/json"), (WardCollection = "application/geo+json")
    ))),
    security(("bearer" = []))
)]
#[get("/v1/wards/{gss}")]
pub async fn read_ward(caller: Caller<may::BeSignedIn>, code: WardCode, wanted: Wanted) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let gss = code.get()?;
            let map = ward_map(room);
            let versions = map.versions(gss);
            if versions.is_empty() {
                return Err(AppError::NotFound);
            }
            let answer = if wanted.geojson {
                Answer::json_as(GEOJSON, &WardCollection::of(versions, None))?
            } else {
                Answer::ok(&WardHistory {
                    gss: gss.to_string(),
                    versions: versions.iter().map(Ward::from).collect(),
                })?
            };
            let answer = answer.as_seen().header("Vary", "Accept".to_owned());
            Ok(Audited::consultation(answer).fact("ward", json!(gss)))
        })
        .await
}

/// List sectors
///
/// Sectors of your organisation and its partners, each with its wards and from when
/// until when they are in it.
#[utoipa::path(
    tag = "geography",
    params(SectorQuery),
    responses((status = 200, description = "The sectors.", body = Page<Sector>)),
    security(("bearer" = []))
)]
#[get("/v1/sectors")]
pub async fn list_sectors(
    caller: Caller<may::BeSignedIn>,
    query: Params<SectorQuery>,
    asked: Asked,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: SectorQuery| {
            let limit = paging::limit(query.limit)?;
            let after: Option<Uuid> = read_cursor(BY_ID, query.cursor.as_deref())?;
            let rows = queries::list_sectors(room, query.local_authority.as_ref(), after, limit + 1).await?;
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let within = queries::list_sector_wards(room, &ids).await?;
            let views = rows.into_iter().map(|row| Sector::of(row, &within)).collect();
            let page = Page::of(views, limit, BY_ID, |sector: &Sector| sector.id)?;
            let answer = asked.linked(Answer::ok(&page)?, page.next.as_deref());
            Ok(Audited::consultation(answer).records(page.items.iter().map(|sector| sector.id)))
        })
        .await
}
