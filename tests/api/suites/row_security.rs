//! Row-level security on its own: with the checks in the code switched off, nothing
//! of another organisation is shown or changed, nor what is beyond the wards and case types
//! of one's roles.
//!
//! What it does not hold, and code alone does:
//!
//! - permissions within one organisation. The context says whose rows are meant and how far a
//!   role reaches, not what it is for: `enter` has proved that, and the switch lets it pass. A
//!   colleague without any role is not tried here.
//! - what stands in one row. Rows are shown whole, so who is in the details of a case, and what
//!   only the sides of a share are told, is taken out when they are shown. Those checks have no
//!   switch, and the words they keep back are looked for here too.

use wardlink::doors::{may, unguarded};

use super::canaries::{Seen, look_around, told};
use super::fingerprint::fingerprint_of;
use super::objects::{about_records, ask, foreign_paths};
use super::planted::{Word, plant};
use super::world::{Home, World, colleague};
use crate::support::{Actor, Reply};

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
    let outsiders = world.outsiders().await;
    for stranger in &outsiders {
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
