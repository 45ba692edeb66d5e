/**
 * Tests that only compute, of parts that have no sockets and no clocks: they say the same whatever processor they get,
 * and whenever, so that `millrace test` runs them at the lowest priority, beside the real components (`jest --filter`).
 * The access matrix asks an API in its own process thousands of times: HTTP, but no deadline.
 */
const PLACES = [
  ...['architecture', 'schemas/codec', 'services/domain/', 'edge-agent/core/'],
  ...[
    'services/projector/simulation',
    'edge-agent/io/outbox/simulation',
    'edge-agent/reporting',
    'services/api/access-matrix',
  ],
  'edge-agent/adapters/[^/]+/(codec|golden|plan)',
];
const COMPUTING = new RegExp(`/test/(${PLACES.join('|')})`);

const isComputing = (path) => COMPUTING.test(path);

module.exports = (paths) => ({ filtered: paths.filter(isComputing) });
module.exports.isComputing = isComputing;
