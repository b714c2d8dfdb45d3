//! Encrypted connections: whom to trust, and what goes wrong in words for a person. What is sent through them is the
//! feeds'.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};

use crate::data::{Fault, Result};

/// Trusts those who are trusted by `roots`, and shows no certificate of its own.
///
/// # Errors
/// Never with the provider that this build has.
pub fn config(roots: RootCertStore) -> std::result::Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The authorities of a PEM file.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn roots(path: &Path) -> Result<RootCertStore> {
    let hint = "name the file that holds the server's certificate authority with ca=PATH.pem";
    let place = || path.display().to_string();
    let unread = |error: &dyn std::fmt::Display| {
        Fault::new(format!("the certificates cannot be read: {error}")).at(place()).hint(hint)
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unread(&error))? {
        // One that is odd does not spoil the others of a system's bundle.
        let _ = roots.add(certificate.map_err(|error| unread(&error))?);
    }
    if roots.is_empty() { Err(Fault::new("this file holds no certificate").at(place()).hint(hint)) } else { Ok(roots) }
}

/// What TLS found wrong, where it is among the causes of an error.
pub fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Error> {
    if let Some(found) = error.downcast_ref::<Error>() {
        return Some(found);
    }
    // An error of the system hides what it was made of from `source`.
    let inner = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .map(|inner| inner as &(dyn std::error::Error + 'static));
    inner.or_else(|| error.source()).and_then(cause)
}

/// What is wrong, as the end of a sentence, and what to do about it.
pub fn words(error: &Error) -> (String, &'static str) {
    const CLOCK: &str = "check the clock of this machine, and ask who runs the server";
    const OWNER: &str = "ask who runs the server for a certificate that is made for it";
    let (what, hint) = match error {
        Error::InvalidCertificate(wrong) => match wrong {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("the server's certificate has expired", CLOCK)
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ("the server's certificate is not valid yet", CLOCK)
            }
            CertificateError::UnknownIssuer => (
                "the server's certificate is signed by nobody whom this program trusts",
                "if you trust who signed it, name the file with the authority's certificate with ca=PATH.pem",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                "the server's certificate is made for another name",
                "connect by the name that stands in the certificate",
            ),
            CertificateError::Revoked => ("the server's certificate was revoked", OWNER),
            CertificateError::BadEncoding => ("the server's certificate is damaged", OWNER),
            CertificateError::BadSignature => ("the server's certificate is not signed by whom it names", OWNER),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                ("the server's certificate is not made for servers", OWNER)
            }
            other if format!("{other:?}").contains("CaUsedAsEndEntity") => (
                AUTHORITY,
                "let the server have a certificate that is signed by its authority, and name the authority's with \
                 ca=PATH.pem",
            ),
            other => {
                return (
                    format!("the server's certificate is not accepted ({})", spaced(&format!("{other:?}"))),
                    OWNER,
                );
            }
        },
        Error::AlertReceived(alert) => return refused(*alert),
        Error::InvalidMessage(_) => (
            "what answers there does not speak TLS",
            "check the port, and whether the server wants an unencrypted connection",
        ),
        Error::PeerIncompatible(_) => {
            ("the server and this program have no way to encrypt in common", "let the server offer TLS 1.2 or 1.3")
        }
        Error::PeerMisbehaved(_) | Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            ("the server does not keep to the rules of TLS", "check that it is the right server")
        }
        Error::NoCertificatesPresented => ("the server shows no certificate", OWNER),
        Error::FailedToGetCurrentTime => ("the time is not known", "set the clock of this machine"),
        other => return (other.to_string(), "check that the server speaks TLS at that port"),
    };
    (what.to_owned(), hint)
}

/// As `words`, where only the text of an error is left.
pub fn in_text(text: &str) -> Option<String> {
    use CertificateError as C;
    const WRONG: [(&str, C); 10] = [
        ("UnknownIssuer", C::UnknownIssuer),
        ("certificate expired", C::Expired),
        ("Expired", C::Expired),
        ("certificate not valid yet", C::NotValidYet),
        ("NotValidYet", C::NotValidYet),
        ("certificate not valid for name", C::NotValidForName),
        ("NotValidForName", C::NotValidForName),
        ("BadSignature", C::BadSignature),
        ("BadEncoding", C::BadEncoding),
        ("Revoked", C::Revoked),
    ];
    const ALERTS: [(&str, AlertDescription); 6] = [
        ("HandshakeFailure", AlertDescription::HandshakeFailure),
        ("ProtocolVersion", AlertDescription::ProtocolVersion),
        ("CertificateRequired", AlertDescription::CertificateRequired),
        ("BadCertificate", AlertDescription::BadCertificate),
        ("UnrecognisedName", AlertDescription::UnrecognisedName),
        ("AccessDenied", AlertDescription::AccessDenied),
    ];
    if let Some((_, wrong)) = text.split_once("invalid peer certificate: ") {
        let known = || {
            WRONG
                .iter()
                .find(|(name, _)| wrong.starts_with(name))
                .map(|(_, wrong)| words(&Error::InvalidCertificate(wrong.clone())).0)
        };
        return if wrong.starts_with("CaUsedAsEndEntity") { Some(AUTHORITY.to_owned()) } else { known() };
    }
    let (_, alert) = text.split_once("received fatal alert: ")?;
    ALERTS.iter().find(|(name, _)| alert.starts_with(name)).map(|(_, alert)| refused(*alert).0)
}

const AUTHORITY: &str =
    "the server shows the certificate of an authority, and not one of its own that the authority has signed";

/// The server's own reason to end the connection.
fn refused(alert: AlertDescription) -> (String, &'static str) {
    const SERVER: &str = "ask who runs the server what it expects";
    let (what, hint) = match alert {
        AlertDescription::UnrecognisedName => {
            ("the server does not know the name that it was called by", "connect by the name that the server has")
        }
        AlertDescription::ProtocolVersion => {
            ("the server speaks another version of TLS", "let the server offer TLS 1.2 or 1.3")
        }
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            ("the server and this program have no way to encrypt in common", "let the server offer TLS 1.2 or 1.3")
        }
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate | AlertDescription::BadCertificate => {
            ("the server asks for a certificate of ours, which this build cannot show", SERVER)
        }
        AlertDescription::AccessDenied => ("the server refuses us", SERVER),
        AlertDescription::InternalError => ("the server failed", "try again in a while"),
        other => {
            return (format!("the server ended the secure connection ({})", spaced(&format!("{other:?}"))), SERVER);
        }
    };
    (what.to_owned(), hint)
}

/// `UnknownCA` as `unknown CA`: a name of the library is no sentence, but better than none.
fn spaced(name: &str) -> String {
    let name = name.split(['(', '{', ' ']).next().unwrap_or(name);
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && words.ends_with(|before: char| before.is_lowercase()) {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}
