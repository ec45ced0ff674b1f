//! Whether this machine can build the image.

use crate::domain::{Area, Finding};
use crate::image;
use crate::settings::{Architecture, Settings};

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let build = &settings.build;
    let Some(architecture) = settings.function.architecture.or_else(Architecture::of_this_machine) else {
        return vec![Finding::fail(
            Area::Builder,
            format!("Lambda runs on nothing like this machine ({})", std::env::consts::ARCH),
            "set `architecture` to \"x86_64\" or \"arm64\" in callboard.toml, [function]",
        )];
    };
    vec![match image::prerequisites(build, architecture).await {
        Ok(()) => Finding::ok(
            Area::Builder,
            format!("the {} builder builds for {} here", build.builder.as_str(), architecture.as_str()),
        ),
        Err(problem) => Finding::of(Area::Builder, &problem),
    }]
}
