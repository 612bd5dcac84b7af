//! Changes that leave an input near what it was. A changed byte inside base64 is several changed characters, and a member that
//! stands twice is no change of a byte at all: libFuzzer alone hardly ever makes either.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzzer_mutate;

/// A changed text of JSON.
pub fn json(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let (text, place) = (&data[..size], seed as usize >> 2);
    let all: Vec<usize> = match seed % 4 {
        0 => (0..size).filter(|at| text[*at].is_ascii_alphabetic()).collect(),
        1 => (0..size).filter(|at| matches!(text[*at], b',' | b'{')).collect(),
        _ => Vec::new(),
    };
    let Some(&at) = all.get(place % all.len().max(1)) else { return fuzzer_mutate(data, size, max_size) };
    if seed % 4 == 0 {
        data[at] ^= 0x20;
        return size;
    }
    // What stands up to the next comma or brace stands twice.
    let end = (at + 1..size).find(|end| matches!(text[*end], b',' | b'}')).unwrap_or(size);
    let again = [&text[at + 1..end], b","].concat();
    put(data, size, max_size, at + 1..at + 1, &again)
}

/// A changed token: one of its segments, as text or by what it holds.
pub fn token(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let dots = (0..size).filter(|at| data[*at] == b'.');
    let ends: Vec<usize> = dots.chain([size]).collect();
    let which = (seed >> 8) as usize % ends.len();
    let range = which.checked_sub(1).map_or(0, |before| ends[before] + 1)..ends[which];
    let Ok(mut bytes) = URL_SAFE_NO_PAD.decode(&data[range.clone()]) else {
        return fuzzer_mutate(data, size, max_size);
    };
    if seed & 0x80 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let held = bytes.len();
    bytes.resize(held + 64, 0);
    let held = json(&mut bytes, held, held + 64, seed >> 10 ^ seed);
    put(data, size, max_size, range, URL_SAFE_NO_PAD.encode(&bytes[..held]).as_bytes())
}

/// A changed key: its text, or the bytes in its block.
pub fn key(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let dashes: Vec<usize> = (0..size).filter(|at| data[*at..size].starts_with(b"-----")).collect();
    let (Some(begin), Some(end)) = (dashes.get(1), dashes.get(2)) else { return fuzzer_mutate(data, size, max_size) };
    let range = (begin + 5).min(*end)..*end;
    let body: Vec<u8> = data[range.clone()].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let Ok(mut bytes) = STANDARD.decode(body) else { return fuzzer_mutate(data, size, max_size) };
    if seed % 2 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut held = bytes.len();
    if seed % 4 == 1 && held > 80 {
        // One byte of what is not the modulus: the structure before it, and the exponent behind it.
        let at = (seed >> 2) as usize % 48;
        bytes[if at < 40 { at } else { held - 48 + at }] = (seed >> 16) as u8;
    } else {
        bytes.resize(held + 16, 0);
        held = fuzzer_mutate(&mut bytes, held, held + 16);
    }
    put(data, size, max_size, range, STANDARD.encode(&bytes[..held]).as_bytes())
}

/// Puts bytes into a place, if there is room for them.
fn put(data: &mut [u8], size: usize, max_size: usize, range: Range<usize>, bytes: &[u8]) -> usize {
    let changed = [&data[..range.start], bytes, &data[range.end..size]].concat();
    if changed.len() > max_size {
        return fuzzer_mutate(data, size, max_size);
    }
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
}
