/**
 * Modules are compiled once for a worker of jest, not once for each file of tests that loads them. Each file still runs
 * every module anew, in globals of its own: only the code is shared, which V8 then parses and compiles lazily once.
 */
const { Script } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

/** By the name of its file: its source, and the script made of it. As many as the project and its libraries have. */
const scripts = new Map();

function scriptOf(source, filename, parameters) {
  const known = scripts.get(filename);
  if (known?.source === source) return known.script;
  const head = `(function (${parameters.join(', ')}) {`;
  const script = new Script(`${head}${source}\n})`, { filename, columnOffset: -head.length });
  scripts.set(filename, { source, script });
  return script;
}

module.exports = class SharedCodeRuntime extends Runtime {
  constructor(...parts) {
    super(...parts);
    const { executor } = this;
    const compile = executor.compile.bind(executor);
    executor.compile = (source, filename) => {
      const context = this._environment.getVmContext();
      if (context === null) return null;
      try {
        return scriptOf(source, filename, executor.injectedModuleParameters).runInContext(context);
      } catch {
        // What cannot be compiled is told by jest, with the place in the source.
        return compile(source, filename);
      }
    };
  }
};
