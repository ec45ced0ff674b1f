use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::config;
use super::layer::{self, Layer};
use super::{Image, preflight};
use crate::domain::Problem;

/// Assembles the image of a static binary: the same input gives the same digest on every machine, at any time.
///
/// `architecture` is `x86_64` or `arm64`. A binary that Lambda could not run (other architecture, dynamically linked, no
/// executable) is refused with the reason. Compresses the whole binary: call it where blocking does no harm.
pub fn assemble(binary: &Path, architecture: &str) -> Result<Image, Problem> {
    let bytes = fs::read(binary).map_err(|error| {
        Problem::new(format!("the binary {} cannot be read", binary.display())).because(error)
    })?;
    preflight::check(&bytes, architecture)?;
    let layers = [base()?, layer::app(&bytes).map_err(unwritten)?];
    let config = config::configuration(architecture, &layers)?;
    config::image(config, layers.map(|layer| layer.blob).to_vec())
}

/// The base layer, which is the same for every service: compressed once in a process.
fn base() -> Result<Layer, Problem> {
    static BASE: OnceLock<Layer> = OnceLock::new();
    if let Some(layer) = BASE.get() {
        return Ok(layer.clone());
    }
    let layer = layer::base().map_err(unwritten)?;
    Ok(BASE.get_or_init(|| layer).clone())
}

fn unwritten(error: std::io::Error) -> Problem {
    Problem::new("a layer of the image cannot be written").because(error)
}
