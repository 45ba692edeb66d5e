/*
 * A process to be supervised: `node child.js PORT [ignore-term] [fork] [crash-after=MS] [crash-before=N] [noise]`.
 * Listens on PORT (0: does not), answers its pid. fork: a child of its own that ignores SIGTERM holds PORT + 1.
 * crash-before=N: dies at once in its first N lives, which it counts in LIVES_FILE.
 */
'use strict';
const { createServer } = require('node:http');
const { spawn } = require('node:child_process');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');

const [port, ...traits] = process.argv.slice(2);
const value = (name) => traits.find((t) => t.startsWith(`${name}=`))?.split('=')[1];

if (value('crash-before')) {
  const file = process.env.LIVES_FILE;
  const lives = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  writeFileSync(file, String(lives + 1));
  if (lives < Number(value('crash-before'))) {
    console.log(`life ${lives} ends`);
    process.exit(3);
  }
}
if (traits.includes('ignore-term')) process.on('SIGTERM', () => console.log('SIGTERM ignored'));
if (traits.includes('fork'))
  spawn(process.execPath, [__filename, String(Number(port) + 1), 'ignore-term'], { stdio: 'inherit' });
if (value('crash-after')) setTimeout(() => process.exit(4), Number(value('crash-after')));
if (Number(port)) createServer((_, res) => res.end(String(process.pid))).listen(Number(port), '127.0.0.1');
setInterval(() => undefined, 60_000);
console.log('up');
