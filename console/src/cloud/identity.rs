use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sts::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use jiff::Timestamp;

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
        let answer = Box::pin(self.inner.sts.get_caller_identity().send()).await;
        let answer = answer.map_err(|error| self.fault(who_call(), error))?;
        Ok(told(answer.account(), answer.arn()))
    }
}

fn who_call() -> Call<'static> {
    Call::new("sts:GetCallerIdentity", "*", "find out whose credentials these are")
}

fn told(account: Option<&str>, arn: Option<&str>) -> Identity {
    let text = |given: Option<&str>| given.unwrap_or_default().to_owned();
    Identity { account: text(account), arn: text(arn) }
}

impl Cloud {
    /// Asks whose credentials these are, and the other side's clock: the time of its answer, whatever it answers; `None`
    /// where no answer came.
    pub(crate) async fn who_and_when(&self) -> (Result<Identity, Fault>, Option<Timestamp>) {
        let heard = Heard::default();
        let call = self.inner.sts.get_caller_identity().customize().interceptor(heard.clone());
        let answer = Box::pin(call.send()).await;
        let identity = match answer {
            Ok(answer) => {
                let identity = told(answer.account(), answer.arn());
                // For the sentences of later refusals; the same if somebody asked already.
                let _ = self.inner.identity.set(identity.clone());
                Ok(identity)
            }
            Err(error) => Err(self.fault(who_call(), error)),
        };
        let at = heard.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        (identity, at)
    }
}

/// Notes the `Date` of an answer.
#[derive(Debug, Clone, Default)]
struct Heard(Arc<Mutex<Option<Timestamp>>>);

impl Intercept for Heard {
    fn name(&self) -> &'static str {
        "Heard"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_smithy_runtime_api::box_error::BoxError> {
        let date = context.response().headers().get("date");
        let at = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|zoned| zoned.timestamp());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
        Ok(())
    }
}
