//! `callboard images`

use super::{Exit, output};
use crate::cli;
use crate::cloud::Cloud;
use crate::domain::{ImageRow, Problem};
use crate::settings::Settings;

pub(super) async fn run(
    cloud: &Cloud,
    settings: &Settings,
    arguments: &cli::Images,
) -> Result<Exit, Problem> {
    let rows = cloud.image_rows(settings).await?;
    if arguments.json {
        output::json(&rows)?;
    } else if rows.is_empty() {
        output::line(format!("the repository {} holds no images", settings.build.image))?;
    } else {
        for row in &rows {
            output::line(line(row))?;
        }
    }
    Ok(Exit::Done)
}

fn line(row: &ImageRow) -> String {
    let pushed = row.image.pushed_at.map(|at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    let size = row.image.size.map_or(String::new(), |size| format!("{:.1} MB", size as f64 / 1e6));
    let git = row.git.as_ref().map_or(String::new(), |git| format!("git {git}"));
    let runs = row.runs.iter().map(|stage| format!("{stage} runs it"));
    let held = row.versions.iter().filter(|held| !row.runs.contains(&held.stage));
    let held = held.map(|held| format!("{} version {}", held.stage, held.version));
    let stages: Vec<String> = runs.chain(held).collect();
    let line = format!(
        "{:<24} {:<12} {:<20} {size:>9}  {git:<16} {}",
        row.image.name(),
        row.image.digest.short(),
        pushed.unwrap_or_default(),
        stages.join(", ")
    );
    line.trim_end().to_owned()
}
