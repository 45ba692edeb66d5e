/** Brings the profile's devices to life: registers, provisions and activates those that are not further already. */
import { type ApiClient } from '../api-client';
import { type ProfileDevice, type ProfileSummary } from './profile';

interface Device {
  readonly device_id: string;
  readonly state: string;
}

interface Page {
  readonly items: readonly Device[];
  readonly next?: string;
}

const PAGE = 1_000;
/** Requests under way at once: a profile may have thousands of devices. */
const PARALLEL = 16;

/** What is still to be done from each state; a device that was suspended or decommissioned stays so. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  registered: ['provision', 'activate'],
  provisioned: ['activate'],
};

export async function seedDevices(api: ApiClient, profile: ProfileSummary): Promise<void> {
  const known = await statesOf(api, profile.agentId);
  const queue = [...profile.devices];
  const work = async (): Promise<void> => {
    for (let d = queue.shift(); d; d = queue.shift()) await bringUp(api, profile.agentId, d, known.get(d.id));
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, queue.length) }, work));
}

async function statesOf(api: ApiClient, agentId: string): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  let cursor = '';
  do {
    const page = await api.get<Page>(`/devices?agent=${encodeURIComponent(agentId)}&limit=${PAGE}${cursor}`);
    for (const d of page.items) states.set(d.device_id, d.state);
    cursor = page.next ? `&cursor=${encodeURIComponent(page.next)}` : '';
  } while (cursor);
  return states;
}

async function bringUp(
  api: ApiClient,
  agentId: string,
  device: ProfileDevice,
  state: string | undefined,
): Promise<void> {
  const path = `/devices/${encodeURIComponent(device.id)}`;
  const now = state ?? (await register(api, agentId, device, path));
  for (const step of STEPS[now] ?? []) await api.post(`${path}/${step}`, { reason: 'millrace up' });
}

/** Perhaps it belongs to another agent, or is newer than the list: then its state is as it is. */
async function register(api: ApiClient, agentId: string, device: ProfileDevice, path: string): Promise<string> {
  const existing = await api.find<Device>(path);
  if (existing) return existing.state;
  const { id, model, path: place, labels } = device;
  const body = {
    device_id: id,
    agent_id: agentId,
    ...(model && { model }),
    ...(place && { path: place }),
    ...(labels && { labels }),
  };
  return (await api.post<Device>('/devices', body)).state;
}
