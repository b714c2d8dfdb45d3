//! Which rows are held out to test a model on: those that scikit-learn's `train_test_split(test_size, random_state)`
//! would take, so that both can be compared row by row. That is numpy's legacy shuffle over the Mersenne Twister
//! (Matsumoto and Nishimura 1998).

use crate::data::{Fault, Result};

const WORDS: usize = 624;
const MIDDLE: usize = 397;

struct Twister {
    state: [u32; WORDS],
    at: usize,
}

impl Twister {
    fn new(seed: u32) -> Self {
        let mut state = [0; WORDS];
        let mut word = seed;
        for (i, place) in (0_u32..).zip(&mut state) {
            if i > 0 {
                word = 1_812_433_253_u32.wrapping_mul(word ^ (word >> 30)).wrapping_add(i);
            }
            *place = word;
        }
        Self { state, at: WORDS }
    }

    fn next(&mut self) -> u32 {
        if self.at == WORDS {
            for i in 0..WORDS {
                let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % WORDS] & 0x7fff_ffff);
                let twist = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + MIDDLE) % WORDS] ^ (joined >> 1) ^ twist;
            }
            self.at = 0;
        }
        let mut y = self.state[self.at % WORDS];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// A number from 0 to `most`, each as likely.
    fn upto(&mut self, most: u32) -> u32 {
        let mask = u32::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let value = self.next() & mask;
            if value <= most {
                return value;
            }
        }
    }
}

/// The numbers below `rows`, shuffled.
pub fn shuffled(rows: u32, seed: u32) -> Vec<u32> {
    let mut twister = Twister::new(seed);
    let mut order: Vec<u32> = (0..rows).collect();
    for i in (1..rows).rev() {
        order.swap(i as usize, twister.upto(i) as usize);
    }
    order
}

/// Rows that one can learn from and test on, at the least.
const FEWEST: usize = 5;

/// Whether there are enough rows to hold some out.
///
/// # Errors
/// When there are not.
pub fn enough(rows: usize, share: f64, target: &str) -> Result<()> {
    if rows >= FEWEST || share <= 0.0 {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{rows} rows without missing values are too few to hold some out and learn from the others"
    ))
    .at(target)
    .hint("give more rows, or hold none out"))
}

/// For each row whether it is held out; `share` of all are, rounded up.
pub fn held_out(rows: u32, share: f64, seed: u32) -> Vec<bool> {
    let count = (f64::from(rows) * share.clamp(0.0, 1.0)).ceil() as usize;
    let mut out = vec![false; rows as usize];
    for row in shuffled(rows, seed).into_iter().take(count) {
        if let Some(place) = out.get_mut(row as usize) {
            *place = true;
        }
    }
    out
}
