//! What this system knows of the owner of a file or folder, and how one is opened or made for this user alone. What is
//! done with them is left to others.

#[cfg(not(unix))]
pub use other::{builder, is_open, is_ours, is_roots, names, options, tighten};
#[cfg(unix)]
pub use unix::{builder, is_open, is_ours, is_roots, names, options, tighten};

#[cfg(unix)]
mod unix {
    use std::fs::{DirBuilder, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
    use std::path::Path;

    pub fn builder() -> DirBuilder {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder
    }

    /// Neither through a link nor waiting for somebody at the other end of a pipe.
    pub fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
        options
    }

    pub fn is_ours(found: &Metadata) -> bool {
        found.uid() == rustix::process::geteuid().as_raw()
    }

    pub fn is_roots(found: &Metadata) -> bool {
        found.uid() == 0
    }

    /// Whether all may change what is in a folder.
    pub fn is_open(found: &Metadata) -> bool {
        found.mode() & 0o002 != 0
    }

    pub fn names(found: &Metadata) -> u64 {
        found.nlink()
    }

    /// Takes from others what they may do with a folder of ours.
    pub fn tighten(path: &Path, found: &Metadata) -> io::Result<()> {
        if is_ours(found) && found.mode() & 0o077 != 0 {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
}

#[cfg(not(unix))]
mod other {
    use std::fs::{DirBuilder, Metadata, OpenOptions};
    use std::io;
    use std::path::Path;

    pub fn builder() -> DirBuilder {
        DirBuilder::new()
    }

    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    // A user's own folders are closed to others there.
    pub fn is_ours(_: &Metadata) -> bool {
        true
    }

    pub fn is_roots(_: &Metadata) -> bool {
        true
    }

    pub fn is_open(_: &Metadata) -> bool {
        false
    }

    pub fn names(_: &Metadata) -> u64 {
        1
    }

    pub fn tighten(_: &Path, _: &Metadata) -> io::Result<()> {
        Ok(())
    }
}
