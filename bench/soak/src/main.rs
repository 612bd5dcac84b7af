//! Hours of mixed traffic at a share of what a server can do, then clients that mean it ill: does its memory stay, do its answers
//! stay quick, is anybody served badly? `make soak` runs it against the server as it is shipped.
//!
//! Requests are sent at a rate, not one after the other: what waits behind a slow answer counts as slow.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "this is a program of its own: it asks what the time is and connects to the server"
)]

mod hostile;
mod platform;
mod traffic;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use tokio::time::Instant;

use crate::platform::{Platform, Usage};
use crate::traffic::{Figures, Traffic};

/// Anything that ends the run.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Arguments {
    /// The server: target/release/countersign
    program: PathBuf,
    /// A private key that signs the licenses
    #[arg(long, default_value = "tests/vectors/keys/rsa2048.pem")]
    key: PathBuf,
    /// How long mixed traffic is sent
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// The share of what the server does at most
    #[arg(long, default_value_t = 0.7)]
    share: f64,
    /// How long each kind of hostile client goes on, in seconds; 0 leaves them out
    #[arg(long, default_value_t = 60)]
    hostile: u64,
    /// Where the server stores; an SQLite file of its own if this is not given
    #[arg(long)]
    database: Option<String>,
}

/// Connections that honest clients keep.
const CONNECTIONS: usize = 32;
/// Minutes in which memory and latency find their level; what comes later is compared with the end of them.
const WARM: u64 = 5;
/// How often a license is replaced during the mixed traffic.
const ROTATE_EVERY: Duration = Duration::from_secs(15);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let platform = Platform::start(&arguments.program, &arguments.key, arguments.database.as_deref()).await?;
    let traffic = Traffic::new(&platform);

    let most = traffic.at_full_speed(CONNECTIONS, Duration::from_secs(10)).await?;
    println!("At full speed, {CONNECTIONS} connections: {}", most.line());
    let rate = most.per_second() * arguments.share;
    println!(
        "For {} minutes at {rate:.0} a second, with a rotation each {} s:\n",
        arguments.minutes,
        ROTATE_EVERY.as_secs()
    );
    println!("| minute | requests | errors | p50, ms | p99, ms | p99.9, ms | memory, MB | files | threads |");
    println!("|-------:|---------:|-------:|--------:|--------:|----------:|-----------:|------:|--------:|");
    let rotations = platform.rotate_each(ROTATE_EVERY);
    let mut minutes: Vec<(Figures, Usage)> = Vec::new();
    for minute in 1..=arguments.minutes {
        let figures = traffic.at_rate(rate, CONNECTIONS, Duration::from_mins(1)).await?;
        let usage = platform.usage()?;
        println!(
            "| {minute} | {} | {} | {:.2} | {:.2} | {:.2} | {:.1} | {} | {} |",
            figures.answers,
            figures.errors,
            figures.quantile(0.5),
            figures.quantile(0.99),
            figures.quantile(0.999),
            usage.megabytes,
            usage.files,
            usage.threads
        );
        minutes.push((figures, usage));
    }
    let rotated = rotations.end().await?;
    let mut is_well = drift(&minutes);
    println!("{rotated} rotations, all of them answered.");

    if arguments.hostile > 0 {
        is_well &= among_hostile(&platform, &traffic, Duration::from_secs(arguments.hostile)).await?;
    }
    let log = platform.stop().await?;
    println!("\nThe server stopped when it was told to; it logged {} lines.", log.lines().count());
    for line in log.lines().take(20) {
        println!("  {line}");
    }
    if is_well { Ok(()) } else { Err("a line above is not what is promised".into()) }
}

/// What changed from the end of the warm-up to the end, and whether that is what is promised.
fn drift(minutes: &[(Figures, Usage)]) -> bool {
    let errors: u64 = minutes.iter().map(|(figures, _)| figures.errors).sum();
    let answers: u64 = minutes.iter().map(|(figures, _)| figures.answers).sum();
    println!("\n{answers} answers, {errors} errors.");
    let warm = usize::try_from(WARM).unwrap_or(usize::MAX);
    let (Some((_, first)), Some((_, last))) = (minutes.get(warm.saturating_sub(1)), minutes.last()) else {
        return errors == 0;
    };
    let grown = last.megabytes - first.megabytes;
    println!(
        "Memory from minute {WARM} to the end: {grown:+.1} MB (at most +2). Open files: {} and {}.",
        first.files, last.files
    );
    // One minute of a busy machine says little: the median of the first minutes beside that of the last.
    let p99 = |part: &[(Figures, Usage)]| {
        let mut all: Vec<f64> = part.iter().map(|(figures, _)| figures.quantile(0.99)).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    let of = minutes.len().min(10);
    let (begin, end) = (minutes.get(..of).map_or(0.0, p99), minutes.get(minutes.len() - of..).map_or(0.0, p99));
    println!("p99, the median of the first {of} minutes and of the last: {begin:.2} ms and {end:.2} ms.");
    errors == 0 && grown <= 2.0 && last.files <= first.files + 2
}

/// Honest clients at a tenth of the pace, while each kind of hostile one does its worst.
async fn among_hostile(platform: &Platform, traffic: &Traffic, time: Duration) -> Result<bool, Failure> {
    const RATE: f64 = 500.0;
    // So many that those who wait do not hold up those who are due.
    const CLIENTS: usize = 1_000;
    println!("\nHonest clients at {RATE} a second, {} s each:\n", time.as_secs());
    println!(
        "| beside | tries | honest answers | errors | p50, ms | p99, ms | slowest, ms | most memory, MB | files |"
    );
    println!(
        "|:-------|------:|---------------:|-------:|--------:|--------:|------------:|----------------:|------:|"
    );
    let mut is_well = true;
    for kind in hostile::Kind::ALL {
        let attack = hostile::Attack::begin(kind, platform, Instant::now() + time);
        let watch = platform.watch();
        let honest = traffic.anew_at_rate(RATE, CLIENTS, time).await?;
        let most = watch.end().await;
        let tries = attack.end().await;
        println!(
            "| {} | {tries} | {} | {} | {:.2} | {:.2} | {:.0} | {:.1} | {} |",
            kind.name(),
            honest.answers,
            honest.errors,
            honest.quantile(0.5),
            honest.quantile(0.99),
            honest.quantile(1.0),
            most.megabytes,
            most.files
        );
        is_well &= honest.errors == 0 && honest.answers > 0;
    }
    Ok(is_well)
}
