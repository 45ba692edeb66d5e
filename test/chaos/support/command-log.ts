/** Everything on m2m.command-events, folded. */
import { createKafka, EventReader, streamConfig, WriterSchemas } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { type CommandHistory, type CommandView, evolve, noHistory, viewOf } from '../../../services/domain/command';
import { tail } from '../../../services/lib/tail';

const silent = { warn: () => undefined };

export async function commandViews(env: Readonly<Record<string, string>>): Promise<Map<string, CommandView>> {
  const config = streamConfig(env, 'chaos');
  const reader = new EventReader('command-event', new WriterSchemas(config));
  const histories = new Map<string, CommandHistory>();
  const following = await tail(
    createKafka(config, silent),
    {
      ...{ groupId: `chaos-${process.pid}-${Date.now()}`, topics: [Topics.commandEvents.name], from: 'beginning' },
      async onMessage({ value }) {
        if (!value) return;
        const event = await reader.read(value);
        histories.set(event.command_id, evolve(histories.get(event.command_id) ?? noHistory, event));
      },
    },
    silent,
  );
  await following.caughtUp;
  await following.stop();
  const views = new Map<string, CommandView>();
  for (const [id, history] of histories) {
    const view = viewOf(history);
    if (view) views.set(id, view);
  }
  return views;
}
