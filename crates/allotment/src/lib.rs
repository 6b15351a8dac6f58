#![doc = include_str!("../README.md")]

mod case;
mod flow;
mod price;
mod proposal;
mod way;

pub use case::{Case, Fault, MAX_LOAD, MAX_WEIGHT, Officer, Subject, Weights, load};
pub use price::{Cost, Parts, Together, Why};
pub use proposal::{Alternative, Difference, Nobody, Place, Proposal, Share, Step, propose};
