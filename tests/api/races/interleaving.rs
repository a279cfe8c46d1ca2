//! Two requests in flight, in an order that the test decides.
//!
//! A connection of the test's own holds a lock that both have to pass. PostgreSQL
//! lets them through in the order in which they came.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::join_all;
use futures_util::join;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::support::TestApp;

/// How often it is asked whether somebody waits before the test gives up.
const PATIENCE: usize = 5_000;

/// The sessions of this database that wait for a lock.
const WAITING: &str = "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

/// A lock that is held, and a view of who waits.
struct Held {
    holder: AsyncPgConnection,
    watcher: AsyncPgConnection,
}

impl Held {
    /// Holds what `lock` locks. The pool is full afterwards, so that nobody is late
    /// because of a connection that has to be made.
    async fn hold(app: &TestApp, lock: &str) -> Self {
        let every = (0..app.services.config.connections).map(|_| app.services.db.app.get());
        drop(join_all(every).await);
        Self::also(app, lock).await
    }

    /// Holds what `lock` locks, while requests are under way.
    async fn also(app: &TestApp, lock: &str) -> Self {
        let (mut holder, watcher) = (app.database.owner().await, app.database.owner().await);
        holder.batch_execute(&format!("begin; {lock}")).await.unwrap();
        Self { holder, watcher }
    }

    /// Waits until so many sessions wait for a lock.
    async fn until_waiting(&mut self, sessions: i64) {
        self.until(sessions, &waiting()).await;
    }

    /// Waits until so many sessions wait for this lock, or behind others that do.
    async fn until_behind(&mut self, sessions: i64) {
        let holder = number(&mut self.holder, "select pg_backend_pid()::bigint as number").await;
        let behind = format!(
            "with recursive behind (pid) as ( \
               values ({holder}) \
               union select a.pid from pg_stat_activity a join behind b on b.pid = any (pg_blocking_pids(a.pid)) \
                where a.datname = current_database()) \
             select count(*) - 1 as number from behind"
        );
        self.until(sessions, &behind).await;
    }

    async fn until(&mut self, sessions: i64, query: &str) {
        for _ in 0..PATIENCE {
            if number(&mut self.watcher, query).await >= sessions {
                return;
            }
        }
        panic!("no {sessions} sessions ever wait for the lock");
    }

    /// Waits until nobody waits for a lock any more, though it is held.
    async fn until_given_up(&mut self) {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        let looking = async {
            while number(&mut self.watcher, &waiting()).await > 0 {
                looks.tick().await;
            }
        };
        let given_up = tokio::time::timeout(Duration::from_secs(10), looking).await;
        given_up.expect("nobody waits for a client who is gone");
    }

    /// Cancels the statements that wait, as a time limit does.
    async fn cancel(&mut self) {
        let cancel = format!("select pg_cancel_backend(pid) from {WAITING}");
        self.watcher.batch_execute(&cancel).await.unwrap();
    }

    async fn release(mut self) {
        self.holder.batch_execute("commit").await.unwrap();
    }
}

/// How many sessions wait for a lock.
fn waiting() -> String {
    format!("select count(*) as number from {WAITING}")
}

#[expect(clippy::disallowed_methods, reason = "a test looks at the server")]
async fn number(connection: &mut AsyncPgConnection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let row: Row = diesel::sql_query(query).get_result(connection).await.unwrap();
    row.number
}

/// Lets `first` and then `second` run up to what `lock` locks, and then on, in this
/// order.
pub async fn in_order<A, B>(
    app: &TestApp,
    lock: &str,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    let mut held = Held::hold(app, lock).await;
    let (open, opened) = oneshot::channel();
    let behind = async {
        opened.await.unwrap();
        second.await
    };
    let conduct = async {
        held.until_waiting(1).await;
        open.send(()).unwrap();
        held.until_waiting(2).await;
        held.release().await;
    };
    let (first, second, ()) = join!(first, behind, conduct);
    (first, second)
}

/// Lets all requests run up to what `lock` locks, and then on.
pub async fn all_at<A>(app: &TestApp, lock: &str, requests: Vec<impl Future<Output = A>>) -> Vec<A> {
    let mut held = Held::hold(app, lock).await;
    let all = i64::try_from(requests.len()).unwrap();
    let conduct = async {
        held.until_waiting(all).await;
        held.release().await;
    };
    let (answers, ()) = join!(join_all(requests), conduct);
    answers
}

/// Lets two requests run up to what `first` locks, both of them, then up to what `second`
/// locks, and then on.
pub async fn abreast<A, B>(
    app: &TestApp,
    (first, second): (&str, &str),
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> (A, B) {
    let mut held = Held::hold(app, first).await;
    let conduct = async {
        held.until_waiting(2).await;
        let mut next = Held::also(app, second).await;
        held.release().await;
        next.until_behind(2).await;
        next.release().await;
    };
    let (one, other, ()) = join!(one, other, conduct);
    (one, other)
}

/// Lets `request` run up to what `lock` locks, does `meanwhile` to its end, and then
/// lets the request go on.
pub async fn meanwhile<A, B>(
    app: &TestApp,
    lock: &str,
    request: impl Future<Output = A>,
    meanwhile: impl Future<Output = B>,
) -> (A, B) {
    let mut held = Held::hold(app, lock).await;
    let conduct = async {
        held.until_waiting(1).await;
        let done = meanwhile.await;
        held.release().await;
        done
    };
    join!(request, conduct)
}

/// Lets `request` run up to what `lock` locks, and hangs up on it there.
pub async fn hang_up_at<A>(app: &TestApp, lock: &str, request: impl Future<Output = A>) {
    hung_up_at(app, lock, request).await.release().await;
}

/// As [`hang_up_at`], and holds the lock until the request does not wait for it any more.
pub async fn given_up_at<A>(app: &TestApp, lock: &str, request: impl Future<Output = A>) {
    let mut held = hung_up_at(app, lock, request).await;
    held.until_given_up().await;
    held.release().await;
}

async fn hung_up_at<A>(app: &TestApp, lock: &str, request: impl Future<Output = A>) -> Held {
    let mut held = Held::hold(app, lock).await;
    tokio::select! {
        _ = request => panic!("the request did not wait"),
        () = held.until_waiting(1) => {}
    }
    held
}

/// Where a case stands in the order in which whoever tells of cases takes their locks.
pub fn place(case: Uuid) -> u128 {
    case.as_u128() & 0xfff
}

/// Takes the lock that telling of a case takes.
pub fn telling_of(case: Uuid) -> String {
    format!("select pg_advisory_xact_lock(hashtext('case events'), {})", place(case))
}

/// Lets `request` run up to what `lock` locks, and then takes what the request has locked
/// itself, which is `theirs`: each waits for the other until the database gives one up.
pub async fn deadlocked<A>(app: &TestApp, lock: &str, theirs: &str, request: impl Future<Output = A>) -> A {
    let mut held = Held::hold(app, &format!("set local deadlock_timeout = '1min'; {lock}")).await;
    let conduct = async {
        held.until_waiting(1).await;
        held.holder.batch_execute(theirs).await.unwrap();
        held.release().await;
    };
    let (answer, ()) = join!(request, conduct);
    answer
}

/// Lets `request` run up to what `lock` locks, and cancels its statement there.
pub async fn cancelled_at<A>(app: &TestApp, lock: &str, request: impl Future<Output = A>) -> A {
    let mut held = Held::hold(app, lock).await;
    let conduct = async {
        held.until_waiting(1).await;
        held.cancel().await;
    };
    let (answer, ()) = join!(request, conduct);
    held.release().await;
    answer
}
