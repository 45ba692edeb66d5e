/*
 * From a fresh clone to a running CLI: installs the libraries when they do not match package-lock.json, compiles when a
 * source changed, then hands over to dist/deploy/cli/main.js in this same process. Plain JavaScript without
 * dependencies, because it runs before there are any; old syntax at the top, so that an old node gets an answer, too.
 */
'use strict';

const MINIMUM = [20, 19];

function tooOld(version) {
  const parts = version.split('.').map(Number);
  return parts[0] < MINIMUM[0] || (parts[0] === MINIMUM[0] && parts[1] < MINIMUM[1]);
}

if (tooOld(process.versions.node)) {
  console.error(
    'millrace: node ' +
      process.versions.node +
      ' is too old, it needs ' +
      MINIMUM.join('.') +
      ' or newer.\n' +
      '  Install it from https://nodejs.org/ (or with nvm: nvm install 20), then run this again.',
  );
  process.exit(1);
}

const { existsSync, readFileSync, writeFileSync, mkdirSync, readdirSync, statSync } = require('node:fs');
const { linkSync, renameSync, unlinkSync } = require('node:fs');
const { join, relative } = require('node:path');
const { createHash } = require('node:crypto');
const { spawnSync } = require('node:child_process');
const { buildConsole, consoleFresh, CONSOLE } = require('./console-build.js');

const root = join(__dirname, '..', '..');
const entry = join(root, 'dist', 'deploy', 'cli', 'main.js');
const verb = process.argv[2];

/** Folders that tsc compiles, as in tsconfig.json. */
const SOURCES = ['schemas', 'edge-agent', 'services', 'workflows', 'deploy', 'test'];
const PROJECT_FILES = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
const LOCK_WAIT_MS = 15 * 60_000;
const LOCK_POLL_MS = 200;

const stamps = {
  libraries: join(root, 'node_modules', '.millrace-stamp'),
  build: join(root, 'dist', '.millrace-stamp'),
};

class BootstrapError extends Error {}

function say(line) {
  process.stderr.write(`millrace: ${line}\n`);
}

function readOr(path, fallback) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback;
  }
}

function fingerprint(path) {
  const s = statSync(path, { throwIfNoEntry: false });
  return s ? `${s.size}:${s.mtimeMs}` : 'absent';
}

// --- libraries -----------------------------------------------------------------------------------------------------

const lockFile = join(root, 'package-lock.json');
const installedFile = join(root, 'node_modules', '.package-lock.json');

function librariesStamp() {
  return `${fingerprint(lockFile)} ${fingerprint(installedFile)}`;
}

/** What npm wrote about the last install against what the lock file wants: survives a fresh clone over old libraries. */
function librariesMatch() {
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const installed = JSON.parse(readOr(installedFile, '{"packages":null}')).packages;
  if (!installed) return false;
  return Object.entries(wanted).every(([path, w]) => {
    const i = installed[path];
    if (i) return i.version === w.version && i.integrity === w.integrity;
    return path === '' || w.optional === true || w.devOptional === true;
  });
}

function librariesFresh() {
  return readOr(stamps.libraries, '') === librariesStamp();
}

function installLibraries() {
  if (librariesFresh()) return;
  if (!librariesMatch()) {
    const started = Date.now();
    say('installing libraries (npm ci); this takes up to a minute and is done once ...');
    run('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'], 'npm ci failed', {
      hint: 'is npm installed and the package registry reachable? Run `npm ci` in the project to see more.',
    });
    say(`libraries installed in ${seconds(started)} s`);
  }
  writeFileSync(stamps.libraries, librariesStamp());
}

// --- build ---------------------------------------------------------------------------------------------------------

function sourceFiles() {
  const found = [];
  const walk = (dir) => {
    for (const e of readdirSync(dir, { withFileTypes: true })) {
      if (e.isDirectory()) {
        const path = join(dir, e.name);
        if (e.name !== 'node_modules' && e.name[0] !== '.' && path !== join(root, CONSOLE)) walk(path);
      } else if (e.name.endsWith('.ts') && !e.name.endsWith('.test.ts')) found.push(join(dir, e.name));
    }
  };
  for (const s of SOURCES) if (existsSync(join(root, s))) walk(join(root, s));
  return found.concat(PROJECT_FILES.map((f) => join(root, f))).sort();
}

function hashOver(files, describe) {
  const hash = createHash('sha256');
  for (const f of files) hash.update(`${relative(root, f)}\0${describe(f)}\0`);
  return hash.digest('hex');
}

const byTime = (files) => hashOver(files, fingerprint);
const byContent = (files) => hashOver(files, (f) => readOr(f, ''));

