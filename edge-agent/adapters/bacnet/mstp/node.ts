/**
 * A master node of MS/TP (ASHRAE 135, clause 9.5.6): who may speak, and when. Pure: what comes in is data with its time, what
 * is to be sent or handed on is returned. Names of states and transitions are those of the standard.
 */
import { BROADCAST, type Frame, FrameType } from './frame';
import {
  MAX_QUEUE,
  N_MIN_OCTETS,
  N_POLL,
  N_RETRY_TOKEN,
  type NodeConfig,
  type NodeEffect,
  type NodeInput,
  type NodeState,
  type NodeStep,
  type Outgoing,
  wakeAt,
  wire_ms,
} from './station';

export function stepNode(config: NodeConfig, state: NodeState, input: NodeInput, now: number): NodeStep {
  const node = new Turn(config, state, now);
  switch (input.kind) {
    case 'octets':
      node.heard(input.count);
      break;
    case 'frame':
      node.frame(input.frame);
      break;
    case 'broken':
      node.broken();
      break;
    case 'send':
      node.send(input.outgoing);
      break;
    case 'time':
      if (now >= wakeAt(config, state)) node.timeout();
      break;
  }
  return { state: node.state, effects: node.effects };
}

const NOTHING = Buffer.alloc(0);

/** One step: begins with a state, ends with another and what is to be done. */
class Turn {
  readonly effects: NodeEffect[] = [];

  constructor(
    private readonly config: NodeConfig,
    public state: NodeState,
    private readonly now: number,
  ) {}

  heard(count: number): void {
    this.set({ silent_since: this.now, heard: this.state.heard + count });
    const { mode, heard } = this.state;
    // SawTokenUser, SawFrame: somebody has the token.
    if ((mode === 'pass-token' || mode === 'no-token') && heard > N_MIN_OCTETS) this.set({ mode: 'idle' });
  }

  broken(): void {
    const { mode } = this.state;
    if (mode === 'wait-for-reply') this.doneWithToken();
    else if (mode === 'poll-for-master') this.nobodyThere();
  }

  frame(frame: Frame): void {
    const { mode } = this.state;
    if (frame.source === this.config.station) return;
    if (mode === 'wait-for-reply') return this.replied(frame);
    if (mode === 'poll-for-master') return this.polled(frame);
    // Whoever asked gave up waiting: the token is on its way.
    this.set({ mode: 'idle' });
    this.idle(frame);
  }

  send(outgoing: Outgoing): void {
    const { mode, asker, queue } = this.state;
    if (mode === 'answer-data-request' && outgoing.destination === asker && !outgoing.expects_reply) {
      this.set({ mode: 'idle' });
      return this.transmit(FrameType.dataNotExpectingReply, asker, outgoing.data);
    }
    if (queue.length < MAX_QUEUE) return this.set({ queue: [...queue, outgoing] });
    this.effects.push({ kind: 'refused', outgoing });
  }

  /** The line was silent for as long as the state allows. */
  timeout(): void {
    const { mode, asker } = this.state;
    switch (mode) {
      case 'idle':
        return this.set({ mode: 'no-token', heard: 0 });
      case 'no-token':
        return this.generateToken();
      case 'wait-for-reply':
        this.set({ frame_count: this.config.max_info_frames });
        return this.doneWithToken();
      case 'pass-token':
        return this.notTaken();
      case 'poll-for-master':
        return this.nobodyThere();
      case 'answer-data-request':
        // DeferredReply: the answer goes out with the next token.
        this.set({ mode: 'idle' });
        return this.transmit(FrameType.replyPostponed, asker);
    }
  }

  private idle(frame: Frame): void {
    const { type, destination, source, data } = frame;
    const isOurs = destination === this.config.station;
    if (!isOurs && destination !== BROADCAST) return;
    switch (type) {
      case FrameType.token:
        if (!isOurs) return;
        this.set({ frame_count: 0, sole_master: false });
        return this.useToken();
      case FrameType.pollForMaster:
        if (isOurs) this.transmit(FrameType.replyToPollForMaster, source);
        return;
      case FrameType.testRequest:
        if (isOurs) this.transmit(FrameType.testResponse, source, data);
        return;
      case FrameType.dataExpectingReply:
        if (isOurs) this.set({ mode: 'answer-data-request', asker: source });
        return this.deliver(frame);
      case FrameType.dataNotExpectingReply:
        return this.deliver(frame);
    }
  }

