//! Writing one object, and cleaning up if that does not end well.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use img_parts::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, PutResult, WriteMultipart};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::file_refused::FileRefused;
use super::store::{ObjectKey, PutError, StoreError, Stored};

/// The smallest part S3 accepts but for the last one. What fits into one part
/// is written in one request.
pub(super) const PART_BYTES: usize = 5 * 1024 * 1024;

/// Parts of one upload that are under way at once.
const PARTS_IN_FLIGHT: usize = 2;

/// An upload that removes what it has written, also when it is dropped half-way.
pub(super) struct Upload {
    objects: Arc<dyn ObjectStore>,
    key: ObjectKey,
    stage: Stage,
}

enum Stage {
    /// Nothing is written so far.
    Gathering(Vec<u8>),
    Writing(WriteMultipart),
    /// In a task of its own: dropped in the middle, nobody could tell whether
    /// the object appears.
    Finishing(JoinHandle<object_store::Result<PutResult>>),
    Over,
}

impl Upload {
    pub(super) fn new(objects: &Arc<dyn ObjectStore>, key: ObjectKey) -> Self {
        Self::of(objects, key, Bytes::new())
    }

    /// What is written in one request, if no more comes.
    pub(super) fn of(objects: &Arc<dyn ObjectStore>, key: ObjectKey, content: Bytes) -> Self {
        Self {
            objects: Arc::clone(objects),
            key,
            stage: Stage::Gathering(content.into()),
        }
    }

    pub(super) async fn write_all<S, E>(&mut self, content: S, max_bytes: u64) -> Result<Stored, PutError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: std::error::Error + 'static,
    {
        let mut hash = Sha256::new();
        let mut size = 0_u64;
        let mut content = std::pin::pin!(content);
        while let Some(chunk) = content.next().await {
            let chunk = chunk.map_err(PutError::Source)?;
            size += chunk.len() as u64;
            if size > max_bytes {
                return Err(PutError::Refused(FileRefused::TooLarge { limit: max_bytes }));
            }
            hash.update(&chunk);
            for piece in chunk.chunks(PART_BYTES) {
                self.write(piece).await?;
            }
        }
        if size == 0 {
            return Err(PutError::Refused(FileRefused::Empty));
        }
        Ok(Stored {
            sha256: hash.finalize().into(),
            size,
        })
    }

    async fn write(&mut self, piece: &[u8]) -> Result<(), StoreError> {
        if let Stage::Gathering(gathered) = &mut self.stage {
            if gathered.len() + piece.len() <= PART_BYTES {
                gathered.extend_from_slice(piece);
                return Ok(());
            }
            let gathered = std::mem::take(gathered);
            let multipart = self.objects.put_multipart(&self.key.path()).await?;
            let mut writer = WriteMultipart::new_with_chunk_size(multipart, PART_BYTES);
            writer.write(&gathered);
            self.stage = Stage::Writing(writer);
        }
        if let Stage::Writing(writer) = &mut self.stage {
            writer.wait_for_capacity(PARTS_IN_FLIGHT).await?;
            writer.write(piece);
        }
        Ok(())
    }

    /// Makes the object appear.
    pub(super) async fn finish(&mut self) -> Result<(), StoreError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Gathering(content) => {
                let (objects, path) = (Arc::clone(&self.objects), self.key.path());
                let put = async move { objects.put(&path, content.into()).await };
                Stage::Finishing(tokio::spawn(put))
            }
            Stage::Writing(writer) => Stage::Finishing(tokio::spawn(writer.finish())),
            other => other,
        };
        if let Stage::Finishing(task) = &mut self.stage {
            let ended = task.await;
            self.stage = Stage::Over;
            ended.map_err(|lost| StoreError::Failed(lost.into()))??;
        }
        Ok(())
    }

    /// Removes what was written.
    pub(super) async fn abort(&mut self) {
        discard(&self.objects, self.key, std::mem::replace(&mut self.stage, Stage::Over)).await;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let written = matches!(stage, Stage::Writing(_) | Stage::Finishing(_));
        if let (true, Ok(runtime)) = (written, Handle::try_current()) {
            let (objects, key) = (Arc::clone(&self.objects), self.key);
            runtime.spawn(async move { discard(&objects, key, stage).await });
        }
    }
}

/// Failures are not reported: the upload has failed already, and the bucket's
/// lifecycle rule is the second net.
async fn discard(objects: &Arc<dyn ObjectStore>, key: ObjectKey, stage: Stage) {
    match stage {
        Stage::Writing(writer) => {
            let _ = writer.abort().await;
        }
        Stage::Finishing(task) => {
            let _ = task.await;
            let _ = objects.delete(&key.path()).await;
        }
        Stage::Gathering(_) | Stage::Over => {}
    }
}
