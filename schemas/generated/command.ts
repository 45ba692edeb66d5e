// Generated from schemas/events/command.avsc by schemas/generate.ts. Do not edit.
/** An order to an agent about one of its devices. Topic m2m.agents.<agent_id>.commands, key tenant/device_id. */
export interface Command {
  command_id: string;
  tenant: string;
  device_id: string;
  agent_id: string;
  /** A command of the device's profile, such as set-setpoint or write; platform orders start with millrace. */
  name: string;
  /** JSON object of arguments by name, in engineering units */
  args: string;
  /** 0 at most once, no wait; 1 re-sent until acknowledged; 2 executed once */
  qos: number;
  /** 1.. ; the same command_id with a higher attempt is a re-send */
  attempt: number;
  /** ms since 1970-01-01 UTC */
  issued_at: number;
  /** ms since 1970-01-01 UTC; not executed after it */
  deadline: number;
  actor: string;
  /** JSON object: priority, only_if [{metric, is, value}], when_awake, tolerance, settle_ms; empty when there are none. An agent refuses a command with an option it does not know */
  options: string;
}
export const commandSchema = {"type":"record","name":"Command","namespace":"millrace.v1","doc":"An order to an agent about one of its devices. Topic m2m.agents.<agent_id>.commands, key tenant/device_id.","fields":[{"name":"command_id","type":"string"},{"name":"tenant","type":"string"},{"name":"device_id","type":"string"},{"name":"agent_id","type":"string"},{"name":"name","type":"string","doc":"A command of the device's profile, such as set-setpoint or write; platform orders start with millrace."},{"name":"args","type":"string","default":"{ }","doc":"JSON object of arguments by name, in engineering units"},{"name":"qos","type":"int","doc":"0 at most once, no wait; 1 re-sent until acknowledged; 2 executed once"},{"name":"attempt","type":"int","default":1,"doc":"1.. ; the same command_id with a higher attempt is a re-send"},{"name":"issued_at","type":"long","doc":"ms since 1970-01-01 UTC"},{"name":"deadline","type":"long","doc":"ms since 1970-01-01 UTC; not executed after it"},{"name":"actor","type":"string"},{"name":"options","type":"string","default":"","doc":"JSON object: priority, only_if [{metric, is, value}], when_awake, tolerance, settle_ms; empty when there are none. An agent refuses a command with an option it does not know"}]} as const;
