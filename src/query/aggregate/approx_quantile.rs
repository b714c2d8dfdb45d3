//! `approx_quantile(x, q)`: a quantile within 1 % of `quantile_cont(x, q)`, by a DDSketch a group (see `sketch`).

use polars::prelude::*;

use super::input::{float_of_numbers, floats, for_each, single};
use super::quantile::SHARE;
use super::sketch::DdSketch;
use super::{Accumulator, Aggregate, BASE, Class, foreign, nth, part};
use crate::data::Result;

pub const APPROX_QUANTILE: Aggregate = Aggregate {
    by_value: true,
    name: "approx_quantile",
    about: "About the value that a share q of the values does not exceed; null for none.",
    usage: "approx_quantile(x, q)",
    class: Class::Sketch { bound: "±1 % of the value" },
    parameters: &[SHARE],
    output: float_of_numbers,
    make: |_, parameters| {
        Box::new(QuantileSketches { q: parameters.first().copied().unwrap_or(0.5), sketches: Vec::new() })
    },
    ..BASE
};

#[derive(Debug)]
struct QuantileSketches {
    q: f64,
    sketches: Vec<DdSketch>,
}

impl Accumulator for QuantileSketches {
    fn resize(&mut self, groups: usize) {
        self.sketches.resize(groups, DdSketch::default());
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        for_each(groups, &floats(single(inputs)?)?, |g, x| self.sketches[g as usize].insert(x));
        Ok(())
    }

    /// The sketch's bytes; null for an empty one.
    fn state(&self) -> Result<Vec<Column>> {
        let bytes: BinaryChunked = self.sketches.iter().map(|s| (!s.is_empty()).then(|| s.to_bytes())).collect();
        Ok(vec![part("ddsketch", bytes.into_series())])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        for (group, bytes) in groups.iter().zip(nth(state, 0)?.binary()?.iter()) {
            if let Some(bytes) = bytes {
                self.sketches[*group as usize].merge(&DdSketch::from_bytes(bytes).ok_or_else(foreign)?);
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<Column> {
        let values: Float64Chunked = self.sketches.iter().map(|s| s.quantile(self.q)).collect();
        Ok(part("quantile", values.into_series()))
    }

    fn size(&self) -> usize {
        self.sketches.capacity() * size_of::<DdSketch>() + self.sketches.iter().map(DdSketch::heap).sum::<usize>()
    }
}
