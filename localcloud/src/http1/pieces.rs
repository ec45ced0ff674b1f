//! Bodies that are read and written as they come: streaming answers of functions, and those of the gateway.

use std::io;

use bytes::Bytes;
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::{Broken, Connection, Framing, Head};

/// How far a body has been read.
pub(crate) struct Reading {
    left: Left,
    /// The fields behind the last chunk; none before that was read.
    pub(crate) trailers: Vec<(String, String)>,
}

enum Left {
    /// Bytes of a body whose length was told.
    Length(u64),
    /// Bytes of a chunk.
    Chunk(u64),
    /// The next chunk's size has to be read.
    Chunks,
    Nothing,
}

impl Reading {
    /// The first trailer of that name.
    pub(crate) fn trailer(&self, name: &str) -> Option<&str> {
        self.trailers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Begins to read the body that belongs to the head. It has to be read to its end, or the connection is of no more use.
    pub(crate) async fn begin_body(&mut self, head: &Head) -> Result<Reading, Broken> {
        self.expect(head).await?;
        let left = match head.framing {
            Framing::Length(length) => Left::Length(length),
            Framing::Chunked => Left::Chunks,
        };
        Ok(Reading { left, trailers: Vec::new() })
    }

    /// The next bytes of the body, as many as are there; `None` at its end.
    pub(crate) async fn piece(&mut self, reading: &mut Reading) -> Result<Option<Bytes>, Broken> {
        loop {
            let left = match reading.left {
                Left::Nothing | Left::Length(0) => return Ok(None),
                Left::Chunks => {
                    let size = self.chunk_size().await?;
                    if size == 0 {
                        reading.trailers = self.trailers().await?;
                        reading.left = Left::Nothing;
                    } else {
                        reading.left = Left::Chunk(size);
                    }
                    continue;
                }
                Left::Chunk(left) | Left::Length(left) => left,
            };
            if self.input.is_empty() {
                self.more().await?;
            }
            let here = left.min(self.input.len() as u64);
            let piece = self.input.split_to(here as usize).freeze();
            reading.left = match reading.left {
                Left::Chunk(_) if here == left => {
                    self.chunk_end().await?;
                    Left::Chunks
                }
                Left::Chunk(_) => Left::Chunk(left - here),
                _ => Left::Length(left - here),
            };
            return Ok(Some(piece));
        }
    }

    /// Writes the head of an answer whose length nobody knows yet: in chunks, or for a client that takes none up to the
    /// end of the connection.
    pub(crate) async fn begin_stream(
        &mut self,
        status: StatusCode,
        headers: &[(impl AsRef<str>, impl AsRef<str>)],
        chunked: bool,
        keep_alive: bool,
    ) -> io::Result<()> {
        self.begin_answer(status, headers)?;
        if chunked {
            self.output.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        let connection: &[u8] = if keep_alive && chunked { b"keep-alive" } else { b"close" };
        self.output.extend_from_slice(b"Connection: ");
        self.output.extend_from_slice(connection);
        self.output.extend_from_slice(b"\r\n\r\n");
        self.stream.write_all(&self.output).await
    }

    /// Writes a piece of an answer. Nothing is not written: an empty chunk would be the last one.
    pub(crate) async fn write_piece(&mut self, piece: &[u8], chunked: bool) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        if !chunked {
            return self.stream.write_all(piece).await;
        }
        self.output.clear();
        self.output.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        self.output.extend_from_slice(piece);
        self.output.extend_from_slice(b"\r\n");
        self.stream.write_all(&self.output).await
    }

    /// Writes that there is no more; without it a client knows that the answer was cut.
    pub(crate) async fn end_stream(&mut self, chunked: bool) -> io::Result<()> {
        if chunked { self.stream.write_all(b"0\r\n\r\n").await } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_comes_in_pieces_and_its_trailers_after_it() {
        let (mut client, server) = tokio::io::duplex(1024);
        let mut connection = Connection::new(server);
        client.write_all(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe").await.unwrap();
        let head = connection.head().await.unwrap().unwrap();
        let mut reading = connection.begin_body(&head).await.unwrap();
        // What is there is handed out before the chunk is whole.
        assert_eq!(connection.piece(&mut reading).await.unwrap().unwrap(), "he");
        client
            .write_all(b"llo\r\n1\r\n!\r\n0\r\nX-Why: because\r\n\r\nGET /n HTTP/1.1\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(connection.piece(&mut reading).await.unwrap().unwrap(), "llo");
        assert_eq!(connection.piece(&mut reading).await.unwrap().unwrap(), "!");
        assert!(connection.piece(&mut reading).await.unwrap().is_none());
        assert_eq!(reading.trailer("x-why"), Some("because"));
        assert_eq!(connection.head().await.unwrap().unwrap().target, "/n");
    }

    #[tokio::test]
    async fn a_body_of_a_known_length_ends_there() {
        let raw: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /n HTTP/1.1\r\n\r\n";
        let mut connection = Connection::new(tokio::io::join(raw, tokio::io::sink()));
        let head = connection.head().await.unwrap().unwrap();
        let mut reading = connection.begin_body(&head).await.unwrap();
        assert_eq!(connection.piece(&mut reading).await.unwrap().unwrap(), "abc");
        assert!(connection.piece(&mut reading).await.unwrap().is_none());
        assert_eq!(connection.head().await.unwrap().unwrap().target, "/n");
    }

    #[tokio::test]
    async fn an_answer_is_written_in_chunks_unless_the_client_takes_none() {
        for (chunked, expected) in [
            (
                true,
                "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            ),
            (false, "Connection: close\r\n\r\nabc"),
        ] {
            let mut sent = Vec::new();
            let mut connection = Connection::new(tokio::io::join(tokio::io::empty(), &mut sent));
            let none: [(&str, &str); 0] = [];
            connection.begin_stream(StatusCode::OK, &none, chunked, true).await.unwrap();
            for piece in ["ab", "", "c"] {
                connection.write_piece(piece.as_bytes(), chunked).await.unwrap();
            }
            connection.end_stream(chunked).await.unwrap();
            drop(connection);
            assert_eq!(String::from_utf8(sent).unwrap(), format!("HTTP/1.1 200 OK\r\n{expected}"));
        }
    }
}
