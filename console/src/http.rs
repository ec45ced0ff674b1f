//! The one HTTP client of the console: for the checks and for the image registry.
//!
//! TLS is rustls with ring and Mozilla's roots, compiled in, so that the console trusts the same authorities on every
//! machine. Redirects are answers here, never followed: a check must see what a stage says, and a registry's upload must
//! not carry credentials to another origin. How long a request may take is for the caller to say, by request.

use std::env;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, NoProxy, Proxy};

use crate::domain::Problem;

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(5);

/// What no proxy is ever asked for: the local cloud lives there.
pub(crate) const LOOPBACK: &str = "127.0.0.1,::1,localhost";

/// Makes the client, and makes ring the cryptography of the whole process (the AWS SDK's too).
///
/// `HTTPS_PROXY` (or `ALL_PROXY`) and `NO_PROXY` are respected for `https` URLs. Plain `http` is only spoken to loopback and
/// never goes to a proxy.
pub fn client() -> Result<Client, Problem> {
    // An error means that a provider is there already: the one that an earlier call put in.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let unusable =
        |error: reqwest::Error| Problem::new("the HTTP client cannot be set up").because(chain(&error));
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unusable)?;
    let mut builder = Client::builder()
        .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .tls_certs_only(roots)
        .no_proxy();
    if let Some(address) = proxy_address() {
        // The address may hold a password: it is not repeated.
        let proxy = Proxy::https(address).map_err(|_| {
            Problem::new("the proxy in HTTPS_PROXY or ALL_PROXY is not a URL")
                .fix("set it to something like http://proxy.example:3128, or unset it")
        })?;
        builder = builder.proxy(proxy.no_proxy(NoProxy::from_string(&spared())));
    }
    builder.build().map_err(unusable)
}

/// The proxy for `https` that the environment names. It may hold a password.
pub(crate) fn proxy_address() -> Option<String> {
    variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
}

/// What is asked without the proxy.
pub(crate) fn spared() -> String {
    match variable(&["NO_PROXY", "no_proxy"]) {
        Some(list) => format!("{list},{LOOPBACK}"),
        None => LOOPBACK.to_owned(),
    }
}

/// The first of these variables that holds something.
fn variable(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| env::var(name).ok()).find(|value| !value.trim().is_empty())
}

/// An error with all that it came from, in one line: reqwest keeps the true cause (`Connection refused`) at the end.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
