// A write that was acknowledged survives the death of the process.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server, Writers, buting, dice, furnish, names, remove, scratch, wrong } from './house.mjs';

const CYCLES = Number(process.env.CYCLES ?? 20);
const WRITERS = 8;

test(`kill -9 under ${WRITERS} writers, ${CYCLES} times: nothing lost, nothing twice, the ledger whole`, async (t) => {
  const dir = scratch();
  t.after(() => remove(dir));
  const where = ['--data', dir];
  const token = furnish(where);
  const roll = dice(20261125);
  const kept = [];
  let unknown = 0;
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    let server = await Server.start(where);
    const writers = new Writers(server, token, WRITERS, `k${cycle}`);
    await writers.reached(10 + Math.floor(roll() * 120));
    await server.end('SIGKILL');
    await writers.stop();
    assert.deepEqual(writers.refused, []);

    server = await Server.start(where);
    assert.ok(server.startMs < 5000, `serving again after ${server.startMs} ms`);
    for (const { sent } of writers.acked) assert.equal(await wrong(server, token, sent), null);
    // What had no answer is there whole or not at all; sending it again makes it one.
    for (const { sent } of writers.unknown) {
      const again = await server.call(token, 'POST', '/api/v1/departments', sent);
      assert.ok([200, 201].includes(again.status), `${again.status} ${again.text}`);
      assert.equal(await wrong(server, token, sent), null);
    }
    unknown += writers.unknown.length;
    kept.push(...writers.acked.map(({ sent }) => sent), ...writers.unknown.map(({ sent }) => sent));
    await server.end('SIGKILL');
    const verified = buting('verify', ...where);
    assert.equal(verified.status, 0, verified.out + verified.err);
  }
  assert.ok(unknown > 0, 'no kill ever met a request: it proves nothing');

  const server = await Server.start(where);
  const counts = await names(server, token);
  const twiceOrGone = kept.filter(({ name }) => counts.get(name) !== 1);
  assert.deepEqual(twiceOrGone, []);
  assert.equal(counts.size, kept.length);
  t.diagnostic(`${kept.length} records, ${unknown} of them without an answer at first`);
  assert.equal((await server.end()).code, 0);
});

test('SIGTERM under load: ends by itself with 0 within 10 s, and what was acknowledged is there', async (t) => {
  const dir = scratch();
  t.after(() => remove(dir));
  const where = ['--data', dir];
  const token = furnish(where);
  let server = await Server.start(where);
  const writers = new Writers(server, token, WRITERS, 't');
  await writers.reached(100);
  const began = performance.now();
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null });
  assert.ok(performance.now() - began < 10_000);
  await writers.stop();
  // Whoever leaves in good order leaves every row sealed.
  const verified = buting('verify', ...where);
  assert.match(verified.out, / 0 of them not sealed yet/);
  server = await Server.start(where);
  for (const { sent } of writers.acked) assert.equal(await wrong(server, token, sent), null);
  await server.end();
});
