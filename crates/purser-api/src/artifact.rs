//! What computed datasets were made from.

use purser_domain::artifact::Artifact;
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One version of a computed dataset and what it was made from; every field is required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactDraft {
    /// The dataset.
    #[schema(min_length = 1, max_length = 64, example = "daily_cost")]
    pub dataset_id: String,
    /// Its version; saving it again overwrites the rest.
    #[schema(min_length = 1, max_length = 64, example = "3")]
    pub dataset_version: String,
    /// Hash of the window of inputs that was read.
    #[schema(min_length = 1, max_length = 64)]
    pub input_window_hash: String,
    /// The instant as of which the inputs were read.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// Version of the code that computed it.
    #[schema(min_length = 1, max_length = 64, example = "1.4.0")]
    pub compute_code_version: String,
}

/// What one version of a computed dataset was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactRecord {
    /// Its id; stays when the version is saved again.
    pub id: String,
    /// The dataset.
    pub dataset_id: String,
    /// Its version.
    pub dataset_version: String,
    /// Hash of the window of inputs that was read.
    pub input_window_hash: String,
    /// The instant as of which the inputs were read.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// Version of the code that computed it.
    pub compute_code_version: String,
    /// When it was saved last.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
}

/// A page of artifacts, those saved last first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactPage {
    /// The artifacts.
    pub artifacts: Vec<ArtifactRecord>,
    /// Where the next page starts; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl From<Artifact> for ArtifactRecord {
    fn from(artifact: Artifact) -> Self {
        let Artifact { id, made, recorded_at } = artifact;
        Self {
            id,
            dataset_id: made.dataset_id,
            dataset_version: made.dataset_version,
            input_window_hash: made.input_window_hash,
            as_of: made.as_of,
            compute_code_version: made.compute_code_version,
            recorded_at,
        }
    }
}
