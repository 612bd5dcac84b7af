//! Hours of mixed traffic at a share of what a server can do, then clients that mean it ill: does its memory stay, do its answers
//! stay quick, is anybody served badly? `make soak` runs it against the server as it is shipped.
//!
//! Requests are sent at a rate, not one after the other: what waits behind a slow answer counts as slow. Whether a server has
//! become slow is asked beside a new one, in turns: a machine that becomes slow slows both.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "this is a program of its own: it asks what the time is and connects to the server"
)]

mod hostile;
mod pace;
mod platform;
mod traffic;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use tokio::time::Instant;
use tokio::try_join;

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
    /// Minutes in which it is then measured beside a server that has just been started, in turns; 0 leaves them out
    #[arg(long, default_value_t = 5)]
    turns: u64,
    /// Where the server stores; an SQLite file of its own if this is not given
    #[arg(long)]
    database: Option<String>,
    /// Where the one stores that it is measured beside, if not in an SQLite file of its own
    #[arg(long)]
    another: Option<String>,
}

/// Connections of those who read, and of those who report: a report waits for the disk, and a reader not for a report.
const READERS: usize = 32;
const REPORTERS: usize = 32;
/// Reports in a second: what 600 services send that report once a minute.
const REPORTS: f64 = 10.0;
/// Minutes in which memory finds its level; what comes later is compared with the end of them.
const WARM: u64 = 5;
/// What the server may take beside any kind of hostile client: connections, their buffers, passwords that are hashed.
const MEGABYTES: f64 = 128.0;
/// The p99 of honest clients beside half-open connections that find room, in milliseconds.
const BESIDE_IDLE: f64 = 50.0;
/// How long what the server does at most is measured, in minutes.
const MOST: u32 = 3;
/// Into how many slices a minute is cut, and how long one is.
const SLICES: u32 = 6;
const SLICE: Duration = Duration::from_secs(10);
/// Licenses that were in use before anything is measured.
const ROTATIONS: u64 = 200;
/// How often a license is replaced during the mixed traffic.
const ROTATE_EVERY: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let mut platform = Platform::start(&arguments.program, &arguments.key, arguments.database.as_deref()).await?;
    // A page of the settings tells the latest licenses, so it costs more with each until there are as many as it tells.
    platform.rotate_often(ROTATIONS).await?;
    let rate = at_most(&platform).await? * arguments.share;
    println!(
        "For {} minutes {rate:.0} questions and {REPORTS} reports a second, and a rotation each {} s:\n",
        arguments.minutes,
        ROTATE_EVERY.as_secs()
    );
    println!(
        "| minute | answers | errors | p50, ms | p99, ms | p99.9, ms | reports' p99, ms | disk's p99, ms | processor, µs each | memory, MB | files | threads |"
    );
    println!(
        "|-------:|--------:|-------:|--------:|--------:|----------:|-----------------:|---------------:|-------------------:|-----------:|------:|--------:|"
    );
    let rotations = platform.rotate_each(ROTATE_EVERY);
    let mut minutes: Vec<Vec<Slice>> = Vec::new();
    for number in 1..=arguments.minutes {
        let mut minute = Vec::new();
        for _ in 0..SLICES {
            minute.push(Slice::of(&platform, rate).await?);
        }
        println!("| {number} | {} |", row(&minute)?);
        minutes.push(minute);
    }
    let rotated = rotations.end().await?;
    let mut is_well = drift(&minutes);
    println!("{rotated} rotations, all of them answered.");

    // In the place of another kind of store, it would be compared with that.
    if arguments.turns > 0 && arguments.database.is_some() == arguments.another.is_some() {
        let new = Platform::start(&arguments.program, &arguments.key, arguments.another.as_deref()).await?;
        is_well &= beside_a_new_one(&mut platform, new, rate, arguments.turns).await?;
    }
    if arguments.hostile > 0 {
        is_well &= among_hostile(&platform, Duration::from_secs(arguments.hostile)).await?;
    }
    let log = platform.stop().await?;
    println!("\nThe server stopped when it was told to; it logged {} lines.", log.lines().count());
    for line in log.lines().take(20) {
        println!("  {line}");
    }
    if is_well { Ok(()) } else { Err("a line above is not what is promised".into()) }
}

