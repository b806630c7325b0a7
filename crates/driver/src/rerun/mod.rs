//! What lets a run be repeated cheaply: work of earlier runs is kept beside the output folder and used again where
//! neither its input nor the program has changed.
//!
//! A piece of work is named by a hash of everything that it depends on ([`Key`]), so that a changed figure, setting
//! or program finds no entry rather than an old one, and its content carries a hash of its own ([`entry`]), so that a
//! damaged file is noticed. Each piece is written when it is done: a run that was killed goes on from there.

mod entry;
mod key;
mod work_folder;

pub(crate) use key::Key;
pub(crate) use work_folder::WorkFolder;
