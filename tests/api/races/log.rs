//! What is logged while a checkpoint is made.

use serde_json::json;

use super::interleaving::meanwhile;
use crate::support::TestApp;

#[actix_web::test]
async fn what_is_logged_after_a_checkpoint_is_behind_it_and_the_two_are_one_log() {
    let app = TestApp::start().await;
    let manager = app.sign_in("csm@camden.example").await;
    app.get(&manager, "/v1/me").await.expect(200);

    let lock = "lock table audit_events in share mode";
    let (looked, older) = meanwhile(&app, lock, app.get(&manager, "/v1/cases"), app.sign()).await;
    looked.expect(200);
    let more = app.sign().await;

    assert_eq!(more, 1);
    let newer = older + more;
    let path = format!("/v1/audit/consistency?from={older}&to={newer}");
    let proved = app.get(&manager, &path).await.expect(200);
    assert_eq!(
        (&proved.body["from"], &proved.body["to"]),
        (&json!(older), &json!(newer))
    );
    assert!(!proved.body["proof"].as_array().unwrap().is_empty());
    app.assert_settled().await;
}
