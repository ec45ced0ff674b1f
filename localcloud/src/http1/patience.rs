//! How long a client may take.

use std::time::Duration;

use super::Broken;

/// What is read within the time; without a limit it may take for ever.
pub(super) async fn within<T>(
    patience: Option<Duration>,
    reading: impl Future<Output = Result<T, Broken>>,
) -> Result<T, Broken> {
    match patience {
        Some(patience) => tokio::time::timeout(patience, reading).await.unwrap_or(Err(Broken::Slow)),
        None => reading.await,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::http1::Connection;

    #[tokio::test]
    async fn a_client_that_takes_its_time_is_given_up() {
        for sent in ["GET / HT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"] {
            let (mut client, server) = tokio::io::duplex(1024);
            client.write_all(sent.as_bytes()).await.unwrap();
            let mut connection = Connection::new(server).with_patience(Duration::from_millis(20));
            let answer = match connection.head().await {
                Ok(Some(head)) => connection.body(&head, 10).await.map(drop),
                other => other.map(drop),
            };
            assert!(matches!(answer, Err(Broken::Slow)), "{sent:?}: {answer:?}");
        }
        let (_client, server) = tokio::io::duplex(1024);
        let mut idle = Connection::new(server).with_patience(Duration::from_millis(20));
        assert!(idle.head().await.unwrap().is_none());
    }
}
