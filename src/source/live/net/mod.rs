//! Connections over the network, for every kind of feed that has one: hosts and ports, plain and encrypted streams,
//! and connecting again when a connection is lost. What is said over a connection is the kinds'.

pub mod back_off;
pub mod host;
pub mod reconnect;
pub mod tls;
pub mod transport;
