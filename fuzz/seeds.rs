//! Writes the valid samples as a corpus to begin with: `corpus/KIND/N`.
#![allow(clippy::expect_used, reason = "a tool may fail loudly")]

fn main() {
    for kind in braid_fuzz::corpus::KINDS {
        let folder = std::path::Path::new("corpus").join(kind.name);
        std::fs::create_dir_all(&folder).expect("a place to write");
        for (i, bytes) in (kind.samples)().iter().enumerate() {
            std::fs::write(folder.join(i.to_string()), bytes).expect("a place to write");
        }
    }
}
