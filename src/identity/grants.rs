//! Which roles can be given, where and for what.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::queries::own_roles::RoleRow;
use super::roles::{self, PLATFORM_ONLY};
use super::view::people::{GrantBody, RolesBody};
use crate::doors::{Grant, may};
use crate::error::{AppError, FieldError, Result};
use crate::services::Services;

/// Case types of the contract that have no workflow yet: grants and ward priorities may name them.
const LATER_TYPES: [&str; 5] = [
    "criminal_damage",
    "fly_tipping",
    "street_drinking",
    "drug_activity",
    "case_review",
];
/// The most roles a person holds at once.
const MOST_ROLES: usize = 50;
/// The most wards of one grant.
const MOST_AREAS: usize = 200;
/// The most case types of one grant.
const MOST_CASE_TYPES: usize = 50;

/// What grants may refer to.
pub struct Known<'a> {
    /// Codes of the organisation's own roles.
    pub own_roles: BTreeSet<String>,
    /// Whether it is the platform's own organisation.
    pub is_platform: bool,
    /// The day, in London.
    pub today: NaiveDate,
    /// Where wards and case types are.
    pub services: &'a Services,
}

/// The grants that a request asks for, with each ward and case type once, in order:
/// every request reckons with all pairs of the two.
///
/// # Errors
/// 422 naming everything that does not exist or may not be held here, and a grant that is named
/// twice.
pub fn check(wanted: RolesBody, known: &Known<'_>) -> Result<Vec<Grant>> {
    if wanted.roles.len() > MOST_ROLES {
        return Err(AppError::invalid("/roles", format!("has more than {MOST_ROLES} roles")));
    }
    let flaws: Vec<FieldError> = wanted
        .roles
        .iter()
        .enumerate()
        .flat_map(|(index, grant)| flaws_of(grant, index, known))
        .collect();
    if !flaws.is_empty() {
        return Err(AppError::Invalid(flaws));
    }
    let granted = |body: GrantBody| Grant {
        role: body.role.into_string(),
        areas: body.areas.map(|areas| once(areas.into_iter().map(String::from))),
        case_types: body.case_types.map(once),
        until: body.until.map(|day| day.0),
        ..Grant::default()
    };
    let granted: Vec<Grant> = wanted.roles.into_iter().map(granted).collect();
    match (0..granted.len()).find(|index| is_among(&granted[..*index], &granted[*index])) {
        Some(index) => Err(AppError::invalid(
            format!("/roles/{index}"),
            "is named already, with the same wards and case types",
        )),
        None => Ok(granted),
    }
}

/// Whether one of `grants` gives the same role within the same limits.
fn is_among(grants: &[Grant], wanted: &Grant) -> bool {
    let is_same = |grant: &Grant| {
        grant.role == wanted.role && grant.areas == wanted.areas && grant.case_types == wanted.case_types
    };
    grants.iter().any(is_same)
}

fn once(named: impl IntoIterator<Item = String>) -> Vec<String> {
    let distinct: BTreeSet<String> = named.into_iter().collect();
    distinct.into_iter().collect()
}

fn flaws_of(grant: &GrantBody, index: usize, known: &Known<'_>) -> Vec<FieldError> {
    let mut flaws = Vec::new();
    let mut flaw = |member: String, detail: &str| {
        flaws.push(FieldError {
            pointer: format!("/roles/{index}/{member}"),
            detail: detail.to_owned(),
        });
    };
    if let Some(detail) = role_flaw(grant.role.as_str(), known) {
        flaw("role".to_owned(), detail);
    }
    let areas = grant.areas.as_deref().unwrap_or_default();
    if grant.areas.is_some() && !(1..=MOST_AREAS).contains(&areas.len()) {
        flaw("areas".to_owned(), "must have 1 to 200 wards; leave it out for all");
    }
    let wards = &known.services.wards;
    for (position, gss) in areas.iter().enumerate() {
        if wards.versions(gss).is_empty() {
            flaw(format!("areas/{position}"), "is not the code of a known ward");
        }
    }
    let types = grant.case_types.as_deref().unwrap_or_default();
    if grant.case_types.is_some() && !(1..=MOST_CASE_TYPES).contains(&types.len()) {
        flaw(
            "case_types".to_owned(),
            "must have 1 to 50 case types; leave it out for all",
        );
    }
    for (position, case_type) in types.iter().enumerate() {
        if !is_case_type(known.services, case_type) {
            flaw(format!("case_types/{position}"), "is not a case type");
        }
    }
    if grant.until.is_some_and(|day| day.0 < known.today) {
        flaw("until".to_owned(), "is over; leave the role out");
    }
    flaws
}

/// What the roles that somebody holds name and do not give them, by role: what is about the
/// whole organisation no role carries that is limited to wards or case types. `own` are the roles
/// that their organisation made.
pub fn not_carried(held: &[Grant], own: &[RoleRow]) -> BTreeMap<String, Vec<String>> {
    let named = |grant: &Grant| -> Vec<String> {
        let permissions = permissions_of(&grant.role, own).into_iter();
        permissions.filter(|code| may::is_whole(code)).collect()
    };
    let is_limited = |grant: &&Grant| grant.areas.is_some() || grant.case_types.is_some();
    let (limited, others): (Vec<&Grant>, Vec<&Grant>) = held.iter().partition(is_limited);
    let carried: BTreeSet<String> = others.into_iter().flat_map(named).collect();
    let lost = |grant: &Grant| -> Vec<String> {
        let named = named(grant).into_iter();
        named.filter(|code| !carried.contains(code)).collect()
    };
    limited
        .into_iter()
        .map(|grant| (grant.role.clone(), lost(grant)))
        .filter(|(_, lost)| !lost.is_empty())
        .collect()
}

fn permissions_of(code: &str, own: &[RoleRow]) -> Vec<String> {
    match roles::built_in(code) {
        Some(role) => role.permissions().into_iter().map(str::to_owned).collect(),
        None => {
            let role = own.iter().find(|role| role.code == code);
            role.map(|role| role.permissions.clone()).unwrap_or_default()
        }
    }
}

/// Whether there is a case type of that name, if only in the contract as yet.
pub fn is_case_type(services: &Services, name: &str) -> bool {
    services.workflows.get(name).is_some() || LATER_TYPES.contains(&name)
}

fn role_flaw(code: &str, known: &Known<'_>) -> Option<&'static str> {
    let Some(role) = roles::built_in(code) else {
        return (!known.own_roles.contains(code)).then_some("is neither built in nor a role of your organisation");
    };
    let reserved = role.permissions().contains(&PLATFORM_ONLY) && !known.is_platform;
    reserved.then_some("is held in the platform's own organisation only")
}
