//! Callboard's own words. Nothing in here knows the AWS SDK, the terminal or the network.

mod check;
mod diagnosis;
mod finding;
mod function;
mod gateway;
mod harmless;
mod image;
mod intent;
mod inventory;
mod log_line;
mod metrics;
mod overview;
mod problem;
mod progress;
mod secret;
mod stage_name;

pub use check::{Answer, Check, CheckKind, Fault, Report, Request, Timing, Verdict};
pub use diagnosis::Diagnosis;
pub use finding::{Area, Finding, Standing};
pub use function::{EnvVars, Function, FunctionState, Stamp, UpdateState, Version};
pub use gateway::{Deployment, GatewayStage, RestApi};
pub use harmless::{colourless, harmless, harmless_json, one_line, plain, plain_lines};
pub use image::{Digest, ImageRef, StoredImage};
pub use intent::{Intent, Parts, Target};
pub use inventory::{GatewayView, HeldBy, ImageRow};
pub use log_line::{Level, LogLine};
pub use metrics::{MINUTES as METRIC_MINUTES, Metrics, Point, Series};
pub use overview::{EnvDiff, EnvKey, EnvKeyState, Identity, Overview};
pub use problem::Problem;
pub use progress::{Progress, StepId, StepResult};
pub use secret::Secret;
pub use stage_name::StageName;
