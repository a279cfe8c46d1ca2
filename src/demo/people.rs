//! Makes the demo's organisations, agreements and people.

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::accounts::{ACCOUNTS, ORGANISATIONS};
use super::wards::{DemoBorough, demo_boroughs};
use crate::db::schema::{
    agreement_parties, agreements, organisation_flags, organisations, partnership_members, partnerships, role_grants,
    sector_wards, sectors, team_members, teams, users,
};
use crate::error::{AppError, Result};
use crate::geography;

struct Keys(Vec<(&'static str, Uuid)>);

impl Keys {
    fn get(&self, key: &str) -> Result<Uuid> {
        let found = self.0.iter().find(|(known, _)| *known == key).map(|(_, id)| *id);
        found.ok_or_else(|| AppError::Internal(format!("demo: no organisation {key}")))
    }
}

/// Seeds organisations, partnerships, agreements, people and wards, all or none of
/// them. `connection` acts as the owner of the tables; `password_hash` is that of
/// [`super::accounts::PASSWORD`].
///
/// # Errors
/// Those of the database.
pub async fn seed(connection: &mut AsyncPgConnection, password_hash: &str, now: DateTime<Utc>) -> Result<()> {
    let password_hash = password_hash.to_owned();
    connection
        .transaction::<_, AppError, _>(async |connection| {
            let orgs = seed_organisations(connection).await?;
            let partnerships = seed_partnerships(connection, &orgs).await?;
            seed_agreement(connection, &orgs, partnerships, now).await?;
            let people = seed_people(connection, &orgs, &password_hash).await?;
            for borough in demo_boroughs() {
                let wards = borough.ward_versions().map_err(AppError::from)?;
                geography::write_wards(connection, &wards).await?;
                seed_sectors(connection, orgs.get("met")?, &borough).await?;
            }
            seed_teams(connection, orgs.get("met")?, &people).await
        })
        .await
}

async fn seed_organisations(connection: &mut AsyncPgConnection) -> Result<Keys> {
    let since = NaiveDate::from_ymd_opt(2022, 5, 5).unwrap_or_default();
    let mut keys = Keys(Vec::new());
    for organisation in ORGANISATIONS {
        let id = Uuid::now_v7();
        keys.0.push((organisation.key, id));
        diesel::insert_into(organisations::table)
            .values((
                organisations::id.eq(id),
                organisations::kind.eq(organisation.kind),
                organisations::name.eq(organisation.name),
            ))
            .execute(connection)
            .await?;
        let flags: Vec<_> = organisation
            .flags
            .iter()
            .map(|(flag, source)| {
                (
                    organisation_flags::org_id.eq(id),
                    organisation_flags::flag.eq(*flag),
                    organisation_flags::valid_from.eq(since),
                    organisation_flags::source.eq(*source),
                )
            })
            .collect();
        diesel::insert_into(organisation_flags::table)
            .values(flags)
            .execute(connection)
            .await?;
    }
    Ok(keys)
}

async fn seed_partnerships(connection: &mut AsyncPgConnection, orgs: &Keys) -> Result<Uuid> {
    const PARTNERSHIPS: [(&str, &str, &str); 2] = [
        ("CAM", "Camden Community Safety Partnership", "E09000007"),
        ("ISL", "Safer Islington Partnership", "E09000019"),
    ];
    let mut camden = Uuid::nil();
    for (code, name, authority) in PARTNERSHIPS {
        let id = Uuid::now_v7();
        if code == "CAM" {
            camden = id;
        }
        diesel::insert_into(partnerships::table)
            .values((
                partnerships::id.eq(id),
                partnerships::code.eq(code),
                partnerships::name.eq(name),
                partnerships::local_authorities.eq(vec![authority]),
            ))
            .execute(connection)
            .await?;
        for organisation in ORGANISATIONS
            .iter()
            .filter(|organisation| organisation.partnerships.contains(&code))
        {
            let member = (
                partnership_members::partnership_id.eq(id),
                partnership_members::org_id.eq(orgs.get(organisation.key)?),
            );
            diesel::insert_into(partnership_members::table)
                .values(member)
                .execute(connection)
                .await?;
        }
    }
    Ok(camden)
}

/// One active agreement between police, council and housing provider.
async fn seed_agreement(
    connection: &mut AsyncPgConnection,
    orgs: &Keys,
    camden: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    let (id, keeper) = (Uuid::now_v7(), orgs.get("camden")?);
    let today = now.date_naive();
    diesel::insert_into(agreements::table)
        .values((
            agreements::id.eq(id),
            agreements::org_id.eq(keeper),
            agreements::partnership_id.eq(camden),
            agreements::title.eq("Camden neighbourhood problem-solving agreement"),
            agreements::status.eq("active"),
            agreements::purposes.eq(vec![
                "case_work",
                "tasking_meeting",
                "risk_assessment",
                "statutory_review",
            ]),
            agreements::gateways.eq(vec!["CDA115", "CDA17", "ASB104", "SAFEGUARD"]),
            agreements::data_classes.eq(vec!["core", "location", "subjects", "notes", "attachments"]),
            agreements::active_from.eq(today - Days::new(30)),
            agreements::review_due.eq(today + Days::new(335)),
            agreements::dpia_ref.eq("DPIA-CAM-2026-01"),
            agreements::terms.eq(serde_json::json!({
                "retention": "Shared copies are removed three years after the case is closed.",
                "rights_contact": "dpo@camden.example"
            })),
        ))
        .execute(connection)
        .await?;
    for key in ["met", "camden", "primrose"] {
        let party = (
            agreement_parties::agreement_id.eq(id),
            agreement_parties::agreement_org_id.eq(keeper),
            agreement_parties::org_id.eq(orgs.get(key)?),
            agreement_parties::signed_at.eq(now),
        );
        diesel::insert_into(agreement_parties::table)
            .values(party)
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn seed_people(connection: &mut AsyncPgConnection, orgs: &Keys, password_hash: &str) -> Result<Keys> {
    let limits = |values: &'static [&'static str]| (!values.is_empty()).then(|| values.to_vec());
    let mut people = Keys(Vec::new());
    for account in ACCOUNTS {
        let (id, org) = (Uuid::now_v7(), orgs.get(account.organisation)?);
        people.0.push((account.email, id));
        diesel::insert_into(users::table)
            .values((
                users::id.eq(id),
                users::org_id.eq(org),
                users::email.eq(account.email),
                users::name.eq(account.name),
                users::rank.eq(account.rank),
                users::post.eq(account.post),
                users::password_hash.eq(password_hash),
                users::is_demo.eq(true),
            ))
            .execute(connection)
            .await?;
        for role in account.roles {
            let grant = (
                role_grants::id.eq(Uuid::now_v7()),
                role_grants::org_id.eq(org),
                role_grants::user_id.eq(id),
                role_grants::role.eq(*role),
                role_grants::areas.eq(limits(account.areas)),
                role_grants::case_types.eq(limits(account.case_types)),
            );
            diesel::insert_into(role_grants::table)
                .values(grant)
                .execute(connection)
                .await?;
        }
    }
    Ok(people)
}

async fn seed_sectors(connection: &mut AsyncPgConnection, police: Uuid, borough: &DemoBorough) -> Result<()> {
    for sector in &borough.sectors {
        let id = Uuid::now_v7();
        diesel::insert_into(sectors::table)
            .values((
                sectors::id.eq(id),
                sectors::org_id.eq(police),
                sectors::local_authority.eq(borough.gss.to_string()),
                sectors::name.eq(&sector.name),
            ))
            .execute(connection)
            .await?;
        for period in &sector.periods {
            let wards: Vec<_> = period
                .wards
                .iter()
                .map(|gss| {
                    (
                        sector_wards::org_id.eq(police),
                        sector_wards::sector_id.eq(id),
                        sector_wards::gss.eq(gss.to_string()),
                        sector_wards::valid_from.eq(period.valid_from),
                        sector_wards::valid_to.eq(period.valid_to),
                    )
                })
                .collect();
            diesel::insert_into(sector_wards::table)
                .values(wards)
                .execute(connection)
                .await?;
        }
    }
    Ok(())
}

/// One Safer Neighbourhoods team, with its named, contactable officers.
async fn seed_teams(connection: &mut AsyncPgConnection, police: Uuid, people: &Keys) -> Result<()> {
    let id = Uuid::now_v7();
    diesel::insert_into(teams::table)
        .values((
            teams::id.eq(id),
            teams::org_id.eq(police),
            teams::name.eq("Safer Neighbourhoods Team, Kentish Town South"),
            teams::gss.eq("E05013664"),
            teams::contact.eq("kentish-town-south@met.example"),
        ))
        .execute(connection)
        .await?;
    for (email, role) in [
        ("sgt.kentish-town@met.example", "SGT"),
        ("pc.kentish-town@met.example", "PC_DWO"),
    ] {
        let member = (
            team_members::org_id.eq(police),
            team_members::team_id.eq(id),
            team_members::user_id.eq(people.get(email)?),
            team_members::role.eq(role),
            team_members::public_contactable.eq(true),
        );
        diesel::insert_into(team_members::table)
            .values(member)
            .execute(connection)
            .await?;
    }
    Ok(())
}