/// What the server does at full speed in a second, and how much that differs: machines that are not alone in theirs are half as
/// quick again in one minute as in the next.
async fn at_most(platform: &Platform) -> Result<f64, Failure> {
    let (reading, reporting) = (Traffic::reading(platform), Traffic::reporting(platform));
    let mut slices = Vec::new();
    for _ in 0..MOST * SLICES {
        let (most, _) = try_join!(reading.at_full_speed(READERS, SLICE), reporting.at_rate(REPORTS, REPORTERS, SLICE))?;
        slices.push(most);
    }
    let most = Figures::of(slices.iter())?;
    println!("At full speed for {MOST} minutes, {READERS} connections that read: {}", most.line());
    let mut each: Vec<f64> = slices.iter().map(Figures::per_second).collect();
    each.sort_by(f64::total_cmp);
    let (Some(least), Some(highest)) = (each.first(), each.last()) else { return Err("nothing was measured".into()) };
    println!("In ten seconds between {least:.0} and {highest:.0} a second.");
    Ok(most.per_second())
}

/// How ten seconds went: short enough that a machine that halts for one of them spoils few.
struct Slice {
    read: Figures,
    reported: Figures,
    disk: Figures,
    usage: Usage,
    /// Processor time of the server in it.
    processor: Duration,
}

impl Slice {
    /// Ten seconds of mixed traffic.
    async fn of(platform: &Platform, rate: f64) -> Result<Self, Failure> {
        let before = platform.usage()?.processor;
        let (reading, reporting) = (Traffic::reading(platform), Traffic::reporting(platform));
        let (read, reported, disk) = try_join!(
            reading.at_rate(rate, READERS, SLICE),
            reporting.at_rate(REPORTS, REPORTERS, SLICE),
            platform.disk(SLICE)
        )?;
        let usage = platform.usage()?;
        Ok(Self { read, reported, disk, usage, processor: usage.processor.saturating_sub(before) })
    }

    const fn answers(&self) -> u64 {
        self.read.answers + self.reported.answers
    }

    const fn errors(&self) -> u64 {
        self.read.errors + self.reported.errors
    }
}

/// So many of them as the cells of one line.
fn row(slices: &[Slice]) -> Result<String, Failure> {
    let read = Figures::of(slices.iter().map(|slice| &slice.read))?;
    let reported = Figures::of(slices.iter().map(|slice| &slice.reported))?;
    let disk = Figures::of(slices.iter().map(|slice| &slice.disk))?;
    let usage = slices.last().map(|slice| slice.usage).unwrap_or_default();
    Ok(format!(
        "{} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.1} | {} | {}",
        read.answers + reported.answers,
        read.errors + reported.errors,
        read.quantile(0.5),
        read.quantile(0.99),
        read.quantile(0.999),
        reported.quantile(0.99),
        disk.quantile(0.99),
        each(slices),
        usage.megabytes,
        usage.files,
        usage.threads
    ))
}

/// Processor time of the server for each answer, in microseconds.
fn each(slices: &[Slice]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let answers = slices.iter().map(Slice::answers).sum::<u64>() as f64;
    slices.iter().map(|slice| slice.processor).sum::<Duration>().as_secs_f64() * 1e6 / answers
}

