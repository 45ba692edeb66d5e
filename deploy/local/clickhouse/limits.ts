/** Every bound of the front in one place. What happens at each is in the comment; metrics show how near it is. */
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** SELECTs the engine works on at once; each owns a named pipe. */
export const READ_SLOTS = 4;
/** INSERTs and DDL at once, apart from the reads so that long SELECTs cannot hold them up. */
export const WRITE_SLOTS = 3;
/** Requests waiting for a slot, per lane; past it 503 with code 202. */
export const MAX_WAITING = 64;
/** Time a request may wait for a slot before 503 with code 202. */
export const MAX_WAIT_MS = 30_000;

/** SQL text of a request that is not an INSERT's data; past it 413. */
export const MAX_STATEMENT_BYTES = 4 * MIB;
/** Part of a body in which the head of an INSERT must end. */
export const INSERT_HEAD_BYTES = 256 * KIB;
/** Data of one INSERT, decompressed; past it 413. */
export const MAX_INSERT_BYTES = 2 * GIB;
/** Data of all INSERTs waiting on disk; past it 503. */
export const MAX_SPOOL_BYTES = 4 * GIB;

/** Answer kept back until its end is known, so that an error can still set the status. */
export const HOLD_BYTES = MIB;
/** Answer kept back on disk when the client asks for wait_end_of_query; past it 413. */
export const MAX_SPILL_BYTES = 4 * GIB;

/** Connections kept for session_id; past it 503. */
export const MAX_SESSIONS = 16;
export const SESSION_TIMEOUT_S = 60;
export const MAX_SESSION_TIMEOUT_S = 3600;
/** Connections given up but not yet closed (chdb closes them when nothing else runs); past it 503 for those who need a new one. */
export const MAX_DISCARDED = 64;

export const MAX_HEADER_BYTES = 64 * KIB;
export const MAX_HTTP_CONNECTIONS = 256;
/** Running queries are given this long to end after SIGTERM. */
export const SHUTDOWN_GRACE_MS = 10_000;

/** Memory of one query and of the engine; an operator of a small machine lowers them by environment. */
export const MAX_QUERY_MEMORY_BYTES = 4 * GIB;
export const MAX_SERVER_MEMORY_BYTES = 6 * GIB;
export const MAX_EXECUTION_S = 300;

/** File system, compression and hashing work beside the engine's threads. */
const OTHER_THREADS = 8;
export const THREAD_POOL = READ_SLOTS + WRITE_SLOTS + 2 + OTHER_THREADS;
