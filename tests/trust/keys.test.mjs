// Keys that are replaced: what was sealed and signed before still opens and verifies, and what comes after needs the new ones.
import assert from 'node:assert/strict';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { Server, buting, furnish, must, remove, scratch, wrong } from './house.mjs';

const dir = scratch();
after(() => remove(dir));

test('both keys are replaced in a house that is lived in, and everything before and after holds', async () => {
  const where = ['--data', path.join(dir, 'house')];
  const token = furnish(where);
  const sent = [];
  /** Serves, takes a department in, waits until its row is under a signed head. */
  const serve = async (name) => {
    const server = await Server.start(where);
    try {
      sent.push({ id: crypto.randomUUID(), name, kind: 'department' });
      assert.equal((await server.call(token, 'POST', '/api/v1/departments', sent.at(-1))).status, 201);
      for (const one of sent) assert.equal(await wrong(server, token, one), null);
    } finally {
      await server.end();
    }
  };
  const heads = () => buting('head', ...where).out;
  const held = () => readdirSync(path.join(where[1], 'keys')).sort();

  await serve('换钥匙之前');
  must('check', ...where);
  const [before, old] = [heads(), held()];
  const early = path.join(dir, 'early.keys');
  must('backup-keys', early, ...where);

  const field = buting('keys', 'rotate-field', ...where);
  assert.match(field.out, /key 2 once the service is started again/);
  const signing = buting('keys', 'rotate-signing', ...where);
  const [, second] = signing.out.match(/signed with key (\S+) once/);
  assert.deepEqual(old.filter((file) => /^field-/.test(file)), ['field-0001.key']);
  assert.ok(held().includes('field-0001.key') && held().includes('field-0002.key'), 'the old key stays beside the new one');
  const published = buting('keys', 'public', ...where).out.trim().split('\n');
  assert.equal(published.length, 2, 'heads of both keys can be verified elsewhere');
  assert.ok(published.some((line) => line.startsWith(`${second} `)));

  await serve('换钥匙之后');
  const verified = buting('verify', ...where);
  assert.equal(verified.status, 0, verified.out + verified.err);
  assert.notEqual(heads(), before, 'a new head was signed');

  // A backup with the keys of today is whole elsewhere.
  const [file, keys] = [path.join(dir, 'late.backup'), path.join(dir, 'late.keys')];
  must('backup', file, ...where);
  must('backup-keys', keys, ...where);
  const elsewhere = ['--data', path.join(dir, 'elsewhere')];
  must('restore', file, '--keys', keys, ...elsewhere);
  const there = buting('verify', ...elsewhere);
  assert.equal(there.status, 0, there.out + there.err);

  // Without the field key that is wrapped under nothing older, nothing is written over what can no longer be read.
  const lost = path.join(dir, 'lost');
  cpSync(where[1], lost, { recursive: true });
  for (const name of readdirSync(path.join(lost, 'keys'))) {
    if (name.startsWith('ledger-mac')) rmSync(path.join(lost, 'keys', name));
  }
  assert.equal(buting('serve', '--listen', '127.0.0.1:0', '--data', lost).status, 1, 'a house without the key of its ledger does not open');
});
