//! What the API shows and takes of attachments.

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::{AttachmentState, Phase};
use super::queries::AttachmentRow;
use crate::http::fields::Moment;

/// A file to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"file": "(the bytes)", "phase": "before", "taken_at": "2026-03-02T08:40:00Z"}))]
#[expect(dead_code, reason = "read part by part from the stream; here for the document")]
pub struct NewAttachment {
    /// The file with its name and media type. JPEG, PNG, WebP, PDF, MP4, MP3, M4A,
    /// WAV, and UTF-8 text as .txt or .csv.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Which moment of the case it shows.
    phase: Phase,
    /// When it was taken: now at the latest.
    #[schema(nullable = false)]
    taken_at: Option<Moment>,
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, example = json!("(the bytes)"))]
#[expect(dead_code, reason = "sent as a stream; here for the document")]
pub struct FileContent(Vec<u8>);

/// Which copy of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhichCopy {
    /// Without place, time, device and names that cameras write into files.
    #[default]
    Served,
    /// As it was sent, byte for byte; for the owner of the case.
    Original,
}

/// Which copy to open.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContentParams {
    /// `served` if left out.
    #[param(inline)]
    pub copy: Option<WhichCopy>,
}

/// A photograph or document of a case.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7d",
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "file_name": "wall.jpg",
    "media_type": "image/jpeg", "size_bytes": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "phase": "before",
    "taken_at": "2026-03-02T08:40:00Z", "orientation": 6, "state": "available",
    "uploaded_by": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72", "uploaded_by_name": "Priya Nair",
    "created_at": "2026-03-02T09:00:00Z"
}))]
pub struct AttachmentView {
    /// The attachment.
    pub id: Uuid,
    /// The case.
    pub case_id: Uuid,
    /// The organisation that added it.
    pub organisation_id: Uuid,
    /// Its name, made safe.
    pub file_name: String,
    /// What it is, by its content.
    pub media_type: String,
    /// Size of the original in bytes.
    pub size_bytes: i64,
    /// SHA-256 of the original (FIPS 180-4), in hexadecimal.
    pub sha256: String,
    /// Which moment of the case it shows.
    #[schema(value_type = Phase)]
    pub phase: String,
    /// When it was taken, as who added it says.
    pub taken_at: Option<DateTime<Utc>>,
    /// EXIF orientation of the original, 1 to 8, which the served copy no longer
    /// carries: turn the picture by it.
    pub orientation: Option<i16>,
    /// Whether it can be opened.
    #[schema(value_type = AttachmentState)]
    pub state: String,
    /// Who added it.
    pub uploaded_by: Uuid,
    /// Their name; `null` where it is not for you to know.
    pub uploaded_by_name: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl From<AttachmentRow> for AttachmentView {
    fn from(row: AttachmentRow) -> Self {
        Self {
            id: row.id,
            case_id: row.case_id,
            organisation_id: row.org_id,
            file_name: row.file_name,
            media_type: row.media_type,
            size_bytes: row.size_bytes,
            sha256: HEXLOWER.encode(&row.sha256),
            phase: row.phase,
            taken_at: row.taken_at,
            orientation: row.orientation,
            state: row.state,
            uploaded_by: row.uploaded_by,
            uploaded_by_name: row.uploaded_by_name,
            created_at: row.created_at,
        }
    }
}
