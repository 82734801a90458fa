//! TLS 1.2 and 1.3, by rustls with aws-lc.

use super::socket::Socket;
use std::{
    error::Error as StdError,
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
    server::TlsStream,
};

/// What a server proves with who it is. Clients are offered HTTP/2 and HTTP/1.1 (ALPN, RFC 7301).
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

/// Why a certificate or a key cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// The file is not there, is not PEM, or has nothing of its kind in it.
    File(PathBuf),
    /// The key is not that of the certificate, or of a kind that is not known.
    Mismatch,
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its private key (PKCS #8, PKCS #1 or SEC 1), both as PEM.
    /// They are read once: after a renewal the server has to be started anew.
    ///
    /// # Errors
    /// One of the files cannot be used, or they do not belong together.
    pub fn from_pem_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        let unusable = |path: &Path| TlsError::File(path.to_owned());
        let certificates = CertificateDer::pem_file_iter(chain).map_err(|_| unusable(chain))?;
        let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|_| unusable(chain))?;
        if certificates.is_empty() {
            return Err(unusable(chain));
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(|_| unusable(key))?;
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|_| TlsError::Mismatch)?;
        let mut config =
            builder.with_no_client_auth().with_single_cert(certificates, key).map_err(|_| TlsError::Mismatch)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config).into()))
    }

    pub(super) async fn accept(&self, socket: Socket) -> io::Result<TlsStream<Socket>> {
        self.0.accept(socket).await
    }
}

/// Without the key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{} is not a readable PEM file with what is needed", path.display()),
            Self::Mismatch => f.write_str("the private key is not that of the certificate, or of an unknown kind"),
        }
    }
}

impl StdError for TlsError {}
