//! Certificates and keys from PEM files, checked before anything is sent.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use super::ConfigError;
use super::error::excerpt;

/// A file, and the key, variable or call that named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PemFile {
    given_as: String,
    path: PathBuf,
}

/// The files of a connection, not read yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsFiles {
    pub(super) certificate: Option<PemFile>,
    pub(super) client_certificate: Option<PemFile>,
    pub(super) client_key: Option<PemFile>,
}

/// Whom a connection trusts and how it shows who it is.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    /// `None`: the web's root CAs. Otherwise these only.
    pub(crate) roots: Option<Arc<Vec<Certificate<'static>>>>,
    pub(crate) client: Option<ClientCert>,
}

impl PemFile {
    pub(super) fn new(given_as: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            given_as: given_as.into(),
            path: path.into(),
        }
    }

    fn read(&self) -> Result<Vec<u8>, ConfigError> {
        std::fs::read(&self.path)
            .map_err(|error| self.refuse(format!("the file cannot be read: {error}")))
    }

    /// The sections of its text. Errors of the parser are not told: they quote
    /// the file.
    fn sections(&self, text: &[u8]) -> Result<Vec<PemItem<'static>>, ConfigError> {
        parse_pem(text)
            .collect::<Result<_, _>>()
            .map_err(|_| self.refuse("the file is no whole PEM".into()))
    }

    fn certificates(&self) -> Result<Vec<Certificate<'static>>, ConfigError> {
        let sections = self.sections(&self.read()?)?.into_iter();
        let certificates: Vec<_> = sections
            .filter_map(|section| match section {
                PemItem::Certificate(certificate) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            return Err(self.refuse("the file holds no certificate in PEM".into()));
        }
        Ok(certificates)
    }

    /// The first key, as ureq takes it and as rustls does.
    fn private_key(&self) -> Result<(PrivateKey<'static>, PrivateKeyDer<'static>), ConfigError> {
        let text = self.read()?;
        let mut sections = self.sections(&text)?.into_iter();
        let key = sections.find_map(|section| match section {
            PemItem::PrivateKey(key) => Some(key),
            _ => None,
        });
        key.zip(PrivateKeyDer::from_pem_slice(&text).ok())
            .ok_or_else(|| {
                let reason = "the file holds no private key in PEM; an encrypted one is not read";
                self.refuse(reason.into())
            })
    }

    fn refuse(&self, reason: String) -> ConfigError {
        ConfigError::InvalidValue {
            key: self.given_as.clone(),
            value: excerpt(&self.path.to_string_lossy()),
            reason: reason.into(),
        }
    }
}

impl TlsFiles {
    /// These, with `over` over them, file by file.
    pub(super) fn under(&self, over: &Self) -> Self {
        let pick =
            |over: &Option<PemFile>, own: &Option<PemFile>| over.as_ref().or(own.as_ref()).cloned();
        Self {
            certificate: pick(&over.certificate, &self.certificate),
            client_certificate: pick(&over.client_certificate, &self.client_certificate),
            client_key: pick(&over.client_key, &self.client_key),
        }
    }

    /// Reads and checks them.
    pub(super) fn load(&self) -> Result<Tls, ConfigError> {
        let roots = match &self.certificate {
            None => None,
            Some(file) => {
                let certificates = file.certificates()?;
                check_roots(file, &certificates)?;
                Some(Arc::new(certificates))
            }
        };
        let client = match (&self.client_certificate, &self.client_key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                let chain = certificate.certificates()?;
                let (private_key, checked) = key.private_key()?;
                check_client(certificate, key, &chain, checked)?;
                Some(ClientCert::new_with_certs(&chain, private_key))
            }
            (Some(certificate), None) => {
                let reason = "a client certificate goes with a client key, which is missing";
                return Err(certificate.refuse(reason.into()));
            }
            (None, Some(key)) => {
                let reason = "a client key goes with a client certificate, which is missing";
                return Err(key.refuse(reason.into()));
            }
        };
        Ok(Tls { roots, client })
    }
}

impl Tls {
    /// As ureq takes it.
    pub(crate) fn config(&self) -> TlsConfig {
        let roots = self.roots.clone();
        TlsConfig::builder()
            .root_certs(roots.map_or(RootCerts::WebPki, RootCerts::Specific))
            .client_cert(self.client.clone())
            .build()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("roots", &self.roots.as_ref().map(|roots| roots.len()))
            .field("has_client", &self.client.is_some())
            .finish()
    }
}

/// ureq leaves out a root that it can't read, and then trusts nobody.
fn check_roots(file: &PemFile, certificates: &[Certificate<'_>]) -> Result<(), ConfigError> {
    let mut store = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        store
            .add(CertificateDer::from(certificate.der()))
            .map_err(|_| file.refuse(format!("certificate {} of the file is none", index + 1)))?;
    }
    Ok(())
}

/// ureq panics at the first connection if these do not go together.
fn check_client(
    file: &PemFile,
    key_file: &PemFile,
    chain: &[Certificate<'_>],
    key: PrivateKeyDer<'static>,
) -> Result<(), ConfigError> {
    // The provider that ureq takes.
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| ring::default_provider().into());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| file.refuse(error.to_string()))?
        .with_root_certificates(RootCertStore::empty());
    let chain = chain.iter();
    let chain = chain.map(|c| CertificateDer::from(c.der()).into_owned());
    match builder.with_client_auth_cert(chain.collect(), key) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err(key_file.refuse(format!(
            "the key is not that of the client certificate {:?}",
            excerpt(&file.path.to_string_lossy())
        ))),
        Err(rustls::Error::InvalidCertificate(_)) => {
            Err(file.refuse("the file holds a certificate that cannot be read".into()))
        }
        Err(_) => Err(key_file.refuse("the private key is of no kind that TLS knows".into())),
    }
}
