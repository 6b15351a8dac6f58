#![doc = include_str!("../README.md")]

mod calendar;
mod clock;
mod light;
mod mode;

pub use calendar::{Calendar, Day, DayKind, LoadError, Status};
pub use clock::{
    Clock, Communicated, Count, Event, Limit, Mode, Reckoning, Segment, State, Unit, Why, due, held, recompute,
};
pub use light::{Fired, Light, Point, Rule, escalate, light, moment};
