// An installation of its own for a test: a scratch directory, a zone, an account, a server on a free port.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';

const BUTING = process.env.BUTING ?? 'target/debug/buting';

/** Processes that still run. A test that failed halfway ends none, and `node --test` would wait for them for ever. */
const running = new Set();

function start(args, stdio, handles) {
  const limited = ['-c', `ulimit -n ${handles}; exec "$0" "$@"`, BUTING, ...args];
  const child = handles ? spawn('sh', limited, { stdio }) : spawn(BUTING, args, { stdio });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function endAll() {
  for (const child of running) child.kill('SIGKILL');
}
after(endAll);
process.once('exit', endAll);

/** Runs a command to its end: { status, out, err }. */
export function buting(...args) {
  // The OpenAPI document is longer than the megabyte that Node takes unless told.
  const done = spawnSync(BUTING, args, { encoding: 'utf8', timeout: 120_000, maxBuffer: 64 << 20 });
  if (done.error) throw done.error;
  return { status: done.status, out: done.stdout, err: done.stderr };
}

/** Like buting, for commands that must succeed; answers the last line. */
export function must(...args) {
  const done = buting(...args);
  if (done.status !== 0) throw new Error(`buting ${args.join(' ')}: ${done.status} ${done.out}${done.err}`);
  return done.out.trimEnd().split('\n').at(-1);
}

/** A command that runs beside the test: resolves to its exit code. */
export function beside(...args) {
  const child = start(args, 'ignore');
  return new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
}

export function scratch() {
  return mkdtempSync(path.join(tmpdir(), 'buting-trust-'));
}

export function remove(dir) {
  rmSync(dir, { recursive: true, force: true });
}

/** Makes a zone with a dispatcher and answers a token of his. `where` is --data and, if need be, --database. */
export function furnish(where) {
  must('zone', 'create', 'zone', '测试区管委会', ...where);
  must('user', 'add', 'dispatcher', '--person', '朱知远', '--role', 'dispatcher', ...where);
  return must('token', 'create', '--user', 'dispatcher', '--scope', '*', ...where);
}

/** A serving process. */
export class Server {
  /** Starts one, with so many file handles at most, and waits for its line `listening on http://…`. */
  static async start(where, seconds = 20, handles = undefined) {
    const server = new Server();
    const began = performance.now();
    const child = start(['serve', '--listen', '127.0.0.1:0', ...where], ['ignore', 'ignore', 'pipe'], handles);
    server.child = child;
    server.exit = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
    const log = [];
    const ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready in ${seconds} s:\n${log.join('\n')}`)), seconds * 1000);
      createInterface({ input: child.stderr }).on('line', (line) => {
        log.push(line);
        const at = line.match(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
        if (at) { clearTimeout(timer); resolve(Number(at[1])); }
      });
      child.on('exit', (code) => { clearTimeout(timer); reject(new Error(`ended with ${code}:\n${log.join('\n')}`)); });
    });
    server.log = log;
    server.port = await ready;
    server.startMs = performance.now() - began;
    server.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
    return server;
  }

  /** One request; rejects when no whole answer comes. */
  call(token, method, url, body) {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const request = http.request({ port: this.port, host: '127.0.0.1', method, path: url, headers, agent: this.agent, timeout: 20_000 }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part)).on('error', reject).on('end', () => {
          const text = Buffer.concat(parts).toString();
          let json = null;
          try { json = JSON.parse(text); } catch { /* not JSON: the status speaks */ }
          resolve({ status: response.statusCode, json, text });
        });
      });
      request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer in 20 s')));
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Sends a signal and waits for the end. */
  async end(signal = 'SIGTERM') {
    this.child.kill(signal);
    const how = await this.exit;
    this.agent.destroy();
    return how;
  }
}

/** A fixed sequence of random numbers in [0, 1) (mulberry32). */
export function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What a writer sends, told apart by its client-chosen key. */
export function record(label) {
  return { id: crypto.randomUUID(), name: `记录 ${label} 🧪${'字'.repeat(label.length)}`, kind: 'department' };
}

/** Writers that post records until told to stop; each record ends up in `acked` (with the time) or `unknown`. */
export class Writers {
  constructor(server, token, count, label) {
    this.acked = [];
    this.unknown = [];
    this.refused = [];
    this.stopping = false;
    this.waiting = [];
    this.done = Promise.all(Array.from({ length: count }, (_, k) => this.write(server, token, `${label}-${k}`)));
  }

  async write(server, token, label) {
    for (let n = 0; !this.stopping; n += 1) {
      const sent = record(`${label}-${n}`);
      const began = performance.now();
      try {
        const answer = await server.call(token, 'POST', '/api/v1/departments', sent);
        if (answer.status === 201) this.acked.push({ sent, at: performance.now(), ms: performance.now() - began });
        else this.refused.push(`${answer.status} ${answer.text.slice(0, 200)}`);
        this.waiting = this.waiting.filter(({ n: wanted, resolve }) => this.acked.length < wanted || resolve());
      } catch (error) {
        this.unknown.push({ sent, error: String(error) });
        return;
      }
    }
  }

  /** Resolves when so many were acknowledged. */
  reached(n) {
    if (this.acked.length >= n) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ n, resolve: () => { resolve(); return false; } }));
  }

  async stop() {
    this.stopping = true;
    await this.done;
  }
}

/** Why a record is not as it was sent; null when it is. */
export async function wrong(server, token, sent) {
  const { status, json } = await server.call(token, 'GET', `/api/v1/departments/${sent.id}`);
  if (status !== 200) return `${sent.name}: ${status}`;
  return json.name === sent.name ? null : `${sent.name}: is ${json.name}`;
}

/** How often each name is there. */
export async function names(server, token) {
  const counts = new Map();
  for (let cursor = ''; cursor !== null;) {
    const { json } = await server.call(token, 'GET', `/api/v1/departments?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const { name } of json.items) counts.set(name, (counts.get(name) ?? 0) + 1);
    cursor = json.next_cursor;
  }
  return counts;
}
