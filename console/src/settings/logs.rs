//! `[logs]`

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::LogSettings;
use crate::logs::query::Query;

/// Bytes that are kept unless the file says otherwise.
const BUDGET: usize = 256 << 20;
/// Below this a screen would forget what it shows; above it is a mistake. Bytes.
const BUDGETS: std::ops::RangeInclusive<usize> = 1 << 20..=64 << 30;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Logs {
    #[serde(deserialize_with = "budget")]
    budget: usize,
    queries: BTreeMap<String, Saved>,
}

impl Default for Logs {
    fn default() -> Logs {
        Logs { budget: BUDGET, queries: BTreeMap::new() }
    }
}

impl From<Logs> for LogSettings {
    fn from(said: Logs) -> LogSettings {
        let queries = said.queries.into_iter().map(|(name, Saved(query))| (name, query)).collect();
        LogSettings { budget: said.budget, queries }
    }
}

struct Saved(String);

impl<'de> Deserialize<'de> for Saved {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Saved, D::Error> {
        let text = String::deserialize(input)?;
        match Query::parse(&text) {
            Ok(_) => Ok(Saved(text)),
            Err(mistake) => {
                let wrong = text.get(mistake.at.clone()).unwrap_or_default();
                Err(serde::de::Error::custom(format!("`{wrong}` in the query: {}", mistake.message)))
            }
        }
    }
}

// `256 MiB`, `1 GB`, `800000 B`.
fn budget<'de, D: Deserializer<'de>>(input: D) -> Result<usize, D::Error> {
    let text = String::deserialize(input)?;
    let wrong = || serde::de::Error::custom("`budget` is a size such as \"256 MiB\", 1 MiB to 64 GiB");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let unit: usize = match text[digits..].trim() {
        "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(wrong()),
    };
    let count: usize = text[..digits].parse().map_err(|_| wrong())?;
    count.checked_mul(unit).filter(|bytes| BUDGETS.contains(bytes)).ok_or_else(wrong)
}
