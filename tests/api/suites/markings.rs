//! Whatever shows something of a case says how it is classified.

use actix_web::http::Method;
use serde_json::json;

use super::objects::{about_records, ask};
use super::world::{Kind, World};

#[actix_web::test]
async fn what_is_read_of_a_sensitive_case_is_marked_as_such() {
    let world = World::new().await;
    let (app, keeper, file) = (&world.app, &world.keeper, &world.file);
    let sensitive = json!({"marking": "OFFICIAL-SENSITIVE"});
    app.patch(keeper, &format!("/v1/cases/{}", file.case), sensitive)
        .await
        .expect(200);
    let mut marked = 0;

    for (operation, kinds) in about_records().into_iter().filter(|(it, _)| it.method == Method::GET) {
        let success = &operation.document["responses"]["200"];
        if success["headers"].get("Marking").is_none() {
            continue;
        }
        let ids: Vec<String> = kinds
            .iter()
            .map(|kind| match kind {
                Kind::Case => file.case,
                Kind::Note => file.note,
                Kind::Subject => file.subject,
                Kind::Attachment => file.attachment,
                Kind::Share => file.shares[0],
                Kind::Task => file.task,
                other => panic!("{}: which {other:?} of the case?", operation.id),
            })
            .map(|id| id.to_string())
            .collect();
        let reply = ask(app, keeper, &operation, &ids).await.expect(200);
        assert_eq!(reply.header("marking"), Some("OFFICIAL-SENSITIVE"), "{}", operation.id);
        marked += 1;
    }

    assert!(marked > 12, "{marked}");
}
