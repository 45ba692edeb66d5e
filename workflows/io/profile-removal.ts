/** A device out of the profile that the platform desires of its agent. */
import { ApplicationFailure } from '@temporalio/common';
import { isMap, isSeq, parseDocument } from 'yaml';
import { ProfileError, planOfText } from '../../edge-agent/profile-file';
import { type AgentProfile } from '../../schemas/generated';
import { type ProfileRemoval, type Removed } from '../decommission/activities';

export interface ProfileBook {
  find(tenant: string, agentId: string): Promise<AgentProfile | undefined>;
  put(profile: AgentProfile): Promise<void>;
}

/** Comments and order of the rest stay. Undefined when the profile does not have the device. */
export function withoutDevice(profile: string, deviceId: string): string | undefined {
  const document = parseDocument(profile);
  const devices = document.get('devices');
  if (!isSeq(devices)) return undefined;
  const place = devices.items.findIndex((d) => isMap(d) && d.get('id') === deviceId);
  if (place === -1) return undefined;
  devices.delete(place);
  return document.toString();
}

/** Repeating it is harmless: then there is nothing to remove. */
export function profileRemoval(profiles: ProfileBook): (removal: ProfileRemoval) => Promise<Removed> {
  return async ({ tenant, agent_id, device_id, actor, at }) => {
    const desired = await profiles.find(tenant, agent_id);
    if (!desired) return { outcome: 'own-file' };
    const profile = withoutDevice(desired.profile, device_id);
    if (profile === undefined) return { outcome: 'absent' };
    const fault = newFault(desired, profile);
    if (fault !== undefined)
      throw ApplicationFailure.nonRetryable(`the profile of ${agent_id} cannot do without ${device_id}: ${fault}`);
    const version = desired.version + 1;
    await profiles.put({ ...desired, profile, version, by: actor, at });
    return { outcome: 'removed', version };
  };
}

/** What is wrong with it that was not before: variables of the agent's machine cannot be judged here. */
function newFault(desired: AgentProfile, profile: string): string | undefined {
  return faultOf(desired, desired.profile) === undefined ? faultOf(desired, profile) : undefined;
}

function faultOf({ files }: AgentProfile, text: string): string | undefined {
  const readFile = (name: string): string => {
    const content = files[name];
    if (content === undefined) throw new Error(`there is no ${name}`);
    return content;
  };
  try {
    planOfText({ file: 'profile.yaml', text, readFile }, {});
    return undefined;
  } catch (error) {
    if (error instanceof ProfileError) return error.message;
    throw error;
  }
}
