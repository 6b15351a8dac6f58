// A full disk: changes are refused in plain words, reads go on, and it recovers without a restart.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Server, buting, furnish, record, remove, scratch, wrong } from './house.mjs';

test('a full disk', async (t) => {
  const dir = scratch();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=14m', 'tmpfs', dir], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    remove(dir);
    t.skip('a small disk needs the right to mount');
    return;
  }
  t.after(() => {
    spawnSync('umount', ['--lazy', dir]);
    remove(dir);
  });
  const where = ['--data', path.join(dir, 'data')];
  const token = furnish(where);
  const ballast = path.join(dir, 'ballast');
  writeFileSync(ballast, Buffer.alloc(8 << 20));
  const server = await Server.start(where);
  const post = (sent) => server.call(token, 'POST', '/api/v1/departments', sent);

  const acked = [];
  let refused = null;
  for (let n = 0; refused === null && n < 50_000; n += 1) {
    const sent = record(`disk ${n}`);
    const answer = await post(sent);
    if (answer.status === 201) acked.push(sent);
    else refused = answer;
  }
  assert.equal(refused?.status, 507, refused?.text);
  assert.equal(refused.json.code, 'full');
  assert.ok(acked.length > 100);
  for (const sent of acked.slice(-20)) assert.equal(await wrong(server, token, sent), null);
  assert.equal((await server.call(token, 'GET', '/readyz')).status, 200);

  rmSync(ballast);
  const later = record('after');
  let again = await post(later);
  // The first write may still meet what the full disk left behind.
  if (again.status !== 201) again = await post(later);
  assert.equal(again.status, 201, again.text);
  assert.equal((await server.end()).code, 0);
  const verified = buting('verify', ...where);
  assert.equal(verified.status, 0, verified.out + verified.err);
  const restarted = await Server.start(where);
  for (const sent of [...acked.slice(-200), later]) assert.equal(await wrong(restarted, token, sent), null);
  await restarted.end();
  t.diagnostic(`${acked.length} records until the disk was full`);
});
