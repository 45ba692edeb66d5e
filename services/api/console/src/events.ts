/** Server-sent events out of a stream of text. Pure. */

export interface ServerEvent {
  readonly type: string;
  /** As the server would resume after; empty when it said none. */
  readonly id: string;
  readonly data: string;
}

/** More without an end is no stream of ours. */
const MAX_PENDING_CHARS = 4_000_000;

export class EventParser {
  private pending = '';

  /** Events that are whole with this piece. Throws RangeError when one grows without an end. */
  feed(piece: string): ServerEvent[] {
    this.pending += piece;
    if (this.pending.length > MAX_PENDING_CHARS) throw new RangeError('an event without an end');
    const blocks = this.pending.split('\n\n');
    this.pending = blocks.pop() ?? '';
    return blocks.flatMap(eventOf);
  }
}

function eventOf(block: string): ServerEvent[] {
  let [type, id] = ['message', ''];
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    const field = line.slice(0, colon);
    if (field === 'event') type = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? [] : [{ type, id, data: data.join('\n') }];
}
