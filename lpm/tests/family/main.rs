//! The compiled structure of one family: every engine, instruction set and value width against a linear scan,
//! and images against everything that can happen to bytes.

mod codes;
mod common;
mod differential;
mod exact;
mod image;
mod reference;
mod seeds;
mod tiny;
