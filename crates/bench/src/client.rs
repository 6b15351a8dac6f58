//! The other side: a process of its own that asks over keep-alive connections
//! and notes how long each answer takes, so that the server's processor time is
//! the server's alone.

use anyhow::{Context, Result, bail};
use serde_json::json;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// What is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct Ask {
    /// Host and port.
    #[arg(long)]
    pub address: String,
    /// Method.
    #[arg(long, default_value = "GET")]
    pub method: String,
    /// Path and query; several are asked in turn.
    #[arg(long, required = true)]
    pub path: Vec<String>,
    /// A header, `name: value`.
    #[arg(long)]
    pub header: Vec<String>,
    /// The body; `{n}` becomes the number of the request.
    #[arg(long)]
    pub body: Option<String>,
    /// Requests in all.
    #[arg(long)]
    pub requests: usize,
    /// Connections at once.
    #[arg(long)]
    pub connections: usize,
}

/// Asks, and prints `{"seconds": …, "micros": [one per request]}`.
pub async fn run(ask: Ask) -> Result<()> {
    let began = Instant::now();
    let mut tasks = Vec::new();
    for connection in 0..ask.connections {
        let ask = ask.clone();
        tasks.push(tokio::spawn(async move { one(&ask, connection).await }));
    }
    let mut micros = Vec::with_capacity(ask.requests);
    for task in tasks {
        micros.extend(task.await??);
    }
    println!("{}", json!({"seconds": began.elapsed().as_secs_f64(), "micros": micros}));
    Ok(())
}

/// Every n-th request on one connection.
async fn one(ask: &Ask, connection: usize) -> Result<Vec<u64>> {
    let stream = TcpStream::connect(&ask.address).await.with_context(|| format!("cannot reach {}", ask.address))?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut micros = Vec::new();
    let mut body = Vec::new();
    for n in (connection..ask.requests).step_by(ask.connections) {
        let path = &ask.path[n % ask.path.len()];
        let content = ask.body.as_ref().map(|body| body.replace("{n}", &n.to_string())).unwrap_or_default();
        let mut request = format!("{} {path} HTTP/1.1\r\nhost: {}\r\n", ask.method, ask.address);
        for header in &ask.header {
            request.push_str(header);
            request.push_str("\r\n");
        }
        if ask.body.is_some() {
            request.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", content.len()));
        }
        request.push_str("\r\n");
        request.push_str(&content);
        let began = Instant::now();
        stream.get_mut().write_all(request.as_bytes()).await?;
        let status = answer(&mut stream, &mut body).await?;
        micros.push(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
        if !(200..300).contains(&status) {
            bail!("{path} answered {status}: {}", String::from_utf8_lossy(&body));
        }
    }
    Ok(micros)
}

/// Reads one answer; answers its status.
async fn answer(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Result<u16> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status line")?;
    let (mut length, mut chunked) = (0, false);
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        chunked |= header == "transfer-encoding: chunked";
    }
    body.clear();
    if !chunked {
        body.resize(length, 0);
        stream.read_exact(body).await?;
        return Ok(status);
    }
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let size = usize::from_str_radix(line.trim(), 16)?;
        let from = body.len();
        body.resize(from + size, 0);
        stream.read_exact(&mut body[from..]).await?;
        line.clear();
        stream.read_line(&mut line).await?;
        if size == 0 {
            return Ok(status);
        }
    }
}
