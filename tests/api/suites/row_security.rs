//! Row-level security on its own: with the checks in the code switched off, nothing
//! of another organisation is shown or changed.

use wardlink::doors::unguarded;

use super::fingerprint::fingerprint_of;
use super::objects::{about_records, ask, foreign_paths};
use super::world::{CORE, Home, World, canaries, colleague};
use crate::support::{Actor, Reply, TestApp};

fn words(reply: &Reply) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(&reply.bytes);
    let stands = |word: &&str| text.contains(*word) || reply.headers.iter().any(|(_, value)| value.contains(*word));
    canaries().into_iter().map(|(_, word)| word).filter(stands).collect()
}

/// Asks for everything of Camden, unguarded, and gives back what was told of classes that are not open.
async fn tell(world: &World, actor: &Actor, home: Home, open: &[&str], but: &[&str]) -> Vec<String> {
    let app: &TestApp = &world.app;
    let mut told = Vec::new();
    let asked = about_records().into_iter();
    for (operation, kinds) in asked.filter(|(operation, _)| !but.contains(&operation.id.as_str())) {
        for ids in foreign_paths(world, &kinds, home).await {
            let unguarded = unguarded::for_this_thread();
            let reply = ask(app, actor, &operation, &ids).await;
            drop(unguarded);
            let closed = words(&reply).into_iter().filter(|word| !open.contains(word));
            told.extend(closed.map(|word| format!("{} {} {word}", operation.id, reply.status)));
        }
    }
    told
}

#[actix_web::test]
async fn a_stranger_past_every_check_is_shown_nothing_and_changes_nothing() {
    let world = World::new().await;
    let outsiders = world.outsiders().await;
    for stranger in &outsiders {
        let before = fingerprint_of(&world.app, world.owner.org_id).await;

        let told = tell(&world, &stranger.actor, stranger.home, &[], &[]).await;

        assert!(told.is_empty(), "{}: {told:?}", stranger.who);
        let after = fingerprint_of(&world.app, world.owner.org_id).await;
        assert_eq!(before, after, "changed by somebody {}", stranger.who);
    }
}

#[actix_web::test]
async fn who_may_look_at_one_class_sees_no_other_past_every_check_and_changes_nothing() {
    let world = World::new().await;
    let app = &world.app;
    let housing = app.sign_in("manager@primrose.example").await;
    app.open_to(&world.owner, world.file.case, housing.org_id, "view", &["core"])
        .await;
    app.give_only(&housing, "panel_member", None, None).await;
    let before = fingerprint_of(app, world.owner.org_id).await;

    // Whoever sees a case may say what they do about it.
    let told = tell(&world, &housing, Home::Partner, &[CORE], &["take_position"]).await;

    assert!(told.is_empty(), "{told:?}");
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
