//! The log of a test, sealed and signed by hand.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use wardlink::audit::jobs;

use super::TestApp;

impl TestApp {
    /// Seals every event there is. Which events are settled depends on the oldest
    /// transaction of the whole server, other tests' included, so it is tried until
    /// nothing waits.
    pub async fn seal(&self) -> usize {
        let mut sealed = 0;
        for _ in 0..10_000 {
            sealed += jobs::seal(&self.services).await.unwrap();
            if wardlink::audit::backlog(&self.services).await.unwrap().events == 0 {
                return sealed;
            }
            tokio::task::yield_now().await;
        }
        panic!("some transaction of this server never ends");
    }

    /// Seals every event there is, and signs.
    pub async fn sign(&self) -> u64 {
        self.seal().await;
        jobs::sign(&self.services).await.unwrap()
    }

    /// Runs SQL as the server's owner, past every trigger.
    pub async fn tamper(&self, sql: &str) {
        let mut owner = self.database.owner().await;
        owner
            .batch_execute(&format!("set session_replication_role = replica; {sql}"))
            .await
            .unwrap();
    }

    /// A number, asked for by SQL as `number`.
    #[expect(clippy::disallowed_methods, reason = "any number may be asked for")]
    pub async fn number(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let row: Row = diesel::sql_query(sql)
            .get_result(&mut self.database.owner().await)
            .await
            .unwrap();
        row.number
    }
}
