//! A pruning: old images go, those that a stage runs or ran last stay.

use super::{Action, Parts, Work, World, change};
use crate::domain::{Digest, EnvDiff, Problem, StageName, Version};
use crate::settings::Settings;

/// An image that is never pruned, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Protected {
    /// The image.
    pub(in super::super) digest: Digest,
    /// Such as `stage runs it`.
    pub(in super::super) why: String,
}

pub(super) fn parts(
    settings: &Settings,
    keep: usize,
    protected: &[Protected],
    held: &[(StageName, &Vec<Version>)],
    world: &World,
) -> Result<Parts, Problem> {
    let name = &settings.build.image;
    if world.repository.is_none() {
        return Err(Problem::new(format!("there is no repository {name}: there are no images to prune"))
            .fix("deploy first, or set `image` in callboard.toml if the repository has another name"));
    }
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    let mut old = Vec::new();
    // Newest first.
    for (index, image) in world.images.iter().enumerate() {
        let resource = format!("image {}", image.name());
        let reasons: Vec<&str> =
            protected.iter().filter(|one| one.digest == image.digest).map(|one| one.why.as_str()).collect();
        let size = image.size.map(|size| format!(", {:.1} MB", size as f64 / 1e6)).unwrap_or_default();
        let pushed = image.pushed_at.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
        let told = format!("{}, pushed {pushed}{size}", image.digest.short());
        if !reasons.is_empty() {
            kept.push(change(resource, Action::Unchanged, format!("{}: {told}", reasons.join(", "))));
        } else if index < keep {
            kept.push(change(resource, Action::Unchanged, format!("one of the newest {keep}: {told}")));
        } else {
            gone.push(change(resource, Action::Delete, format!("{told}{}", lost(held, &image.digest))));
            old.push(image.digest.clone());
        }
    }
    gone.extend(kept);
    Ok(Parts { work: Work::Prune(old), changes: gone, env: EnvDiff::default() })
}

// The ways back that go with an image.
fn lost(held: &[(StageName, &Vec<Version>)], digest: &Digest) -> String {
    let of = |(stage, versions): &(StageName, &Vec<Version>)| {
        let numbers: Vec<String> = versions
            .iter()
            .filter(|version| version.digest.as_ref() == Some(digest))
            .map(|version| version.number.to_string())
            .collect();
        (!numbers.is_empty()).then(|| format!("{stage} version {}", numbers.join(", ")))
    };
    let all: Vec<String> = held.iter().filter_map(of).collect();
    if all.is_empty() { String::new() } else { format!("; no way back to {} then", all.join(" and ")) }
}
