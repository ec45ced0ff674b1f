//! What can be rolled back to: the images of the repository and the deployments of the API.

use super::Cloud;
use crate::domain::{Function, GatewayView, HeldBy, ImageRow, Problem, StageName, StoredImage, Version};
use crate::settings::Settings;

impl Cloud {
    /// The images that the repository holds, newest first, with the stages that run them.
    pub async fn image_rows(&self, settings: &Settings) -> Result<Vec<ImageRow>, Problem> {
        let [stage, prod] = StageName::ALL.map(|stage| settings.function_name(stage));
        let (images, stage, prod, of_stage, of_prod) = tokio::try_join!(
            self.images(&settings.build.image),
            self.function(&stage),
            self.function(&prod),
            self.versions(&stage),
            self.versions(&prod),
        )?;
        let sides = [(StageName::Stage, stage, of_stage), (StageName::Prod, prod, of_prod)];
        Ok(images.into_iter().map(|image| row(image, &sides)).collect())
    }

    /// The API with its stages and deployments.
    pub async fn gateway_view(&self, settings: &Settings) -> Result<GatewayView, Problem> {
        let Some(api) = self.api(&settings.name).await? else {
            return Ok(GatewayView { api: None, stages: Vec::new(), deployments: Vec::new() });
        };
        let (stages, deployments) = tokio::try_join!(self.stages(&api), self.deployments(&api))?;
        Ok(GatewayView { api: Some(api), stages, deployments })
    }
}

fn row(image: StoredImage, sides: &[(StageName, Option<Function>, Vec<Version>)]) -> ImageRow {
    let digest = Some(&image.digest);
    let running = |function: &&Function| function.image.digest.as_ref() == digest;
    let runs = sides.iter().filter(|(_, function, _)| function.as_ref().is_some_and(|one| running(&one)));
    let held = |(stage, _, versions): &(StageName, Option<Function>, Vec<Version>)| {
        let newest = versions.iter().find(|version| version.digest.as_ref() == digest)?;
        Some(HeldBy { stage: *stage, version: newest.number })
    };
    let git_of_function = sides
        .iter()
        .filter_map(|(_, function, _)| function.as_ref())
        .filter(running)
        .find_map(|function| function.stamp.git.clone());
    let git_of_version = || {
        let mut all = sides.iter().flat_map(|(_, _, versions)| versions);
        all.find(|version| version.digest.as_ref() == digest).and_then(|version| version.stamp.git.clone())
    };
    ImageRow {
        runs: runs.map(|(stage, _, _)| *stage).collect(),
        versions: sides.iter().filter_map(held).collect(),
        git: git_of_function.or_else(git_of_version),
        image,
    }
}
