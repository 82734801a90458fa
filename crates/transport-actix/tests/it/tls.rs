//! TLS of our own, with both protocols.

use crate::fixture::{Server, settings};
use diptych_transport_actix::{HttpSettings, Tls, TlsError};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate and its key as files.
struct Files {
    folder: PathBuf,
    roots: RootCertStore,
}

impl Files {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("diptych-tls-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        Self { folder, roots }
    }

    fn tls(&self) -> Tls {
        Tls::from_pem_files(self.folder.join("cert.pem"), self.folder.join("key.pem")).unwrap()
    }

    async fn connect(&self, server: &Server, protocol: &str) -> TlsStream<TcpStream> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(self.roots.clone()).with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let socket = TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn both_protocols_are_spoken() {
    let files = Files::new();
    let server = Server::with(HttpSettings { tls: Some(files.tls()), ..settings() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stream = files.connect(&server, "http/1.1").await;
        let request = "GET /api/notes/count HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n0"), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=63072000"), "{answer}");

        let stream = files.connect(&server, "h2").await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(async { drop(connection.await) });
        let request = http::Request::get("https://localhost/api/notes/count").body(()).unwrap();
        let (response, _) = client.ready().await.unwrap().send_request(request, true).unwrap();
        let mut response = response.await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &*response.body_mut().data().await.unwrap().unwrap()),
            (200, &b"0"[..])
        );
        assert!(response.headers().contains_key("strict-transport-security"));

        // One that speaks no TLS is hung up on.
        let mut plain = TcpStream::connect(server.address).await.unwrap();
        plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), plain.read_to_end(&mut answer)).await.unwrap();
        assert!(!answer.starts_with(b"HTTP"));
    });
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let (one, other) = (Files::new(), Files::new());
    let of = |chain: PathBuf, key: PathBuf| Tls::from_pem_files(chain, key).unwrap_err();
    let missing = of(one.folder.join("none.pem"), one.folder.join("key.pem"));
    assert!(matches!(&missing, TlsError::File(path) if path.ends_with("none.pem")), "{missing}");
    let swapped = of(one.folder.join("key.pem"), one.folder.join("cert.pem"));
    assert!(matches!(swapped, TlsError::File(_)), "{swapped}");
    let mismatch = of(one.folder.join("cert.pem"), other.folder.join("key.pem"));
    assert!(matches!(mismatch, TlsError::Mismatch), "{mismatch}");
}
