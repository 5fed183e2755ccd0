//! Certificates of each test's own authority, as PEM files.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::process::Folder;

/// An authority that signs certificates into a folder.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    name: &'static str,
    /// Its own certificate.
    pub(crate) certificate: PathBuf,
}

/// A certificate and its key.
pub(crate) struct Signed {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn new(name: &'static str, folder: &Folder) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self {
            certificate: folder.write(&format!("{name}.pem"), &certificate),
            issuer: Issuer::new(params, key),
            name,
        }
    }

    /// Certifies a server on loopback, or a client.
    pub(crate) fn sign(&self, whom: &str, folder: &Folder) -> Signed {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([String::from("127.0.0.1")]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        let name = format!("{}-{whom}", self.name);
        Signed {
            certificate: folder.write(&format!("{name}.pem"), &certificate),
            key: folder.write(&format!("{name}.key"), &key.serialize_pem()),
        }
    }
}
