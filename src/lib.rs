//! Braid: history and live data in one exact answer. This page is the map.
//!
//! # Four nouns
//!
//! - [`data::Chunk`]: some rows and where they came from. A piece of a file and a micro-batch of a feed are one type.
//! - [`query::Partial`]: what a question knows so far. It absorbs chunks, merges with other partials, and is read.
//! - [`engine::Snapshot`]: one finished answer and all there is to say about it. Immutable, shared, newest wins.
//! - [`figure::Figure`]: a description of a picture, drawn alike on screen, as PNG and as SVG.
//!
//! # The laws
//!
//! *Fusion*: for any question, any rows, and any way to cut them into history and live, into chunks, over workers, in
//! any order: `answer(merge(partials)) == answer(question over all rows)`. Aggregates keep it bit for bit, but for
//! those that say otherwise ([`query::aggregate::Aggregate::cut_free`]): they keep their bound.
//!
//! *The cut*: any number of questions through one reading of a table are answered as each alone, whenever they join or
//! leave; answers of one epoch hold the same rows.
//!
//! *Conservation*: `rows in == rows shown + rows filtered + rows late + rows rejected`. Nothing is dropped uncounted.
//!
//! # The journey of a chunk
//!
//! 1. [`source`] reads bytes; a format of [`data::format`] turns them into a `Chunk`. Workers pull pieces of files in
//!    turn and decode them in parallel; a thread a feed pulls live rows.
//! 2. A bounded channel carries live chunks to the workers. When it is full, a feed that can wait waits; one that
//!    cannot has its rows counted as dropped.
//! 3. A worker absorbs chunks into partials of its own, one a question, without locks.
//! 4. At a steady pace workers hand their partials over; the merger folds them into what is known of each question.
//! 5. The merger reads the answers, all of the same rows, and puts a `Snapshot` of each on a shelf that holds only the
//!    newest; it rings the window.
//! 6. The window takes an `Arc`, and draws a figure once per version, size and look.
//!
//! # Floors
//!
//! Imports point downwards only; `tests/floors.rs` guards it.
//!
//! | floor | modules |
//! |---|---|
//! | 6 | [`ui`], [`cli`] |
//! | 5 | [`workspace`] |
//! | 4 | [`engine`]: the only one that starts threads |
//! | 3 | [`store`] |
//! | 2 | [`query`] (pure), [`source`], [`learn`], [`figure`] |
//! | 1 | [`data`] |
//! | 0 | [`sync`], [`disk`] |

pub mod cli;
pub mod data;
pub mod disk;
pub mod engine;
pub mod figure;
pub mod learn;
pub mod query;
pub mod source;
pub mod store;
pub mod sync;
pub mod ui;
pub mod workspace;
