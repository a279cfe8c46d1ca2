//! Sessions, and the password that ends them.

use serde_json::{Value, json};

use super::{ADMIN, MANAGER, NEW_PASSWORD, PASSWORD, end_reason, logged, login};
use crate::support::TestApp;

#[actix_web::test]
async fn a_session_is_killed_from_another_one() {
    let app = TestApp::start().await;
    let (here, there) = (app.sign_in(MANAGER).await, app.sign_in(MANAGER).await);

    let list = app.get(&here, "/v1/me/sessions").await.expect(200);
    let current: Vec<_> = list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["current"])
        .collect();
    assert_eq!(current, [&json!(false), &json!(true)]);
    let path = format!("/v1/me/sessions/{}", there.session_id);
    app.delete(&here, &path).await.expect(204);

    app.get(&there, "/v1/me").await.expect(401);
    app.get(&here, "/v1/me").await.expect(200);
    app.delete(&here, &path).await.expect(404);
    assert_eq!(end_reason(&app, there.session_id).await.as_deref(), Some("killed"));
    let log = logged(&app, &here, "end_my_session").await;
    assert_eq!(log[0], ("security".to_owned(), "done".to_owned()));
}

#[actix_web::test]
async fn sessions_of_others_are_not_there() {
    let app = TestApp::start().await;
    let (manager, admin) = (app.sign_in(MANAGER).await, app.sign_in(ADMIN).await);

    let path = format!("/v1/me/sessions/{}", manager.session_id);
    app.delete(&admin, &path).await.expect(404);

    app.get(&manager, "/v1/me").await.expect(200);
}

#[actix_web::test]
async fn pages_of_sessions_follow_one_another() {
    let app = TestApp::start().await;
    let me = app.sign_in(MANAGER).await;
    app.sign_in(MANAGER).await;

    let first = app.get(&me, "/v1/me/sessions?limit=1").await.expect(200);
    let link = first.header("link").unwrap().to_owned();
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    let second = app.get(&me, next).await.expect(200);

    assert_eq!(second.body["items"][0]["id"], json!(me.session_id));
    assert_eq!(second.body["next"], Value::Null);
    app.get(&me, "/v1/me/sessions?limit=0").await.expect(422);
    app.get(&me, "/v1/me/sessions?sort=id").await.expect(422);
}

#[actix_web::test]
async fn a_new_password_ends_all_other_sessions() {
    let app = TestApp::start().await;
    let (here, there) = (app.sign_in(MANAGER).await, app.sign_in(MANAGER).await);
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/v1/me/password";

    let wrong = app
        .post(&here, path, change("not-the-passphrase-9", NEW_PASSWORD))
        .await
        .expect(422);
    assert_eq!(wrong.body["errors"][0]["pointer"], "/current_password");
    let short = app.post(&here, path, change(PASSWORD, "short")).await.expect(422);
    assert_eq!(short.problem(), "password-refused");
    let guessed = app
        .post(&here, path, change(PASSWORD, "Helen-Birch-Camden-1"))
        .await
        .expect(422);
    assert_eq!(guessed.body["errors"][0]["pointer"], "/new_password");
    let same = app.post(&here, path, change(PASSWORD, PASSWORD)).await.expect(422);
    assert_eq!(same.body["errors"][0]["pointer"], "/new_password");
    assert_eq!(same.problem(), "password-refused");
    app.get(&there, "/v1/me").await.expect(200);
    app.post(&here, path, change(PASSWORD, NEW_PASSWORD)).await.expect(204);

    app.get(&here, "/v1/me").await.expect(200);
    app.get(&there, "/v1/me").await.expect(401);
    assert_eq!(
        end_reason(&app, there.session_id).await.as_deref(),
        Some("password_changed")
    );
    login(&app, MANAGER, PASSWORD).await.expect(401);
    login(&app, MANAGER, NEW_PASSWORD).await.expect(200);
}
