//! The assertions that the sandbox is sent; what has to hold is said there.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| remote_auth_sandbox::fuzzing::assertion(bytes));
