//! The local cloud alone, without the console: what benches and conformance runs that need nothing else start.
//!
//! ```text
//! cargo run -p localcloud --example serve -- DIR [PORT]
//! ```
//!
//! Says its endpoint in one line, and ends when its standard input does.

use std::error::Error;
use std::io::Read;

use localcloud::{LocalCloud, Opened, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("serve DIR [PORT]")?;
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    match LocalCloud::open(Options { port, ..Options::new(dir) }).await? {
        Opened::Attached(attached) => Err(format!("already served at {}", attached.endpoint).into()),
        Opened::Started(cloud) => {
            println!("{}", cloud.endpoint());
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
            cloud.stop().await;
            Ok(())
        }
    }
}
