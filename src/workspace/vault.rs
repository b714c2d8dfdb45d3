//! What is this user's alone, in the folder for settings: the key that proves that a file was saved here, the hosts
//! that were agreed to, and the secrets of feeds. Who is asked, and when, is left to the window.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use ring::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::{Fault, Result};
use crate::disk::own;
use crate::source::live::url::Secret;

/// The folder of those files. Each is for this user alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    folder: PathBuf,
}

const KEY: &str = "key";
const KEY_BYTES: usize = 32;
const HOSTS: &str = "hosts.json";
const SECRETS: &str = "secrets.json";
/// Bytes that such a file may have: more is none of ours.
const LARGEST: u64 = 16 << 20;

impl Vault {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// What proves that `text` was saved by this user on this machine, as 64 hexadecimal digits. The key is made when
    /// there is none.
    ///
    /// # Errors
    /// When the key can be neither read nor made.
    pub fn seal(&self, text: &str) -> Result<String> {
        let key = match self.key()? {
            Some(key) => key,
            None => self.make_key()?,
        };
        Ok(hmac::sign(&key, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Whether `seal` is what `seal` gave for this text. Compared in a time that tells nothing.
    pub fn is_sealed(&self, text: &str, seal: &str) -> bool {
        let pairs = seal
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()));
        let tag: Option<Vec<u8>> = pairs.collect();
        let key = self.key().ok().flatten();
        tag.zip(key).is_some_and(|(tag, key)| hmac::verify(&key, text.as_bytes(), &tag).is_ok())
    }

    fn key(&self) -> Result<Option<hmac::Key>> {
        let path = self.folder.join(KEY);
        match read(&path)? {
            None => Ok(None),
            Some(bytes) if bytes.len() == KEY_BYTES => Ok(Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes))),
            Some(_) => Err(Fault::new("this is no key of Braid")
                .at(path.display().to_string())
                .hint("remove it: a new one is made")),
        }
    }

    fn make_key(&self) -> Result<hmac::Key> {
        let path = self.folder.join(KEY);
        let mut bytes = [0; KEY_BYTES];
        let random = ring::rand::SystemRandom::new();
        ring::rand::SecureRandom::fill(&random, &mut bytes)
            .map_err(|_| Fault::new("the system gives no random numbers").at(path.display().to_string()))?;
        self.write(KEY, &bytes)?;
        // Another window may have made one at the same time: the one that is there counts.
        let key = self.key()?;
        Ok(key.unwrap_or_else(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Hosts that files from elsewhere may connect to.
    pub fn agreed(&self) -> BTreeSet<String> {
        self.load(HOSTS)
    }

    /// Adds to them.
    ///
    /// # Errors
    /// The disk's.
    pub fn agree(&self, hosts: impl IntoIterator<Item = String>) -> Result<()> {
        let known = self.agreed();
        let all: BTreeSet<String> = known.iter().cloned().chain(hosts).collect();
        if all == known { Ok(()) } else { self.save(HOSTS, &all) }
    }

    /// The secrets of feeds by the names that saved addresses hold.
    pub fn secrets(&self) -> BTreeMap<String, Secret> {
        self.load(SECRETS)
    }

    /// Keeps these, too.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep(&self, more: BTreeMap<String, Secret>) -> Result<()> {
        let mut secrets = self.secrets();
        if more.keys().all(|name| secrets.contains_key(name)) {
            return Ok(());
        }
        secrets.extend(more);
        self.save(SECRETS, &secrets)
    }

    /// What stands in a file; nothing where there is none, or none that can be read.
    fn load<T: DeserializeOwned + Default>(&self, name: &str) -> T {
        let bytes = read(&self.folder.join(name)).ok().flatten();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn save(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_vec_pretty(value).map_err(|e| Fault::new(e.to_string()).at(name))?;
        self.write(name, &text)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        own::folders(&self.folder)
            .and_then(|()| own::replace(&path, bytes))
            .map_err(|e| Fault::io(path.display().to_string(), &e))
    }
}

/// A file of the vault, if there is one that is this user's.
fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match own::read_up_to(path, LARGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Fault::io(path.display().to_string(), &error)),
    }
}
