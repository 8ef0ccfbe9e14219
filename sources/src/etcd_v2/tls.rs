//! TLS as the v3 API has it: ring, with the system's roots or those that are given.

use std::fmt::Display;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::access::Material;
use crate::failure::Failure;

/// The configuration of a client.
pub(super) fn config(material: &Material) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| denied("TLS", &error))?
        .with_root_certificates(roots(material)?);
    let Some((certificate, key)) = &material.identity else { return Ok(builder.with_no_client_auth()) };
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| denied("the client's key", &error))?;
    builder
        .with_client_auth_cert(certificates(certificate, "the client's certificate")?, key)
        .map_err(|error| denied("the client's certificate", &error))
}

fn roots(material: &Material) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    let Some(ca) = &material.ca else {
        // Some that cannot be read are left out, as every client does; with none at all no server is trusted.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    for certificate in certificates(ca, "the CA's certificates")? {
        roots.add(certificate).map_err(|error| denied("the CA's certificates", &error))?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| denied(what, &error))
}

fn denied(what: &str, why: &dyn Display) -> Failure {
    Failure::Denied(format!("{what}: {why}"))
}
