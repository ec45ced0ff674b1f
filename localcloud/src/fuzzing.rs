//! Doors for the fuzz targets of `tools/fuzz` to what reads foreign bytes; built with `--cfg fuzzing` alone.

use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;

use crate::http1::{Body, Connection, Head};
use crate::{LocalCloud, Opened, Options, gateway, insights, services, wire};

/// Bytes of the largest body, so that the limit itself is met.
const LARGEST: usize = 512;

/// A local cloud in a folder of its own, without a client.
pub struct Bench {
    runtime: Runtime,
    cloud: LocalCloud,
    gateway: gateway::fuzzing::Door,
}

/// A request as the server for the data plane and the Runtime API reads it.
#[derive(Debug)]
pub struct Read {
    head: Head,
    body: Vec<u8>,
}

impl Read {
    /// The bytes of all that was read: names, values, path and body.
    pub fn size(&self) -> usize {
        let headers: usize = self.head.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.head.method.len() + self.head.target.len() + headers + self.body.len()
    }
}

impl std::fmt::Debug for Bench {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bench").finish_non_exhaustive()
    }
}

impl Bench {
    /// Opens one below `dir`.
    pub fn open(dir: &Path) -> Bench {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap_or_else(|error| stop(&error));
        let opened = runtime.block_on(LocalCloud::open(Options::new(dir)));
        let cloud = match opened {
            Ok(Opened::Started(cloud)) => *cloud,
            other => stop(&format_args!("{other:?}")),
        };
        let gateway = gateway::fuzzing::Door::open(&cloud.cloud);
        Bench { runtime, cloud, gateway }
    }

    /// The requests on a connection that brings these bytes in pieces of `piece` bytes; whether the connection ended well.
    pub fn requests(&self, bytes: &[u8], piece: usize) -> (Vec<Read>, bool) {
        self.runtime.block_on(requests(bytes, piece))
    }

    /// What the request comes to as a call of a control plane, its signature aside; whether it was done.
    pub fn call(&self, bytes: &[u8]) -> Option<bool> {
        let (requests, _) = self.requests(bytes, usize::MAX);
        let request = requests.into_iter().next()?;
        let call = wire::fuzzing::call(
            &request.head.method,
            &request.head.target,
            &request.head.headers,
            request.body,
        )?;
        let reply = wire::fuzzing::reply(&call);
        // Live Tail and Invoke last for as long as they like.
        if ["StartLiveTail", "Invoke", "StartQuery"].contains(&call.operation.as_str()) {
            return None;
        }
        let cloud = self.cloud.cloud.clone();
        let outcome = self.runtime.block_on(services::answer(cloud, call));
        let done = outcome.is_ok();
        let response = reply.encode(outcome);
        assert!(done == response.status().is_success(), "{}", response.status());
        Some(done)
    }

    /// The status with which the data plane answers the request, as far as a function that is not there can be called.
    pub fn gateway(&self, bytes: &[u8]) -> Option<u16> {
        let (requests, _) = self.requests(bytes, usize::MAX);
        let request = requests.into_iter().next()?;
        Some(self.runtime.block_on(self.gateway.answer(&request.head, Body::Whole(request.body.into()))))
    }
}

async fn requests(bytes: &[u8], piece: usize) -> (Vec<Read>, bool) {
    let (mut client, server) = tokio::io::duplex(piece.clamp(1, 64 * 1024));
    let sending = async {
        // The server may hang up first.
        let _ = client.write_all(bytes).await;
        drop(client);
    };
    let reading = async {
        let mut connection = Connection::new(server);
        let mut all = Vec::new();
        loop {
            let head = match connection.head().await {
                Ok(Some(head)) => head,
                Ok(None) => return (all, true),
                Err(_) => return (all, false),
            };
            match connection.body(&head, LARGEST).await {
                Ok(Body::Whole(body)) => all.push(Read { head, body: body.to_vec() }),
                Ok(Body::TooLarge) => {}
                Err(_) => return (all, false),
            }
        }
    };
    tokio::join!(sending, reading).1
}

/// The status of an API's answer for what a function said; `None` when that is malformed.
pub fn function_answer(payload: &[u8], binary: &[String], accept: Option<&str>) -> Option<u16> {
    gateway::fuzzing::answer(payload, binary, accept)
}

/// Whether the text is a query of Logs Insights. Where it is not, the mistake lies in the text.
pub fn insights(text: &str) -> bool {
    match insights::compile(text) {
        Ok(_) => true,
        Err(mistake) => {
            assert!(mistake.at.start <= mistake.at.end && mistake.at.end <= text.len(), "{:?}", mistake.at);
            assert!(!mistake.message.is_empty());
            false
        }
    }
}

/// Unpacks layers into a folder; what was wrong with them.
pub fn unpack(layers: &[PathBuf], root: &Path) -> Result<(), String> {
    crate::functions::unpack_layers(layers, root)
}

fn stop(why: &dyn std::fmt::Display) -> ! {
    eprintln!("the bench cannot be opened: {why}");
    std::process::exit(70);
}
