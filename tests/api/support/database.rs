//! A database of its own for every test, copied from a template that is made once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use uuid::Uuid;
use wardlink::db::migrate;
use wardlink::demo;
use wardlink::identity::passwords::{HashCost, HashQueue, Password, Passwords};

/// A database that only one test uses. The server is thrown away after the run.
pub struct TestDatabase {
    /// Login of the server's owner, on this database.
    pub url: String,
}

static TEMPLATE: OnceLock<String> = OnceLock::new();

impl TestDatabase {
    /// A copy of the template: schema, roles, demo organisations and people, wards.
    pub async fn new() -> Self {
        let server = server_url();
        let template = TEMPLATE.get_or_init(|| on_its_own_runtime(server.clone()));
        let name = format!("t_{}", Uuid::new_v4().simple());
        let mut admin = connect(&server).await;
        admin
            .batch_execute(&format!(
                "CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
            ))
            .await
            .expect("a database from the template");
        Self {
            url: with_database(&server, &name),
        }
    }

    /// One that holds nothing yet, on a server on which the roles are.
    pub async fn empty() -> Self {
        let server = server_url();
        TEMPLATE.get_or_init(|| on_its_own_runtime(server.clone()));
        let name = format!("t_{}", Uuid::new_v4().simple());
        let mut admin = connect(&server).await;
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .expect("an empty database");
        Self {
            url: with_database(&server, &name),
        }
    }

    /// A connection as the server's owner, past row-level security.
    pub async fn owner(&self) -> AsyncPgConnection {
        let mut connection = connect(&self.url).await;
        connection
            .batch_execute("SET search_path = wardlink, pg_temp")
            .await
            .unwrap();
        connection
    }

    /// A raw connection that has laid down its rights for those of `role`.
    pub async fn as_role(&self, role: &str) -> AsyncPgConnection {
        let mut connection = self.owner().await;
        connection.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        connection
    }
}

#[expect(clippy::disallowed_methods, reason = "tests look at the database past the pools")]
async fn connect(url: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(url)
        .await
        .expect("DATABASE_URL must reach a PostgreSQL server")
}

fn server_url() -> String {
    std::env::var("DATABASE_URL").expect("no DATABASE_URL: run the tests with `make test`")
}

/// `url` with another database in its path.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url
        .split_once('?')
        .map_or((url, String::new()), |(base, query)| (base, format!("?{query}")));
    let (server, _) = base.rsplit_once('/').expect("a database in DATABASE_URL");
    format!("{server}/{name}{query}")
}

/// Migrations need a multi-threaded runtime, which tests are not.
fn on_its_own_runtime(server: String) -> String {
    let making = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(make_template(&server))
    });
    making.join().expect("the template database")
}

/// Makes the template of this state of the code, once per server.
async fn make_template(server: &str) -> String {
    let name = format!("template_{:016x}", state_of_code());
    let mut admin = connect(server).await;
    admin
        .batch_execute("SELECT pg_advisory_lock(hashtext('wardlink test template'))")
        .await
        .unwrap();
    let exists = admin
        .batch_execute(&format!(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \
             THEN RAISE EXCEPTION 'absent'; END IF; END $$"
        ))
        .await;
    if exists.is_err() {
        let making = format!("{name}_making");
        admin
            .batch_execute(&format!("DROP DATABASE IF EXISTS {making}"))
            .await
            .unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {making}")).await.unwrap();
        fill(&with_database(server, &making)).await;
        admin
            .batch_execute(&format!("ALTER DATABASE {making} RENAME TO {name}"))
            .await
            .unwrap();
    }
    admin
        .batch_execute("SELECT pg_advisory_unlock(hashtext('wardlink test template'))")
        .await
        .unwrap();
    name
}

async fn fill(url: &str) {
    migrate::migrate(url).await.expect("migrations");
    let passwords = Passwords::new(CHEAP, HashQueue::default()).unwrap();
    let hash = passwords.hash(&Password::from(demo::accounts::PASSWORD)).await.unwrap();
    let mut owner = migrate::as_owner(url).await.unwrap();
    demo::people::seed(&mut owner, &hash, super::instant("2026-03-02T09:00:00Z"))
        .await
        .expect("demo people");
}

/// Password hashing fast enough to do in every test.
pub const CHEAP: HashCost = HashCost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

fn state_of_code() -> u64 {
    let mut hasher = DefaultHasher::new();
    let root = env!("CARGO_MANIFEST_DIR");
    let mut files: Vec<_> = walk(&format!("{root}/migrations"));
    files.extend(walk(&format!("{root}/src/demo")));
    files.push(format!("{root}/src/identity/roles.rs"));
    files.sort();
    for file in files {
        std::fs::read(&file).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

fn walk(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(walk(&name))
        } else {
            files.push(name)
        }
    }
    files
}
