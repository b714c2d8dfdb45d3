#![no_main]

braid_fuzz::target!("parquet");
