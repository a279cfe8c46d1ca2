//! What the API shows and takes of checkpoints.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::audit::proved::Proved;
use crate::audit::queries::tree::{CheckpointRow, CosignatureRow};
use crate::http::fields::{Moment, Text};

/// How long the log was, and its root, signed.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "tree_size": 4711, "signed_at": "2026-03-02T09:00:00Z", "verifier_key": "wardlink/audit+8a5f…+AR…",
    "note": "wardlink/audit\n4711\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— wardlink/audit Az3g…\n",
    "cosignatures": []
}))]
pub struct CheckpointView {
    /// How many entries it covers.
    pub tree_size: i64,
    /// When it was signed.
    pub signed_at: DateTime<Utc>,
    /// The key that verifies it, `NAME+ID+KEY`. Compare it with the one you were given.
    pub verifier_key: String,
    /// The checkpoint (C2SP tlog-checkpoint), exactly as it was signed. Keep it: what
    /// you hold cannot be rewritten here.
    pub note: String,
    /// Partners who vouch for having seen it.
    pub cosignatures: Vec<CosignatureView>,
}

/// A partner that saw a checkpoint.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "verifier_key": "islington.example/witness+…",
    "line": "— islington.example/witness …", "witnessed_at": "2026-03-02T09:01:00Z"
}))]
pub struct CosignatureView {
    /// Whose witness it is.
    pub organisation_id: Uuid,
    /// The key that verifies the line.
    pub verifier_key: String,
    /// The signature line (C2SP tlog-cosignature), to be added to the note.
    pub line: String,
    /// When the witness says that it saw it.
    pub witnessed_at: DateTime<Utc>,
}

impl CheckpointView {
    /// The view of a checkpoint and those who cosigned it.
    pub fn of(row: CheckpointRow, cosignatures: Vec<CosignatureRow>) -> Self {
        Self {
            tree_size: row.tree_size,
            signed_at: row.signed_at,
            verifier_key: row.verifier_key,
            note: row.note,
            cosignatures: cosignatures.into_iter().map(CosignatureView::of).collect(),
        }
    }
}

impl CosignatureView {
    fn of(row: CosignatureRow) -> Self {
        Self {
            organisation_id: row.org_id,
            verifier_key: row.verifier_key,
            line: row.line,
            witnessed_at: row.witnessed_at,
        }
    }
}

/// A partner's word that it saw a checkpoint.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "verifier_key": "islington.example/witness+6d1b4a86+BG9k", "line": "— islington.example/witness bRtKhg=="
}))]
pub struct CosignatureDraft {
    /// The witness's key, `NAME+ID+KEY`, of the kind for cosignatures.
    pub verifier_key: Text<1, 400>,
    /// The signature line, `cosignature/v1`.
    pub line: Text<1, 600>,
}

/// Between which checkpoints.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsistencyQuery {
    /// The size of the older checkpoint.
    #[param(minimum = 1)]
    pub from: u64,
    /// The size of the newer one.
    #[param(minimum = 1)]
    pub to: u64,
}

/// The proof that a checkpoint's log begins with that of an older one.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "from": 4000, "to": 4711, "proof": ["CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="]
}))]
pub struct ConsistencyView {
    /// The size of the older checkpoint.
    pub from: u64,
    /// The size of the newer one.
    pub to: u64,
    /// Hashes (RFC 9162 §2.1.4), Base64.
    pub proof: Vec<String>,
}

/// In which checkpoint's log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProofQuery {
    /// The size of the checkpoint; the latest if left out.
    #[param(minimum = 1)]
    pub tree_size: Option<u64>,
}

/// The proof that an event is in the log.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "event": {
        "leaf_index": 4711, "entry": "{\"action\":\"read_case\",…,\"v\":1}",
        "parts": [], "proof": ["CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="]
    },
    "checkpoint": "wardlink/audit\n4712\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— wardlink/audit Az3g…\n",
    "verifier_key": "wardlink/audit+8a5f…+AR…"
}))]
pub struct ProofView {
    /// The event and its audit path.
    pub event: Proved,
    /// The checkpoint to whose root the path leads.
    pub checkpoint: String,
    /// The key that verifies it.
    pub verifier_key: String,
}

/// Which events are taken away. Every member narrows.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}))]
pub struct ExportDraft {
    /// Not before this time.
    #[serde(default)]
    pub from: Option<Moment>,
    /// Before this time, which is not before `from`.
    #[serde(default)]
    pub to: Option<Moment>,
    /// The user who acted.
    #[serde(default)]
    pub actor: Option<Uuid>,
    /// A case that was touched or shown.
    #[serde(default)]
    pub case: Option<Uuid>,
}
