//! The front door of every change: what may not be changed is refused here, whoever asks.

use std::fs::{File, TryLockError};

use super::plan::Plan;
use crate::cloud::Cloud;
use crate::domain::{Problem, StageName};
use crate::settings::Settings;

/// Refuses a plan that must not be applied: read-only, or made for another cloud.
pub(super) fn admit(cloud: &Cloud, settings: &Settings, plan: &Plan) -> Result<(), Problem> {
    let stage = plan.stage();
    if settings.read_only(stage) {
        return Err(Problem::new(format!("{stage} is read-only: nothing was changed"))
            .because("--read-only was given, or `read_only = true` stands in callboard.toml")
            .fix("take it away if this change is meant"));
    }
    let here = (cloud.kind(), cloud.region(), settings.function_name(stage));
    if here != (plan.cloud, plan.region.as_str(), plan.function_name.clone()) {
        return Err(
            Problem::new("the plan was made for another cloud: nothing was changed").fix("plan again")
        );
    }
    Ok(())
}

/// One change at a time to a stage from this checkout. Held while the file lives; a crash lets go of it.
pub(super) fn lock(settings: &Settings, stage: StageName) -> Result<File, Problem> {
    let path = settings.private_dir().join(format!("{stage}.lock"));
    let failed =
        |error: std::io::Error| Problem::new(format!("{} cannot be locked", path.display())).because(error);
    std::fs::create_dir_all(settings.private_dir()).map_err(failed)?;
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Problem::new(format!("another Callboard is changing {stage} from this folder right now"))
                .fix("wait until it is done"))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
