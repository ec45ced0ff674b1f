//! From what the operator asked for to clients. The only place in which the local cloud and AWS differ.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::OnceCell;

use super::quota::Turns;
use super::{Choice, Cloud, CloudKind, Inner};
use crate::checks::Dialer;
use crate::domain::{Problem, StageName};
use crate::settings::Settings;

// The SDK's own default for connecting; it has none for the rest, so a silent peer would hold a call for ever.
const CONNECT: Duration = Duration::from_millis(3100);
const ATTEMPT: Duration = Duration::from_secs(10);
const WHOLE_CALL: Duration = Duration::from_secs(35);

// The instance metadata service answers in a millisecond or two where there is one. Elsewhere its address may be a black
// hole, in which the SDK's defaults would spend a second or more at each load.
const METADATA: Duration = Duration::from_millis(250);

impl Cloud {
    /// Connects: starts or attaches to the local cloud, or finds region and credentials for AWS. There is no network
    /// traffic with AWS beyond what the credential chain needs, and no proof yet that the credentials are good.
    pub async fn connect(choice: &Choice, settings: &Settings) -> Result<Cloud, Problem> {
        let http = crate::http::client()?;
        let dialer = Dialer::new()?;
        let sdk_http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let (config, embedded) = match choice.kind {
            CloudKind::Local => local(choice, settings, sdk_http).await?,
            CloudKind::Aws if choice.fresh => {
                return Err(Problem::new("--fresh empties the local cloud, and this is AWS")
                    .fix("leave --fresh out, or add --cloud local"));
            }
            CloudKind::Aws => (aws(choice, settings, sdk_http).await?, None),
        };
        let region = config.region().map(|region| region.as_ref().to_owned()).unwrap_or_default();
        Ok(Cloud {
            inner: Arc::new(Inner {
                kind: choice.kind,
                log_reads: Turns::of_filter_log_events(&region),
                region,
                profile: profile(choice, settings),
                service: settings.name.clone(),
                addresses: addresses(settings),
                lambda: aws_sdk_lambda::Client::new(&config),
                gateway: aws_sdk_apigateway::Client::new(&config),
                logs: aws_sdk_cloudwatchlogs::Client::new(&config),
                cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
                ecr: aws_sdk_ecr::Client::new(&config),
                iam: aws_sdk_iam::Client::new(&config),
                sts: aws_sdk_sts::Client::new(&config),
                http,
                dialer,
                identity: OnceCell::new(),
                embedded: Mutex::new(embedded),
            }),
        })
    }
}

fn addresses(settings: &Settings) -> BTreeMap<&'static str, String> {
    let stages = [(StageName::Stage, &settings.stage), (StageName::Prod, &settings.prod)];
    stages.into_iter().filter_map(|(name, said)| Some((name.as_str(), said.url.clone()?))).collect()
}

fn profile(choice: &Choice, settings: &Settings) -> Option<String> {
    choice.profile.clone().or_else(|| settings.profile.clone())
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(WHOLE_CALL)
        .build()
}

async fn aws(choice: &Choice, settings: &Settings, http: SharedHttpClient) -> Result<SdkConfig, Problem> {
    let profile = profile(choice, settings);
    let named = choice.region.clone().or_else(|| settings.region.clone());
    // Without the metadata service, which the SDK's default chain would ask last and wait for.
    let mut profile_region = ProfileFileRegionProvider::builder();
    if let Some(profile) = &profile {
        profile_region = profile_region.profile_name(profile);
    }
    let region = RegionProviderChain::first_try(named.map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile_region.build());
    let region = region.region().await.ok_or_else(|| {
        Problem::new("no AWS region is set")
            .because("looked at --region, `region` in callboard.toml, AWS_REGION, AWS_DEFAULT_REGION and the profile")
            .fix("add --region REGION, or set `region` in callboard.toml")
    })?;
    let provider_config =
        ProviderConfig::default().with_region(Some(region.clone())).with_http_client(http.clone());
    let metadata = aws_config::imds::Client::builder()
        .configure(&provider_config)
        .connect_timeout(METADATA)
        .max_attempts(1)
        .build();
    let mut credentials = DefaultCredentialsChain::builder()
        .configure(provider_config)
        .region(region.clone())
        .imds_client(metadata);
    if let Some(profile) = &profile {
        credentials = credentials.profile_name(profile);
    }
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(region)
        .timeout_config(timeouts())
        .credentials_provider(credentials.build().await);
    if let Some(profile) = &profile {
        loader = loader.profile_name(profile);
    }
    Ok(loader.load().await)
}

/// The local cloud that this process runs; `None` on AWS, and where another process runs it.
#[cfg(feature = "local")]
pub(super) type Embedded = Option<localcloud::LocalCloud>;
/// Nothing: this program was built without the local cloud.
#[cfg(not(feature = "local"))]
pub(super) type Embedded = Option<std::convert::Infallible>;

/// Stops the local cloud.
#[cfg(feature = "local")]
pub(super) async fn stop(embedded: localcloud::LocalCloud) {
    embedded.stop().await;
}

/// There is nothing to stop.
#[cfg(not(feature = "local"))]
pub(super) async fn stop(embedded: std::convert::Infallible) {
    match embedded {}
}

#[cfg(not(feature = "local"))]
async fn local(_: &Choice, _: &Settings, _: SharedHttpClient) -> Result<(SdkConfig, Embedded), Problem> {
    Err(Problem::new("this callboard was built without the local cloud")
        .fix("build it with the feature `local`, or operate AWS with --cloud aws"))
}

#[cfg(feature = "local")]
async fn local(
    choice: &Choice,
    settings: &Settings,
    http: SharedHttpClient,
) -> Result<(SdkConfig, Embedded), Problem> {
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use localcloud::account::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
    use localcloud::{LocalCloud, Opened, Options};

    let options = Options { fresh: choice.fresh, ..Options::new(settings.local_dir()) };
    let opened = LocalCloud::open(options).await.map_err(|error| {
        Problem::new("the local cloud does not start")
            .because(&error)
            .fix(format!("look at {}, or start over with --fresh", settings.local_dir().display()))
    })?;
    let (endpoint, embedded) = match opened {
        Opened::Started(cloud) => (cloud.endpoint().to_owned(), Some(*cloud)),
        Opened::Attached(attached) => (attached.endpoint, None),
    };
    // Made by hand and not loaded, so that no AWS_* setting of the shell can redirect it or be sent to it.
    let keys = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "local cloud");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(endpoint)
        .http_client(http)
        .timeout_config(timeouts())
        .build();
    Ok((config, embedded))
}
