use super::trace::{Trace, What};
use crate::domain::{Function, StageName, Stamp, Version};

/// What the function's tags say of its last change.
pub(super) fn of_stamp(stage: StageName, function: &Function) -> Option<Trace> {
    let stamp = &function.stamp;
    let (at, _) = stamp.deployed_at.zip(stamp.image_tag.as_ref())?;
    let digest = function.image.digest.as_ref().map(|digest| digest.0.clone());
    Some(stamped(stamp, Trace { digest, ..release(stage, at.as_millisecond(), false) }))
}

/// What the function and its published versions say. `versions` in any order.
pub(super) fn traces(stage: StageName, function: Option<&Function>, versions: &[Version]) -> Vec<Trace> {
    let mut versions: Vec<&Version> = versions.iter().collect();
    versions.sort_by_key(|version| version.number);
    let mut traces: Vec<Trace> = versions
        .iter()
        .enumerate()
        .filter_map(|(index, version)| of_version(stage, version, &versions[..index]))
        .collect();
    if let Some(function) = function {
        traces.extend(of_stamp(stage, function));
        let recorded = versions.iter().any(|version| version.records(function));
        if let Some(at) = function.last_modified.filter(|_| !recorded) {
            traces.push(Trace::at(Some(stage), at.as_millisecond(), What::Drifted));
        }
    }
    traces
}

fn of_version(stage: StageName, version: &Version, before: &[&Version]) -> Option<Trace> {
    let at_ms = version.published_at?.as_millisecond();
    let what = match (version.kept, version.finished()) {
        (true, _) => What::Kept,
        (false, true) => {
            let same = |other: &&Version| other.digest == version.digest;
            let again = version.digest.is_some()
                && before.last().is_some_and(|last| !same(last))
                && before.iter().any(same);
            What::Release { again }
        }
        (false, false) => What::Published,
    };
    let trace = Trace {
        digest: version.digest.as_ref().map(|digest| digest.0.clone()),
        version: Some(version.number),
        ..Trace::at(Some(stage), at_ms, what)
    };
    // Who and what a kept state is labelled with is of an earlier change.
    Some(if version.kept { trace } else { stamped(&version.stamp, trace) })
}

fn release(stage: StageName, at_ms: i64, again: bool) -> Trace {
    Trace::at(Some(stage), at_ms, What::Release { again })
}

fn stamped(stamp: &Stamp, trace: Trace) -> Trace {
    Trace { tag: stamp.image_tag.clone(), who: stamp.deployed_by.clone(), git: stamp.git.clone(), ..trace }
}