/// The p99 of what is read, in milliseconds: the middle one of all slices.
fn p99<'a>(slices: impl IntoIterator<Item = &'a Slice>) -> f64 {
    let mut all: Vec<f64> = slices.into_iter().map(|slice| slice.read.quantile(0.99)).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// What changed from the end of the warm-up to the end, and whether that is what is promised.
fn drift(minutes: &[Vec<Slice>]) -> bool {
    let slices = || minutes.iter().flatten();
    let (answers, errors): (u64, u64) = (slices().map(Slice::answers).sum(), slices().map(Slice::errors).sum());
    println!("\n{answers} answers, {errors} errors.");
    let warm = usize::try_from(WARM).unwrap_or(usize::MAX);
    let after = |minute: Option<&Vec<Slice>>| minute.and_then(|slices| slices.last()).map(|slice| slice.usage);
    let (Some(first), Some(last)) = (after(minutes.get(warm.saturating_sub(1))), after(minutes.last())) else {
        return errors == 0;
    };
    let grown = last.megabytes - first.megabytes;
    println!(
        "Memory from minute {WARM} to the end: {grown:+.1} MB (at most +2). Open files: {} and {}.",
        first.files, last.files
    );
    // Ten seconds of a busy machine say little: the median of those of the first minutes beside that of the last.
    let of = minutes.len().min(10);
    let (begin, end) =
        (p99(slices().take(of * SLICES as usize)), p99(slices().skip((minutes.len() - of) * SLICES as usize)));
    println!(
        "p99 of what is read, medians of ten seconds each, in the first {of} minutes and the last: {begin:.2} and {end:.2} ms, {:.2} times \
         as much (at most 1.2).",
        end / begin
    );
    errors == 0 && grown <= 2.0 && last.files <= first.files + 2 && end <= begin * 1.2
}

/// Both servers in turns, at the same rate: is the one that has been at work as quick as the new one?
async fn beside_a_new_one(old: &mut Platform, mut new: Platform, rate: f64, turns: u64) -> Result<bool, Failure> {
    new.rotate_often(ROTATIONS).await?;
    // Whoever comes first finds its connections and its memory made.
    for _ in 0..SLICES {
        Slice::of(&new, rate).await?;
    }
    println!("\nBeside a server that has just been started, ten seconds each, in turns; a line is a minute of each:\n");
    println!(
        "| server | answers | errors | p50, ms | p99, ms | p99.9, ms | reports' p99, ms | disk's p99, ms | processor, µs each | memory, MB | files | threads |"
    );
    println!(
        "|:-------|--------:|-------:|--------:|--------:|----------:|-----------------:|---------------:|-------------------:|-----------:|------:|--------:|"
    );
    let (mut of_old, mut of_new) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        let (mut minute_of_old, mut minute_of_new) = (Vec::new(), Vec::new());
        for _ in 0..SLICES {
            minute_of_old.push(Slice::of(old, rate).await?);
            minute_of_new.push(Slice::of(&new, rate).await?);
        }
        println!("| the same | {} |", row(&minute_of_old)?);
        println!("| new | {} |", row(&minute_of_new)?);
        of_old.append(&mut minute_of_old);
        of_new.append(&mut minute_of_new);
    }
    new.stop().await?;
    let errors: u64 = of_old.iter().chain(&of_new).map(Slice::errors).sum();
    let ratio = p99(&of_old) / p99(&of_new);
    println!("\np99 of what is read, medians: {ratio:.2} times that of the new one (at most 1.2); {errors} errors.");
    Ok(errors == 0 && ratio <= 1.2)
}

/// Honest clients at a tenth of the pace, while each kind of hostile one does its worst.
async fn among_hostile(platform: &Platform, time: Duration) -> Result<bool, Failure> {
    const RATE: f64 = 500.0;
    // So many that those who wait do not hold up those who are due.
    const CLIENTS: usize = 1_000;
    let traffic = Traffic::mixed(platform);
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
        is_well &= honest.errors == 0 && honest.answers > 0 && most.megabytes <= MEGABYTES;
        is_well &= !kind.is_idle() || honest.quantile(0.99) <= BESIDE_IDLE;
    }
    Ok(is_well)
}
