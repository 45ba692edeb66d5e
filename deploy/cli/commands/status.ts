import { type Context } from '../context';
import { EXIT } from '../errors';
import { duration, type Io, json, styled, table } from '../io';
import { type Status, statusOf } from '../status';

export async function status(context: Context, options: { json?: boolean }): Promise<number> {
  const { io } = context;
  const found = await statusOf(context.dir());
  if (options.json) io.out(json(found));
  else show(found, io);
  return found.healthy ? EXIT.ok : EXIT.failed;
}

function show(s: Status, io: Io): void {
  if (s.phase === 'none') {
    io.err(`millrace: nothing is running in ${s.data}\n  start it with \`millrace up\`\n`);
    return;
  }
  const rows = s.processes.map((p) => [
    p.name,
    p.state,
    p.pid,
    p.uptime_ms === null ? null : duration(p.uptime_ms),
    p.restarts,
    p.lag,
    p.address,
  ]);
  const text = table(['NAME', 'STATE', 'PID', 'UP', 'RESTARTS', 'LAG', 'ADDRESS'], rows);
  io.out(
    text.replace(/\b(unready|restarting|failed|lost|unsupervised|unknown)\b/g, (w) => styled(w, 'red', io.color.out)),
  );
  showLinks(s, io);
  for (const p of s.processes) if (p.reason && p.state !== 'ready') io.err(`  ${p.name}: ${p.reason}\n`);
  if (s.launcher_pid === null)
    io.err('millrace: the launcher is gone: `millrace up` takes these processes over, `millrace down` stops them\n');
  else if (!s.healthy) io.err(`millrace: ${s.phase === 'ready' ? 'not everything is well' : s.phase}\n`);
}

function showLinks({ links }: Status, io: Io): void {
  if (links.length === 0) return;
  const rows = links.map((l) => {
    const state = l.connected ? 'connected' : 'disconnected';
    return [l.connection, state, `${l.devices_connected}/${l.devices}`, l.connected ? null : l.last_error || null];
  });
  io.out(`\n${table(['LINK', 'STATE', 'DEVICES', 'LAST ERROR'], rows)}`);
}
