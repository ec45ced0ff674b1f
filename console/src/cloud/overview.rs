use super::{Cloud, Fault};
use crate::domain::{EnvDiff, GatewayStage, Overview, Problem, StageName};
use crate::envfile;
use crate::settings::Settings;

impl Cloud {
    /// All that one column of the board says, read at one time. What cannot be read of the environment file stands in the
    /// comparison; what cannot be read of the cloud fails the whole.
    pub async fn overview(&self, settings: &Settings, stage: StageName) -> Result<Overview, Problem> {
        let name = settings.function_name(stage);
        let path = settings.env_file(stage).to_owned();
        let file = tokio::task::spawn_blocking(move || envfile::load(&path, stage));
        let (function, gateway) = tokio::try_join!(self.function(&name), self.gateway_stage(stage))?;
        let file = file.await.map_err(|_| Problem::new("the environment file could not be read"))?;
        let deployed = function.as_ref().map(|function| function.env.as_ref());
        let env = match (file, deployed) {
            (Err(problem), _) => EnvDiff { keys: Vec::new(), problem: Some(problem.to_string()) },
            (_, Some(None)) => EnvDiff {
                keys: Vec::new(),
                problem: Some(format!("AWS cannot decrypt the environment of {name}: look at its KMS key")),
            },
            (Ok(file), Some(Some(deployed))) => envfile::diff(&file, Some(deployed)),
            (Ok(file), None) => envfile::diff(&file, None),
        };
        Ok(Overview { function, gateway, env })
    }

    /// Where the stage answers, without a trailing slash; `None` before its first deploy.
    pub async fn stage_url(&self, stage: StageName) -> Result<Option<String>, Problem> {
        Ok(self.gateway_stage(stage).await?.map(|stage| stage.url))
    }

    async fn gateway_stage(&self, stage: StageName) -> Result<Option<GatewayStage>, Fault> {
        let Some(api) = self.api(&self.inner.service).await? else { return Ok(None) };
        let stages = self.stages(&api).await?;
        let Some(mut found) = stages.into_iter().find(|one| one.name == stage.as_str()) else {
            return Ok(None);
        };
        let deployment = self.deployment(&api, &found.deployment_id).await?;
        found.deployed_at = deployment.and_then(|deployment| deployment.created_at);
        Ok(Some(found))
    }
}
