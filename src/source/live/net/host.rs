//! The host and port of an address. What is asked there is the feeds'.

use crate::data::{Fault, Result};
use crate::source::live::FeedUrl;

/// The host and port that an address names before its first slash; a host in brackets without them. `pattern` shows how
/// such an address is written.
///
/// # Errors
/// When there is no host, or it stands behind a password, or no port is named where none is usual.
pub fn of(url: &FeedUrl, usual: Option<u16>, pattern: &str) -> Result<(String, u16)> {
    let fault = |what: String| Fault::new(what).at(url.shown()).hint(format!("write it like {pattern}"));
    let place = url.target.split('/').next().unwrap_or_default();
    if place.is_empty() {
        return Err(fault("this address names no host".to_owned()));
    }
    if place.contains('@') {
        return Err(fault("a user name and password in the address cannot be sent yet".to_owned())
            .hint("leave out what stands before the @"));
    }
    let (host, port) = split(place).map_err(fault)?;
    let port = port.or(usual).ok_or_else(|| fault("this address names no port".to_owned()))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}

/// Takes `HOST:PORT` apart; the colons of an IPv6 address stand in brackets.
///
/// # Errors
/// What is wrong with the address, in words.
pub fn split(place: &str) -> std::result::Result<(&str, Option<u16>), String> {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    if host.is_empty()
        || host.contains(char::is_whitespace)
        || (host.contains(':') && !(host.starts_with('[') && host.ends_with(']')))
    {
        return Err(format!("'{place}' is not the address of a server"));
    }
    let number = |port: &str| {
        if port.bytes().all(|b| b.is_ascii_digit()) { port.parse::<u16>().ok().filter(|port| *port > 0) } else { None }
    };
    let wrong = |port: &str| format!("'{port}' is not a port: that is a number from 1 to 65535");
    port.map(|port| number(port).ok_or_else(|| wrong(port))).transpose().map(|port| (host, port))
}
