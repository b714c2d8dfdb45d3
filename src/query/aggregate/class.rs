//! How exact an aggregate is, and what it costs to keep: what the window and `braid aggregates` say of it.

/// How exact an aggregate is, and what it costs to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Bit for bit the same for every cut of the rows; constant state a group.
    Exact,
    /// An estimate within a bound; a state of bounded size a group.
    Sketch { bound: &'static str },
    /// Exact, but the state grows with the distinct values.
    KeepsValues,
    /// Exact, but the state grows with the rows.
    KeepsRows { bytes: usize },
    /// Not incremental: computed anew over what is kept or stored, at a pace that its cost sets.
    Rerun,
}

impl Class {
    pub fn word(self) -> String {
        match self {
            Self::Exact => "exact".to_owned(),
            Self::Sketch { bound } => format!("sketch ({bound})"),
            Self::KeepsValues => "exact, keeps each distinct value".to_owned(),
            Self::KeepsRows { bytes: 0 } => "exact, keeps rows".to_owned(),
            Self::KeepsRows { bytes } => format!("exact, keeps rows ({bytes} bytes a row)"),
            Self::Rerun => "re-run (not incremental)".to_owned(),
        }
    }

    /// The dearer, the larger.
    pub fn rank(self) -> u8 {
        match self {
            Self::Exact => 0,
            Self::Sketch { .. } => 1,
            Self::KeepsValues => 2,
            Self::KeepsRows { .. } => 3,
            Self::Rerun => 4,
        }
    }
}
