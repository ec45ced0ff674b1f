//! HTTP/1.1 as a server, for the two places where a general server does not do: the gateway's data plane, because an
//! event shows the client's header names in the client's own case and an answer keeps the function's, and the Runtime
//! API, because every invocation passes it twice. Heads are parsed by httparse.

mod patience;
mod pieces;

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use patience::within;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of the largest request head.
const MAX_HEAD: usize = 64 * 1024;
/// Header fields of a request, at most.
const MAX_HEADERS: usize = 128;
/// A body that is too large is read to its end, so that the client hears why, but not beyond so many bytes.
const MAX_DRAINED: u64 = 256 * 1024 * 1024;
/// Room for what is read at a time: most requests come in one piece.
const READ: usize = 8 * 1024;
/// Bodies up to this size leave in one packet with their head.
const SMALL_BODY: usize = 32 * 1024;

/// One client's connection.
pub(crate) struct Connection<S> {
    stream: S,
    input: BytesMut,
    output: Vec<u8>,
    patience: Option<Duration>,
}

/// The head of a request.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// As sent: usually path and query.
    pub(crate) target: String,
    /// In the client's order and case.
    pub(crate) headers: Vec<(String, String)>,
    /// Whether the connection lasts beyond the answer.
    pub(crate) keep_alive: bool,
    /// Whether the client understands an answer in chunks: HTTP/1.1 does, 1.0 does not.
    pub(crate) takes_chunks: bool,
    framing: Framing,
    expects_continue: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
}

