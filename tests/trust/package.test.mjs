// The Debian package: what is in it, and that what is in it runs with the settings that it brings.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { remove, scratch } from './house.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const dir = scratch();
after(() => remove(dir));

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000, ...options });
  if (done.error) throw done.error;
  assert.equal(done.status, 0, `${command} ${args.join(' ')}: ${done.stdout}${done.stderr}`);
  return done.stdout;
}

test('the package holds the program, its unit, its settings and its book, and the program runs with them', () => {
  const program = path.resolve(root, process.env.BUTING ?? 'target/debug/buting');
  const made = run(path.join(root, 'scripts', 'make-deb.sh'), [program, dir], { env: { ...process.env, DPKG_DEB_COMPRESSOR_TYPE: 'none' } }).trim().split('\n').at(-1);
  const control = run('dpkg-deb', ['--field', made]);
  const version = /^version = "(.*)"$/m.exec(readFileSync(path.join(root, 'Cargo.toml'), 'utf8'))[1];
  assert.match(control, /^Package: buting$/m);
  assert.match(control, new RegExp(`^Version: ${version.replaceAll('.', '\\.')}$`, 'm'));
  const listed = run('dpkg-deb', ['--contents', made]);
  for (const file of ['usr/bin/buting', 'usr/lib/systemd/system/buting.service', 'usr/lib/sysusers.d/buting.conf', 'etc/buting/buting.toml',
    'usr/share/doc/buting/copyright', 'usr/share/doc/buting/README.zh-CN.md', 'usr/share/doc/buting/book/admin/install.md']) {
    assert.match(listed, new RegExp(`\\./${file.replaceAll('.', '\\.')}$`, 'm'), file);
  }
  assert.ok(listed.trimEnd().split('\n').every((line) => line.includes(' root/root ')), 'every file belongs to root');

  const tree = path.join(dir, 'tree');
  run('dpkg-deb', ['--raw-extract', made, tree]);
  const unpacked = path.join(tree, 'etc/buting/buting.toml');
  assert.equal(statSync(unpacked).mode & 0o007, 0, 'others cannot read the settings, which may hold a password');
  assert.match(readFileSync(path.join(tree, 'DEBIAN/conffiles'), 'utf8'), /^\/etc\/buting\/buting\.toml$/m);
  run('md5sum', ['--quiet', '--check', path.join(tree, 'DEBIAN/md5sums')], { cwd: tree });
  for (const script of ['postinst', 'prerm', 'postrm']) run('sh', ['-n', path.join(tree, 'DEBIAN', script)]);
  const unit = readFileSync(path.join(tree, 'usr/lib/systemd/system/buting.service'), 'utf8');
  const [, started] = /^ExecStart=(\S+)/m.exec(unit);
  const [, config] = /--config[ =](\S+)/.exec(unit) ?? [null, '/etc/buting/buting.toml'];

  // As the unit starts it, but for the folder, which only the package's own user may write to.
  run(path.join(tree, started), ['migrate', '--config', path.join(tree, config), '--data', path.join(dir, 'data')]);
  run(path.join(tree, started), ['check', '--config', path.join(tree, config), '--data', path.join(dir, 'data')]);
});
