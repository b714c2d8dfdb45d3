//! The aggregates: one file and one line in `AGGREGATES` each.
