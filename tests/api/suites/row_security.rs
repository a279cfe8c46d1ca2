//! Row-level security on its own: with the checks in the code switched off, nothing
//! of another organisation is shown or changed, nor what is beyond the wards and case types
//! of one's roles.
//!
//! What it does not hold, and code alone does:
//!
//! - permissions within one organisation. Whom that concerns stands in `not_kept_out.txt`, with
//!   the reason; they are looked for what they see, and not for what they could change.
//! - what stands in one row. Rows are shown whole, so who is in the details of a case, what only
//!   the sides of a share are told, and the original of a file are kept back when they are shown.
//!   Those checks have no switch, and the words they keep back are looked for here too.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use serde_json::json;
use wardlink::doors::{may, unguarded};

use super::canaries::{Seen, look_around, told};
use super::fingerprint::fingerprint_of;
use super::objects::{about_records, ask, foreign_paths};
use super::planted::{Word, plant};
use super::world::{Home, World, colleague};
use crate::support::{ALL_CLASSES, Actor, Reply};

/// What `actor` is answered, unguarded, when looking around, and when asking for every record
/// of Camden by its id, in every way but those.
async fn ask_for_everything(world: &World, actor: &Actor, home: Home, but: &[&str]) -> Seen {
    let unguarded = unguarded::for_this_thread();
    let mut seen = look_around(world, actor).await;
    let asked = about_records().into_iter();
    for (operation, kinds) in asked.filter(|(operation, _)| !but.contains(&operation.id.as_str())) {
        for ids in foreign_paths(world, &kinds, home).await {
            let reply = ask(&world.app, actor, &operation, &ids).await;
            seen.push((format!("{} {}", operation.id, reply.status), reply));
        }
    }
    drop(unguarded);
    seen
}

/// What was told of classes that are not open.
fn told_beyond(open: &[&str], seen: &[(String, Reply)], words: &[Word]) -> Vec<(&'static str, String)> {
    let told = told(seen, words).into_iter();
    told.filter(|(class, _)| !open.contains(class)).collect()
}

#[actix_web::test]
async fn a_stranger_past_every_check_is_shown_nothing_and_changes_nothing() {
    let mut world = World::new().await;
    let words = plant(&mut world).await.own_words();
    let mut strangers = world.outsiders().await;
    strangers.extend(world.former_members().await);
    for stranger in &strangers {
        let before = fingerprint_of(&world.app, world.owner.org_id).await;

        let seen = ask_for_everything(&world, &stranger.actor, stranger.home, &[]).await;

        let told = told_beyond(&[], &seen, &words);
        assert!(told.is_empty(), "{}: {told:?}", stranger.who);
        let after = fingerprint_of(&world.app, world.owner.org_id).await;
        assert_eq!(before, after, "changed by somebody {}", stranger.who);
    }
}

#[actix_web::test]
async fn whose_roles_end_at_wards_or_case_types_sees_nothing_beyond_past_every_check() {
    let mut world = World::new().await;
    let words = plant(&mut world).await.own_words();
    let colleagues = world.out_of_scope().await;
    for stranger in &colleagues {
        let before = fingerprint_of(&world.app, world.owner.org_id).await;

        let seen = ask_for_everything(&world, &stranger.actor, stranger.home, &[]).await;

        let told = told_beyond(&[], &seen, &words);
        assert!(told.is_empty(), "{}: {told:?}", stranger.who);
        let after = fingerprint_of(&world.app, world.owner.org_id).await;
        assert_eq!(before, after, "changed by somebody {}", stranger.who);
    }
}

