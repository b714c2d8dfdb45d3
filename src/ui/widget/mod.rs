//! Small pieces that several panels use. They know nothing of tables and runs.

pub mod badge;
pub mod buttons;
pub mod cells;
pub mod chip;
pub mod context;
pub mod modal;
pub mod names;
pub mod numbers;
pub mod pick;
pub mod progress;
pub mod rename;
pub mod row;
pub mod side;
pub mod typing;
