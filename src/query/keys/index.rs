//! A hash index of things that are stored elsewhere and numbered from 0. Each place holds the number and 32 bits of the
//! hash, so that it grows without looking at the things, and seldom looks at one in vain.

/// Numbers by hash. What equal means is left to the caller.
#[derive(Debug, Default)]
pub struct Index {
    /// The hash in the upper half, the number and one in the lower; 0 is a free place. A power of two of them.
    places: Vec<u64>,
    used: usize,
}

const LEAST: usize = 64;
/// Places that fit the fastest memory; up to there so many are kept for each thing.
const SMALL: usize = 4_096;
const SPARSE: usize = 16;
/// Up to this many places are in the cache anyway.
const NEAR: usize = 2_048;

#[inline]
fn tag(hash: u64) -> u64 {
    hash >> 32
}

impl Index {
    pub fn size(&self) -> usize {
        self.places.capacity() * 8
    }

    #[inline]
    fn mask(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }

    /// The number of the thing with this hash for which `same` holds.
    #[inline]
    pub fn find(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        let tag = tag(hash);
        let mut at = tag as usize & self.mask();
        loop {
            let place = *self.places.get(at)?;
            if place == 0 {
                return None;
            }
            if place >> 32 == tag && same((place as u32).wrapping_sub(1)) {
                return Some((place as u32).wrapping_sub(1));
            }
            at = (at + 1) & self.mask();
        }
    }

    /// Adds a thing that `find` did not find.
    pub fn insert(&mut self, hash: u64, number: u32) {
        self.reserve(1);
        self.used += 1;
        put(&mut self.places, tag(hash) << 32 | u64::from(number.wrapping_add(1)));
    }

    /// Makes room for so many more things.
    pub fn reserve(&mut self, more: usize) {
        let used = self.used + more;
        // Room is cheap while there is little of it: then nearly every search ends at its first place.
        let wanted = (used + used / 3).max((used * SPARSE).min(SMALL));
        if wanted <= self.places.len() {
            return;
        }
        let mut places = vec![0; wanted.next_power_of_two().max(LEAST)];
        for &place in self.places.iter().filter(|place| **place != 0) {
            put(&mut places, place);
        }
        self.places = places;
    }

    /// Looks at the place of each hash and at the thing that is probably meant, so that all their memory is on
    /// its way at the same time. `look` reads something of the thing with a number.
    #[inline]
    pub fn touch(&self, hashes: &[u64], look: impl Fn(usize) -> u64) {
        let mask = self.mask();
        let place = |hash: &u64| self.places.get(tag(*hash) as usize & mask).copied().unwrap_or_default();
        if self.places.len() <= NEAR {
            return;
        }
        let mut seen = hashes.iter().fold(0, |seen, hash| seen ^ place(hash));
        seen ^= hashes.iter().fold(0, |seen, hash| seen ^ look((place(hash) as u32).wrapping_sub(1) as usize));
        std::hint::black_box(seen);
    }
}

#[inline]
fn put(places: &mut [u64], place: u64) {
    let mask = places.len().wrapping_sub(1);
    let mut at = (place >> 32) as usize & mask;
    while let Some(free) = places.get_mut(at) {
        if *free == 0 {
            *free = place;
            return;
        }
        at = (at + 1) & mask;
    }
}
