use std::io;

use futures_util::stream;
use object_store::memory::InMemory;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A folder of its own for one test, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("attachments-{}", Uuid::new_v4())))
    }

    fn open(&self) -> Store {
        Store::open(&AttachmentStoreConfig::Folder(self.0.clone())).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        ["originals", "served"]
            .iter()
            .flat_map(|folder| std::fs::read_dir(self.0.join(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    /// Clean-up after a drop runs in the background.
    async fn becomes_empty(&self) -> bool {
        for _ in 0..200 {
            if self.files().is_empty() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Waits for the tasks that a drop leaves behind: nothing is written or removed after them.
async fn background_ends() {
    let metrics = tokio::runtime::Handle::current().metrics();
    let ends = async {
        while metrics.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), ends).await;
    ended.expect("what a drop leaves behind ends");
}

/// So that an upload may run in a task of its own.
fn is_send<T: Send>(_: &T) {}

const MIB: usize = 1024 * 1024;

fn chunks(count: usize) -> impl Stream<Item = io::Result<Bytes>> {
    stream::iter((0..count).map(|n| Ok(Bytes::from(vec![n as u8; MIB]))))
}

fn key() -> ObjectKey {
    ObjectKey::original(Uuid::new_v4())
}

#[tokio::test]
async fn a_stream_is_stored_hashed_and_read_back() {
    let folder = Folder::new();
    for store in [folder.open(), Store::over(Arc::new(InMemory::new()))] {
        for count in [1, 5, 12] {
            let key = key();
            let stored = store.put_stream(key, chunks(count), 12 * MIB as u64).await.unwrap();
            let expected: Vec<u8> = (0..count).flat_map(|n| vec![n as u8; MIB]).collect();
            assert_eq!(stored.size, expected.len() as u64);
            assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(&expected)));

            let content = store.get_stream(key).await.unwrap();
            assert_eq!(content.size, stored.size);
            let read: Vec<Bytes> = content.stream.try_collect().await.unwrap();
            assert!(read.concat() == expected);
            assert!(store.read(key, stored.size).await.unwrap() == expected);
            let too_large = store.read(key, stored.size - 1).await;
            assert!(matches!(too_large, Err(StoreError::TooLarge { .. })));

            store.delete(key).await.unwrap();
            store.delete(key).await.unwrap();
            assert!(matches!(store.get_stream(key).await, Err(StoreError::Missing(_))));
        }
    }
}

#[tokio::test]
async fn bytes_in_memory_are_stored_too() {
    let store = Store::over(Arc::new(InMemory::new()));
    let key = ObjectKey::served(Uuid::new_v4());
    let stored = store.put(key, Bytes::from_static(b"abc")).await.unwrap();
    assert_eq!((stored.size, stored.sha256[..2].to_vec()), (3, vec![0xBA, 0x78]));
    assert_eq!(store.read(key, 3).await.unwrap(), "abc");
}

#[tokio::test]
async fn nothing_is_left_of_an_upload_that_is_too_large_empty_or_breaks_off() {
    let folder = Folder::new();
    let store = folder.open();
    for (count, limit) in [(2, MIB as u64), (12, 11 * MIB as u64)] {
        let refused = store.put_stream(key(), chunks(count), limit).await;
        assert!(matches!(refused, Err(PutError::Refused(FileRefused::TooLarge { .. }))));
        assert!(folder.files().is_empty());
    }
    let empty = store.put_stream(key(), chunks(0), 1).await;
    assert!(matches!(empty, Err(PutError::Refused(FileRefused::Empty))));
    for count in [1, 8] {
        let broken = chunks(count).chain(stream::iter([Err(io::Error::other("gone"))]));
        let refused = store.put_stream(key(), broken, u64::MAX).await;
        assert!(matches!(refused, Err(PutError::Source(_))));
        assert!(folder.files().is_empty());
    }
}

#[tokio::test]
async fn nothing_is_left_of_an_upload_that_is_dropped() {
    let folder = Folder::new();
    let store = folder.open();
    let stalled = chunks(8).chain(stream::pending());
    let upload = store.put_stream(key(), stalled, u64::MAX);
    is_send(&upload);
    assert!(tokio::time::timeout(Duration::from_millis(300), upload).await.is_err());
    assert!(folder.becomes_empty().await);
}

#[tokio::test]
async fn nothing_is_left_of_an_upload_that_is_dropped_while_it_ends() {
    let folder = Folder::new();
    let store = folder.open();
    for count in [1, 8] {
        let mut upload = Upload::new(&store.objects, key());
        upload.write_all(chunks(count), u64::MAX).await.unwrap();
        {
            let mut ending = std::pin::pin!(upload.finish());
            assert!(futures_util::poll!(&mut ending).is_pending());
        }
        drop(upload);
        background_ends().await;
        assert!(folder.files().is_empty());
    }
}

#[test]
fn nothing_is_left_of_bytes_that_are_dropped_while_they_are_written() {
    // One thread writes, so that what it is asked for next comes after.
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let folder = Folder::new();
        let store = folder.open();
        {
            let mut writing = std::pin::pin!(store.put(key(), Bytes::from_static(b"abc")));
            assert!(futures_util::poll!(&mut writing).is_pending());
        }
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        background_ends().await;
        assert!(folder.files().is_empty());
    });
}

#[cfg(unix)]
#[test]
fn the_folder_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.open();
    folder.open();
    for path in [folder.0.clone(), folder.0.join("originals"), folder.0.join("served")] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    std::fs::write(&folder.0, b"a file").unwrap();
    let error = Store::open(&AttachmentStoreConfig::Folder(folder.0.clone())).unwrap_err();
    assert!(matches!(error, StoreError::Folder { .. }));
    std::fs::remove_file(&folder.0).unwrap();
}

