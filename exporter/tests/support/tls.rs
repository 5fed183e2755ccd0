//! A CA, certificates of it in files, and a receiver that speaks TLS.

#![allow(dead_code, reason = "every test uses its part of it")]

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// A CA, and files of certificates that it signed.
pub(crate) struct Pki {
    dir: TempDir,
    ca: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
pub(crate) type Identity = (PathBuf, PathBuf);

impl Pki {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("ca.pem"), ca.pem()).unwrap();
        Self { dir, ca }
    }

    /// Signs a certificate for `name`, in `<file>.pem` and `<file>-key.pem`.
    pub(crate) fn sign(&self, file: &str, name: &str) -> Identity {
        self.sign_until(file, name, 4096)
    }

    /// The same, for a certificate that ends with the year before.
    pub(crate) fn sign_until(&self, file: &str, name: &str, year: i32) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        let certificate = self.write(&format!("{file}.pem"), &certificate.pem());
        let key = key.serialize_pem();
        (certificate, self.write(&format!("{file}-key.pem"), &key))
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.path(file);
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// The CA's certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }
}

/// A receiver with this certificate, for those who show one of the CA in
/// `clients`, or for all.
pub(crate) fn server((certificate, key): &Identity, clients: Option<&Path>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_file(ca).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

/// A request: its path and its body.
pub(crate) type Received = (String, Vec<u8>);

/// Takes all it gets over TLS; stops listening when the process ends.
pub(crate) struct TlsSink {
    address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl TlsSink {
    pub(crate) fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(Mutex::new(config));
        let received = Arc::default();
        let (configured, taken) = (Arc::clone(&config), Arc::clone(&received));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = Arc::clone(&configured.lock().unwrap());
                let taken = Arc::clone(&taken);
                thread::spawn(move || serve(stream, config, &taken));
            }
        });
        Self {
            address,
            config,
            received,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// For the connections that follow.
    pub(crate) fn set(&self, config: Arc<ServerConfig>) {
        *self.config.lock().unwrap() = config;
    }

    /// All that was taken and not asked for yet.
    pub(crate) fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

fn serve(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
    received: &Mutex<Vec<Received>>,
) -> io::Result<()> {
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        if connection.complete_io(&mut stream).is_err() {
            // It has said why. What is unread would turn that into a reset.
            stream.shutdown(Shutdown::Write)?;
            return io::copy(&mut stream, &mut io::sink()).map(drop);
        }
    }
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let request = read(&mut stream)?;
        received.lock().unwrap().push(request);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        stream.get_mut().write_all(answer)?;
    }
}

fn read(stream: &mut impl BufRead) -> io::Result<Received> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let path = line.split(' ').nth(1).ok_or(ErrorKind::UnexpectedEof)?;
    let path = path.to_owned();
    let mut length = 0;
    while !line.trim().is_empty() {
        line.clear();
        stream.read_line(&mut line)?;
        let header = line.trim().to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((path, body))
}