#[actix_web::test]
async fn who_may_look_at_one_class_sees_no_other_past_every_check_and_changes_nothing() {
    let mut world = World::new().await;
    let words = plant(&mut world).await.own_words();
    let app = &world.app;
    let housing = app.sign_in("manager@primrose.example").await;
    app.open_to(&world.owner, world.file.case, housing.org_id, "view", &["core"])
        .await;
    app.grant_only(&housing, may::CODES, None, None).await;
    let before = fingerprint_of(app, world.owner.org_id).await;

    // Whoever sees a case may say what they do about it.
    let seen = ask_for_everything(&world, &housing, Home::Partner, &["take_position"]).await;

    let told = told_beyond(&["core"], &seen, &words);
    assert!(told.is_empty(), "{told:?}");
    let core = told_beyond(&[], &seen, &words);
    assert!(!core.is_empty(), "the core is open");
    assert_eq!(before, fingerprint_of(app, world.owner.org_id).await);
}

/// Who stands in the list, with the classes of data that they are shown.
fn not_kept_out() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let lines = include_str!("not_kept_out.txt").lines();
    let entries = lines.filter(|line| !line.starts_with('#'));
    let entries = entries.map(|line| line.split_once(": ").unwrap());
    entries
        .map(|(who, classes)| (who, classes.split(' ').collect()))
        .collect()
}

#[actix_web::test]
async fn whom_row_level_security_does_not_keep_out_stands_in_a_list_that_only_becomes_shorter() {
    let mut world = World::new().await;
    let words = plant(&mut world).await.own_words();
    let mut found = BTreeMap::new();

    for stranger in world.without_the_role().await {
        let unguarded = unguarded::for_this_thread();
        let seen = look_around(&world, &stranger.actor).await;
        drop(unguarded);
        let classes: BTreeSet<&str> = told(&seen, &words).into_iter().map(|(class, _)| class).collect();
        found.insert(stranger.who, classes);
    }

    assert_eq!(found, not_kept_out());
    assert!(found.len() <= 2, "nobody is added to the list");
}

#[actix_web::test]
async fn what_another_organisation_recorded_is_not_changed_past_every_check() {
    let world = World::new().await;
    let (app, owner, file) = (&world.app, &world.owner, &world.file);
    let housing = app.sign_in("manager@primrose.example").await;
    app.grant_only(&housing, may::CODES, None, None).await;
    for case in [file.case, file.shared] {
        app.open_to(owner, case, housing.org_id, "contribute", ALL_CLASSES)
            .await;
    }
    let path = format!("/v1/cases/{}", file.case);
    let link = json!({"linked_case_id": file.shared, "kind": "parent"});
    let link = app.post(owner, &format!("{path}/links"), link).await.expect(201);
    let link = format!("{path}/links/{}", link.id());
    let subject = format!("{path}/subjects/{}", file.subject);
    let change = json!({"role": "reporter"});
    let tries = [
        (Method::DELETE, &link, None),
        (Method::PATCH, &subject, Some(&change)),
        (Method::DELETE, &subject, None),
    ];
    let before = fingerprint_of(app, owner.org_id).await;

    for (method, address, body) in tries {
        let call = async || {
            let draft = app.draft(&housing, method.clone(), address).header("If-Match", "*");
            match body {
                Some(body) => draft.json(body.clone()).send().await,
                None => draft.send().await,
            }
        };
        call().await.expect(403);
        let unguarded = unguarded::for_this_thread();
        let reply = call().await;
        drop(unguarded);
        reply.expect(404);
    }

    assert_eq!(before, fingerprint_of(app, owner.org_id).await);
}

/// Else the tests above would prove nothing.
#[actix_web::test]
async fn unguarded_the_code_lets_a_person_without_any_role_pass() {
    let world = World::new().await;
    let panel = colleague(&world.app, "panel@camden.example").await;
    let path = format!("/v1/cases/{}/subjects", world.file.case);
    world.app.get(&panel, &path).await.expect(403);

    let unguarded = unguarded::for_this_thread();
    let reply = world.app.get(&panel, &path).await;
    drop(unguarded);

    reply.expect(200);
    world.app.get(&panel, &path).await.expect(403);
}
