//! A baseline in a model's file: floating numbers as text, so that every reader gets every bit. What is read is
//! checked, so that rows can be counted in its bins.
//!
//! ```json
//! {"rows": 1000, "features": [
//!   {"name": "distance", "edges": ["79.99999999999999", "80", "199"], "counts": [0, 3, 900, 90], "nulls": 7},
//!   {"name": "origin", "words": ["EWR", "JFK"], "rare": ["LGA"], "counts": [600, 390, 10, 0], "nulls": 0}
//! ]}
//! ```
//!
//! Bin `i` of a number holds what is above edge `i - 1` and at most edge `i`, the last what is above all; times count
//! in microseconds. Bin `i` of a category holds word `i`, the last but one the rare words, the last words that training
//! never saw.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::baseline::{Baseline, BaselineFeature, Binning};

#[derive(Serialize, Deserialize)]
struct SavedBaseline {
    rows: u64,
    features: Vec<SavedFeature>,
}

#[derive(Serialize, Deserialize)]
struct SavedFeature {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edges: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rare: Vec<String>,
    counts: Vec<u64>,
    nulls: u64,
}

impl Serialize for Baseline {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        SavedBaseline::from(self.clone()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Baseline {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        SavedBaseline::deserialize(from)?.try_into().map_err(D::Error::custom)
    }
}

impl From<Baseline> for SavedBaseline {
    fn from(baseline: Baseline) -> Self {
        let feature = |f: BaselineFeature| {
            let (edges, words, rare) = match f.shape {
                Binning::Number { edges } => (Some(edges.iter().map(f64::to_string).collect()), None, Vec::new()),
                Binning::Category { values, rare } => (None, Some(values), rare),
            };
            SavedFeature { name: f.name, edges, words, rare, counts: f.counts, nulls: f.nulls }
        };
        Self { rows: baseline.rows, features: baseline.features.into_iter().map(feature).collect() }
    }
}

impl TryFrom<SavedBaseline> for Baseline {
    type Error = String;

    fn try_from(saved: SavedBaseline) -> Result<Self, String> {
        let feature = |f: SavedFeature| {
            let wrong = |what: &str| format!("the histogram of '{}' {what}", f.name);
            let shape = match (f.edges, f.words) {
                (Some(edges), None) => {
                    let edges: Vec<f64> = edges
                        .iter()
                        .map(|e| e.parse())
                        .collect::<Result<_, _>>()
                        .map_err(|_| wrong("has an edge that is no number"))?;
                    if !edges.windows(2).all(|pair| matches!(pair, [a, b] if a < b)) {
                        return Err(wrong("has edges out of order"));
                    }
                    Binning::Number { edges }
                }
                (None, Some(values)) => Binning::Category { values, rare: f.rare },
                _ => return Err(wrong("has neither edges nor words, or both")),
            };
            if f.counts.len() != shape.bins() {
                return Err(wrong("has another number of counts than of bins"));
            }
            Ok(BaselineFeature { name: f.name, shape, counts: f.counts, nulls: f.nulls })
        };
        Ok(Self { rows: saved.rows, features: saved.features.into_iter().map(feature).collect::<Result<_, _>>()? })
    }
}
