//! What others answer when they are called: the license server, a proxy, a mail server, Resend's API. Over real sockets.
#![no_main]

use std::cell::RefCell;

use countersign_fuzz::replies::Replies;
use libfuzzer_sys::fuzz_target;

thread_local!(static REPLIES: RefCell<Replies> = RefCell::default());

fuzz_target!(init: REPLIES.with(|_| ()), |bytes: &[u8]| REPLIES.with_borrow(|replies| replies.try_out(bytes)));
