//! The form posts of pages, and the pages that they lead back to.
#![no_main]

use std::cell::RefCell;

use countersign_fuzz::input;
use countersign_fuzz::platform::Platforms;
use libfuzzer_sys::{Corpus, fuzz_target};

thread_local!(static PLATFORMS: RefCell<Platforms> = RefCell::default());

fuzz_target!(init: PLATFORMS.with(|_| ()), |bytes: &[u8]| -> Corpus { PLATFORMS.with_borrow_mut(|platforms| platforms.try_out(input::form(bytes))) });
