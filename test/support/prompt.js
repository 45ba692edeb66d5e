/** All tests but those that only compute: some wait for sockets and clocks, and none of them is to be kept waiting. */
const { isComputing } = require('./computing');

module.exports = (paths) => ({ filtered: paths.filter((path) => !isComputing(path)) });
