//! The line to the database, which a test may make slow or silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_postgres::config::Host;

use super::TestDatabase;

/// What is said and heard on.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection to the server that the tests run on.
pub async fn behind(server: &tokio_postgres::Config) -> Box<dyn Stream> {
    let port = server.get_ports().first().copied().unwrap_or(5432);
    match &server.get_hosts()[0] {
        Host::Tcp(name) => Box::new(TcpStream::connect((name.as_str(), port)).await.unwrap()),
        Host::Unix(folder) => {
            let socket = folder.join(format!(".s.PGSQL.{port}"));
            Box::new(UnixStream::connect(socket).await.unwrap())
        }
    }
}

impl TestDatabase {
    /// Its address by way of `port` on this machine.
    pub fn by_way_of(&self, port: u16, options: &str) -> String {
        let server: tokio_postgres::Config = self.url.parse().unwrap();
        let password = server.get_password().map(|it| String::from_utf8_lossy(it).into_owned());
        format!(
            "postgres://{}:{}@localhost:{port}/{}{options}",
            server.get_user().unwrap(),
            password.unwrap_or_default(),
            server.get_dbname().unwrap(),
        )
    }
}

/// A line to a database.
pub struct Line {
    /// The database at its end, called by way of it.
    pub url: String,
    is_silent: Arc<AtomicBool>,
}

impl Line {
    /// A line on which everything takes so long each way.
    pub async fn to(database: &TestDatabase, delay: Duration) -> Self {
        let server: tokio_postgres::Config = database.url.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = database.by_way_of(listener.local_addr().unwrap().port(), "");
        let is_silent: Arc<AtomicBool> = Arc::default();
        let silent = is_silent.clone();
        actix_web::rt::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (hears, says) = split(client);
                let (answers, asks) = split(behind(&server).await);
                actix_web::rt::spawn(carry(hears, asks, silent.clone(), delay));
                actix_web::rt::spawn(carry(answers, says, silent.clone(), delay));
            }
        });
        Self { url, is_silent }
    }

    /// From now on nothing comes through, and nobody is told.
    pub fn fall_silent(&self) {
        self.is_silent.store(true, Ordering::Relaxed);
    }
}

/// Carries on what comes, until the line falls silent.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    silent: Arc<AtomicBool>,
    delay: Duration,
) {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut chunk).await.unwrap_or(0);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if silent.load(Ordering::Relaxed) {
            return std::future::pending().await;
        }
        if read == 0 || to.write_all(&chunk[..read]).await.is_err() {
            let _ = to.shutdown().await;
            return;
        }
    }
}
