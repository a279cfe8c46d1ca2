//! Cases recorded for a test.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Actor, Reply, TestApp};

/// A point in Kentish Town South.
const KENTISH_TOWN_SOUTH: [f64; 2] = [-0.1385, 51.5475];

/// What the assessment of a nuisance is told that found this band of risk.
pub fn assessment(band: &str) -> Value {
    let answers = json!([
        {"question": "frequency", "answer": "weekly", "points": 3},
        {"question": "effect", "points": 9},
    ]);
    json!({"assessment": {"tool": "ram", "version": "2025.1", "answers": answers, "score": 12, "band": band,
        "next_review_on": "2026-03-30"}})
}

impl TestApp {
    /// The id of a partnership of `actor`.
    pub async fn partnership(&self, code: &str) -> Uuid {
        use diesel::prelude::*;
        use diesel_async::RunQueryDsl;
        use wardlink::db::schema::partnerships;
        let mut owner = self.database.owner().await;
        partnerships::table
            .filter(partnerships::code.eq(code))
            .select(partnerships::id)
            .first(&mut owner)
            .await
            .unwrap()
    }

    /// The body of a case of that type in Kentish Town South.
    pub async fn case_body(&self, kind: &str) -> Value {
        json!({
            "partnership_id": self.partnership("CAM").await,
            "type": kind,
            "title": format!("A case of {kind}"),
            "description": "Seen on the corner, five weeks running.",
            "location": {"type": "Point", "coordinates": KENTISH_TOWN_SOUTH},
            "address": "12 Leverton Street, NW5",
        })
    }

    /// A case of that type in Kentish Town South, recorded by `actor`.
    pub async fn case(&self, actor: &Actor, kind: &str) -> Uuid {
        let body = self.case_body(kind).await;
        self.post(actor, "/v1/cases", body).await.expect(201).id()
    }

    /// Fires an event of a case.
    pub async fn transition(&self, actor: &Actor, case: Uuid, event: &str, data: Value) -> Reply {
        self.post_to(
            actor,
            &format!("/v1/cases/{case}"),
            "transitions",
            json!({"event": event, "data": data}),
        )
        .await
    }
}
