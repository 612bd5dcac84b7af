//! Countersign: the server and the command line.

use countersign_license as _;

fn main() {}
