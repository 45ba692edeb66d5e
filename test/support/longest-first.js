/**
 * Order of the tests, the same on every run: the longest first, so that none of them is what everybody waits for at the
 * end, then by name. jest by itself goes by file size until it has a cache, which a fresh clone has not.
 */
const { default: Sequencer } = require('@jest/test-sequencer');

const LONGEST = [
  ...['/e2e/', '/relay/', '/console/screens', '/agent.component', '/refusals.', '/chaos', '/rebuild', '/presence/'],
  ...['/trouble.', '/workflows/', '/contract/'],
  ...['/projector/simulation', '/access-matrix', '/outbox/simulation', '/replay/', '/mqtt-listener/adapter'],
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const found = LONGEST.findIndex((part) => path.includes(part));
      return found < 0 ? LONGEST.length : found;
    };
    return [...tests].sort((a, b) => place(a) - place(b) || a.path.localeCompare(b.path));
  }
};
