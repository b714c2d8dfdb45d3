//! The steps that led to a workspace, in a file of their own: so that they can be taken back after a restart, while the
//! workspace itself stays readable.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bench::{Bench, BenchHistory};
use super::document::plain;
use super::secrets::put_back;
use super::vault::Vault;
use crate::data::{Fault, Result};
use crate::disk::own;

/// Bytes that the file may have.
const LARGEST: u64 = 256 << 20;

#[derive(Serialize, Deserialize)]
struct Steps {
    /// What the vault says of the bench that they lead to: to another one, such as one that was changed by hand, they
    /// do not belong.
    of: String,
    past: Vec<Bench>,
    future: Vec<Bench>,
}

fn name_of(bench: &Bench, vault: &Vault) -> Result<String> {
    let mut bench = bench.clone();
    plain(&mut bench.tables, vault)?;
    vault.seal(&serde_json::to_string(&bench).map_err(|e| Fault::new(e.to_string()))?)
}

/// The bench with the steps that led to it, where they are known.
pub fn load_steps(bench: Bench, file: &Path, vault: &Vault) -> BenchHistory {
    let read = || -> Option<Steps> {
        let steps: Steps = serde_json::from_slice(&own::read_up_to(file, LARGEST).ok()?).ok()?;
        (steps.of == name_of(&bench, vault).ok()?).then_some(steps)
    };
    let Some(Steps { mut past, mut future, .. }) = read() else { return BenchHistory::new(bench) };
    let secrets = if past.is_empty() && future.is_empty() { BTreeMap::default() } else { vault.secrets() };
    for url in past.iter_mut().chain(&mut future).flat_map(|bench| &mut bench.tables).flat_map(|table| &mut table.live)
    {
        *url = put_back(url, &secrets);
    }
    BenchHistory::with_steps(bench, past, future)
}

/// Writes the steps.
///
/// # Errors
/// When the folder or the vault cannot be written.
pub fn save_steps(history: &BenchHistory, file: &Path, vault: &Vault) -> Result<()> {
    let all = |benches: &[Arc<Bench>]| benches.iter().map(|bench| Bench::clone(bench)).collect::<Vec<Bench>>();
    let (past, future) = history.steps();
    let mut steps = Steps { of: name_of(history.now(), vault)?, past: all(past), future: all(future) };
    plain(steps.past.iter_mut().chain(&mut steps.future).flat_map(|bench| &mut bench.tables), vault)?;
    let text = serde_json::to_vec(&steps).map_err(|e| Fault::new(e.to_string()))?;
    let fault = |error: &std::io::Error| Fault::io(file.display().to_string(), error);
    if let Some(folder) = file.parent() {
        own::folders(folder).map_err(|e| fault(&e))?;
    }
    own::replace(file, &text).map_err(|e| fault(&e))
}