  private replied(frame: Frame): void {
    const isOurs = frame.destination === this.config.station;
    switch (isOurs ? frame.type : undefined) {
      case FrameType.dataNotExpectingReply:
        this.deliver(frame);
        return this.doneWithToken();
      case FrameType.testResponse:
      case FrameType.replyPostponed:
        return this.doneWithToken();
      default:
        // ReceivedUnexpectedFrame: somebody else believes to have the token. Ours is dropped.
        this.set({ mode: 'idle' });
        return this.idle(frame);
    }
  }

  private polled(frame: Frame): void {
    const { type, destination, source } = frame;
    if (type !== FrameType.replyToPollForMaster || destination !== this.config.station) {
      this.set({ mode: 'idle' });
      return this.idle(frame);
    }
    this.set({ sole_master: false, next_station: source, poll_station: this.config.station, token_count: 0 });
    this.passToken();
  }

  private useToken(): void {
    const [outgoing, ...queue] = this.state.queue;
    if (!outgoing) {
      this.set({ frame_count: this.config.max_info_frames });
      return this.doneWithToken();
    }
    const { destination, data, expects_reply } = outgoing;
    this.set({ queue, frame_count: this.state.frame_count + 1 });
    this.transmit(expects_reply ? FrameType.dataExpectingReply : FrameType.dataNotExpectingReply, destination, data);
    if (expects_reply && destination !== BROADCAST) this.set({ mode: 'wait-for-reply' });
    else this.doneWithToken();
  }

  private doneWithToken(): void {
    const { station, max_info_frames } = this.config;
    const { frame_count, token_count, next_station, poll_station, sole_master } = this.state;
    if (frame_count < max_info_frames) return this.useToken();
    const next_poll = this.after(poll_station);
    if (!sole_master && next_station === station) return this.poll(this.after(station));
    if (token_count < N_POLL - 1) {
      this.set({ token_count: token_count + 1 });
      return sole_master ? this.again() : this.passToken();
    }
    if (next_poll !== next_station) return this.poll(next_poll);
    this.set({ token_count: 1 });
    if (sole_master) {
      this.set({ next_station: station });
      return this.poll(this.after(next_station));
    }
    this.set({ poll_station: station });
    this.passToken();
  }

  /** A sole master has the token at once again, but sends nothing while it has nothing to say. */
  private again(): void {
    this.set({ frame_count: 0 });
    this.useToken();
  }

  private passToken(): void {
    this.set({ mode: 'pass-token', retry_count: 0, heard: 0 });
    this.transmit(FrameType.token, this.state.next_station);
  }

  private notTaken(): void {
    const { retry_count, next_station } = this.state;
    if (retry_count < N_RETRY_TOKEN) {
      this.set({ retry_count: retry_count + 1, heard: 0 });
      return this.transmit(FrameType.token, next_station);
    }
    // FindNewSuccessor
    this.set({ next_station: this.config.station, token_count: 0 });
    this.poll(this.after(next_station));
  }

  private generateToken(): void {
    const { station } = this.config;
    this.set({ next_station: station, token_count: 0 });
    this.poll(this.after(station));
  }

  private nobodyThere(): void {
    const { station } = this.config;
    const { sole_master, next_station, poll_station } = this.state;
    if (sole_master) return this.again();
    if (next_station !== station) return this.passToken();
    const next_poll = this.after(poll_station);
    if (next_poll !== station) return this.poll(next_poll);
    // DeclareSoleMaster
    this.set({ sole_master: true });
    this.again();
  }

  private poll(poll_station: number): void {
    this.set({ mode: 'poll-for-master', poll_station, retry_count: 0, heard: 0 });
    this.transmit(FrameType.pollForMaster, poll_station);
  }

  private after(station: number): number {
    return (station + 1) % (this.config.max_master + 1);
  }

  private deliver(frame: Frame): void {
    this.effects.push({ kind: 'deliver', frame });
  }

  private transmit(type: number, destination: number, data: Buffer = NOTHING): void {
    const frame = { type, destination, source: this.config.station, data };
    this.effects.push({ kind: 'transmit', frame });
    // Silence begins when the last octet is out; several frames go out one after the other.
    const from = Math.max(this.now, this.state.silent_since);
    this.set({ silent_since: from + wire_ms(frame, this.config.baud_rate) });
  }

  private set(change: Partial<NodeState>): void {
    this.state = { ...this.state, ...change };
  }
}
