//! Strangers: people to whom a record of somebody else must not exist.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use wardlink::db::schema::users;
use wardlink::doors::may;

use super::World;
use crate::support::{ALL_CLASSES, Actor, TestApp};

/// Where a stranger belongs, which says what is somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// The organisation that owns the cases.
    Camden,
    /// A member of the same partnership.
    Partner,
    /// Neither.
    Elsewhere,
}

/// Somebody to whom the world's records must not exist.
pub struct Stranger {
    pub who: &'static str,
    pub actor: Actor,
    pub home: Home,
    /// Status of every answer about somebody else's record.
    pub answers: &'static [u16],
}

const OPERATOR: &str = "operator@wardlink.example";
const PASSPHRASE: &str = "kettle-orbit-lantern-moss";

impl World {
    /// All kinds of them. Whoever is kept out by something else than their role holds
    /// every permission.
    pub async fn strangers(&self) -> Vec<Stranger> {
        let mut all = self.outsiders().await;
        all.extend(self.without_the_role().await);
        all.extend(self.former_members().await);
        all.extend(self.out_of_scope().await);
        all
    }

    /// Those of other organisations.
    pub async fn outsiders(&self) -> Vec<Stranger> {
        let app = &self.app;
        let elsewhere = app.sign_in("asb@islington.example").await;
        let revoked = app.sign_in("manager@primrose.example").await;
        let fire = newcomer(self, "fire", "London Fire Brigade", "admin@fire.example").await;
        let left = newcomer(self, "health", "North London Trust", "admin@trust.example").await;
        for actor in [&elsewhere, &revoked, &fire, &left] {
            app.grant_only(actor, may::CODES, None, None).await;
        }
        let share = app
            .open_to(&self.owner, self.file.case, revoked.org_id, "contribute", ALL_CLASSES)
            .await;
        app.delete(&self.owner, &format!("/v1/shares/{share}"))
            .await
            .expect(204);
        app.open_to(&self.owner, self.file.shared, fire.org_id, "contribute", ALL_CLASSES)
            .await;
        // All that rests on a membership ends with it.
        app.open_to(&self.owner, self.file.case, left.org_id, "contribute", ALL_CLASSES)
            .await;
        show_out(self, &left).await;
        let stranger = |who, actor, home| Stranger {
            who,
            actor,
            home,
            answers: &[404],
        };
        vec![
            stranger("another organisation", elsewhere, Home::Elsewhere),
            stranger("whose share was revoked", revoked, Home::Partner),
            stranger("with a share of another case", fire, Home::Partner),
            stranger("whose organisation has left", left, Home::Elsewhere),
        ]
    }

    /// Those of the owner whose roles are for other work.
    pub async fn without_the_role(&self) -> Vec<Stranger> {
        let stranger = |who, actor| Stranger {
            who,
            actor,
            home: Home::Camden,
            answers: &[403, 404],
        };
        let panel = colleague(&self.app, "panel@camden.example").await;
        self.app.give_only(&panel, "panel_member", None, None).await;
        let admin = self.app.sign_in("admin@camden.example").await;
        vec![stranger("a panel member", panel), stranger("an administrator", admin)]
    }

    /// Those of the owner whose account or session has ended.
    pub async fn former_members(&self) -> Vec<Stranger> {
        let app = &self.app;
        let disabled = colleague(app, "left@camden.example").await;
        let ended = colleague(app, "home@camden.example").await;
        for actor in [&disabled, &ended] {
            app.grant_only(actor, may::CODES, None, None).await;
        }
        diesel::update(users::table.find(disabled.user_id))
            .set(users::disabled_at.eq(app.services.clock.now()))
            .execute(&mut app.database.owner().await)
            .await
            .unwrap();
        app.draft(&ended, Method::POST, "/v1/auth/logout")
            .send()
            .await
            .expect(204);
        let stranger = |who, actor| Stranger {
            who,
            actor,
            home: Home::Camden,
            answers: &[401],
        };
        vec![stranger("disabled", disabled), stranger("whose session ended", ended)]
    }

    /// Those of the owner whose roles end at other wards or case types.
    pub async fn out_of_scope(&self) -> Vec<Stranger> {
        let app = &self.app;
        let ward = colleague(app, "ward@camden.example").await;
        app.grant_only(&ward, may::CODES, Some(vec!["E05013663"]), None).await;
        let kind = colleague(app, "kind@camden.example").await;
        app.grant_only(&kind, may::CODES, None, Some(vec!["graffiti"])).await;
        let stranger = |who, actor| Stranger {
            who,
            actor,
            home: Home::Camden,
            answers: &[404],
        };
        vec![
            stranger("of another ward", ward),
            stranger("of another case type", kind),
        ]
    }
}

/// Somebody new at the council, without a role.
pub async fn colleague(app: &TestApp, email: &str) -> Actor {
    let admin = app.sign_in("admin@camden.example").await;
    let body = json!({"email": email, "name": "Ines Duarte"});
    app.post(&admin, "/v1/users", body).await.expect(201);
    app.sign_in(email).await
}

/// Somebody of an organisation of that kind and name, which joins the partnership.
async fn newcomer(world: &World, kind: &str, name: &str, email: &str) -> Actor {
    let app = &world.app;
    let operator = app.sign_in(OPERATOR).await;
    let administrator = json!({"email": email, "name": "Noor Aziz", "password": PASSPHRASE});
    let body = json!({"kind": kind, "name": name, "administrator": administrator});
    let made = app.post(&operator, "/v1/organisations", body).await.expect(201);
    app.post(&operator, &members(world).await, json!({"organisation_id": made.id()}))
        .await
        .expect(201);
    app.sign_in(email).await
}

/// Ends the membership of somebody's organisation.
async fn show_out(world: &World, actor: &Actor) {
    let operator = world.app.sign_in(OPERATOR).await;
    let membership = format!("{}/{}", members(world).await, actor.org_id);
    world.app.delete(&operator, &membership).await.expect(204);
}

/// The address of the partnership's members.
async fn members(world: &World) -> String {
    format!("/v1/partnerships/{}/members", world.app.partnership("CAM").await)
}
