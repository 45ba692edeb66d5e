/**
 * Order of the tests of real components: the longest first, so that none of them is what everybody waits for at the end.
 * jest by itself goes by file size until it has a cache, which a fresh clone has not.
 */
const { default: Sequencer } = require('@jest/test-sequencer');

const LONGEST = ['/e2e/', '/relay/', '/agent.component', '/refusals.', '/chaos', '/rebuild', '/presence/', '/trouble.'];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const found = LONGEST.findIndex((part) => path.includes(part));
      return found < 0 ? LONGEST.length : found;
    };
    return [...tests].sort((a, b) => place(a) - place(b) || a.path.localeCompare(b.path));
  }
};
