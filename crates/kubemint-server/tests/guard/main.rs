//! The guard, met by clients of our own making that send what HTTP libraries refuse to send.

mod deadlines;
mod encrypted;
mod ending;
mod flood;
mod frames;
mod heads;
mod order;
mod raw;
mod routes;
mod stage;
mod streams;
mod trailers;
mod untaken;
