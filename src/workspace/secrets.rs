//! Credentials never reach a saved workspace: they are taken out of a feed's address before it is written.

/// Words that mark a parameter as a secret, in its name or inside its value (a subscribe message, say).
const SECRET: &[&str] = &["token", "passw", "pwd", "secret", "apikey", "api_key", "api-key", "auth", "credential", "signature", "private"];
/// Whole names that are secrets, though words with other meanings contain them.
const SECRET_NAMES: &[&str] = &["key", "sig", "user", "username", "pass"];

/// The address without user, password and secret parameters.
pub fn without_secrets(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(a, q)| (a, Some(q)));
    let mut clean = without_user(address);
    let kept: Vec<&str> = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !is_secret(pair)).collect();
    if !kept.is_empty() {
        clean.push('?');
        clean.push_str(&kept.join("&"));
    }
    clean
}

/// `ws://ann:pw@host/path` becomes `ws://host/path`. Only addresses with `//` have a user.
fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

fn is_secret(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = name.to_ascii_lowercase();
    let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().to_ascii_lowercase();
    SECRET_NAMES.contains(&name.as_str()) || SECRET.iter().any(|word| name.contains(word) || value.contains(word)) || value.contains("\"key\"")
}
