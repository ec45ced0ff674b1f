//! The front door of every change: what may not be changed is refused here, whoever asks.

use std::fs::{File, TryLockError};

use super::plan::Plan;
use crate::cloud::Cloud;
use crate::domain::{Problem, StageName};
use crate::settings::Settings;

/// Refuses a plan that was made for another cloud, or that this machine cannot apply. That nothing read-only is changed is
/// seen to by [`Permit`](crate::cloud::Permit).
pub(super) fn admit(cloud: &Cloud, plan: &Plan) -> Result<(), Problem> {
    if (cloud.kind(), cloud.region()) != (plan.cloud, plan.region.as_str()) {
        return Err(
            Problem::new("the plan was made for another cloud: nothing was changed").fix("plan again")
        );
    }
    match &plan.blocked {
        Some(problem) => Err(problem.clone()),
        None => Ok(()),
    }
}

/// One change at a time to each of these stages from this checkout.
pub(super) fn locks(settings: &Settings, stages: &[StageName]) -> Result<Vec<File>, Problem> {
    // Always in the same order, so that two changes of both stages do not wait for each other.
    StageName::ALL.iter().filter(|stage| stages.contains(stage)).map(|stage| lock(settings, *stage)).collect()
}

// Held while the file lives; a crash lets go of it.
fn lock(settings: &Settings, stage: StageName) -> Result<File, Problem> {
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
