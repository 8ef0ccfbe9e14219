//! The engine of those who give an IPv4 list 20 MB: a code for each /24, so that one load answers.
//!
//! A /24 with boundaries inside has the escape code and a record. Which record is counted: an index has a mark for each
//! such /24, and for each 32 of them how many came before. Where they are few, all of their addresses have codes of their
//! own, and the record says no more than which entry decides. Else it has the codes, too: small ones compare seven bytes at
//! once, crowded ones have a block of 256 marks.
//!
//! A list chooses it never; it is there for those who force it ([`Options`](crate::Options)).

mod build;
mod index;
mod layout;
mod lookup;
mod records;
mod validate;

pub(crate) use build::build;
pub(crate) use lookup::Direct;
pub(crate) use validate::validate;
