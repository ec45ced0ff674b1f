use super::fault::Call;
use super::{Cloud, Fault};
use crate::domain::{Identity, Problem};

impl Cloud {
    /// Who the credentials belong to. Asked once; a failure is asked anew the next time.
    pub async fn identity(&self) -> Result<Identity, Problem> {
        Ok(self.who().await?)
    }

    /// [`Cloud::identity`], for who can wait and ask again.
    pub(crate) async fn who(&self) -> Result<Identity, Fault> {
        self.inner.identity.get_or_try_init(|| self.ask_identity()).await.cloned()
    }

    async fn ask_identity(&self) -> Result<Identity, Fault> {
        let answer = Box::pin(self.inner.sts.get_caller_identity().send()).await.map_err(|error| {
            self.fault(Call::new("sts:GetCallerIdentity", "*", "find out whose credentials these are"), error)
        })?;
        Ok(Identity {
            account: answer.account().unwrap_or_default().to_owned(),
            arn: answer.arn().unwrap_or_default().to_owned(),
        })
    }
}
