//! Where the bytes of attachments are kept: a local folder, or any
//! S3-compatible store.
//!
//! Objects are written as a stream, in bounded memory: at most two parts of
//! 5 MiB in flight and one being filled per upload. They appear whole or not at all. On
//! an S3-compatible store a crash may leave an unfinished multipart upload
//! behind; give the bucket a lifecycle rule that ends those.

use std::fmt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use img_parts::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::file_refused::FileRefused;
use super::upload::Upload;

/// Which store to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachmentStoreConfig {
    /// A folder of this machine, made if missing.
    Folder(PathBuf),
    /// An S3-compatible store.
    S3(S3Config),
}

/// How to reach an S3-compatible store. Buckets are addressed by path.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Config {
    /// Base URL of the store; none for the region's AWS endpoint.
    pub endpoint: Option<String>,
    /// Bucket, which must exist.
    pub bucket: String,
    /// Region; many stores other than AWS take any.
    pub region: String,
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Allows an endpoint without TLS, as on a private network.
    pub allow_http: bool,
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Config")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("access_key_id", &"[redacted]")
            .field("secret_access_key", &"[redacted]")
            .field("allow_http", &self.allow_http)
            .finish()
    }
}

/// Which of the two copies of an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoredCopy {
    /// As it was sent; evidence, never changed.
    Original,
    /// Without metadata; what is handed out.
    Served,
}

/// The name of an object: made here, never from what a caller sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    /// Which copy.
    pub copy: StoredCopy,
    /// The attachment's id.
    pub id: Uuid,
}

impl ObjectKey {
    /// `originals/<id>`.
    pub fn original(id: Uuid) -> Self {
        Self {
            copy: StoredCopy::Original,
            id,
        }
    }

    /// `served/<id>`.
    pub fn served(id: Uuid) -> Self {
        Self {
            copy: StoredCopy::Served,
            id,
        }
    }

    pub(super) fn path(self) -> Path {
        Path::from_iter([self.copy.folder().to_owned(), self.id.to_string()])
    }
}

impl StoredCopy {
    fn folder(self) -> &'static str {
        match self {
            Self::Original => "originals",
            Self::Served => "served",
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.copy.folder(), self.id)
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the bytes (FIPS 180-4), computed while they were written.
    pub sha256: [u8; 32],
    /// Number of bytes.
    pub size: u64,
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such object.
    #[error("the stored file is missing")]
    Missing(#[source] object_store::Error),
    /// The object is larger than the reader takes.
    #[error("the stored file is larger than {limit} bytes")]
    TooLarge {
        /// Most bytes the reader takes.
        limit: u64,
    },
    /// The store cannot be used as configured.
    #[error("the attachment store is not usable as configured: {0}")]
    Configuration(String),
    /// The folder cannot be made.
    #[error("the folder {folder} cannot be made")]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store failed.
    #[error("the attachment store failed")]
    Failed(#[source] object_store::Error),
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing(error),
            _ => Self::Failed(error),
        }
    }
}

/// Why an upload was not stored. Nothing of it is left in the store.
#[derive(Debug, thiserror::Error)]
pub enum PutError<E: std::error::Error + 'static> {
    /// It breaks the size limit.
    #[error(transparent)]
    Refused(FileRefused),
    /// Its source failed.
    #[error("the upload broke off")]
    Source(#[source] E),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An open object.
pub struct StoredContent {
    /// Number of bytes.
    pub size: u64,
    /// The bytes.
    pub stream: BoxStream<'static, Result<Bytes, StoreError>>,
}

impl fmt::Debug for StoredContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredContent")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// The store of attachments. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
}

impl Store {
    /// Opens the configured store. A folder is made with access for this user
    /// only; an S3-compatible store is not contacted yet.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] or [`StoreError::Folder`].
    pub fn open(config: &AttachmentStoreConfig) -> Result<Self, StoreError> {
        Ok(Self::over(match config {
            AttachmentStoreConfig::Folder(folder) => open_folder(folder)?,
            AttachmentStoreConfig::S3(s3) => open_s3(s3)?,
        }))
    }

