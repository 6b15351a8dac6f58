//! Running one measurement and writing it down.

use anyhow::{Context, Result};
use serde_json::Value as Json;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What one measurement found.
pub struct Found {
    /// What was asked.
    pub name: String,
    /// Requests in a second.
    pub per_second: f64,
    /// Half of the answers were quicker, in milliseconds.
    pub p50: f64,
    /// All but one in a hundred were quicker, in milliseconds.
    pub p99: f64,
    /// Processor time of the server for one request, in milliseconds.
    pub cpu: f64,
}

/// Processor seconds that this process has used (user and system).
pub fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("no /proc: this runs on Linux")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    // USER_HZ is 100 on every Linux that Rust's standard library runs on.
    Ok(ticks / 100.0)
}

/// Lets a process of its own ask this one, and measures both.
pub async fn over_http(name: &str, arguments: Vec<String>) -> Result<Found> {
    let program = std::env::current_exe()?;
    let before = cpu_seconds()?;
    let output = tokio::task::spawn_blocking(move || {
        Command::new(program).arg("client").args(arguments).stderr(Stdio::inherit()).output()
    })
    .await??;
    let used = cpu_seconds()? - before;
    anyhow::ensure!(output.status.success(), "{name}: the client failed");
    let answer: Json = serde_json::from_slice(&output.stdout).context("the client's answer")?;
    let mut micros: Vec<u64> = answer["micros"].as_array().into_iter().flatten().filter_map(Json::as_u64).collect();
    micros.sort_unstable();
    let seconds = answer["seconds"].as_f64().unwrap_or(f64::NAN);
    Ok(found(name, &micros, seconds, used))
}

/// Runs the same statements bare, one after the other, in this process.
pub async fn bare<F: AsyncFnMut(usize) -> Result<()>>(name: &str, times: usize, mut run: F) -> Result<Found> {
    let before = cpu_seconds()?;
    let began = Instant::now();
    let mut micros = Vec::with_capacity(times);
    for n in 0..times {
        let began = Instant::now();
        run(n).await?;
        micros.push(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    let seconds = began.elapsed().as_secs_f64();
    let used = cpu_seconds()? - before;
    micros.sort_unstable();
    Ok(found(name, &micros, seconds, used))
}

fn found(name: &str, sorted: &[u64], seconds: f64, cpu: f64) -> Found {
    let n = sorted.len().max(1);
    let at =
        |share: f64| sorted.get(((n as f64 * share) as usize).min(n - 1)).copied().unwrap_or_default() as f64 / 1000.0;
    Found {
        name: name.to_owned(),
        per_second: n as f64 / seconds,
        p50: at(0.5),
        p99: at(0.99),
        cpu: cpu * 1000.0 / n as f64,
    }
}

/// Prints the head of the table.
pub fn head() {
    println!("{:<44} {:>9} {:>9} {:>9} {:>9}", "", "per s", "p50 ms", "p99 ms", "CPU ms");
}

impl Found {
    /// Prints one line.
    pub fn print(&self) {
        println!("{self}");
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, per_second, p50, p99, cpu } = self;
        write!(f, "{name:<44} {per_second:>9.0} {p50:>9.2} {p99:>9.2} {cpu:>9.3}")
    }
}

/// What the house wants to keep to, and what was found of it. The aims are those of
/// 10,000 enterprises and 100,000 appeals on two cores; they are printed with every
/// size, since the program is to be as quick on ten times as much.
#[derive(Default)]
pub struct Aims {
    kept: Cell<usize>,
    missed: RefCell<Vec<String>>,
}

impl Aims {
    /// Says after a line whether the figure is within its aim.
    pub fn hold(&self, name: &str, found: f64, at_most: f64, unit: &str) -> String {
        let kept = found <= at_most;
        if kept {
            self.kept.set(self.kept.get() + 1);
        } else {
            self.missed.borrow_mut().push(format!("{} ({found:.3}, aim {at_most:.3} {unit})", name.trim()));
        }
        format!("  aim {at_most:.2} {unit}: {}", if kept { "kept" } else { "MISSED" })
    }

    /// A line whose processor time has an aim.
    pub fn print(&self, found: &Found, at_most: f64) {
        println!("{found}{}", self.hold(&found.name, found.cpu, at_most, "ms of CPU"));
    }

    /// An answer beside its statements run bare: three times their processor time, or
    /// 0.4 ms, whichever is more.
    pub fn beside(&self, found: &Found, bare: &Found) {
        self.print(found, (3.0 * bare.cpu).max(0.4));
        bare.print();
    }

    /// How many were kept, and which were not.
    pub fn sum_up(&self) {
        let missed = self.missed.borrow();
        println!("aims kept: {}, missed: {}", self.kept.get(), missed.len());
        for one in missed.iter() {
            println!("  {one}");
        }
    }
}
