//! Laws of encrypted connections: what is wrong is said in words. The certificates beside this file were made for it
//! and serve for nothing else.

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use braid::source::live::net::tls;
use braid::source::live::{self, Expect, Opened};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError, Error};

use crate::live::{LONG, read, rows, url};

fn certificate(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/all/certificates/{name}.pem"))
}

/// A feed from a server that shows this certificate, and sends a row where it is believed.
fn served(shown: &str, trusted: Option<&str>, check: impl FnOnce(Box<dyn Opened>)) {
    let chain = vec![CertificateDer::from_pem_file(certificate(shown)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate(shown)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let trust = trusted.map(|name| format!("?ca={}", certificate(name).display())).unwrap_or_default();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut connection = rustls::ServerConnection::new(config).unwrap();
            let tls = rustls::Stream::new(&mut connection, &mut stream);
            let Ok(mut socket) = tungstenite::accept(tls) else { return };
            socket.send(tungstenite::Message::text("{\"n\":1}")).unwrap();
            while socket.read().is_ok() {}
            let _ = stream.flush();
        });
        check(live::open(&url(&format!("wss://localhost:{port}/{trust}")), Expect::default()).unwrap());
    });
}

#[test]
fn a_certificate_that_is_not_believed_says_why_in_words() {
    let cases = [
        ("authority", Some("authority"), "shows the certificate of an authority"),
        ("expired", Some("authority"), "has expired"),
        ("early", Some("authority"), "not valid yet"),
        ("other", Some("authority"), "made for another name"),
        ("good", None, "signed by nobody whom this program trusts"),
    ];
    for (shown, trusted, words) in cases {
        served(shown, trusted, |mut live| {
            let fault = live.settle(LONG).unwrap_err().to_string();
            assert!(fault.contains("no secure connection") && fault.contains(words), "{shown}: {fault}");
            assert!(!["CaUsed", "Issuer", "Error", "Context", "{"].iter().any(|code| fault.contains(code)), "{fault}");
        });
    }
    served("good", Some("authority"), |live| {
        let mut live = read(live);
        assert_eq!(rows(&mut *live, 1).numbers("n"), [1]);
    });
}

#[test]
fn every_error_of_a_certificate_or_alert_is_a_sentence() {
    let errors = [
        Error::InvalidCertificate(CertificateError::Revoked),
        Error::InvalidCertificate(CertificateError::BadSignature),
        Error::InvalidCertificate(CertificateError::UnhandledCriticalExtension),
        Error::InvalidCertificate(CertificateError::UnknownRevocationStatus),
        Error::AlertReceived(AlertDescription::HandshakeFailure),
        Error::AlertReceived(AlertDescription::ProtocolVersion),
        Error::AlertReceived(AlertDescription::UnknownCA),
        Error::AlertReceived(AlertDescription::CertificateRequired),
        Error::NoCertificatesPresented,
    ];
    for error in errors {
        let (what, hint) = tls::words(&error);
        let camel = what.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        assert!(!camel && what.contains("the server") && !hint.is_empty(), "{error:?}: {what}");
    }
    // Where a library leaves only its text.
    let said = tls::in_text("error connecting: invalid peer certificate: CaUsedAsEndEntity").unwrap();
    assert!(said.contains("certificate of an authority"), "{said}");
    let said = tls::in_text("x: received fatal alert: HandshakeFailure").unwrap();
    assert!(said.contains("no way to encrypt in common"), "{said}");
    assert_eq!(tls::in_text("connection refused"), None);
}