    /// A store over any `ObjectStore`, such as one in memory for tests.
    pub fn over(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects }
    }

    /// Writes a stream of at most `max_bytes` bytes as one object, hashing it
    /// on the way. On any failure, and when the returned future is dropped,
    /// what was written is removed again. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`PutError`].
    pub async fn put_stream<S, E>(&self, key: ObjectKey, content: S, max_bytes: u64) -> Result<Stored, PutError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: std::error::Error + 'static,
    {
        let mut upload = Upload::new(&self.objects, key);
        match upload.write_all(content, max_bytes).await {
            Ok(stored) => {
                upload.finish().await?;
                Ok(stored)
            }
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    /// Writes bytes that are in memory already. When the returned future is dropped, what
    /// was written is removed again. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn put(&self, key: ObjectKey, content: Bytes) -> Result<Stored, StoreError> {
        let stored = Stored {
            sha256: Sha256::digest(&content).into(),
            size: content.len() as u64,
        };
        Upload::of(&self.objects, key, content).finish().await?;
        Ok(stored)
    }

    /// Opens an object for reading.
    ///
    /// # Errors
    /// [`StoreError::Missing`] or [`StoreError::Failed`].
    pub async fn get_stream(&self, key: ObjectKey) -> Result<StoredContent, StoreError> {
        let found = self.objects.get(&key.path()).await?;
        let size = found.meta.size;
        Ok(StoredContent {
            size,
            stream: found.into_stream().map_err(StoreError::from).boxed(),
        })
    }

    /// Reads a whole object of at most `max_bytes` bytes into memory.
    ///
    /// # Errors
    /// As [`Store::get_stream`], or [`StoreError::TooLarge`].
    pub async fn read(&self, key: ObjectKey, max_bytes: u64) -> Result<Bytes, StoreError> {
        let found = self.objects.get(&key.path()).await?;
        if found.meta.size > max_bytes {
            return Err(StoreError::TooLarge { limit: max_bytes });
        }
        Ok(found.bytes().await?)
    }

    /// Removes an object; one that is not there counts as removed.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn delete(&self, key: ObjectKey) -> Result<(), StoreError> {
        match self.objects.delete(&key.path()).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The root may be a mounted volume whose mode is not ours to change, so each
/// folder of objects is closed as well.
fn open_folder(root: &FilePath) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let folders = [StoredCopy::Original, StoredCopy::Served].map(|copy| root.join(copy.folder()));
    for folder in std::iter::once(root.to_owned()).chain(folders) {
        make_private(&folder).map_err(|source| StoreError::Folder { folder, source })?;
    }
    let local = LocalFileSystem::new_with_prefix(root)?;
    // Evidence that was acknowledged must survive a power cut.
    Ok(Arc::new(local.with_fsync(true)))
}

fn make_private(folder: &FilePath) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn open_s3(config: &S3Config) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let endpoint = config.endpoint.as_deref();
    if !config.allow_http && endpoint.is_some_and(|url| !url.starts_with("https://")) {
        let message = "the endpoint must start with https:// unless plain HTTP is allowed";
        return Err(StoreError::Configuration(message.to_owned()));
    }
    for (name, value) in [("bucket", &config.bucket), ("region", &config.region)] {
        if value.trim().is_empty() {
            return Err(StoreError::Configuration(format!("the {name} is empty")));
        }
    }
    // A file may take as long as its reader does, if only it comes on.
    let client = ClientOptions::new()
        .with_allow_http(config.allow_http)
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout_disabled()
        .with_read_timeout(Duration::from_secs(60));
    // The default of ten retries would hold a request for minutes.
    let retry = RetryConfig {
        max_retries: 3,
        retry_timeout: Duration::from_secs(30),
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&config.bucket)
        .with_region(&config.region)
        .with_access_key_id(&config.access_key_id)
        .with_secret_access_key(&config.secret_access_key)
        .with_client_options(client)
        .with_retry(retry);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let s3 = builder
        .build()
        .map_err(|error| StoreError::Configuration(error.to_string()))?;
    Ok(Arc::new(s3))
}

#[cfg(test)]
mod tests;