function buildFresh() {
  return existsSync(entry) && readOr(stamps.build, '').split('\n')[0] === byTime(sourceFiles());
}

function build() {
  const files = sourceFiles();
  const times = byTime(files);
  const [oldTimes, oldContent] = readOr(stamps.build, '').split('\n');
  if (existsSync(entry) && oldTimes === times) return;
  const content = byContent(files);
  if (!existsSync(entry) || oldContent !== content) {
    const started = Date.now();
    say(oldContent ? 'sources changed, compiling ...' : 'compiling ...');
    compile();
    say(`compiled in ${seconds(started)} s`);
  }
  writeFileSync(stamps.build, `${times}\n${content}`);
}

function compile() {
  const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
  // A build info without its output would make tsc believe that there is nothing to do.
  if (!existsSync(entry)) removeIfThere(join(root, 'dist', 'tsconfig.build.tsbuildinfo'));
  run(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], 'the sources do not compile', {
    hint: 'correct what is named above.',
  });
}

function buildTheConsole() {
  if (consoleFresh(root)) return;
  const started = Date.now();
  say('building the console ...');
  const problem = buildConsole(root);
  if (problem !== undefined)
    throw new BootstrapError(`the console does not build${problem}\n  correct what is named above.`);
  say(`console built in ${seconds(started)} s`);
}

function removeIfThere(path) {
  if (existsSync(path)) unlinkSync(path);
}

/** Runs with its output on our stderr: stdout is for data. */
function run(command, args, failure, { hint }) {
  const env = { ...process.env, npm_config_update_notifier: 'false' };
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], env });
  if (done.status === 0) return;
  throw new BootstrapError(`${failure}${done.error ? ` (${done.error.message})` : ''}\n  ${hint}`);
}

function seconds(since) {
  return ((Date.now() - since) / 1000).toFixed(1);
}

// --- one at a time -------------------------------------------------------------------------------------------------

const lock = join(root, '.millrace', 'bootstrap.lock');

/** Field 22 of /proc/PID/stat: with it a reused pid is not mistaken for the owner. */
function startOf(pid) {
  const stat = readOr(`/proc/${pid}/stat`, '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] || '';
}

function ownerAlive(text) {
  const [pid, start] = text.trim().split(' ');
  return Boolean(pid) && startOf(pid) === start;
}

function tryLock() {
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, `${process.pid} ${startOf(process.pid)}`);
  try {
    linkSync(mine, lock);
    return true;
  } catch (e) {
    if (e.code !== 'EEXIST') throw e;
    return false;
  } finally {
    unlinkSync(mine);
  }
}

/** Whoever renames the dead owner's lock away has removed it; the others find it gone and try again. */
function breakStaleLock() {
  const text = readOr(lock, undefined);
  if (text === undefined || ownerAlive(text)) return;
  const grave = `${lock}.stale.${process.pid}`;
  try {
    renameSync(lock, grave);
  } catch (e) {
    if (e.code === 'ENOENT') return;
    throw e;
  }
  const moved = readOr(grave, '');
  if (ownerAlive(moved)) renameSync(grave, lock);
  else unlinkSync(grave);
}

function withLock(work) {
  mkdirSync(join(root, '.millrace'), { recursive: true });
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (let waited = false; !tryLock(); waited = true) {
    if (!waited)
      say(`waiting for another millrace that installs or compiles (pid ${readOr(lock, '?').split(' ')[0]}) ...`);
    if (Date.now() > deadline)
      throw new BootstrapError(
        `still not free: ${relative(root, lock)}\n  Remove that file if nothing else is running.`,
      );
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
    breakStaleLock();
  }
  try {
    work();
  } finally {
    removeIfThere(lock);
  }
}

// --- main ----------------------------------------------------------------------------------------------------------

function prepare() {
  if (librariesFresh() && buildFresh() && consoleFresh(root)) return;
  withLock(() => {
    installLibraries();
    build();
    buildTheConsole();
  });
}

function main() {
  if (verb === '--version' || verb === '-V') {
    console.log(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
    return;
  }
  // A production image has neither compiler settings nor sources: dist is all there is.
  if (existsSync(join(root, 'tsconfig.build.json'))) {
    try {
      prepare();
    } catch (e) {
      if (!(e instanceof BootstrapError)) throw e;
      say(e.message);
      process.exitCode = 1;
      if (verb !== 'test') return;
      // `test` counts a failed build as a failed check, so its verdict stays the last line.
      if (!existsSync(entry)) return void console.log('0 passed, 1 failed');
    }
  }
  const { enableCompileCache } = require('node:module');
  if (enableCompileCache) enableCompileCache(join(root, '.millrace', 'compile-cache'));
  require(entry);
}

main();
