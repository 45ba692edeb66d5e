/* `node -r typescript.js main.ts`: runs our sources without a build, for processes that a test must be able to kill. */
'use strict';
const { existsSync, readFileSync } = require('node:fs');
const Module = require('node:module');
const { transformSync } = require('@swc/core');

const options = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
  swcrc: false,
};
require.extensions['.ts'] = (module, filename) => {
  module._compile(transformSync(readFileSync(filename, 'utf8'), { ...options, filename }).code, filename);
};
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  if (request.startsWith('.') && parent) {
    const path = require('node:path').resolve(require('node:path').dirname(parent.filename), `${request}.ts`);
    if (existsSync(path)) return path;
  }
  return resolve.call(this, request, parent, ...rest);
};
