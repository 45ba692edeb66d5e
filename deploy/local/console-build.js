/*
 * Builds the console (services/api/console) into dist/console when its sources changed. Plain JavaScript, because the
 * bootstrap runs it before anything is compiled; tests run it, too.
 */
'use strict';

const { existsSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const { createHash } = require('node:crypto');
const { spawnSync } = require('node:child_process');

const CONSOLE = join('services', 'api', 'console');
const OUTPUT = join('dist', 'console');

const stampOf = (root) => join(root, 'dist', '.console-stamp');

/** Digest over the content of everything the build reads; what is older than a build by its clock alone is no change. */
function digest(root) {
  const hash = createHash('sha256');
  const walk = (dir) => {
    for (const e of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(dir, e.name);
      if (e.isDirectory()) walk(path);
      else
        hash
          .update(`${relative(root, path)}\0`)
          .update(readFileSync(path))
          .update('\0');
    }
  };
  walk(join(root, CONSOLE));
  const lock = statSync(join(root, 'package-lock.json'), { throwIfNoEntry: false });
  return hash.update(String(lock ? lock.size : '')).digest('hex');
}

/** Without sources, as in an image that holds only dist, there is nothing to build. */
function consoleFresh(root) {
  if (!existsSync(join(root, CONSOLE, 'vite.config.mjs'))) return true;
  const stamp = stampOf(root);
  return (
    existsSync(join(root, OUTPUT, 'index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest(root)
  );
}

/** Undefined when it was built, otherwise in words why not. Output of the build goes to stderr: stdout is for data. */
function buildConsole(root) {
  const made = digest(root);
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = [vite, 'build', join(root, CONSOLE), '--logLevel', 'warn'];
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) return done.error ? ` (${done.error.message})` : '';
  writeFileSync(stampOf(root), made);
  return undefined;
}

module.exports = { buildConsole, consoleFresh, CONSOLE, OUTPUT };
