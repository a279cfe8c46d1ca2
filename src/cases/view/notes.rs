//! What the API shows and takes of notes.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cases::queries::notes::NoteRow;
use crate::http::fields::Text;

/// Who may read a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(example = json!("partners"))]
pub enum Audience {
    /// One's own organisation, or everybody who sees the notes of the case.
    Wide(WideAudience),
    /// One's own organisation and these, where they see the notes of the case.
    Named(Vec<Uuid>),
}

/// What may be said of an audience, for whoever said something else.
const AUDIENCE: &str = "`own`, `partners`, or a list of the ids of organisations";

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Audience;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(AUDIENCE)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Audience, E> {
        match word {
            "own" => Ok(Audience::Wide(WideAudience::Own)),
            "partners" => Ok(Audience::Wide(WideAudience::Partners)),
            _ => Err(E::custom(format!("is {AUDIENCE}"))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut ids: A) -> Result<Audience, A::Error> {
        let mut named = Vec::new();
        while let Some(Reader(id)) = ids.next_element()? {
            named.push(id);
        }
        Ok(Audience::Named(named))
    }
}

/// An organisation that is to read a note.
struct Reader(Uuid);

impl<'de> Deserialize<'de> for Reader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = Uuid::deserialize(deserializer);
        id.map(Self)
            .map_err(|_error| D::Error::custom("is not the id of an organisation"))
    }
}

/// An audience that needs no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WideAudience {
    /// The author's organisation only.
    Own,
    /// Every organisation that sees the notes of the case.
    Partners,
}

/// Whether it is known or thought (DPA 2018 s.38(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Based on facts.
    Fact,
    /// A personal assessment.
    Assessment,
}

impl Basis {
    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Assessment => "assessment",
        }
    }
}

/// A note to write.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"body": "Spoke to the neighbour at number 12.", "audience": "partners", "basis": "fact"}))]
pub struct NewNote {
    /// What there is to say.
    pub body: Text<1, 10000>,
    /// Who may read it.
    pub audience: Audience,
    /// Whether it is known or thought.
    pub basis: Basis,
}

/// A note.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7d",
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70",
    "author_user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72", "body": "Spoke to the neighbour at number 12.",
    "audience": "partners", "basis": "fact", "created_at": "2026-03-02T09:00:00Z"
}))]
pub struct NoteView {
    /// The note.
    pub id: Uuid,
    /// The case.
    pub case_id: Uuid,
    /// The author's organisation.
    pub organisation_id: Uuid,
    /// Who wrote it.
    pub author_user_id: Uuid,
    /// What it says.
    pub body: String,
    /// Who may read it.
    pub audience: Audience,
    /// Whether it is known or thought.
    #[schema(value_type = Basis)]
    pub basis: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

impl From<NoteRow> for NoteView {
    fn from(row: NoteRow) -> Self {
        let audience = match row.audience.as_str() {
            "own" => Audience::Wide(WideAudience::Own),
            "partners" => Audience::Wide(WideAudience::Partners),
            _ => Audience::Named(row.audience_org_ids),
        };
        Self {
            id: row.id,
            case_id: row.case_id,
            organisation_id: row.org_id,
            author_user_id: row.author_user_id,
            body: row.body,
            audience,
            basis: row.basis,
            created_at: row.created_at,
        }
    }
}
