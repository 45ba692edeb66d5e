/** What a schema registry holds, and the backup of the local one (Apicurio): one file, out and in. */

export interface Held {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly schema: string;
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** `url` as SCHEMA_REGISTRY_URL. Every version of every subject, in order. */
export async function held(url: string): Promise<Held[]> {
  const all: Held[] = [];
  const subjects = (await (await ask(`${url}/subjects`)).json()) as string[];
  for (const subject of subjects.sort()) {
    const of = `${url}/subjects/${encodeURIComponent(subject)}/versions`;
    for (const version of (await (await ask(of)).json()) as number[])
      all.push((await (await ask(`${of}/${version}`)).json()) as Held);
  }
  return all;
}

const admin = (url: string): string => `${new URL(url).origin}/apis/registry/v3/admin`;

export async function exported(url: string): Promise<ArrayBuffer> {
  return (await ask(`${admin(url)}/export`, { headers: { accept: 'application/zip' } })).arrayBuffer();
}

export async function imported(url: string, backup: ArrayBuffer): Promise<void> {
  await ask(`${admin(url)}/import`, {
    ...{ method: 'POST', body: backup, headers: { 'content-type': 'application/zip' } },
  });
}