/// A request's body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Whole(Bytes),
    TooLarge,
}

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// Not HTTP/1.1, or not sound: to be answered with the status, then closed.
    #[error("{0}")]
    Malformed(&'static str),
    /// The head is larger than a server must take.
    #[error("the request's head is too large")]
    HeadTooLarge,
    /// The client has not sent the rest in time.
    #[error("the rest of the request did not come in time")]
    Slow,
    /// The connection is gone.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Head {
    /// The first header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S) -> Connection<S> {
        Connection { stream, input: BytesMut::new(), output: Vec::new(), patience: None }
    }

    /// Gives up a client that takes longer than this for a request's head, or then for its body; a connection that lies idle
    /// for so long ends in good order.
    pub(crate) fn with_patience(self, patience: Duration) -> Connection<S> {
        Connection { patience: Some(patience), ..self }
    }

    /// The next request's head; `None` when the client has closed the connection in good order.
    pub(crate) async fn head(&mut self) -> Result<Option<Head>, Broken> {
        match within(self.patience, self.read_head()).await {
            // One that is only kept open hears nothing.
            Err(Broken::Slow) if self.input.is_empty() => Ok(None),
            read => read,
        }
    }

    async fn read_head(&mut self) -> Result<Option<Head>, Broken> {
        loop {
            if !self.input.is_empty()
                && let Some((head, length)) = parse_head(&self.input)?
            {
                let _ = self.input.split_to(length);
                return Ok(Some(head));
            }
            if self.input.len() > MAX_HEAD {
                return Err(Broken::HeadTooLarge);
            }
            self.input.reserve(READ);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return if self.input.is_empty() { Ok(None) } else { Err(cut()) };
            }
        }
    }

    /// The body that belongs to the head, read to its end.
    pub(crate) async fn body(&mut self, head: &Head, limit: usize) -> Result<Body, Broken> {
        within(self.patience, self.read_body(head, limit)).await
    }

    async fn read_body(&mut self, head: &Head, limit: usize) -> Result<Body, Broken> {
        if head.framing == Framing::Length(0) {
            return Ok(Body::Whole(Bytes::new()));
        }
        self.expect(head).await?;
        match head.framing {
            Framing::Length(length) if length <= limit as u64 => {
                self.fill(length as usize).await?;
                Ok(Body::Whole(self.input.split_to(length as usize).freeze()))
            }
            Framing::Length(length) => {
                self.skip(length, length).await?;
                Ok(Body::TooLarge)
            }
            Framing::Chunked => self.chunks(limit).await,
        }
    }

    /// A client that waits to be asked for the body is asked.
    async fn expect(&mut self, head: &Head) -> io::Result<()> {
        if head.expects_continue && self.input.is_empty() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        Ok(())
    }

    async fn chunk_size(&mut self) -> Result<u64, Broken> {
        loop {
            match httparse::parse_chunk_size(&self.input) {
                Ok(httparse::Status::Complete((used, size))) => {
                    let _ = self.input.split_to(used);
                    return Ok(size);
                }
                Ok(httparse::Status::Partial) if self.input.len() <= MAX_HEAD => self.more().await?,
                _ => return Err(Broken::Malformed("a chunk's size cannot be read")),
            }
        }
    }

    async fn chunk_end(&mut self) -> Result<(), Broken> {
        self.fill(2).await?;
        match self.input.split_to(2) == b"\r\n"[..] {
            true => Ok(()),
            false => Err(Broken::Malformed("a chunk does not end where it said")),
        }
    }

    async fn chunks(&mut self, limit: usize) -> Result<Body, Broken> {
        let mut body = BytesMut::new();
        let mut total = 0_u64;
        loop {
            let size = self.chunk_size().await?;
            if size == 0 {
                self.trailers().await?;
                return Ok(if total > limit as u64 { Body::TooLarge } else { Body::Whole(body.freeze()) });
            }
            total = total.saturating_add(size);
            if total > limit as u64 {
                self.skip(size, total).await?;
            } else {
                self.fill(size as usize).await?;
                body.extend_from_slice(&self.input.split_to(size as usize));
            }
            self.chunk_end().await?;
        }
    }

    /// Reads the fields behind the last chunk.
    async fn trailers(&mut self) -> Result<Vec<(String, String)>, Broken> {
        let mut read = 0;
        let mut fields = Vec::new();
        loop {
            while let Some(end) = self.input.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.input.split_to(end + 2);
                if end == 0 {
                    return Ok(fields);
                }
                read += end + 2;
                let line = String::from_utf8_lossy(&line[..end]);
                if let Some((name, value)) = line.split_once(':') {
                    fields.push((name.trim().to_owned(), value.trim().to_owned()));
                }
            }
            if read + self.input.len() > MAX_HEAD {
                return Err(Broken::HeadTooLarge);
            }
            self.more().await?;
        }
    }

    async fn fill(&mut self, length: usize) -> Result<(), Broken> {
        self.input.reserve(length.saturating_sub(self.input.len()));
        while self.input.len() < length {
            self.more().await?;
        }
        Ok(())
    }

    async fn skip(&mut self, length: u64, total: u64) -> Result<(), Broken> {
        if total > MAX_DRAINED {
            return Err(Broken::Malformed("the body is too large"));
        }
        let mut left = length;
        loop {
            let here = left.min(self.input.len() as u64);
            let _ = self.input.split_to(here as usize);
            left -= here;
            if left == 0 {
                return Ok(());
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<(), Broken> {
        self.input.reserve(READ);
        if self.stream.read_buf(&mut self.input).await? == 0 { Err(cut()) } else { Ok(()) }
    }

    /// Writes an answer; `Content-Length` and `Connection` are added. `with_body` is false for the answer to a HEAD,
    /// which tells the length of a body that it does not send.
    pub(crate) async fn answer(
        &mut self,
        status: StatusCode,
        headers: &[(impl AsRef<str>, impl AsRef<str>)],
        body: &[u8],
        with_body: bool,
        keep_alive: bool,
    ) -> io::Result<()> {
        use std::io::Write;
        self.begin_answer(status, headers)?;
        let output = &mut self.output;
        let connection = if keep_alive { "keep-alive" } else { "close" };
        write!(output, "Content-Length: {}\r\nConnection: {connection}\r\n\r\n", body.len())?;
        if with_body && body.len() <= SMALL_BODY {
            output.extend_from_slice(body);
        }
        self.stream.write_all(output).await?;
        if with_body && body.len() > SMALL_BODY {
            self.stream.write_all(body).await?;
        }
        Ok(())
    }

    /// Writes status and headers into the output, which is emptied first.
    fn begin_answer(
        &mut self,
        status: StatusCode,
        headers: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> io::Result<()> {
        use std::io::Write;
        let output = &mut self.output;
        output.clear();
        let reason = status.canonical_reason().unwrap_or_default();
        write!(output, "HTTP/1.1 {} {reason}\r\n", status.as_u16())?;
        for (name, value) in headers {
            output.extend_from_slice(name.as_ref().as_bytes());
            output.extend_from_slice(b": ");
            // A value cannot end its line: what would is left out.
            output.extend(value.as_ref().bytes().filter(|byte| *byte >= b' ' || *byte == b'\t'));
            output.extend_from_slice(b"\r\n");
        }
        Ok(())
    }
}

fn cut() -> Broken {
    Broken::Io(io::ErrorKind::UnexpectedEof.into())
}

fn parse_head(input: &[u8]) -> Result<Option<(Head, usize)>, Broken> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(input) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Broken::HeadTooLarge),
        Err(_) => return Err(Broken::Malformed("this is not HTTP/1.1")),
    };
    let mut head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        headers: Vec::with_capacity(request.headers.len()),
        keep_alive: request.version == Some(1),
        takes_chunks: request.version == Some(1),
        framing: Framing::Length(0),
        expects_continue: false,
    };
    let mut length_given = None;
    for field in request.headers.iter() {
        let value = match std::str::from_utf8(field.value) {
            Ok(text) => text.to_owned(),
            // Latin-1, as HTTP says of bytes that are not ASCII.
            Err(_) => field.value.iter().map(|byte| char::from(*byte)).collect(),
        };
        let name = field.name;
        if name.eq_ignore_ascii_case("content-length") {
            let length =
                value.trim().parse().map_err(|_| Broken::Malformed("Content-Length is no number"))?;
            if length_given.replace(length).is_some_and(|other| other != length) {
                return Err(Broken::Malformed("there are two Content-Lengths"));
            }
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.trim().eq_ignore_ascii_case("chunked") {
                return Err(Broken::Malformed("the Transfer-Encoding is not chunked"));
            }
            head.framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("connection") {
            let has = |token: &str| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token));
            head.keep_alive = has("keep-alive") || (head.keep_alive && !has("close"));
        } else if name.eq_ignore_ascii_case("expect") {
            head.expects_continue = value.trim().eq_ignore_ascii_case("100-continue");
        }
        head.headers.push((name.to_owned(), value));
    }
    match (head.framing, length_given) {
        (Framing::Chunked, Some(_)) => {
            return Err(Broken::Malformed("there are both Content-Length and Transfer-Encoding"));
        }
        (Framing::Length(_), Some(length)) => head.framing = Framing::Length(length),
        _ => {}
    }
    Ok(Some((head, length)))
}

#[cfg(test)]
mod tests;
