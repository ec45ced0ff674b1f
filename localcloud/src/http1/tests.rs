use super::*;

async fn sent(bytes: &[u8]) -> Connection<tokio::io::DuplexStream> {
    let (mut client, server) = tokio::io::duplex(1024 * 1024);
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
    Connection::new(server)
}

#[tokio::test]
async fn names_keep_their_case_and_requests_follow_one_another() {
    let mut connection = sent(
        b"POST /a?b=1 HTTP/1.1\r\nX-CaSe: \xe9\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    )
    .await;
    let head = connection.head().await.unwrap().unwrap();
    assert_eq!((head.method.as_str(), head.target.as_str(), head.keep_alive), ("POST", "/a?b=1", true));
    assert_eq!(head.headers[0], ("X-CaSe".to_owned(), "é".to_owned()));
    assert_eq!(connection.body(&head, 10).await.unwrap(), Body::Whole("hi".into()));
    let head = connection.head().await.unwrap().unwrap();
    assert_eq!((head.method.as_str(), head.keep_alive), ("GET", false));
    assert!(connection.head().await.unwrap().is_none());
}

#[tokio::test]
async fn chunks_are_joined_and_trailers_passed_over() {
    let mut connection = sent(
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\nGET /next HTTP/1.1\r\n\r\n",
    )
    .await;
    let head = connection.head().await.unwrap().unwrap();
    assert_eq!(connection.body(&head, 5).await.unwrap(), Body::Whole("abcde".into()));
    assert_eq!(connection.head().await.unwrap().unwrap().target, "/next");
}

#[tokio::test]
async fn a_body_over_the_limit_is_read_to_its_end() {
    for framing in [
        &b"Content-Length: 5\r\n\r\nabcde"[..],
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    ] {
        let mut connection =
            sent(&[b"POST / HTTP/1.1\r\n", framing, b"GET /next HTTP/1.1\r\n\r\n"].concat()).await;
        let head = connection.head().await.unwrap().unwrap();
        assert_eq!(connection.body(&head, 4).await.unwrap(), Body::TooLarge);
        assert_eq!(connection.head().await.unwrap().unwrap().target, "/next");
    }
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    for bad in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Content-Length: -1\r\n",
    ] {
        let request = format!("POST / HTTP/1.1\r\n{bad}\r\nx");
        let answer = sent(request.as_bytes()).await.head().await;
        assert!(matches!(answer, Err(Broken::Malformed(_))), "{bad}");
    }
}
