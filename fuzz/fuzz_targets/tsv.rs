#![no_main]

braid_fuzz::target!("tsv");
