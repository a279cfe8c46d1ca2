//! The service on a socket, and clients that do not behave.

use std::net::{SocketAddr, TcpListener};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wardlink::http::server;

use super::{Actor, TestApp};

impl TestApp {
    /// Listens on a socket of its own until the test ends.
    pub fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = server::serve(listener, self.services.clone(), 1, None).unwrap();
        actix_web::rt::spawn(server);
        address
    }

    /// The head of a request of `actor` that is the last on its connection, without
    /// its empty line.
    pub fn head(&self, actor: &Actor, request_line: &str) -> String {
        let token = self.token(actor);
        format!("{request_line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n")
    }
}

/// Sends `bytes` and reads what comes until the other side closes.
pub async fn exchange(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    // A server that was sent rubbish may reset: what it said before counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A gauge of the service at `address`, as it tells the machine that it runs on.
pub async fn gauge(address: SocketAddr, name: &str) -> i64 {
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let metrics = exchange(address, request).await;
    let value = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = value.unwrap_or_else(|| panic!("{name}: {metrics}"));
    value.trim().parse().unwrap()
}
