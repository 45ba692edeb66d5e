/** Golden cases: posts.json holds bodies of posts by their content type, and frames of WebSockets. */
import { decodeFrame } from '../../../../edge-agent/adapters/http/codec';
import { type AgentPlan, type DevicePlan } from '../../../../edge-agent/core/compile/plan';
import { PayloadError } from '../../../../edge-agent/wire/payload';
import { decodeBody, type Entry, formatOf } from '../../../../edge-agent/wire/posts/entries';
import { PostedDevice } from '../../../../edge-agent/wire/posts/device';
import { ARRIVAL, bytesOf, goldenCases } from '../golden';
import { told } from '../told';

interface Post {
  readonly why: string;
  /** Absent: a frame of a WebSocket. */
  readonly type?: string;
  readonly text?: string;
  readonly hex?: string;
  readonly times?: number;
}

function meaning(plan: AgentPlan, post: Post): object {
  const posted = new PostedDevice(plan.devices.get('pump-7') as DevicePlan, 'ms');
  const readings = (entries: readonly Entry[]): object => ({
    entries: entries.map((entry) => ({
      ...(entry.seq !== undefined && { seq: entry.seq }),
      readings: told(plan, posted.samples(entry, ARRIVAL), ARRIVAL),
    })),
  });
  try {
    if (post.type === undefined) {
      const frame = decodeFrame(bytesOf(post), post.text === undefined);
      return frame.kind === 'entries' ? readings(frame.entries) : frame;
    }
    const format = formatOf(post.type);
    return format ? readings(decodeBody(format, bytesOf(post))) : { refused: 'no such content type' };
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    // What follows a colon may be in words of the JavaScript engine.
    return { refused: error.message.replace(/^(not \w+):.*/s, '$1') };
  }
}

goldenCases<Post>('http', 'posts.json', meaning);
