/* Makes the bundle of workflows beside the compiled ones: workers of an image find it and cannot write one themselves. */
'use strict';
const { readdirSync } = require('node:fs');
const { join } = require('node:path');

const dist = join(__dirname, '..', '..', 'dist');
const { workflowBundle } = require(join(dist, 'workflows', 'bundle.js'));
const tell = (message) => console.error(message);
const logger = { log: tell, trace() {}, debug() {}, info() {}, warn: tell, error: tell };

workflowBundle(dist, logger).then(() => {
  const made = readdirSync(join(dist, 'workflows')).filter((name) => /^bundle-.*\.cjs$/.test(name));
  if (made.length !== 1) throw new Error(`expected one bundle, found ${made.length}`);
});
