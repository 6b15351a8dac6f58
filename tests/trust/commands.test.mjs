// The commands as scripts rely on them: exit codes, last lines, plain words.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';
import { Server, buting, furnish, must, remove, scratch } from './house.mjs';

const dir = scratch();
after(() => remove(dir));

test('wrong usage is 2, failure is 1', () => {
  assert.equal(buting().status, 2);
  assert.equal(buting('serve', '--nonsense').status, 2);
  assert.equal(buting('user', 'add', 'x', '--person', '某', '--role', 'king').status, 2);
  const where = ['--data', path.join(dir, 'usage')];
  const broken = path.join(dir, 'broken.toml');
  writeFileSync(broken, 'listen = \n');
  for (const command of [
    ['migrate', '--database', 'mysql://x', ...where],
    ['migrate', '--database', 'postgres://host:port/name', ...where],
    ['migrate', '--config', broken],
    ['migrate', '--config', path.join(dir, 'no-such-file.toml')],
    ['serve', '--listen', 'nonsense', ...where],
    ['token', 'create', '--user', 'x', '--scope', 'everything', ...where],
    ['import', 'ghosts', broken, ...where],
    ['export', 'enterprises', path.join(dir, 'out.pdf'), ...where],
    ['zone', 'create', 'No Such Handle', '某区', ...where],
  ]) {
    const done = buting(...command);
    assert.equal(done.status, 2, `${command.join(' ')}: ${done.err}`);
    assert.ok(done.err.length > 0 && !done.err.includes('panicked'), done.err);
  }
  const nowhere = buting('verify', '--data', path.join(dir, 'nowhere'));
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.err, /there is no database at .*nowhere/);
});

test('the OpenAPI document is printed without a database', () => {
  const { status, out } = buting('openapi');
  assert.equal(status, 0);
  const document = JSON.parse(out);
  assert.equal(document.openapi, '3.1.0');
  for (const [url, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      assert.ok(Array.isArray(operation['x-roles']), `${method} ${url} says who may call it`);
    }
  }
});

test('accounts and tokens are made while the service runs, and hold at once', async () => {
  const where = ['--data', path.join(dir, 'accounts')];
  const token = furnish(where);
  const server = await Server.start(where);
  try {
    assert.equal((await server.call(token, 'GET', '/api/v1/session')).status, 200);
    must('user', 'add', 'auditor', '--person', '韩若谷', '--role', 'auditor', ...where);
    const second = must('token', 'create', '--user', 'auditor@zone', '--scope', 'read', '--days', '1', ...where);
    assert.match(second, /^bt_[0-9A-Za-z]{46}$/);
    assert.equal((await server.call(second, 'GET', '/api/v1/session')).status, 200);
    assert.match(buting('user', 'add', 'auditor', '--person', '又一人', '--role', 'auditor', ...where).err, /already/);
    must('user', 'disable', 'auditor', ...where);
    assert.equal((await server.call(second, 'GET', '/api/v1/session')).status, 401);
    assert.match(buting('user', 'passwd', 'nobody', ...where).err, /there is no account nobody/);
    assert.match(buting('token', 'create', '--user', 'dispatcher', '--scope', 'everything', ...where).err, /scopes/);
    const metrics = await server.call(token, 'GET', '/metrics');
    assert.match(metrics.text, /http_requests_total\{.*route="\/api\/v1\/session"/);
  } finally {
    await server.end();
  }
});

test('heads that are kept outside find a ledger that was made anew', () => {
  const [one, two] = [['--data', path.join(dir, 'one')], ['--data', path.join(dir, 'two')]];
  furnish(one);
  furnish(two);
  for (const where of [one, two]) must('check', ...where);
  const file = path.join(dir, 'heads');
  // The sealer of a serving process makes the head.
  return Server.start(one).then((server) => server.end()).then(() => {
    const { out } = buting('head', ...one);
    assert.match(out, /^buting ledger head v1\nzone /);
    writeFileSync(file, out);
    assert.equal(buting('verify', '--head', file, ...one).status, 0);
    const other = buting('verify', '--head', file, ...two);
    assert.equal(other.status, 1);
    assert.match(other.out, /outside_head/);
  });
});

test('a taken port and a directory that cannot be written to are told in plain words', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const done = buting('serve', '--listen', `127.0.0.1:${taken.address().port}`, '--data', path.join(dir, 'port'));
  taken.close();
  assert.equal(done.status, 1);
  assert.match(done.err, /another program has this port/);

  const file = path.join(dir, 'a-file');
  writeFileSync(file, '');
  const blocked = buting('serve', '--listen', '127.0.0.1:0', '--data', path.join(file, 'data'));
  assert.equal(blocked.status, 1);
  assert.match(blocked.err, /cannot be written to/);
});

