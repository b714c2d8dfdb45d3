//! How much of what feeds send is kept: by age, and by room on the disk.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::log::Keep;

/// What is dropped first is the oldest. `None` is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    pub days: Option<u32>,
    /// Of each feed.
    pub mebibytes: Option<u32>,
}

impl Retention {
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    pub fn keep(&self) -> Keep {
        Keep {
            bytes: self.mebibytes.map(|mebibytes| u64::from(mebibytes) << 20),
            age: self.days.map(|days| Duration::from_hours(24 * u64::from(days))),
        }
    }
}
