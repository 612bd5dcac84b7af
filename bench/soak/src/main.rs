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
/// How long what the server does at most is measured.
const MOST: Duration = Duration::from_secs(30);
/// Licenses that were in use before anything is measured.
const ROTATIONS: u64 = 200;
/// How often a license is replaced during the mixed traffic.
const ROTATE_EVERY: Duration = Duration::from_secs(15);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let mut platform = Platform::start(&arguments.program, &arguments.key, arguments.database.as_deref()).await?;
    // A page of the settings tells the latest licenses, so it costs more with each until there are as many as it tells.
    platform.rotate_often(ROTATIONS).await?;
    let (reading, reporting) = (Traffic::reading(&platform), Traffic::reporting(&platform));
    let (most, _) = try_join!(reading.at_full_speed(READERS, MOST), reporting.at_rate(REPORTS, REPORTERS, MOST))?;
    println!("At full speed, {READERS} connections that read: {}", most.line());
    let rate = most.per_second() * arguments.share;
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
    let mut minutes: Vec<Minute> = Vec::new();
    for number in 1..=arguments.minutes {
        let minute = Minute::of(&platform, rate).await?;
        println!("| {number} | {} |", minute.row());
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

/// How a minute went.
struct Minute {
    read: Figures,
    reported: Figures,
    disk: Figures,
    usage: Usage,
    /// Processor time of the server for each answer, in microseconds.
    processor: f64,
}

impl Minute {
    /// A minute of mixed traffic.
    async fn of(platform: &Platform, rate: f64) -> Result<Self, Failure> {
        let time = Duration::from_mins(1);
        let before = platform.usage()?.processor;
        let (reading, reporting) = (Traffic::reading(platform), Traffic::reporting(platform));
        let (read, reported, disk) = try_join!(
            reading.at_rate(rate, READERS, time),
            reporting.at_rate(REPORTS, REPORTERS, time),
            platform.disk(time)
        )?;
        let usage = platform.usage()?;
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let answers = (read.answers + reported.answers) as f64;
        let processor = usage.processor.saturating_sub(before).as_secs_f64() * 1e6 / answers;
        Ok(Self { read, reported, disk, usage, processor })
    }

    fn row(&self) -> String {
        let Self { read, reported, disk, usage, processor } = self;
        format!(
            "{} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {processor:.1} | {:.1} | {} | {}",
            read.answers + reported.answers,
            read.errors + reported.errors,
            read.quantile(0.5),
            read.quantile(0.99),
            read.quantile(0.999),
            reported.quantile(0.99),
            disk.quantile(0.99),
            usage.megabytes,
            usage.files,
            usage.threads
        )
    }
}

/// The middle one of so many minutes.
fn median(minutes: &[Minute], of: impl Fn(&Minute) -> f64) -> f64 {
    let mut all: Vec<f64> = minutes.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn p99(minutes: &[Minute]) -> f64 {
    median(minutes, |minute| minute.read.quantile(0.99))
}

/// What changed from the end of the warm-up to the end, and whether that is what is promised.
fn drift(minutes: &[Minute]) -> bool {
    let errors: u64 = minutes.iter().map(|minute| minute.read.errors + minute.reported.errors).sum();
    let answers: u64 = minutes.iter().map(|minute| minute.read.answers + minute.reported.answers).sum();
    println!("\n{answers} answers, {errors} errors.");
    let warm = usize::try_from(WARM).unwrap_or(usize::MAX);
    let (Some(first), Some(last)) = (minutes.get(warm.saturating_sub(1)), minutes.last()) else {
        return errors == 0;
    };
    let grown = last.usage.megabytes - first.usage.megabytes;
    println!(
        "Memory from minute {WARM} to the end: {grown:+.1} MB (at most +2). Open files: {} and {}.",
        first.usage.files, last.usage.files
    );
    // One minute of a busy machine says little: the median of the first minutes beside that of the last.
    let of = minutes.len().min(10);
    let (begin, end) = (minutes.get(..of).unwrap_or_default(), minutes.get(minutes.len() - of..).unwrap_or_default());
    let each = |part: &[Minute]| median(part, |minute| minute.processor);
    println!(
        "The medians of the first {of} minutes and of the last: p99 of what is read {:.2} and {:.2} ms (at most a fifth more), \
         the server's processor time {:.1} and {:.1} µs for each answer.",
        p99(begin),
        p99(end),
        each(begin),
        each(end)
    );
    errors == 0 && grown <= 2.0 && last.usage.files <= first.usage.files + 2 && p99(end) <= p99(begin) * 1.2
}

/// Both servers in turns, at the same rate: is the one that has been at work as quick as the new one?
async fn beside_a_new_one(old: &mut Platform, mut new: Platform, rate: f64, turns: u64) -> Result<bool, Failure> {
    new.rotate_often(ROTATIONS).await?;
    // Whoever comes first finds its connections and its memory made.
    Minute::of(&new, rate).await?;
    println!("\nBeside a server that has just been started, a minute each, in turns:\n");
    println!(
        "| server | answers | errors | p50, ms | p99, ms | p99.9, ms | reports' p99, ms | disk's p99, ms | processor, µs each | memory, MB | files | threads |"
    );
    println!(
        "|:-------|--------:|-------:|--------:|--------:|----------:|-----------------:|---------------:|-------------------:|-----------:|------:|--------:|"
    );
    let (mut of_old, mut of_new) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        for (name, platform, minutes) in [("the same", &*old, &mut of_old), ("new", &new, &mut of_new)] {
            let minute = Minute::of(platform, rate).await?;
            println!("| {name} | {} |", minute.row());
            minutes.push(minute);
        }
    }
    new.stop().await?;
    let errors: u64 = of_old.iter().chain(&of_new).map(|minute| minute.read.errors + minute.reported.errors).sum();
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