test('sheets come in and go out; a dry run writes nothing', () => {
  const where = ['--data', path.join(dir, 'sheets')];
  furnish(where);
  const [sheet, out] = [path.join(dir, 'firms.csv'), path.join(dir, 'out.csv')];
  writeFileSync(sheet, '企业名称,职工人数\n测试机电设备有限公司,120\n测试食品有限公司,35\n');
  const trial = buting('import', 'enterprises', sheet, '--dry-run', ...where);
  assert.equal(trial.status, 0, trial.out + trial.err);
  assert.match(trial.out, /nothing written; would be: 2 new/);
  assert.match(buting('import', 'enterprises', sheet, ...where).out, /^2 new/m);
  assert.match(buting('import', 'enterprises', sheet, ...where).out, /^0 new, 0 changed, 2 as known/m);
  must('export', 'enterprises', out, ...where);
  assert.match(readFileSync(out, 'utf8'), /测试机电设备有限公司/);
  assert.equal(buting('export', 'enterprises', out, ...where).status, 1, 'a file is never written over');
  assert.equal(buting('import', 'ghosts', sheet, ...where).status, 2);
});

test('settings come from the file, and an unknown one is named', async () => {
  const data = path.join(dir, 'configured');
  mkdirSync(data);
  const file = path.join(dir, 'buting.toml');
  writeFileSync(file, `data = ${JSON.stringify(data)}\nkeep_backups = 3\n`);
  must('migrate', '--config', file);
  assert.ok(readFileSync(path.join(data, 'buting.db')).length > 0);
  writeFileSync(file, 'lissten = "x"\n');
  assert.match(buting('migrate', '--config', file).err, /lissten/);
});

test('with the keys of another installation nothing starts and nothing is written', () => {
  const [one, two] = ['own-keys', 'other-keys'].map((name) => path.join(dir, name));
  for (const data of [one, two]) furnish(['--data', data]);
  rmSync(path.join(one, 'keys'), { recursive: true });
  cpSync(path.join(two, 'keys'), path.join(one, 'keys'), { recursive: true });
  const where = ['--data', one];
  const files = ['a.backup', 'a.keys'].map((name) => path.join(dir, name));
  for (const command of [['serve', '--listen', '127.0.0.1:0'], ['user', 'add', 'x', '--person', '某', '--role', 'auditor'], ['check'],
    ['backup', files[0]], ['backup-keys', files[1]]]) {
    const refused = buting(...command, ...where);
    assert.equal(refused.status, 1, command[0]);
    assert.match(refused.out + refused.err, /the keys in .*own-keys\/keys are not those of the database/);
  }
  assert.ok(!files.some((file) => existsSync(file)), 'no backup was made');
  assert.equal(buting('verify', ...where).status, 1, 'it tells what does not hold');
});

test('without file handles the service rests and then goes on', async () => {
  const where = ['--data', path.join(dir, 'handles')];
  const token = furnish(where);
  const server = await Server.start(where, 20, 64);
  const open = [];
  try {
    for (let n = 0; n < 80; n += 1) open.push(net.connect(server.port, '127.0.0.1').on('error', () => {}));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const refused = server.log.filter((line) => line.includes('cannot be accepted')).length;
    assert.ok(refused > 0 && refused < 20, `${refused} times: it must rest in between`);
    for (const socket of open) socket.destroy();
    assert.equal((await server.call(token, 'GET', '/api/v1/session')).status, 200);
  } finally {
    for (const socket of open) socket.destroy();
    assert.equal((await server.end()).code, 0);
  }
});
