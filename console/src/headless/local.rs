//! `callboard local`: the local cloud in the foreground, for other clients; and what can be asked of it.

use localcloud::account::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
use localcloud::{LocalCloud, Opened, Options};

use super::signals::Signals;
use super::{Exit, disk, faults, output};
use crate::cli::{self, LocalCommand};
use crate::domain::Problem;
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, arguments: &cli::Local, fresh: bool) -> Result<Exit, Problem> {
    match &arguments.command {
        Some(LocalCommand::Faults(arguments)) => return faults::run(settings, arguments).await,
        Some(LocalCommand::Status { json }) => return disk::status(settings, *json).await,
        Some(LocalCommand::Prune(arguments)) => return disk::prune(settings, arguments).await,
        Some(LocalCommand::Reset(arguments)) => return disk::reset(settings, arguments).await,
        None => {}
    }
    // Before the port is open, so that whoever saw it open can end this program cleanly.
    let mut signals = Signals::take()?;
    let dir = settings.local_dir();
    let options = Options { port: arguments.port, fresh, ..Options::new(&dir) };
    let opened = LocalCloud::open(options)
        .await
        .map_err(|error| Problem::new("the local cloud does not start").because(error))?;
    let cloud = match opened {
        Opened::Started(cloud) => *cloud,
        Opened::Attached(attached) => {
            return Err(Problem::new("the local cloud of this folder is already running")
                .because(format!("another Callboard serves it at {}", attached.endpoint))
                .fix("use that one, or end it first"));
        }
    };
    let lines = [
        format!("# the local cloud of {}; Ctrl-C ends it", dir.display()),
        format!("export AWS_ENDPOINT_URL={}", cloud.endpoint()),
        format!("export AWS_ACCESS_KEY_ID={ACCESS_KEY_ID}"),
        format!("export AWS_SECRET_ACCESS_KEY={SECRET_ACCESS_KEY}"),
        format!("export AWS_DEFAULT_REGION={REGION} AWS_REGION={REGION}"),
        "unset AWS_PROFILE AWS_SESSION_TOKEN".to_owned(),
    ];
    for line in lines {
        output::line(line)?;
    }
    signals.next().await;
    cloud.stop().await;
    Ok(Exit::Done)
}
