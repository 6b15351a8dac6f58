// A backup made under load can be restored elsewhere, on either database; a damaged one is refused.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, Writers, beside, buting, dice, furnish, must, names, remove, scratch, wrong } from './house.mjs';

const dir = scratch();
const live = ['--data', path.join(dir, 'live')];
let server;
let token;

before(async () => {
  token = furnish(live);
  server = await Server.start(live);
});

after(async () => {
  await server.end();
  remove(dir);
});

/** An empty database on the test server, if there is one. */
function postgres(name) {
  const base = process.env.BUTING_TEST_POSTGRES;
  if (!base) return null;
  const made = spawnSync('psql', [base, '-qc', `CREATE DATABASE ${name}`], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const url = new URL(base);
  url.pathname = `/${name}`;
  return url.href;
}

async function holds(where, records) {
  const verified = buting('verify', ...where);
  assert.equal(verified.status, 0, verified.out + verified.err);
  const restored = await Server.start(where);
  try {
    for (const { sent } of records) assert.equal(await wrong(restored, token, sent), null);
    return await names(restored, token);
  } finally {
    await restored.end();
  }
}

test('a backup under six writers is one moment of the database', async (t) => {
  const writers = new Writers(server, token, 6, 'b');
  for (let n = 0; n < 3; n += 1) {
    await writers.reached(writers.acked.length + 60);
    const began = performance.now();
    const file = path.join(dir, `${n}.backup`);
    assert.equal(await beside('backup', file, ...live), 0);
    const earlier = writers.acked.filter(({ at }) => at < began);
    const meanwhile = writers.acked.filter(({ at }) => at >= began).map(({ ms }) => ms).sort((a, b) => a - b);
    const p99 = meanwhile[Math.floor(meanwhile.length * 0.99)] ?? 0;
    assert.ok(p99 < 1000, `writers waited ${p99} ms`);

    const where = ['--data', path.join(dir, `restored-${n}`)];
    must('restore', file, ...where);
    const there = await holds(where, earlier);
    assert.ok(there.size >= earlier.length);
    t.diagnostic(`${earlier.length} records before, ${statSync(file).size} bytes, writers' p99 ${p99.toFixed(0)} ms`);
  }
  await writers.stop();
  assert.deepEqual([writers.refused, writers.unknown], [[], []]);
});

test('from SQLite to PostgreSQL and back', { skip: !process.env.BUTING_TEST_POSTGRES && 'no PostgreSQL' }, async () => {
  const writers = new Writers(server, token, 4, 'p');
  await writers.reached(40);
  await writers.stop();
  const file = path.join(dir, 'to-postgres.backup');
  must('backup', file, ...live);
  const there = ['--data', path.join(dir, 'postgres'), '--database', postgres('moved')];
  must('restore', file, ...there);
  const moved = await holds(there, writers.acked);

  const back = path.join(dir, 'from-postgres.backup');
  must('backup', back, ...there);
  const here = ['--data', path.join(dir, 'back')];
  must('restore', back, ...here);
  assert.deepEqual(await holds(here, writers.acked), moved);
});

test('a target that holds data is replaced only by force, never while it serves, and is kept', async () => {
  const file = path.join(dir, 'whole.backup');
  must('backup', file, ...live);
  const serving = buting('restore', file, '--force', ...live);
  assert.equal(serving.status, 1);
  assert.match(serving.err, /stop it first/);

  const where = ['--data', path.join(dir, 'full')];
  must('restore', file, ...where);
  const refused = buting('restore', file, ...where);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /holds data already/);
  const forced = buting('restore', file, '--force', ...where);
  assert.equal(forced.status, 0, forced.err);
  assert.match(forced.out, /What was there is kept in .*before-restore\.backup/);
  await holds(where, []);
  // Keys that are replaced are kept too, apart from the backup; both together bring back what was there.
  const field = path.join(where[1], 'keys', 'field-0001.key');
  const before = readFileSync(field, 'utf8');
  const other = path.join(dir, 'other.keys');
  must('backup-keys', other, ...live);
  const second = buting('restore', file, '--keys', other, '--force', ...where);
  assert.equal(second.status, 0, second.err);
  assert.notEqual(readFileSync(field, 'utf8'), before);
  const [, kept] = second.out.match(/What was there is kept in (.*before-restore\.backup)/);
  const [, keys] = second.out.match(/The keys that were there are kept in (.*keys-before-restore-\d{8}-\d{9}\/buting\.keys)/);
  assert.equal(statSync(keys).mode & 0o077, 0, 'others can read the keys');
  await holds(where, []);
  must('restore', kept, '--keys', keys, '--force', ...where);
  assert.equal(readFileSync(field, 'utf8'), before);
  await holds(where, []);
  assert.equal(buting('backup', file, ...live).status, 1, 'a backup is never written over');
});

test('a damaged backup is refused in plain words and leaves nothing behind', () => {
  const whole = path.join(dir, 'to-damage.backup');
  must('backup', whole, ...live);
  const bytes = readFileSync(whole);
  const roll = dice(7);
  for (let n = 0; n < 16; n += 1) {
    const file = path.join(dir, `damaged-${n}.backup`);
    copyFileSync(whole, file);
    if (n % 4 === 3) {
      writeFileSync(file, bytes.subarray(0, Math.floor(roll() * bytes.length)));
    } else {
      const flipped = Buffer.from(bytes);
      flipped[Math.floor(roll() * bytes.length)] ^= 1 << Math.floor(roll() * 8);
      writeFileSync(file, flipped);
    }
    const target = path.join(dir, `from-damaged-${n}`);
    mkdirSync(target);
    const done = buting('restore', file, '--data', target);
    assert.equal(done.status, 1, `number ${n} was accepted`);
    assert.match(done.err, /damaged|is not a backup/);
    assert.equal(buting('verify', '--data', target).status, 1, 'there is no database there');
  }
});

test('a key backup is made apart and brought back', () => {
  const [file, keys] = [path.join(dir, 'k.backup'), path.join(dir, 'k.keys')];
  must('backup', file, ...live);
  must('backup-keys', keys, ...live);
  assert.equal(statSync(keys).mode & 0o077, 0, 'others can read the keys');
  const where = ['--data', path.join(dir, 'with-keys')];
  must('restore', file, '--keys', keys, ...where);
  const read = (data) => readFileSync(path.join(data, 'keys', 'field-0001.key'), 'utf8');
  assert.equal(read(where[1]), read(live[1]));
});