#[test]
fn keys_are_made_of_an_id_only() {
    let id = Uuid::nil();
    assert_eq!(ObjectKey::original(id).to_string(), format!("originals/{id}"));
    assert_eq!(ObjectKey::served(id).path().as_ref(), format!("served/{id}"));
}

fn s3() -> S3Config {
    S3Config {
        endpoint: Some("https://objects.example.org".into()),
        bucket: "evidence".into(),
        region: "eu-west-2".into(),
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: "s3cr3t".into(),
        allow_http: false,
    }
}

#[test]
fn an_s3_compatible_store_is_configured_without_contact() {
    let plain = Some("http://minio:9000".to_owned());
    for config in [
        s3(),
        S3Config { endpoint: None, ..s3() },
        S3Config {
            endpoint: plain.clone(),
            allow_http: true,
            ..s3()
        },
    ] {
        Store::open(&AttachmentStoreConfig::S3(config)).unwrap();
    }
    for config in [
        S3Config {
            endpoint: plain,
            ..s3()
        },
        S3Config {
            bucket: " ".into(),
            ..s3()
        },
        S3Config {
            region: String::new(),
            ..s3()
        },
    ] {
        let error = Store::open(&AttachmentStoreConfig::S3(config)).unwrap_err();
        assert!(matches!(error, StoreError::Configuration(_)));
    }
}

/// Answers with a body that comes a byte at a time, and says where.
async fn slow_store(bytes: u32, pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        assert!(client.read(&mut [0; 4096]).await.unwrap() > 0);
        let head = format!(
            "HTTP/1.1 200 OK\r\nLast-Modified: Mon, 02 Mar 2026 09:00:00 GMT\r\nContent-Length: {bytes}\r\n\r\n"
        );
        client.write_all(head.as_bytes()).await.unwrap();
        let mut pauses = tokio::time::interval(pause);
        for _ in 0..bytes {
            pauses.tick().await;
            client.write_all(b".").await.unwrap();
        }
    });
    endpoint
}

#[tokio::test]
async fn what_takes_minutes_to_come_comes_whole_if_it_never_stops() {
    let config = S3Config {
        endpoint: Some(slow_store(30, Duration::from_secs(20)).await),
        allow_http: true,
        ..s3()
    };
    let store = Store::open(&AttachmentStoreConfig::S3(config)).unwrap();
    let content = store.get_stream(key()).await.unwrap();

    tokio::time::pause();
    let read: Vec<Bytes> = content.stream.try_collect().await.unwrap();

    assert_eq!(read.concat(), [b'.'; 30]);
}

#[test]
fn secrets_are_not_printed() {
    let config = AttachmentStoreConfig::S3(s3());
    let store = Store::open(&config).unwrap();
    for printed in [format!("{config:?}"), format!("{store:?}")] {
        assert!(!printed.contains("s3cr3t"), "{printed}");
    }
    assert!(!format!("{config:?}").contains("AKID"));
}
