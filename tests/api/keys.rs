//! Signing keys that change while the service is in use.

use std::sync::Arc;

use chrono::Duration;
use futures_util::future::join_all;
use wardlink::identity::keys::SigningKeys;
use wardlink::identity::tokens::{AccessSubject, TokenMint};

use crate::support::{Actor, Reply, TestApp};

const SERGEANT: &str = "sgt.kentish-town@met.example";

/// Another process on the same key file.
fn other_process(app: &TestApp) -> (Arc<SigningKeys>, TokenMint) {
    let path = app.services.config.data.join("keys.json");
    let keys = Arc::new(SigningKeys::open(path, app.services.clock.now()).unwrap());
    let mint = TokenMint::new(keys.clone(), "wardlink", "wardlink", Duration::minutes(15)).unwrap();
    (keys, mint)
}

fn subject(actor: &Actor) -> AccessSubject {
    AccessSubject {
        sub: actor.user_id,
        sid: actor.session_id,
        client_id: None,
        scope: None,
    }
}

async fn me(app: &TestApp, token: String) -> Reply {
    let request = actix_web::test::TestRequest::get()
        .uri("/v1/me")
        .insert_header(("Authorization", format!("Bearer {token}")));
    app.send(request).await
}

#[actix_web::test]
async fn keys_rotate_under_load_and_nobody_is_turned_away() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let (keys, mint) = other_process(&app);
    let now = app.services.clock.now();
    let mut old = vec![mint.mint(&subject(&sergeant), now)];

    for _ in 0..5 {
        keys.rotate(now).unwrap();
        // This process signs with the key it knows, the other one with the new.
        let tokens = (0..16).map(|n| match n % 2 {
            0 => app.token(&sergeant),
            _ => mint.mint(&subject(&sergeant), now),
        });
        let tokens: Vec<String> = tokens.chain(old.iter().cloned()).collect();
        let rotating = async { keys.rotate(now).unwrap() };
        let (replies, ()) = futures_util::join!(join_all(tokens.iter().map(|token| me(&app, token.clone()))), rotating);
        for reply in replies {
            reply.expect(200);
        }
        old.push(tokens[1].clone());
    }

    // Published as long as a token of theirs may live.
    app.services.keys.reload().unwrap();
    assert_eq!(app.services.keys.jwks(now).keys.len(), 11);
    app.later(Duration::minutes(16));
    assert_eq!(app.services.keys.jwks(app.services.clock.now()).keys.len(), 1);
}

#[actix_web::test]
async fn a_revoked_key_is_refused_as_soon_as_the_file_is_read_again() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let (keys, mint) = other_process(&app);
    let now = app.services.clock.now();
    let stolen = mint.mint(&subject(&sergeant), now);
    let kid = keys.jwks(now).keys[0].kid.clone();
    me(&app, stolen.clone()).await.expect(200);

    assert!(keys.revoke(&kid, now).unwrap());
    app.services.keys.reload().unwrap();

    me(&app, stolen).await.expect(401);
    me(&app, mint.mint(&subject(&sergeant), now)).await.expect(200);
    me(&app, app.token(&sergeant)).await.expect(200);
}
