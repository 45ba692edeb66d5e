/** What a worker runs: the name of each export is the type of the workflow. */
export { batch } from './batch/workflow';
export { campaign } from './campaign/workflow';
export { command, forgotten } from './command/workflow';
export { decommission } from './decommission/workflow';
