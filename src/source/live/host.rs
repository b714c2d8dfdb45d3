//! The host and port of an address. What is asked there is the feeds'.

/// Takes `HOST:PORT` apart; the colons of an IPv6 address stand in brackets.
///
/// # Errors
/// What is wrong with it, in words.
pub fn split(place: &str) -> Result<(&str, Option<u16>), String> {
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
