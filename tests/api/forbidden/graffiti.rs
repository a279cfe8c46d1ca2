//! Of graffiti.

use serde_json::json;

use super::{Scene, clocks};

#[actix_web::test]
async fn a_private_surface_is_not_cleaned_without_consent_and_no_days_run_before_it() {
    let it = Scene::open().await;
    let case = it.graffiti().await;
    let cleaned = json!({"method": "chemical", "at": "2026-03-02T09:00:00Z"});
    let waiting = it
        .takes(case, "identify_owner", json!({"surface_owner": "private"}))
        .await;
    assert!(!clocks(&waiting).contains(&"standard_removal"), "{waiting}");

    it.lacks(case, "clean").await;
    let document = it.app.photograph(&it.council, case, "document").await;
    let agreed = json!({"given_by": "Nora Quill", "given_at": "2026-03-02T08:00:00Z", "method": "written",
        "document": document});
    let agreed = it.takes(case, "consent", agreed).await;
    assert_eq!(clocks(&agreed), ["standard_removal"]);
    it.takes(case, "clean", cleaned).await;
}

#[actix_web::test]
async fn a_surface_that_turns_out_to_be_private_is_not_cleaned_either() {
    let it = Scene::open().await;
    let case = it.graffiti().await;
    it.takes(case, "identify_owner", json!({"surface_owner": "council"}))
        .await;
    for owner in ["private", "rp", "heritage", "utility", "transport", "unknown"] {
        let turns_out = json!({"details": {"surface_owner": owner}});
        it.app
            .patch(&it.council, &format!("/v1/cases/{case}"), turns_out)
            .await
            .expect(200);
        let cleaned = json!({"method": "chemical", "at": "2026-03-02T09:00:00Z"});
        it.stops(&it.council, case, "clean", cleaned, "owner's consent only")
            .await;
    }
    let consent = json!({"given_by": "me", "given_at": "2026-03-02T09:00:00Z", "method": "written"});
    let forged = json!({"details": {"consent": consent}});
    it.app
        .patch(&it.council, &format!("/v1/cases/{case}"), forged)
        .await
        .expect(422);
}

#[actix_web::test]
async fn offensive_graffiti_without_a_photo_is_neither_made_ready_nor_held() {
    let it = Scene::open().await;
    let case = it.app.case(&it.council, "graffiti").await;
    it.share_with(&it.police, case).await;
    it.takes(
        case,
        "classify",
        json!({"classification": "offensive", "strand": "race"}),
    )
    .await;
    let council = json!({"surface_owner": "council"});
    let hold = json!({"reason": "The same tag as on the station."});

    it.stops(&it.council, case, "ready", council.clone(), "attach a photo")
        .await;
    it.app.photograph(&it.council, case, "before").await;
    it.takes(case, "ready", council).await;
    let found = format!("update attachments set state = 'quarantined' where case_id = '{case}'");
    it.app.tamper(&found).await;
    it.stops(&it.police, case, "evidence_hold", hold.clone(), "photographed")
        .await;
    it.app.tamper(&found.replace("quarantined", "available")).await;
    let held = it.act(&it.police, case, "evidence_hold", hold).await.expect(200).body;
    assert_eq!(
        clocks(&held),
        ["offensive_removal", "evidence_hold"],
        "the 24 hours run on"
    );
    assert!(
        held["clocks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|clock| clock["paused"] == false)
    );
}

#[actix_web::test]
async fn a_tag_is_tied_to_nobody_where_a_council_would_see_it() {
    let it = Scene::open().await;
    let case = it.graffiti().await;
    for who in [&it.council, &it.police] {
        let tie = json!({"details": {"tag": {"text": "ZEPH", "linked_nominal": "N123"}}});
        let refused = it.app.patch(who, &format!("/v1/cases/{case}"), tie).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/details/tag/linked_nominal");
    }
    let named = json!({"crime_ref": "01/1234/26", "suspect": "N123"});
    let refused = it.act(&it.police, case, "identify_suspect", named).await.expect(422);
    assert_eq!(refused.body["errors"][0]["pointer"], "/data/suspect");
}

// 3. and 5. Community protection and abatement notices.
