//! A local cloud of a test's own, and the SDK's clients for it.

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use localcloud::access::Access;
use localcloud::events::LogEvents;
use localcloud::faults::Faults;
use localcloud::live_tails::LiveTails;
use localcloud::store::Store;
use localcloud::world::State;
use localcloud::{LocalCloud, Opened, Options, account};
use tempfile::TempDir;

pub(crate) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub(crate) struct Account {
    pub(crate) dir: TempDir,
    cloud: Option<LocalCloud>,
    pub(crate) config: SdkConfig,
}

impl Account {
    pub(crate) async fn open() -> Account {
        Account::open_in(tempfile::tempdir().unwrap()).await
    }

    async fn open_in(dir: TempDir) -> Account {
        Account::open_with(dir, |_| ()).await
    }

    /// In that folder, with options of the test's own.
    pub(crate) async fn open_with(dir: TempDir, change: impl FnOnce(&mut Options)) -> Account {
        let mut options = options(&dir);
        change(&mut options);
        let cloud = match LocalCloud::open(options).await.unwrap() {
            Opened::Started(cloud) => *cloud,
            Opened::Attached(attached) => panic!("attached to {attached:?} in a folder of the test's own"),
        };
        let config = config(cloud.endpoint(), account::ACCESS_KEY_ID, account::REGION);
        Account { dir, cloud: Some(cloud), config }
    }

    /// Stops it and starts it again in the same folder.
    pub(crate) async fn restart(self) -> Account {
        self.restart_with(|_| ()).await
    }

    /// Stops it and starts it again with other options.
    pub(crate) async fn restart_with(mut self, change: impl FnOnce(&mut Options)) -> Account {
        self.cloud.take().unwrap().stop().await;
        Account::open_with(self.dir, change).await
    }

    /// The same, with something changed in what lies on disk meanwhile.
    pub(crate) async fn restart_with_state(mut self, change: impl FnOnce(&mut State)) -> Account {
        self.cloud.take().unwrap().stop().await;
        let store = Store::open(&self.dir.path().join("state.redb"), false).unwrap();
        let mut state = store.load_state().unwrap().unwrap();
        change(&mut state);
        store.save_state(&state).unwrap();
        drop(store);
        Account::open_in(self.dir).await
    }

    pub(crate) async fn stop(mut self) {
        self.cloud.take().unwrap().stop().await;
    }

    /// Stops it; the answer keeps its folder.
    pub(crate) async fn stop_and_keep(mut self) -> TempDir {
        self.cloud.take().unwrap().stop().await;
        self.dir
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.cloud.as_ref().unwrap().endpoint()
    }

    pub(crate) fn faults(&self) -> &Faults {
        self.cloud.as_ref().unwrap().faults()
    }

    pub(crate) fn access(&self) -> &Access {
        self.cloud.as_ref().unwrap().access()
    }

    pub(crate) fn log_events(&self) -> &LogEvents {
        self.cloud.as_ref().unwrap().log_events()
    }

    pub(crate) fn live_tails(&self) -> &LiveTails {
        self.cloud.as_ref().unwrap().live_tails()
    }

    pub(crate) fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.config)
    }

    pub(crate) fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.config)
    }

    pub(crate) fn ecr(&self) -> aws_sdk_ecr::Client {
        aws_sdk_ecr::Client::new(&self.config)
    }

    pub(crate) fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config)
    }

    pub(crate) fn gateway(&self) -> aws_sdk_apigateway::Client {
        aws_sdk_apigateway::Client::new(&self.config)
    }

    pub(crate) fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config)
    }

    pub(crate) fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.config)
    }

    /// A role that Lambda may take on; its ARN.
    pub(crate) async fn role(&self, name: &str) -> String {
        let created =
            self.iam().create_role().role_name(name).assume_role_policy_document(TRUST).send().await.unwrap();
        created.role.unwrap().arn
    }
}

pub(crate) fn options(dir: &TempDir) -> Options {
    Options::new(dir.path())
}

pub(crate) fn config(endpoint: &str, access_key: &str, region: &str) -> SdkConfig {
    config_of(endpoint, (access_key, account::SECRET_ACCESS_KEY), region)
}

/// The configuration of a client with a key of its own and that key's secret.
pub(crate) fn config_of(endpoint: &str, (access_key, secret): (&str, &str), region: &str) -> SdkConfig {
    let credentials = Credentials::new(access_key, secret, None, None, "the test's own");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build()
}

/// Status, code and message of an answer that refuses.
pub(crate) fn refusal<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> (u16, String, String)
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answer {
        Ok(_) => panic!("it was not refused"),
        Err(error) => {
            let status = match error.raw_response() {
                Some(response) => response.status().as_u16(),
                None => panic!("no answer at all: {error:?}"),
            };
            let meta = error.as_service_error().map(ProvideErrorMetadata::meta).unwrap();
            (
                status,
                meta.code().unwrap_or_default().to_owned(),
                meta.message().unwrap_or_default().to_owned(),
            )
        }
    }
}

/// What [`refusal`] gives, for comparing.
pub(crate) fn refused(status: u16, code: &str, message: impl Into<String>) -> (u16, String, String) {
    (status, code.to_owned(), message.into())
}
