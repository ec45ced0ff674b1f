//! One connection for one request, step by step, so that each step's time is known and each step's failure has its own name.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tower::ServiceExt;
use url::{Host, Url};

use crate::domain::{Problem, Timing, one_line};
use crate::http::{LOOPBACK, chain, proxy_address, spared};

/// How long each of a host's addresses is tried.
const CONNECT: Duration = Duration::from_secs(5);

/// Makes connections: TLS by rustls with Mozilla's roots, `https` by the proxy of the environment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Dialer {
    tls: Arc<ClientConfig>,
    proxy: Arc<Matcher>,
}

/// Why nothing came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nobody listens there.
    Refused,
    /// The name leads nowhere.
    Dns(String),
    /// The other side is not who it says, or speaks no TLS.
    Tls(String),
    /// Not in this time.
    Timeout(Duration),
    /// There is no way to it for another reason.
    Unreachable(String),
    /// It broke off, or is no HTTP.
    Broken(String),
}

/// A connection for one request, and how long it took to make. What moves its bytes ends with it.
pub(super) struct Line {
    pub(super) send: SendRequest<Full<Bytes>>,
    driver: tokio::task::JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Dialer {
    /// Reads the proxy's address from the environment, as [`crate::http::client`] does.
    pub fn new() -> Result<Dialer, Problem> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Problem::new("TLS cannot be set up").because(error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut proxy = Matcher::builder();
        if let Some(address) = proxy_address() {
            proxy = proxy.https(address).no(spared());
        } else {
            proxy = proxy.no(LOOPBACK);
        }
        Ok(Dialer { tls: Arc::new(tls), proxy: Arc::new(proxy.build()) })
    }

    /// Connects to the host of `url`; what each step took goes into `timing`, as far as it came.
    pub(super) async fn line(&self, url: &Url, timing: &mut Timing) -> Result<Line, Failure> {
        let began = Instant::now();
        let mut last = began;
        let mut step = || {
            let now = Instant::now();
            let took = now - last;
            last = now;
            Some(took)
        };
        let host = url.host().ok_or_else(|| Failure::Unreachable("the URL has no host".to_owned()))?;
        let port = url.port_or_known_default().unwrap_or(443);
        let through = url.as_str().parse().ok().and_then(|uri| self.proxy.intercept(&uri));
        let tcp = match through {
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), HttpConnector::new());
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                let target = format!("https://{host}:{port}").parse().map_err(|_| {
                    Failure::Unreachable("the URL's host cannot be asked of a proxy".to_owned())
                })?;
                let tunnelled = tokio::time::timeout(CONNECT, tunnel.oneshot(target)).await;
                let stream = tunnelled
                    .map_err(|_| Failure::Unreachable("the proxy did not answer in time".to_owned()))?
                    .map_err(|error| Failure::Unreachable(format!("the proxy: {}", told(&error))))?;
                stream.into_inner()
            }
            None => {
                let addresses = match &host {
                    Host::Ipv4(ip) => vec![SocketAddr::from((*ip, port))],
                    Host::Ipv6(ip) => vec![SocketAddr::from((*ip, port))],
                    Host::Domain(name) => {
                        let found = tokio::net::lookup_host((*name, port)).await;
                        let found: Vec<_> = found.map_err(|error| Failure::Dns(told(&error)))?.collect();
                        timing.dns = step();
                        found
                    }
                };
                connect(&addresses).await?
            }
        };
        timing.connect = step();
        let stream: Box<dyn Stream> = if url.scheme() == "https" {
            let name = match &host {
                Host::Domain(name) => ServerName::try_from((*name).to_owned()).map_err(|_| {
                    Failure::Tls("the host is no name that a certificate can have".to_owned())
                })?,
                Host::Ipv4(ip) => ServerName::IpAddress((*ip).into()),
                Host::Ipv6(ip) => ServerName::IpAddress((*ip).into()),
            };
            let agreed = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await;
            let stream = agreed.map_err(|error| Failure::Tls(told(&error)))?;
            timing.tls = step();
            Box::new(stream)
        } else {
            Box::new(tcp)
        };
        let (send, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // How it ends, the request's own end tells.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Line { send, driver })
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    let mut failure = Failure::Dns("the name has no address".to_owned());
    for address in addresses {
        failure = match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // One request and one answer: nothing is gained by waiting for more to send.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Failure::Refused,
            Ok(Err(error)) => Failure::Unreachable(told(&error)),
            Err(_) => Failure::Unreachable("no connection in time".to_owned()),
        };
    }
    Err(failure)
}

pub(super) fn broken(error: hyper::Error) -> Failure {
    Failure::Broken(told(&error))
}

fn told(error: &(dyn std::error::Error + 'static)) -> String {
    one_line(&chain(error), 200)
}
