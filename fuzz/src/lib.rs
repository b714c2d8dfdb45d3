//! What all fuzz targets do: the bytes lie at a path, and all of them is read, in every way there is. Kinds, valid
//! samples, mutations and laws are those of `tests/all/corpus`, which the plain tests use, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a fuzz target may fail loudly")]

#[path = "../../tests/all/corpus/mod.rs"]
pub mod corpus;

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use corpus::Kind;

pub use libfuzzer_sys;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
    static SAMPLES: OnceCell<Vec<Vec<u8>>> = const { OnceCell::new() };
}

/// libFuzzer's own hook ends the process at every panic, also one within the guard around a decoder of polars.
pub fn begin() {
    std::panic::set_hook(Box::new(|_| ()));
}

/// Reads one input; a broken law or a panic that comes out of the library ends the process.
pub fn run(kind: &Kind, bytes: &[u8]) {
    let outcome = FOLDER.with(|folder| {
        let path = folder.get_or_init(|| tempfile::tempdir().expect("a place to write")).path().join(kind.file);
        std::fs::write(&path, bytes).expect("a place to write");
        catch_unwind(AssertUnwindSafe(|| (kind.read)(&path)))
    });
    match outcome {
        Ok(Ok(_)) => {}
        Ok(Err(law)) => end(&law),
        Err(cause) => end(cause.downcast_ref::<String>().map_or("a panic", String::as_str)),
    }
}

fn end(why: &str) -> ! {
    eprintln!("{why}");
    std::process::abort()
}

/// Mutates in place, as the plain tests do; the new length. Every other time libFuzzer's own way.
pub fn mutate(kind: &Kind, data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    if seed % 2 == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, most);
    }
    let mut rng = fastrand::Rng::with_seed(u64::from(seed));
    let mut bytes = data[..size].to_vec();
    SAMPLES.with(|samples| corpus::mutate(&mut bytes, samples.get_or_init(|| (kind.samples)()), &mut rng));
    let length = bytes.len().min(most);
    data[..length].copy_from_slice(&bytes[..length]);
    length
}

/// A target of the kind of that name.
#[macro_export]
macro_rules! target {
    ($kind:literal) => {
        use $crate::libfuzzer_sys::{fuzz_mutator, fuzz_target};

        fuzz_target!(init: $crate::begin(), |data: &[u8]| $crate::run($crate::corpus::kind($kind), data));

        fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate($crate::corpus::kind($kind), data, size, max_size, seed)
        });
    };
}
