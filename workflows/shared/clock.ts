/** Time as workflow code sees it: that of the workflow's history, the same in every replay. ms since 1970-01-01 UTC. */
export const now = (): number => Date.now();
