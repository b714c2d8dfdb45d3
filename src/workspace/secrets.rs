//! Credentials never reach a saved workspace: what is secret of a feed's address is taken out before it is written, and
//! kept apart in a file that only this user can read. What is secret is `FeedUrl`'s to say.

use std::collections::BTreeMap;

use super::vault::Vault;
use crate::data::Result;
use crate::source::live::FeedUrl;
use crate::source::live::url::{Secret, outline};

/// The parameter of a saved address that names its secret.
const KEPT: &str = "kept";

/// The address without user, password and secret parameters.
pub fn without_secrets(url: &str) -> String {
    FeedUrl::parse(url).map_or_else(|_| outline(url), |url| url.apart().0)
}

/// The address as it may be saved; its secret, if it has one, goes to `secrets` under the name that the address holds.
///
/// # Errors
/// When the key that names secrets cannot be made.
pub(super) fn put_apart(url: &str, vault: &Vault, secrets: &mut BTreeMap<String, Secret>) -> Result<String> {
    let Ok(parsed) = FeedUrl::parse(url) else { return Ok(outline(url)) };
    let (plain, secret) = parsed.apart();
    if secret == Secret::default() {
        return Ok(plain);
    }
    // The same address has the same name, which tells nobody without the key anything.
    let name: String = vault.seal(url)?.chars().take(32).collect();
    let saved = format!("{plain}{}{KEPT}={name}", if plain.contains('?') { '&' } else { '?' });
    secrets.insert(name, secret);
    Ok(saved)
}

/// A saved address whole again; without its secret where that is not kept here.
pub(super) fn put_back(saved: &str, secrets: &BTreeMap<String, Secret>) -> String {
    let Some((address, query)) = saved.split_once('?') else { return saved.to_owned() };
    let named = |pair: &&str| pair.strip_prefix(KEPT).is_some_and(|rest| rest.starts_with('='));
    let Some(name) = query.split('&').find(named).and_then(|pair| pair.split_once('=')).map(|(_, name)| name) else {
        return saved.to_owned();
    };
    let rest: Vec<&str> = query.split('&').filter(|pair| !named(pair)).collect();
    let plain = if rest.is_empty() { address.to_owned() } else { format!("{address}?{}", rest.join("&")) };
    secrets.get(name).map_or(plain.clone(), |secret| FeedUrl::join(&plain, secret))
}
